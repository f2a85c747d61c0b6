"""A reload (HUP) and a stop (TERM) under load: no caller sees a failure, and each 201 is stored."""

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.db import connections

from predictions.models import PredictionOutput
from tests.e2e.test_story import FACTS, Service, token

__all__ = ["token"]  # the fixture registers the shipped model

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # MLflow and what it uses warn of themselves,
]


class Callers:
    """Threads that POST without a pause, each over connections that it keeps as long as it may."""

    def __init__(self, port: int, token: str, count: int = 4) -> None:
        self.port = port
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.made: list[str] = []
        self.failures: list[str] = []
        #: Connections begun after the stop, which nobody takes up: the only end it may have.
        self.refused = 0
        #: When the server was told to stop.
        self.stopped_at: float | None = None
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped_at = self.stopped_at or time.monotonic()
        for thread in self._threads:
            thread.join(30)

    def _ask(self) -> None:
        body = json.dumps(FACTS)
        connection: http.client.HTTPConnection | None = None
        connected_at = 0.0
        while True:
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                    connected_at = time.monotonic()
                    connection.connect()
                    connected_at = time.monotonic()
                connection.request("POST", "/api/v1/predictions/", body, self.headers)
                answer = connection.getresponse()
                made = json.loads(answer.read())
            except (OSError, http.client.HTTPException) as error:
                if self.stopped_at is not None and connected_at > self.stopped_at:
                    self.refused += 1
                else:
                    self.failures.append(repr(error))
                return
            if answer.status != 201:
                self.failures.append(f"{answer.status}: {made}")
                return
            self.made.append(made["id"])
            if answer.getheader("Connection", "").lower() == "close":
                connection.close()
                connection = None

    def wait_for_more(self, count: int) -> None:
        wanted = len(self.made) + count
        deadline = time.monotonic() + 60
        while len(self.made) < wanted and not self.failures:
            assert time.monotonic() < deadline, "no answers"
            time.sleep(0.01)


@pytest.fixture
def service(token: str, tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path, WEB_CONCURRENCY="2", WEB_THREADS="4", ACCESS_LOG="false")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def workers_replaced(service: Service, former: set[int]) -> None:
    for _ in range(600):
        now = {process.pid for process in service.workers()}
        if len(now) == 2 and not now & former:
            return
        time.sleep(0.1)
    pytest.fail("the former workers are still there")


def test_no_request_fails_on_reload_and_none_that_was_begun_on_stop(
    service: Service, token: str
) -> None:
    with Callers(service.port, token) as callers:
        callers.wait_for_more(20)
        for _ in range(2):
            former = {process.pid for process in service.workers()}
            os.kill(service.process.pid, signal.SIGHUP)
            workers_replaced(service, former)
            callers.wait_for_more(20)
        assert callers.failures == []

        idle = http.client.HTTPConnection("127.0.0.1", service.port)
        idle.request("GET", "/livez")
        assert idle.getresponse().read()
        callers.stopped_at = time.monotonic()
        os.kill(service.process.pid, signal.SIGTERM)
        # Not for the whole grace time, 30 s, although a connection is kept open.
        assert service.process.wait(25) == 0
        idle.close()
    connections.close_all()

    assert callers.failures == []
    assert callers.refused == 4  # each ended because nobody listened, and not before
    assert len(callers.made) >= 60
    stored = {str(pk) for pk in PredictionOutput.objects.values_list("input_id", flat=True)}
    assert stored >= set(callers.made)
    assert len(stored) == len(callers.made)
    assert not psutil.pid_exists(service.process.pid)
