"""A real worker killed in each gap of a POST with an Idempotency-Key; the repeat makes one row."""

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from predictions.models import (
    IdempotencyKey,
    IdempotentAnswer,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from tests.e2e.test_story import FACTS, Service, token

__all__ = ["token"]  # the fixture registers the shipped model

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # MLflow and what it uses warn of themselves,
]

#: Each gap: the table that the worker is kept from writing, and what is stored by then of a call.
GAPS = {
    "before the inputs are written": ("predictions_predictionrequest", (0, 0, 0)),
    "with the inputs, before their commit": ("predictions_idempotencykey", (0, 0, 0)),
    "between inputs and outputs": ("predictions_predictionoutput", (1, 1, 0)),
    "between outputs and answer": ("predictions_idempotentanswer", (1, 1, 1)),
}


@pytest.fixture
def service(token: str, tmp_path: Path) -> Iterator[Service]:
    # A statement of a killed worker waits for a lock as long as the test does, however busy.
    running = Service(
        tmp_path,
        is_traced=False,
        DATABASE_CONNECT_TIMEOUT_S="60",
        DATABASE_LOCK_TIMEOUT_MS="0",
        DATABASE_STATEMENT_TIMEOUT_MS="120000",
        MODEL_POLL_SECONDS="0",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def post(service: Service, token: str, key: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body. Raises OSError or HTTPException when there is no answer."""
    caller = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    caller.request(
        "POST",
        "/api/v1/predictions/",
        json.dumps(FACTS),
        {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": key,
        },
    )
    answer = caller.getresponse()
    body = answer.read()
    caller.close()
    return answer.status, dict(answer.headers), body


def counts() -> tuple[int, int, int]:
    return (
        PredictionRequest.objects.count(),
        PredictionInput.objects.count(),
        PredictionOutput.objects.count(),
    )


def wait_until_one_waits_for(table: str) -> None:
    """A session wants to write the table and may not."""
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted",
                [table],
            )
            if cursor.fetchone() == (1,):
                return
            time.sleep(0.02)
    pytest.fail(f"nobody wants to write {table}")


def test_a_worker_killed_in_any_gap_leaves_one_row_and_one_answer(
    service: Service, token: str
) -> None:
    for done, (gap, (table, stored)) in enumerate(GAPS.items()):
        outcome: list[Any] = []

        def first(gap: str = gap, outcome: list[Any] = outcome) -> None:
            try:
                outcome.append(post(service, token, gap))
            except (OSError, http.client.HTTPException) as error:
                outcome.append(error)

        with connection.cursor() as cursor:
            cursor.execute(f"BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE")
            try:
                caller = threading.Thread(target=first)
                caller.start()
                wait_until_one_waits_for(table)
                (worker,) = service.workers()
                os.kill(worker.pid, signal.SIGKILL)
                caller.join(60)
                assert isinstance(outcome[0], Exception), gap  # no answer was given
                assert tuple(count - done for count in counts()) == stored, gap
                service.wait_until_ready()
                # PostgreSQL has yet to learn that the worker is dead: whether its statement will
                # be done is open, and so is the request.
                status, headers, _ = post(service, token, gap)
                assert (status, headers["Retry-After"]) == (409, "1"), gap
            finally:
                cursor.execute("COMMIT")

        deadline = time.monotonic() + 60
        while (answer := post(service, token, gap))[0] == 409 and time.monotonic() < deadline:
            time.sleep(0.05)
        status, headers, body = answer
        assert status == 201, gap
        assert tuple(count - done for count in counts()) == (1, 1, 1), gap
        shown = json.loads(body)
        key = IdempotencyKey.objects.get(key=gap)
        made = PredictionInput.objects.get(request=key.prediction_request)
        assert str(made.pk) == shown["id"], gap
        status, repeated, again = post(service, token, gap)
        assert (status, again) == (201, body), gap
        assert repeated["Idempotency-Replayed"] == "true", gap
        assert repeated["Location"] == headers["Location"] == shown["url"], gap
    assert IdempotentAnswer.objects.count() == len(GAPS)
