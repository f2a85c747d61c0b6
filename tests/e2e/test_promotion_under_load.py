"""A promotion while real workers answer without a pause: none fails, all follow within seconds."""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from mlmodel import evaluation, services
from mlmodel.models import ModelVersion
from mlmodel.services import model_version_promote, model_version_rollback, model_version_train
from predictions.models import PredictionOutput
from tests.e2e.test_story import FACTS, Service, token
from tests.mlmodel.once import evaluate_once, once, train_once
from tests.mlmodel.rows import FEW_TREES, made_up, new_buildings

#: Fixtures; `token` registers the shipped model.
__all__ = ["evaluate_once", "once", "token", "train_once"]

#: Workers look once in so many seconds, and then load; a busy machine takes longer.
POLL_S = 0.5
WITHIN_S = 30.0
#: Twice the time between two looks, and a load.
SETTLED_S = 2 * POLL_S + 2

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # MLflow and what it uses warn of themselves,
]


@pytest.fixture
def service(token: str, tmp_path: Path) -> Iterator[Service]:
    running = Service(
        tmp_path,
        is_traced=False,
        MODEL_POLL_SECONDS=str(POLL_S),
        WEB_CONCURRENCY="2",
        WEB_THREADS="2",
        ACCESS_LOG="false",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


class Callers:
    """Threads that ask without a pause and remember when which version answered what."""

    def __init__(self, service: Service, token: str, count: int = 3) -> None:
        self.service, self.token = service, token
        self.answers: list[tuple[float, float, dict[str, Any]]] = []
        self.failures: list[BaseException] = []
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self) -> None:
        while not self._is_over.is_set():
            started = time.monotonic()
            try:
                answer = self.service.ask("/api/v1/predictions/", FACTS, self.token)
            except BaseException as error:  # noqa: BLE001 -- any answer but 2xx counts
                self.failures.append(error)
            else:
                self.answers.append((started, time.monotonic() - started, answer))

    def wait_for_answers(self, count: int) -> None:
        wanted = len(self.answers) + count
        deadline = time.monotonic() + 60
        while len(self.answers) < wanted and not self.failures:
            assert time.monotonic() < deadline, "no answers"
            time.sleep(0.02)

    def wait_for_version(self, version: int, *, since: float) -> None:
        """Until no other has answered for longer than a worker pauses between two looks."""
        deadline = since + WITHIN_S
        while not self.failures and time.monotonic() < deadline:
            if time.monotonic() - since - self.latest_former(version, since=since) > SETTLED_S:
                break
            time.sleep(0.1)
        self.wait_for_answers(20)

    def latest_former(self, version: int, *, since: float) -> float:
        """How long after `since` a request was begun that a version but this one answered, s."""
        others = [
            started - since
            for started, _, answer in self.answers
            if answer["model"]["version"] != version
        ]
        return max(others, default=0.0)


def test_promotion_and_rollback_under_load(
    service: Service,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
    train_once: Callable[..., Any],
    evaluate_once: Callable[..., evaluation.Evaluation],
) -> None:
    # Where the workers find the files of the new version.
    settings.MLFLOW_TRACKING_URI = f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}"
    shipped = ModelVersion.objects.get(alias="champion")
    rows = made_up()
    fingerprint = {"is_synthetic": True, "row_count": 160, "rows_sha256": "1" * 64}
    monkeypatch.setattr(services, "training_data", lambda: (rows, dict(fingerprint)))
    monkeypatch.setattr(services, "new_building_data", new_buildings)
    monkeypatch.setattr(services, "train", train_once)
    monkeypatch.setattr(evaluation, "evaluate", evaluate_once)
    trained = model_version_train(folds=2, repeats=1, **FEW_TREES)
    workers = {process.pid for process in service.workers()}
    assert len(workers) == 2

    with Callers(service, token) as callers:
        callers.wait_for_answers(20)
        for move, version in (
            (lambda: model_version_promote(version=trained), trained),
            (lambda: model_version_rollback(name=shipped.name, reason="a test"), shipped),
        ):
            move()
            moved_at = time.monotonic()
            callers.wait_for_version(version.version, since=moved_at)
            assert callers.latest_former(version.version, since=moved_at) < WITHIN_S
            assert callers.answers[-1][2]["model"]["version"] == version.version
    connections.close_all()

    assert callers.failures == []
    assert {process.pid for process in service.workers()} == workers  # none was restarted
    # Each answer is the one of the version that it names, and is on the record.
    energies: dict[int, set[float]] = {}
    for _, _, answer in callers.answers:
        energies.setdefault(answer["model"]["version"], set()).add(
            answer["output"]["site_energy_use_kbtu"]
        )
    assert energies.keys() == {shipped.version, trained.version}
    assert all(len(of) == 1 for of in energies.values())
    assert len(set.union(*energies.values())) == 2
    assert PredictionOutput.objects.count() == len(callers.answers)
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/readyz", timeout=5) as answer:
        assert answer.status == 200
    slowest = max(duration for _, duration, _ in callers.answers)
    print(f"{len(callers.answers)} answers, the slowest took {slowest * 1000:.0f} ms")  # noqa: T201
