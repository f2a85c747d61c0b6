"""gunicorn's settings: `gunicorn -c config/gunicorn.py config.wsgi`, in the project's directory."""

import gc
import os
import sys
from logging.config import dictConfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

# gunicorn reads this file before it puts the project's directory on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gunicorn import glogging, util

from config import variables
from config.logging import logging_settings
from config.metrics_files import (
    metrics_directory_make,
    metrics_directory_remove,
    metrics_of_ended,
)

if TYPE_CHECKING:
    import socket

    from gunicorn.config import Config
    from gunicorn.workers.base import Worker

# Before anything imports NumPy. Several processes whose BLAS or OpenMP threads spin against each
# other answer a few requests a second; one row gains nothing from threads anyway.
for _name in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

_host, _port = variables.HOST.read(), variables.PORT.read()
_metrics_port = variables.METRICS_PORT.read()
_where: Final = f"[{_host}]" if ":" in _host else _host
bind = [f"{_where}:{port}" for port in (_port, _metrics_port) if port]
workers = variables.WEB_CONCURRENCY.read()
# Measured, gthread and sync are alike within the noise. gthread, because a browser opens
# connections ahead without using them, and each would keep a sync worker until its time-out; it
# keeps connections alive too. Each thread has one database connection, and each worker one more to
# follow the champion: workers × (threads + 1) in all.
worker_class = "config.worker.DrainingWorker"  # gthread, and it fails nobody when it ends
threads = variables.WEB_THREADS.read()
# Each worker loads application and model itself: no database connection or thread is shared over a
# fork, SIGHUP brings new code, and a model that does not load stops a worker, not the master.
preload_app = False
# Insurance against slow leaks, spread so that workers do not restart together; rare enough that a
# busy server (1,000 requests/s) restarts one about every two minutes.
max_requests = 100_000
max_requests_jitter = 20_000
timeout = 30
graceful_timeout = 30
# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 -- memory, and only gunicorn's own anonymous file
# It would put a socket in the home directory, for a control program nobody uses here.
control_socket_disable = True

accesslog = "-" if variables.ACCESS_LOG.read() else None
# The path without its query, in which callers put things that do not belong in a log.
access_log_format = "%(h)s %(m)s %(U)s %(s)s %(B)s bytes %(M)s ms %({x-request-id}o)s"
loglevel = variables.LOG_LEVEL.read().lower()
_is_production: Final = variables.DJANGO_SETTINGS_MODULE.read().endswith(".production")


class Logger(glogging.Logger):
    """Master and workers log as Django does (`config.logging`)."""

    def setup(self, cfg: "Config") -> None:
        super().setup(cfg)
        dictConfig(
            logging_settings(style="json" if _is_production else "text", level=loglevel.upper())
        )


logger_class = Logger


def _write_problem(sock: "socket.socket", status: int, _reason: str, _message: str) -> None:
    """Answer what is no HTTP, and so reaches no application, with a problem document. It is the
    caller's doing (400) unless gunicorn itself failed (500)."""
    import json
    from http import HTTPStatus

    import uuid_utils.compat as uuid7s

    from config.security import DATA_POLICY
    from predictions.api.problems import (
        BAD_REQUEST,
        INTERNAL_ERROR,
        PROBLEM_MEDIA_TYPE,
        Problem,
    )

    kind = INTERNAL_ERROR if status == 500 else BAD_REQUEST
    document = Problem(kind, kind.when).document(request_id=str(uuid7s.uuid7()))
    body = json.dumps(document)
    head = (
        f"HTTP/1.1 {kind.status} {HTTPStatus(kind.status).phrase}",
        "Connection: close",
        f"Content-Type: {PROBLEM_MEDIA_TYPE}",
        "Content-Language: en",
        f"Content-Security-Policy: {DATA_POLICY}",
        "X-Content-Type-Options: nosniff",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {document['request_id']}",
    )
    util.write_nonblock(sock, "\r\n".join((*head, "", body)).encode("ascii"))


# gunicorn's own is a page of HTML that quotes what was sent, and there is no setting for it.
util.write_error = _write_problem


if _metrics_port or variables.METRICS_TOKEN.read():
    metrics_directory_make()  # before any worker imports what reads where it is


def post_worker_init(worker: "Worker") -> None:
    """Load the served model now, not during the first request, and follow the champion."""
    from config.metrics import worker_count
    from predictions.services.serving import served_model_warm, serving_watch

    worker_count(threads=threads)
    served_model_warm()
    # What is loaded by now stays: the collector of garbage, which would look through all of it
    # again and again during a large batch, need not.
    gc.collect()
    gc.freeze()
    serving_watch()


def worker_exit(server: object, worker: "Worker") -> None:
    """Let the thread that follows the champion close its database connection."""
    from predictions.services.serving import serving_unwatch

    serving_unwatch()


def child_exit(server: object, worker: "Worker") -> None:
    """In the master: what an ended worker has counted counts on."""
    metrics_of_ended(worker.pid)


def on_exit(server: object) -> None:
    metrics_directory_remove()
