"""A Procfile platform, played: nothing but the checkout, the variables and an empty PostgreSQL with
its roles. Then docs/how-to/deploy.md has to be right."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from config.env import BASE_DIR
from config.roles.matrix import Role
from deploy.smoke import Deployment, try_as_a_caller, wait
from tests.config.places import new_place

PROCESSES = dict(
    line.split(": ", 1) for line in (BASE_DIR / "Procfile").read_text("utf-8").splitlines()
)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the page says to set; TLS would end at the platform's proxy, and there is none."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with new_place() as place:
        place.create("--no-migrate")
        yield {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PORT": str(port),
            "VAR_DIR": str(tmp_path),
            "SECRET_KEY": secrets.token_urlsafe(64),
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": place.urls[Role.APP],
            "OWNER_DATABASE_URL": place.urls[Role.OWNER],
            "SECURE_SSL_REDIRECT": "false",
            "WEB_CONCURRENCY": "1",
        }


def run(line: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_the_procfile_starts_serves_api_and_pages(
    environment: dict[str, str], tmp_path: Path
) -> None:
    run(PROCESSES["release"], environment)
    in_production = environment | {"DJANGO_SETTINGS_MODULE": "config.settings.production"}
    token = run("python manage.py create_token smoke --quiet", in_production).strip()
    with (tmp_path / "web.log").open("wb") as log:
        web = subprocess.Popen(
            ["sh", "-c", PROCESSES["web"]], cwd=BASE_DIR, env=environment, stdout=log, stderr=log
        )
        try:
            deployment = Deployment(f"http://127.0.0.1:{environment['PORT']}", token)
            wait(deployment, release="", patience_s=60, pause_s=0.2)
            assert "on the record" in try_as_a_caller(deployment)
            # Nobody has collected static files, which their pages name by digest.
            for page in ("/admin/login/", "/api/v1/docs/", "/api/v1/redoc/"):
                with urlopen(f"{deployment.url}{page}", timeout=20) as answer:  # noqa: S310 -- http
                    assert answer.status == 200
        finally:
            web.terminate()  # gunicorn itself, not a shell before it
            assert web.wait(40) == 0
