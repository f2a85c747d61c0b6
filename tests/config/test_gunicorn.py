"""gunicorn's settings, read by gunicorn itself."""

import gc
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from config.env import BASE_DIR

PRINT = """
import json, os, sys
sys.argv = ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
from gunicorn.app.wsgiapp import WSGIApplication
cfg = WSGIApplication().cfg
logger = cfg.logger_class(cfg)
import logging
logging.getLogger("gunicorn.error").warning("a line")
print(json.dumps({
    **{name: getattr(cfg, name) for name in sys.stdin.read().split()},
    "threads_of_blas": os.environ["OMP_NUM_THREADS"] + os.environ["OPENBLAS_NUM_THREADS"],
    "settings": os.environ["DJANGO_SETTINGS_MODULE"],
    "numpy": "numpy" in sys.modules,
    "access_log_enabled": logger.access_log_enabled,
}))
"""
NAMES = (
    "bind workers threads worker_class_str preload_app accesslog control_socket_disable"
    " access_log_format max_requests max_requests_jitter graceful_timeout"
)


def read(**variables: str) -> tuple[dict[str, object], str]:

    kept = {n: v for n, v in os.environ.items() if n == "PATH" or n.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", PRINT],
        input=NAMES, cwd=BASE_DIR, env={**kept, **variables}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    values: dict[str, object] = json.loads(done.stdout)
    return values, done.stderr


def test_defaults_are_strict_and_single_threaded_numerics() -> None:
    values, log = read()
    assert values["bind"] == ["127.0.0.1:8000"]
    assert values["workers"] == 2
    assert values["worker_class_str"] == "config.worker.DrainingWorker"
    assert values["threads_of_blas"] == "11"
    assert values["numpy"] is False  # it reads those limits when it is imported
    assert values["settings"] == "config.settings.production"
    assert values["control_socket_disable"] is True
    assert values["preload_app"] is False
    assert values["access_log_enabled"] is True
    assert "%(q)s" not in str(values["access_log_format"])
    assert "%(r)s" not in str(values["access_log_format"])
    assert json.loads(log)["message"] == "a line"


def test_environment_is_honoured() -> None:
    values, log = read(
        HOST="::1", PORT="9001", WEB_CONCURRENCY="3", WEB_THREADS="1", ACCESS_LOG="false",
        DJANGO_SETTINGS_MODULE="config.settings.local", OMP_NUM_THREADS="8",
    )  # fmt: skip
    assert values["bind"] == ["[::1]:9001"]
    assert values["workers"] == 3
    assert values["threads_of_blas"] == "11"  # a condition, not an option
    assert values["access_log_enabled"] is False
    assert log.rstrip().endswith("WARNING gunicorn.error a line")


def test_worker_is_warmed_before_its_first_request(monkeypatch: pytest.MonkeyPatch) -> None:

    steps: list[str] = []
    services = SimpleNamespace(
        served_model_warm=lambda: steps.append("warm"),
        serving_watch=lambda: steps.append("watch"),
        serving_unwatch=lambda: steps.append("unwatch"),
    )
    monkeypatch.setitem(sys.modules, "predictions.services.serving", services)
    monkeypatch.setattr(gc, "freeze", lambda: steps.append("freeze"))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(sys, "path", list(sys.path))
    import config.gunicorn as settings

    settings.post_worker_init(worker=None)
    assert steps == ["warm", "freeze", "watch"]
    settings.worker_exit(server=None, worker=None)
    assert steps[2:] == ["watch", "unwatch"]
