"""Following the champion: a promotion reaches the worker, and no failure reaches a request."""

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client

from buildings.services.factors import emission_factor_sets_seed
from mlmodel import registry
from mlmodel.errors import ArtifactIntegrityError, ModelUnavailableError
from mlmodel.features import FeatureRow
from mlmodel.models import ModelVersion
from mlmodel.prediction import Prediction
from mlmodel.runtime import ServedModel
from predictions.models import PredictionOutput
from predictions.services import serving as serving_module
from predictions.services.door import Question, prediction_create
from predictions.services.serving import (
    Watcher,
    served_model,
    serving_get,
    serving_refresh,
    serving_unwatch,
    serving_watch,
)
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.factories import call_of, facts, make_model_version, make_user

pytestmark = pytest.mark.django_db(transaction=True)


class Files:
    """Stands for store and artifacts: a version's model answers its number; some are broken."""

    def __init__(self) -> None:
        self.loads: list[int] = []
        self.broken: set[int] = set()
        self.answers: dict[int, float] = {}

    def load(self, directory: object, *, version: int, **_: Any) -> FakeServedModel:
        self.loads.append(version)
        if version in self.broken:
            raise ArtifactIntegrityError(f"model.skops of {version} is not what was registered")
        energy = self.answers.get(version, float(version))

        def answer(rows: Sequence[FeatureRow]) -> list[Prediction]:
            return [prediction_of(electricity_kbtu=energy) for _ in rows]

        return FakeServedModel(answer)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    files = Files()
    monkeypatch.setattr(registry, "artifact_directory", lambda version: "a directory")
    monkeypatch.setattr(ServedModel, "load", files.load)
    return files


@pytest.fixture
def watch() -> Iterator[Callable[[], Watcher]]:
    """Starts a watcher that looks a hundred times a second, and stops it in the end."""
    started: list[Watcher] = []

    def start() -> Watcher:
        watcher = Watcher(interval_s=0.01)
        serving_module._watcher = watcher
        started.append(watcher)
        watcher.start()
        return watcher

    yield start
    serving_unwatch()
    assert not any(watcher.is_alive() for watcher in started)


def crown(version: ModelVersion) -> None:
    """Past the services, which need an MLflow: the alias alone is what workers look at."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE mlmodel_modelversion SET alias = NULL WHERE alias = 'champion'")
        cursor.execute(
            "UPDATE mlmodel_modelversion SET alias = 'champion' WHERE id = %s", [version.pk]
        )
        cursor.execute("COMMIT")


def until(holds: Callable[[], bool], *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


# -- what must not fail -------------------------------------------------------------------------


def test_a_champion_that_does_not_load_leaves_the_old_one_serving(
    files: Files,
    watch: Callable[[], Watcher],
    caplog: pytest.LogCaptureFixture,
    client: Client,
) -> None:
    good, bad, better = (
        make_model_version(alias="champion"),
        *(make_model_version() for _ in range(2)),
    )
    emission_factor_sets_seed()
    serving_get()
    watcher = watch()
    files.broken.add(bad.version)
    crown(bad)
    until(lambda: files.loads.count(bad.version) >= 3)  # it is tried again
    assert serving_get().version == good
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert str(bad) in errors[0].getMessage()
    assert f"{good} goes on serving" in errors[0].getMessage()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "degraded",
        "database": "ok",
        "migrations": "ok",
        "served_model": "degraded",
        "emission_factors": "ok",
    }
    # Another is taken up at once, however long the pauses for the broken one have become.
    watcher._retry_at = time.monotonic() + 1000
    crown(better)
    until(lambda: serving_get().version == better)
    until(lambda: client.get("/readyz").json()["status"] == "ok")


def test_a_broken_champion_that_is_mended_is_taken_up(
    files: Files, watch: Callable[[], Watcher]
) -> None:
    make_model_version(alias="champion")
    bad = make_model_version()
    serving_get()
    files.broken.add(bad.version)
    watcher = watch()
    crown(bad)
    until(lambda: watcher.failed_id == bad.pk)
    files.broken.clear()
    until(lambda: serving_get().version == bad)


def test_pauses_between_tries_grow(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    make_model_version(alias="champion")
    bad = make_model_version()
    serving_get()
    files.broken.add(bad.version)
    crown(bad)
    watcher = Watcher(interval_s=2)
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    tries = []
    for second in range(200):
        now = 1000.0 + second
        before = len(files.loads)
        watcher._look()
        if len(files.loads) > before:
            tries.append(second)
    assert tries == [0, 4, 12, 28, 60, 120, 180]


def test_a_database_that_is_down_stops_neither_requests_nor_the_watcher(
    files: Files,
    watch: Callable[[], Watcher],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, second = make_model_version(alias="champion"), make_model_version()
    serving_get()
    asked: list[int] = []

    def down(*, name: str) -> int | None:
        asked.append(1)
        raise OperationalError("server closed the connection: host=secret")

    with monkeypatch.context() as patch:
        patch.setattr(serving_module, "model_version_champion_id", down)
        watcher = watch()
        until(lambda: len(asked) >= 3)
        assert serving_get().version == first
    crown(second)
    until(lambda: serving_get().version == second)
    assert watcher.is_alive()
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "OperationalError" in warnings[0].getMessage()
    assert "secret" not in caplog.text


def test_a_connection_that_the_server_closed_is_replaced(
    files: Files, watch: Callable[[], Watcher]
) -> None:
    first, second = make_model_version(alias="champion"), make_model_version()
    serving_get()
    watch()

    def others() -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND query LIKE '%%mlmodel_modelversion%%'"
            )
            return [pid for (pid,) in cursor.fetchall()]

    until(lambda: bool(others()))
    (pid,) = others()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    crown(second)
    until(lambda: serving_get().version == second)
    assert serving_get().version != first
    assert pid not in others()


@pytest.mark.parametrize("energy", [float("nan"), float("inf")])
def test_a_model_without_an_answer_does_not_serve(files: Files, energy: float) -> None:
    make_model_version(alias="champion")
    second = make_model_version()
    before = serving_get()
    files.answers[second.version] = energy
    crown(second)
    with pytest.raises(ModelUnavailableError, match="no number"):
        serving_refresh()
    assert serving_get() is before


def test_a_model_that_fails_at_its_first_question_does_not_serve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(rows: object) -> list[Prediction]:
        raise ZeroDivisionError

    make_model_version(alias="champion")
    monkeypatch.setattr(registry, "artifact_directory", lambda version: "a directory")
    monkeypatch.setattr(ServedModel, "load", lambda *_, **__: FakeServedModel(fail))
    with pytest.raises(ModelUnavailableError, match="first question"):
        serving_get()


def test_without_a_champion_the_one_that_serves_goes_on(files: Files) -> None:
    version = make_model_version(alias="champion")
    assert serving_refresh() is not None  # nothing was loaded yet: the watcher does it
    ModelVersion.objects.update(alias=None)
    refreshed = serving_refresh()
    assert refreshed is not None
    assert refreshed.version == version
    assert files.loads == [version.version]


# -- a promotion under load ---------------------------------------------------------------------


def test_promotions_under_load_fail_no_request_and_mix_no_versions(
    files: Files, watch: Callable[[], Watcher]
) -> None:
    """Four threads ask without a pause while two versions take turns as champion."""
    versions = [make_model_version(alias="champion"), make_model_version()]
    user = make_user()
    emission_factor_sets_seed()
    serving_get()
    watch()
    is_over = threading.Event()
    failures: list[BaseException] = []
    answered: list[tuple[int, float | None]] = []

    def ask() -> None:
        try:
            while not is_over.is_set():
                (stored,) = prediction_create(
                    call=call_of(user), questions=[Question(features=facts())]
                )
                output = PredictionOutput.objects.get(input=stored)
                answered.append((stored.request.model_version.version, output.site_energy_use_kbtu))
        except BaseException as error:  # noqa: BLE001 -- told to the test's own thread
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(1, 9):
            crown(versions[turn % 2])
            until(lambda turn=turn: serving_get().version == versions[turn % 2])  # type: ignore[misc]
            count = len(answered)
            until(lambda count=count: len(answered) > count + 8 or bool(failures))  # type: ignore[misc]
    finally:
        is_over.set()
        for thread in threads:
            thread.join(20)
    assert failures == []
    assert {version for version, _ in answered} == {version.version for version in versions}
    assert all(energy == version for version, energy in answered)


# -- other versions -----------------------------------------------------------------------------


def test_any_version_is_loaded_once_while_it_is_used(files: Files) -> None:
    champion = make_model_version(alias="champion")
    others = [make_model_version() for _ in range(3)]
    serving = serving_get()
    assert served_model(champion) is serving.model
    first = served_model(others[0])
    assert served_model(others[0]) is first
    served_model(others[1])
    assert served_model(others[0]) is first
    served_model(others[2])  # a third: the one that was used least recently goes
    assert served_model(others[0]) is first
    served_model(others[1])
    assert files.loads == [version.version for version in (champion, *others, others[1])]
    assert first.predict([facts()])[0].electricity_kbtu == others[0].version


def test_a_loaded_version_does_not_wait_for_another_that_is_loading(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, slow = (make_model_version() for _ in range(2))
    first = served_model(loaded)
    is_loading, may_go_on = threading.Event(), threading.Event()
    load = files.load

    def slowly(directory: object, **values: Any) -> FakeServedModel:
        is_loading.set()
        assert may_go_on.wait(20)
        return load(directory, **values)

    monkeypatch.setattr(ServedModel, "load", slowly)
    threads = [threading.Thread(target=served_model, args=[slow]) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert is_loading.wait(20)
        assert served_model(loaded) is first
    finally:
        may_go_on.set()
        for thread in threads:
            thread.join(20)
    assert files.loads == [loaded.version, slow.version]  # three asked, one loaded
    assert len(serving_module._cache) == 2


def test_watching_is_begun_once_and_can_be_off(files: Files, settings: Any) -> None:
    settings.MODEL_POLL_SECONDS = 0
    serving_watch()
    assert serving_module._watcher is None
    settings.MODEL_POLL_SECONDS = 5.0
    serving_watch()
    watcher = serving_module._watcher
    try:
        assert watcher is not None
        assert watcher.is_alive()
        assert watcher.daemon
        serving_watch()
        assert serving_module._watcher is watcher
    finally:
        serving_unwatch()
    assert not watcher.is_alive()
    serving_unwatch()


def test_while_a_champion_is_loaded_requests_come_first(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_model_version(alias="champion")
    second, third = make_model_version(), make_model_version()
    serving_get()
    load, usual = files.load, sys.getswitchinterval()
    seen: list[tuple[bool, bool]] = []

    def watched_load(*arguments: Any, **options: Any) -> FakeServedModel:
        seen.append((sys.getswitchinterval() < usual, gc.isenabled()))
        return load(*arguments, **options)

    monkeypatch.setattr(ServedModel, "load", watched_load)
    crown(second)
    serving_refresh()
    files.broken.add(third.version)
    crown(third)
    with pytest.raises(ArtifactIntegrityError):
        serving_refresh()
    assert seen == [(True, False), (True, False)]
    assert (sys.getswitchinterval(), gc.isenabled()) == (usual, True)
