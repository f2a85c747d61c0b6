"""`/metrics` of a real server: over two workers, after one was killed, on either port."""

import os
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from config.metrics_files import metrics_parent
from tests.config.test_metrics import TOKEN, Samples, samples_of, value
from tests.e2e.test_story import FACTS, Service, token

__all__ = ["token"]  # the fixture registers the shipped model

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # MLflow and what it uses warn of themselves,
]


def page(port: int, path: str = "/metrics", secret: str = "") -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {secret}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 -- http above
        return str(answer.read().decode())


def test_all_workers_are_added_up_and_the_dead_count_on(token: str, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        metrics_port = probe.getsockname()[1]
    service = Service(
        tmp_path,
        WEB_CONCURRENCY="2",
        WEB_THREADS="2",
        METRICS_TOKEN=TOKEN,
        METRICS_PORT=str(metrics_port),
    )
    try:
        service.wait_until_ready()

        def counted() -> Samples:
            return samples_of(page(metrics_port))

        def wait_for(name: str, wanted: float) -> Samples:
            for _ in range(300):
                samples = counted()
                if value(samples, name) == wanted:
                    return samples
                time.sleep(0.1)
            pytest.fail(f"{name} is not {wanted}")

        wait_for("futurisys_workers", 2)
        samples = wait_for("futurisys_serving_workers", 2)
        assert value(samples, "futurisys_worker_threads") == 4
        for _ in range(12):
            service.ask("/api/v1/predictions/", FACTS, token)
        assert value(counted(), "futurisys_predictions_total", outcome="predicted") == 12
        assert samples_of(page(service.port, secret=TOKEN)).keys() >= {
            ("futurisys_database_up", frozenset()),
        }

        (directory,) = metrics_parent().glob(f"futurisys-metrics-{service.process.pid}-*")
        assert directory.stat().st_mode & 0o777 == 0o700
        killed = service.workers()[0].pid
        os.kill(killed, signal.SIGKILL)
        for _ in range(100):
            if not list(directory.glob(f"*_{killed}.db")):
                break
            time.sleep(0.1)
        samples = wait_for("futurisys_workers", 2)
        assert value(samples, "futurisys_predictions_total", outcome="predicted") == 12

        with pytest.raises(urllib.error.HTTPError, match="404"):
            page(metrics_port, "/api/v1/problems/")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            page(service.port)
    finally:
        service.stop()
    assert not directory.exists()
