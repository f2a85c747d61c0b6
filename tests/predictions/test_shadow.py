"""Shadow mode: a share of the inputs, each once, whatever is stopped in between."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mlmodel import registry
from mlmodel.errors import ArtifactIntegrityError
from mlmodel.features import FeatureRow
from mlmodel.models import ModelVersion
from mlmodel.prediction import Prediction
from mlmodel.runtime import ServedModel
from predictions.management.reports import shadow_lines
from predictions.models import SHADOW_FIELDS, PredictionInput, ShadowOutput
from predictions.services import shadow as shadow_module
from predictions.services.door import Question, prediction_create
from predictions.services.shadow import (
    Shadow,
    ShadowPass,
    is_drawn,
    shadow_run,
    shadow_summary,
)
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.factories import call_of, facts, make_model_version, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def by_area(rows: Sequence[FeatureRow]) -> list[Prediction]:
    """100 kBtu/ft², a quarter more than the champion; fails at 13 ft², has no number at 14 ft²."""
    answers = []
    for row in rows:
        area = float(row["gross_floor_area_sqft"] or 0)
        if area == 1300:
            raise ZeroDivisionError(f"area {area}")
        energy = float("nan") if area == 1400 else 100 * area
        answers.append(prediction_of(electricity_kbtu=energy, site_eui_kbtu_per_sqft=100.0))
    return answers


@pytest.fixture
def challenger(served: FakeServedModel, monkeypatch: pytest.MonkeyPatch) -> ModelVersion:
    monkeypatch.setattr(registry, "artifact_directory", lambda version: "a directory")
    monkeypatch.setattr(ServedModel, "load", lambda *_, **__: FakeServedModel(by_area))
    return make_model_version(alias="challenger", promoted_at=timezone.now() - timedelta(seconds=1))


def ask(*areas: float) -> list[PredictionInput]:
    return prediction_create(
        call=call_of(make_user()),
        questions=[Question(features=facts(gross_floor_area_sqft=area)) for area in areas],
    )


def shadow_of(share: float = 1.0, *, settle_s: float = 0.0) -> Shadow:
    return Shadow(share=share, settle_s=settle_s, stopping=threading.Event())


def said_by(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


# -- failures -----------------------------------------------------------------------------------


def test_a_failing_challenger_is_stored_as_such_and_logged_without_inputs(
    challenger: ModelVersion, caplog: pytest.LogCaptureFixture
) -> None:
    inputs = ask(1000, 1300, 1400)
    result = shadow_of().look()
    assert (result.seen, result.scored, result.failed) == (3, 3, 2)
    codes = dict(ShadowOutput.objects.values_list("input_id", "error_code"))
    assert [codes[stored.pk] for stored in inputs] == [None, "model-failure", "invalid-output"]
    assert "ZeroDivisionError" in caplog.text
    assert "1300" not in caplog.text


def test_what_is_killed_in_between_goes_on_and_scores_nothing_twice(
    challenger: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = ask(*range(1000, 1120))
    score = shadow_module._score
    chunks: list[int] = []

    def dies(model: Any, version: ModelVersion, ids: Any) -> Any:
        if len(chunks) == 1:
            raise KeyboardInterrupt
        chunks.append(len(ids))
        return score(model, version, ids)

    with monkeypatch.context() as patch:
        patch.setattr(shadow_module, "_score", dies)
        with pytest.raises(KeyboardInterrupt):
            shadow_of().look()
    assert ShadowOutput.objects.count() == 50
    result = shadow_of().look()  # another process, which knows nothing of the first
    assert result.scored == 70
    assert ShadowOutput.objects.count() == 120
    assert {row.input_id for row in ShadowOutput.objects.all()} == {row.pk for row in inputs}
    assert shadow_of().look().scored == 0


def test_two_processes_write_no_row_twice(challenger: ModelVersion) -> None:
    one, other = shadow_of(), shadow_of()
    one.look()
    other.look()
    ask(1000, 2000)
    assert one.look().scored == 2
    assert other.look().scored == 0
    assert ShadowOutput.objects.count() == 2


def test_told_to_stop_it_stores_what_it_has(
    challenger: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(*range(1000, 1120))
    shadow = shadow_of()
    score = shadow_module._score

    def stops(model: Any, version: ModelVersion, ids: Any) -> Any:
        shadow.stopping.set()
        return score(model, version, ids)

    monkeypatch.setattr(shadow_module, "_score", stops)
    assert shadow.look().scored == 50
    assert ShadowOutput.objects.count() == 50


def test_a_database_that_is_down_is_waited_for(
    challenger: ModelVersion, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shadow = shadow_of()
    look = shadow.look
    tries: list[int] = []

    def down() -> ShadowPass:
        tries.append(1)
        if len(tries) < 4:
            raise OperationalError("host=secret")
        return look()

    ask(1000)
    monkeypatch.setattr(shadow, "look", down)
    passes: list[ShadowPass] = []

    def note(result: ShadowPass) -> None:
        passes.append(result)
        shadow.stopping.set()

    shadow_run(shadow=shadow, pause_s=0.001, on_pass=note)
    assert [result.scored for result in passes] == [1]
    assert caplog.text.count("no input can be scored: OperationalError") == 1
    assert "secret" not in caplog.text


def test_a_challenger_that_does_not_load_is_said(
    challenger: ModelVersion, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []
    shadow = shadow_of()

    def refuse(*_: object, **__: object) -> ServedModel:
        tries.append(1)
        if len(tries) == 3:
            shadow.stopping.set()
        raise ArtifactIntegrityError("model.skops is not the file that was registered")

    monkeypatch.setattr(ServedModel, "load", refuse)
    ask(1000)
    shadow_run(shadow=shadow, pause_s=0.001, on_pass=lambda _: pytest.fail("nothing was scored"))
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    with pytest.raises(CommandError, match="not the file that was registered"):
        said_by("shadow_predictions", "--once")
    assert not ShadowOutput.objects.exists()


@pytest.mark.parametrize(
    "arguments", [["--share", "1.5"], ["--share", "-1"], ["--pause", "0"], ["--settle", "-1"]]
)
def test_options_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"--share|--pause"):
        call_command("shadow_predictions", "--once", *arguments)


# -- what is scored -----------------------------------------------------------------------------


def test_the_draw_depends_on_the_id_alone_and_larger_shares_hold_smaller_ones() -> None:
    ids = [uuid.UUID(int=number * 7919) for number in range(4000)]
    tenth = {input_id for input_id in ids if is_drawn(input_id, share=0.1)}
    third = {input_id for input_id in ids if is_drawn(input_id, share=1 / 3)}
    assert 300 < len(tenth) < 500
    assert tenth < third
    assert tenth == {input_id for input_id in ids if is_drawn(input_id, share=0.1)}
    assert not any(is_drawn(input_id, share=0.0) for input_id in ids)
    assert all(is_drawn(input_id, share=1.0) for input_id in ids)


def test_the_drawn_inputs_are_scored_by_the_challenger(challenger: ModelVersion) -> None:
    inputs = ask(*range(1000, 1100))
    drawn = {stored.pk for stored in inputs if is_drawn(stored.pk, share=0.3)}
    result = shadow_of(0.3).look()
    assert (result.seen, result.scored, result.failed) == (100, len(drawn), 0)
    assert set(ShadowOutput.objects.values_list("input_id", flat=True)) == drawn
    row = ShadowOutput.objects.select_related("input").first()
    assert row is not None
    area = row.input.features["gross_floor_area_sqft"]
    assert (row.model_version, row.electricity_kbtu, row.site_eui_kbtu_per_sqft) == (
        challenger,
        100 * area,
        100.0,
    )
    assert row.duration_ms >= 0


def test_inputs_from_before_its_time_are_left_alone_and_a_new_challenger_begins_anew(
    challenger: ModelVersion,
) -> None:
    ask(1000)
    ModelVersion.objects.filter(pk=challenger.pk).update(
        promoted_at=timezone.now() + timedelta(milliseconds=2)
    )
    time.sleep(0.01)
    ask(2000)
    shadow = shadow_of()
    assert shadow.look().scored == 1
    ModelVersion.objects.filter(pk=challenger.pk).update(alias=None)
    assert shadow.look().challenger is None
    second = make_model_version(
        alias="challenger", promoted_at=timezone.now() - timedelta(seconds=30)
    )
    assert shadow.look().scored == 2
    assert ShadowOutput.objects.filter(model_version=second).count() == 2


def test_inputs_wait_until_earlier_ones_are_stored(challenger: ModelVersion) -> None:
    ask(1000)
    shadow = shadow_of(settle_s=0.3)
    assert shadow.look().seen == 0
    time.sleep(0.35)
    assert shadow.look().scored == 1


def test_pages_are_gone_through_to_the_end(
    challenger: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_module, "_PAGE", 3)
    monkeypatch.setattr(shadow_module, "_CHUNK", 2)
    ask(*range(1000, 1010))
    result = shadow_of().look()
    assert (result.seen, result.scored) == (10, 10)


# -- the comparison -----------------------------------------------------------------------------


def test_what_both_answered_is_compared(challenger: ModelVersion) -> None:
    ask(1000, 1300, 2000)
    said = said_by("shadow_predictions", "--once", "--share", "1", "--settle", "0")
    assert f"{challenger} scored 3 of 3 inputs, 1 without an answer." in said
    champion = ModelVersion.objects.get(alias="champion")
    summary = shadow_summary(champion=champion, challenger=challenger, threshold=0.1)
    assert (summary.changes.inputs, summary.changes.changed, summary.failed) == (2, 2, 1)
    assert summary.changes.median == pytest.approx(0.25)
    said = said_by("compare_shadow", "--threshold", "30")
    assert "2 inputs that both answered" in said
    assert "changed by more than 30%: 0 (0.0%)" in said
    assert "|change|: median 25.0%" in said
    assert "answered by the champion alone: 1" in said


def test_durations_are_compared_of_calls_with_one_input_only(challenger: ModelVersion) -> None:
    champion = ModelVersion.objects.get(alias="champion")

    def scored(*areas: int, champion_ms: float) -> None:
        stored = prediction_create(
            call=call_of(make_user()),
            questions=[Question(features=facts(gross_floor_area_sqft=area)) for area in areas],
        )
        with connection.cursor() as cursor:  # past the trigger: a duration that is known
            cursor.execute("ALTER TABLE predictions_predictionoutput DISABLE TRIGGER USER")
            cursor.execute(
                "UPDATE predictions_predictionoutput SET duration_ms = %s WHERE input_id = ANY(%s)",
                [champion_ms, [one.id for one in stored]],
            )
            cursor.execute("ALTER TABLE predictions_predictionoutput ENABLE TRIGGER USER")
        ShadowOutput.objects.bulk_create(
            ShadowOutput(
                input=one,
                model_version=challenger,
                duration_ms=3.0,
                **dict.fromkeys(SHADOW_FIELDS, 1.0),
            )
            for one in stored
        )

    scored(2000, 3000, 4000, champion_ms=90.0)  # 90 ms are of all three
    summary = shadow_summary(champion=champion, challenger=challenger, threshold=0.1)
    assert (summary.champion_ms, summary.challenger_ms) == (None, None)
    assert not any("duration" in line for line in shadow_lines(summary))
    scored(5000, champion_ms=2.0)
    summary = shadow_summary(champion=champion, challenger=challenger, threshold=0.1)
    assert (summary.changes.inputs, summary.champion_ms, summary.challenger_ms) == (4, 2.0, 3.0)
    assert "of one input: 2.0 ms, challenger 3.0 ms" in shadow_lines(summary)[-1]


def test_without_anybody_to_compare_it_is_said(served: FakeServedModel) -> None:
    with pytest.raises(CommandError, match="no challenger"):
        call_command("compare_shadow")
    ModelVersion.objects.update(alias=None)
    with pytest.raises(CommandError, match="no champion"):
        call_command("compare_shadow")
    assert "There is no challenger" in said_by("shadow_predictions", "--once")


@pytest.mark.parametrize("arguments", [["--threshold", "-1"], ["--last", "0"]])
def test_a_comparison_that_makes_no_sense_is_refused(
    challenger: ModelVersion, arguments: list[str]
) -> None:
    with pytest.raises(CommandError, match="--threshold"):
        call_command("compare_shadow", *arguments)


def test_shadow_rows_are_read_in_the_admin(admin_browser: Client, challenger: ModelVersion) -> None:
    ask(1000, 1300)
    shadow_of().look()
    url = reverse("admin:predictions_shadowoutput_changelist")
    listed = admin_browser.get(url).content.decode()
    assert "+25.0%" in listed
    assert "80,000" in listed
    row = ShadowOutput.objects.first()
    assert row is not None
    page = reverse("admin:predictions_shadowoutput_change", args=[row.pk])
    assert admin_browser.get(page).status_code == 200
    assert admin_browser.post(page, {"duration_ms": 1}).status_code == 403


# -- the process --------------------------------------------------------------------------------


def test_the_process_stops_on_sigterm() -> None:
    at = connection.settings_dict
    password = f":{at['PASSWORD']}" if at["PASSWORD"] else ""
    url = f"postgres://{at['USER']}{password}@{at['HOST']}:{at['PORT'] or 5432}/{at['NAME']}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "shadow_predictions", "--pause", "600"],
        cwd=django_settings.PROJECT_DIR,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.local"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with connection.cursor() as cursor:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:  # until it has asked for the challenger, and rests
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND query LIKE '%challenger%'"
                )
                if cursor.fetchone() == (1,):
                    break
                time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 0
    assert output == "Stopped.\n"
