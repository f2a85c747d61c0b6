"""`/metrics`: who may read it, what it counts, and what becomes of workers that have ended."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from config import metrics_files
from config.metrics_files import metrics_directory_make, metrics_directory_remove, metrics_of_ended
from config.security import DATA_POLICY
from predictions.metrics import SERVING_WORKERS
from tests.fakes import FakeServedModel

TOKEN = "Zq3vN8xK1mB7tR5wY2cF9hJ4pL6sD0gA"
FACTS = {"primary_property_type": "Hotel", "gross_floor_area_sqft": 88434, "year_built": 1927}
POST = "/api/v1/predictions/"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples_of(text: str) -> Samples:
    """Each sample by its name and labels; what is no valid exposition is an error."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: Any) -> float:
    wanted = frozenset((key, str(each)) for key, each in labels.items())
    return sum(
        number for (found, has), number in samples.items() if found == name and wanted <= has
    )


@pytest.fixture
def scrape(settings: Any, db: None) -> Callable[[], Samples]:
    settings.METRICS_TOKEN = TOKEN

    def ask() -> Samples:
        answer = Client(headers={"Authorization": f"Bearer {TOKEN}"}).get("/metrics")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain; version=")
        return samples_of(answer.text)

    return ask


def test_without_a_token_it_is_not_there(client: Client) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(("path", "status"), [("/metrics", 200), ("/api/v1/problems/", 404)])
def test_the_other_port_has_the_metrics_alone_and_the_headers_too(
    settings: Any, db: None, path: str, status: int
) -> None:
    settings.METRICS_PORT = 9100
    here: Any = {"gunicorn.socket": SimpleNamespace(getsockname=lambda: ("127.0.0.1", 9100))}
    answer = Client().get(path, **here)
    assert answer.status_code == status
    assert (b"futurisys_" in answer.content) == (status == 200)
    assert answer["Content-Security-Policy"] == DATA_POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("header", ["", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", TOKEN])
def test_another_token_is_refused(client: Client, settings: Any, header: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert b"futurisys_" not in answer.content


def test_what_is_asked_is_counted(
    scrape: Callable[[], Samples], api: APIClient, served: FakeServedModel
) -> None:
    before = scrape()

    def grown(name: str, **labels: Any) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    key = {"Idempotency-Key": "once"}
    assert api.post(POST, FACTS, format="json", headers=key).status_code == 201
    assert api.post(POST, FACTS, format="json", headers=key).status_code == 201
    assert api.post(POST, {"x": 1}, format="json", headers=key).status_code == 422
    rows = {"rows": [FACTS, {**FACTS, "year_built": 1}]}
    assert api.post(f"{POST}batch/?on_error=skip", rows, format="json").status_code == 201

    def broken(_rows: Any) -> list[Any]:
        raise RuntimeError

    served.answer = broken
    assert api.post(POST, FACTS, format="json").status_code >= 500
    assert APIClient().get(f"{POST}0/").status_code == 404
    assert APIClient().generic("BREW", POST).status_code == 401
    after = scrape()

    assert grown("futurisys_predictions_total", outcome="predicted", channel="api") == 2
    assert grown("futurisys_predictions_total", outcome="model-failure") == 1
    assert grown("futurisys_batch_rows_total", format="json", outcome="valid") == 1
    assert grown("futurisys_batch_rows_total", format="json", outcome="not valid") == 1
    for outcome in ("new", "replayed", "reused"):
        assert grown("futurisys_idempotency_claims_total", outcome=outcome) == 1, outcome
    assert grown("futurisys_refusals_total", problem="not-authenticated") == 1
    assert grown("futurisys_refusals_total", problem="prediction-failed") == 1
    posts = {"route": "/api/v1/predictions/", "method": "POST"}
    assert grown("futurisys_http_requests_total", status=201, **posts) == 2
    assert grown("futurisys_http_request_duration_seconds_count", **posts) == 4
    assert grown("futurisys_http_requests_total", method="other", status=401) == 1
    assert value(after, "futurisys_http_requests_in_flight") == 1  # the scrape itself


def test_what_the_database_knows(scrape: Callable[[], Samples], served: FakeServedModel) -> None:
    samples = scrape()
    assert value(samples, "futurisys_database_up") == 1
    assert value(samples, "futurisys_database_connections", state="active") >= 1
    assert value(samples, "futurisys_database_connections_max") >= 10
    assert value(samples, "futurisys_model_info") == 1
    assert value(samples, "futurisys_model_registered_age_seconds") >= 0
    assert value(samples, "futurisys_build_info") == 1


def test_a_database_that_is_down_is_said(
    scrape: Callable[[], Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from config import metrics

    def down() -> Iterator[Any]:
        raise OperationalError("gone")
        yield

    monkeypatch.setattr(metrics, "_connections", down)
    samples = scrape()
    assert value(samples, "futurisys_database_up") == 0
    assert value(samples, "futurisys_database_connections_max") == 0


@pytest.mark.parametrize(("path", "status"), [("/metrics", 200), ("/livez", 404), ("/", 404)])
def test_the_other_port_answers_the_metrics_alone(
    settings: Any, db: None, path: str, status: int
) -> None:
    settings.METRICS_PORT = 9100
    there = SimpleNamespace(getsockname=lambda: ("127.0.0.1", 9100))
    reached: dict[str, Any] = {"gunicorn.socket": there}
    answer = Client().get(path, **reached)
    assert answer.status_code == status
    here = SimpleNamespace(getsockname=lambda: ("127.0.0.1", 8000))
    forged: dict[str, Any] = {"gunicorn.socket": here, "SERVER_PORT": "9100"}
    assert Client().get("/metrics", **forged).status_code == 404
    assert Client().get("/livez", **forged).status_code == 200


# -- the directory --------------------------------------------------------------------------------

COUNT = """
from prometheus_client import Counter, Gauge, Histogram
Counter("ops_things", "Things.", ["kind"]).labels("a").inc(3)
Histogram("ops_times", "Times.", buckets=[1, 2]).observe(1.5)
Gauge("ops_workers", "Workers.", multiprocess_mode="livesum").set(1)
import os; print(os.getpid())
"""
READ = """
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")  # and is unset again when it is undone
    metrics_directory_make()
    made = metrics_files.metrics_directory()
    assert made is not None
    yield made
    metrics_directory_remove()
    assert not made.exists()


def python(code: str, directory: Path) -> str:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_ended_workers_count_on_in_one_file(directory: Path) -> None:
    for _ in range(3):
        metrics_of_ended(int(python(COUNT, directory)))
    assert sorted(path.name for path in directory.glob("*.db")) == [
        *("counter_ended.db", "histogram_ended.db"),
    ]
    python(COUNT, directory)
    samples = samples_of(python(READ, directory))
    assert value(samples, "ops_things_total", kind="a") == 12
    assert value(samples, "ops_times_count") == 4
    assert value(samples, "ops_times_bucket", le="2.0") == 4
    assert value(samples, "ops_times_bucket", le="1.0") == 0
    assert value(samples, "ops_workers") == 1


def test_the_directory_is_private_and_kept_by_a_reload(directory: Path) -> None:
    assert directory.stat().st_mode & 0o777 == 0o700
    metrics_directory_make()
    assert metrics_files.metrics_directory() == directory


def test_another_masters_directory_is_left_alone_and_a_dead_ones_removed(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = directory.with_name(f"futurisys-metrics-{ended.pid}-x")
    alive = directory.with_name(f"futurisys-metrics-{os.getppid()}-x")
    for path in (dead, alive):
        path.mkdir()
    try:
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(alive))  # inherited: USR2
        metrics_directory_make()
        own = metrics_files.metrics_directory()
        assert own not in {alive, directory}
        assert alive.exists()
        assert not dead.exists()
        metrics_directory_remove()
        assert own is not None
        assert not own.exists()
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(alive))
        metrics_directory_remove()
        assert alive.exists()
    finally:
        alive.rmdir()
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(directory))


def test_this_worker_serves_one_version(served: FakeServedModel) -> None:
    from predictions.metrics import serving_set
    from tests.predictions.factories import make_model_version

    first, second = make_model_version(version=71), make_model_version(version=72)
    serving_set(version=first, former=None)
    serving_set(version=second, former=first)
    assert SERVING_WORKERS.labels(first.name, 71)._value.get() == 0
    assert SERVING_WORKERS.labels(second.name, 72)._value.get() == 1
