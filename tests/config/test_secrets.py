"""Planted values of every secret variable are found nowhere: no log, no answer, no image."""

import fnmatch
import json
import subprocess
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from config.env import BASE_DIR
from config.variables import VARIABLES
from tests.config.test_settings import PRODUCTION

Run = Callable[..., CompletedProcess[str]]

SECRETS = [variable.name for variable in VARIABLES if variable.is_secret]
MARK = "Zq3vN8xK1mB7"


def planted(name: str) -> str:
    """A value that is strong enough, of the kind the variable wants, and that is found again."""
    secret = f"{MARK}-{name.lower()}-tR5wY2cF9hJ4pL6sD0gAuEiOnVbXzQkWrTyUaMdHfGjPl"
    if name.endswith("DATABASE_URL"):
        return f"postgres://app:{secret}@127.0.0.1:9/energy"
    if name == "SENTRY_DSN":
        return f"http://{secret}@127.0.0.1:9/1"
    return f"http://user:{secret}@127.0.0.1:9" if name.endswith("URI") else secret


#: Asks whatever may fail, with the whole way to an answer; what is logged goes to standard error.
ASK = """
import json, sys
import django; django.setup()
from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from django.test import Client
from django.urls import path
from config import urls

def failing(request):
    from django.conf import settings
    held = {name: getattr(settings, name) for name in dir(settings)}  # a local of the frame
    raise RuntimeError("failed") if "error" in request.path else SuspiciousOperation("odd")

urls.urlpatterns += [path("error", failing), path("odd", failing), path("api/v1/error/", failing)]
client = Client(raise_request_exception=False, headers={"X-Forwarded-Proto": "https"})
answers = []
for where in ("/readyz", "/error", "/odd", "/api/v1/error/", "/api/v1/predictions/", "/nothing",
              "/admin/login/", "/livez", "/metrics", "/api/v1/schema/"):
    answer = client.get(where, secure=True, SERVER_NAME="api.example.org",
                        headers={"Authorization": "Bearer " + "0" * 40})
    answers.append([where, answer.status_code, answer.getvalue().decode(), str(answer.headers)])
answers.append(["host", client.get("/", SERVER_NAME="evil.example").status_code, "", ""])
print(json.dumps(answers))
"""


def test_no_secret_is_said(run_python: Run) -> None:
    environment = PRODUCTION | {name: planted(name) for name in SECRETS} | {"LOG_LEVEL": "DEBUG"}
    done = run_python("-c", ASK, **environment)
    assert done.returncode == 0, done.stderr
    answers = {where: (status, body) for where, status, body, _ in json.loads(done.stdout)}
    assert [answers[where][0] for where in ("/readyz", "/error", "/odd", "/nothing", "host")] == (
        [503, 500, 400, 404, 400]
    )
    assert "failed" not in answers["/error"][1]
    assert "builtins.RuntimeError" in done.stderr  # the log has type and frames
    assert "OperationalError" in done.stderr
    assert MARK not in done.stdout
    assert MARK not in done.stderr


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "DATABASE_URL", "METRICS_TOKEN", "SENTRY_DSN", "MLFLOW_TRACKING_URI"]
)
def test_no_secret_is_said_by_a_start_that_fails(run_python: Run, name: str) -> None:
    """Whatever stops the start, the value that is wrong is not shown: here one that is weak or no
    URL."""
    assert name in SECRETS
    done = run_python("manage.py", "check", "--database", "default", **PRODUCTION | {name: MARK})
    assert MARK not in done.stdout + done.stderr


# -- the image ------------------------------------------------------------------------------------


def is_in_context(path: str, rules: list[str]) -> bool:
    """Whether `docker build` sends a file: the last rule counts that matches it or a parent."""
    parts = path.split("/")
    parents = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    kept = True
    for rule in rules:
        pattern = rule.removeprefix("!")
        patterns = {pattern, pattern.removeprefix("**/")}
        if any(matches(parent, each) for parent in parents for each in patterns):
            kept = rule.startswith("!")
    return kept


def matches(path: str, pattern: str) -> bool:
    """As Docker does: `*` stops at a slash, `**` does not."""
    if pattern.startswith("**/"):
        return fnmatch.fnmatchcase(path, f"*/{pattern[3:]}")
    return path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)


RULES = [
    line
    for line in (BASE_DIR / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".env.compose", "production.env", "var/secret_key", ".git/config", "id_rsa"),
        *("config/.env", "config/settings/.env.production", "deploy/production.env"),
        *("deploy/tls/server.key", "deploy/server.pem", "mlmodel/shipped/secret_key"),
        *("tests/config/test_secrets.py", "requirements-dev.txt", "docs/README.md"),
        *("config/__pycache__/env.cpython-313.pyc", "fixtures/examples/inputs.csv"),
    ],
)
def test_what_may_be_secret_is_not_sent_to_a_build(path: str) -> None:
    assert not is_in_context(path, RULES)


@pytest.mark.parametrize(
    "path",
    [
        *("manage.py", "config/settings/production.py", "deploy/release.sh"),
        *("requirements-serve.txt", "fixtures/emission-factors.json", "mlmodel/registry.py"),
        *("locale/fr/LC_MESSAGES/django.mo", "fixtures/sample-benchmarking.csv"),
    ],
)
def test_what_the_image_runs_is_sent(path: str) -> None:
    assert (BASE_DIR / path).is_file()
    assert is_in_context(path, RULES)


def test_git_ignores_what_holds_secrets() -> None:
    if not (BASE_DIR / ".git").exists():
        pytest.skip("not a clone: there is no git to ignore anything")
    paths = [".env", ".env.compose", "var/secret_key", "production.env", "deploy/server.key"]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *paths],
        cwd=BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == paths
