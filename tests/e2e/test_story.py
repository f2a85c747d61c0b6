"""The whole way with a real server: load, register, token, POST; and a worker killed in between."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.core.management import call_command
from django.db import connection

from mlmodel import registry, services
from predictions.models import PredictionInput, PredictionOutput
from predictions.services.accounts import api_caller_get_or_create, api_token_create
from tests.processes import untraced

ROOT = Path(__file__).parents[2]
FACTS = {"primary_property_type": "Hotel", "gross_floor_area_sqft": 88434, "year_built": 1927}

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # MLflow and what it uses warn of themselves,
]


def url_of_test_database() -> str:
    at = connection.settings_dict
    password = f":{at['PASSWORD']}" if at["PASSWORD"] else ""
    return f"postgres://{at['USER']}{password}@{at['HOST']}:{at['PORT'] or 5432}/{at['NAME']}"


class Service:
    """gunicorn with one worker on the test database; tests of something else need not trace it."""

    def __init__(self, tmp_path: Path, *, is_traced: bool = True, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = (tmp_path / "gunicorn.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
            cwd=ROOT,
            stdout=self.log,
            stderr=self.log,
            env={
                **(os.environ if is_traced else untraced()),
                "DJANGO_SETTINGS_MODULE": "config.settings.local",
                "DATABASE_URL": url_of_test_database(),
                "PORT": str(self.port),
                "HOST": "127.0.0.1",
                "WEB_CONCURRENCY": "1",
                # One caller asks as fast as it can.
                "RATE_LIMIT_REQUESTS_PER_MINUTE": "0",
                "CONCURRENCY_PER_TOKEN": "0",
                **environment,
            },
        )

    def wait_until_ready(self) -> None:
        for _ in range(300):
            try:
                self.ask("/readyz")
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
            else:
                return
        pytest.fail("the server did not become ready")

    def ask(self, path: str, body: Any = None, token: str = "") -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- http above
            return json.load(answer)

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@cache
def shipped_loads() -> None:
    """Both forms of the version that ships are sound; to see that of the larger takes seconds."""
    manifest = registry.shipped_manifest()
    services._check_loads(
        registry.SHIPPED_DIR / "model",
        file_digests=manifest["file_digests"],
        signature=manifest["signature"],
    )


@pytest.fixture
def token(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    shipped_loads()
    settings.MODEL_STORE_DIR = tmp_path / "store"
    settings.MLFLOW_TRACKING_URI = ""  # PostgreSQL alone, as in production
    with monkeypatch.context() as patch:
        patch.setattr(services, "_check_loads", lambda *_, **__: None)
        call_command("register_shipped_model", stdout=StringIO())
    _, secret = api_token_create(user=api_caller_get_or_create(username="demo"), name="t")
    return secret


@pytest.fixture
def service(token: str, tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def test_from_the_shipped_model_to_the_record_and_a_worker_killed(
    service: Service, token: str
) -> None:
    answer = service.ask("/api/v1/predictions/", FACTS, token)
    assert 5e6 < answer["output"]["site_energy_use_kbtu"] < 9e6
    stored = PredictionOutput.objects.get(input_id=answer["id"])
    assert stored.site_energy_use_kbtu == answer["output"]["site_energy_use_kbtu"]

    # The worker stops between input and output: the output's table is locked away from it.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE predictions_predictionoutput IN EXCLUSIVE MODE")
        client = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], data=sys.argv[2]"
                ".encode(), headers={'Content-Type': 'application/json', 'Authorization': "
                "'Bearer ' + sys.argv[3]}), timeout=30)",
                f"http://127.0.0.1:{service.port}/api/v1/predictions/",
                json.dumps(FACTS),
                token,
            ],
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            cursor.execute("SELECT count(*) FROM predictions_predictioninput")
            if cursor.fetchone() == (2,):
                break
            time.sleep(0.05)
        (worker,) = service.workers()
        os.kill(worker.pid, signal.SIGKILL)
        assert client.wait(30) != 0  # no answer was given
        cursor.execute("COMMIT")

    service.wait_until_ready()
    again = service.ask("/api/v1/predictions/", FACTS, token)
    rows = service.ask("/api/v1/predictions/", token=token)["results"]
    assert len(rows) == 3
    assert [row["output"] is None for row in rows] == [False, True, False]
    assert rows[0] == again
    assert rows[2] == answer
    assert PredictionInput.objects.filter(output__isnull=True).count() == 1


def test_a_database_that_is_down_is_503() -> None:
    """The database's port is one where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = f"""
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.local"
os.environ["DATABASE_URL"] = "postgres://nobody@127.0.0.1:{port}/none"
import django; django.setup()
from django.test import Client
for method, path in (("get", "/api/v1/predictions/"), ("get", "/readyz")):
    client = Client(headers={{"Authorization": "Bearer x"}})
    answer = getattr(client, method)(path, SERVER_NAME="localhost")
    print(answer.status_code, answer["Content-Type"], b"127.0.0.1" in answer.content)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines() == [
        "503 application/problem+json False",
        "503 application/json False",
    ]
