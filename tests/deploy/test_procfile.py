"""A Procfile platform, played: nothing but the checkout, an empty PostgreSQL with its roles, and
the variables that docs/how-to/deploy.md makes."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from config.env import BASE_DIR
from deploy.smoke import Deployment, try_as_a_caller, wait
from tests.config.places import new_place
from tests.docs.fences import fences

PROCESSES = dict(
    line.split(": ", 1) for line in (BASE_DIR / "Procfile").read_text("utf-8").splitlines()
)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """TLS would end at the platform's proxy, and there is none."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with new_place() as place:
        place.create("--no-migrate", env_file=tmp_path / "roles.env")
        (fence,) = [each for each in fences() if "> production.env" in each.body]
        assert fence.page == "docs/how-to/deploy.md"
        run(fence.body, dict(os.environ), tmp_path)
        lines = [
            line
            for file in ("roles.env", "production.env")
            for line in (tmp_path / file).read_text("utf-8").splitlines()
        ]
        for file in ("production.env", "loader.env"):
            assert (tmp_path / file).stat().st_mode & 0o077 == 0
        assert f"LOADER_{(tmp_path / 'loader.env').read_text('utf-8').strip()}" in lines
        yield {
            **dict(line.split("=", 1) for line in lines),  # as Docker reads them, quotes and all
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "false",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PORT": str(port),
            "VAR_DIR": str(tmp_path),
            "WEB_CONCURRENCY": "1",
        }


def run(line: str, environment: dict[str, str], directory: Path = BASE_DIR) -> str:
    done = subprocess.run(
        ["sh", "-ec", line],
        cwd=directory,
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
            wait(deployment, release="", patience_s=240, pause_s=0.2)
            assert "on the record" in try_as_a_caller(deployment)
            # Nobody has collected static files, which their pages name by digest.
            for page in ("/admin/login/", "/api/v1/docs/", "/api/v1/redoc/"):
                with urlopen(f"{deployment.url}{page}", timeout=20) as answer:  # noqa: S310 -- http
                    assert answer.status == 200
        finally:
            web.terminate()  # gunicorn itself, not a shell before it
            assert web.wait(40) == 0
