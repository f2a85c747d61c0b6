"""Promotions: what is refused, what is shown, what goes on the record."""

import threading
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buildings.services.factors import emission_factor_sets_seed
from mlmodel import registry, services
from mlmodel.errors import (
    ArtifactIntegrityError,
    PromotionConflictError,
    PromotionRefusedError,
)
from mlmodel.models import Alias, ModelPromotion, ModelVersion
from mlmodel.runtime import ServedModel
from mlmodel.selectors import model_version_former_champion
from mlmodel.services import Decision, model_version_promote, model_version_rollback
from mlmodel.signature import model_signature
from predictions.models import PredictionInput, ShadowOutput
from predictions.services.door import Question, prediction_create
from predictions.services.promotion import (
    logged_inputs,
    promotion_assess,
    promotion_make,
)
from predictions.services.serving import serving_reset
from tests.fakes import FakeServedModel, prediction_of
from tests.mlmodel.test_comparison import folds, metrics
from tests.predictions.factories import call_of, facts, make_model_version, make_user

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "site-energy-use"


class Registry:
    """Stands for MLflow and artifacts. A version's model answers `factor` × 60 kBtu/ft²."""

    def __init__(self) -> None:
        self.aliases: dict[str, int] = {}
        self.factors: dict[int, float | Callable[[float], float]] = {}
        self.broken: set[int] = set()

    def set_aliases(self, name: str, wanted: dict[str, int]) -> None:
        self.aliases = dict(wanted)

    def load(self, directory: object, *, version: int, **_: Any) -> FakeServedModel:
        if version in self.broken:
            raise ArtifactIntegrityError("model.skops is not the file that was registered")
        factor = self.factors.get(version, 1.0)

        def energy(area: float) -> float:
            return 60 * area * (factor(area) if callable(factor) else factor)

        return FakeServedModel(
            lambda rows: [
                prediction_of(electricity_kbtu=energy(float(row["gross_floor_area_sqft"] or 0)))
                for row in rows
            ]
        )

    def check(self, directory: str, digests: dict[str, str]) -> None:
        if int(directory) in self.broken:
            raise ArtifactIntegrityError("model.skops is not the file that was registered")


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Registry:
    fake = Registry()
    emission_factor_sets_seed()
    monkeypatch.setattr(registry, "connect", lambda: None)
    monkeypatch.setattr(registry, "aliases", lambda name: dict(fake.aliases))
    monkeypatch.setattr(registry, "set_aliases", fake.set_aliases)
    monkeypatch.setattr(registry, "artifact_directory", lambda version: str(version.version))
    monkeypatch.setattr(services, "load_estimator", fake.check)
    monkeypatch.setattr(ServedModel, "load", fake.load)
    return fake


def make(**values: Any) -> ModelVersion:
    return make_model_version(**{"signature": model_signature(), **values})


@pytest.fixture
def champion(mlflow: Registry) -> ModelVersion:
    version = make(metrics=metrics(folds(0.80)))
    model_version_promote(version=version)
    return version


@pytest.fixture
def candidate(champion: ModelVersion) -> ModelVersion:
    return make(metrics=metrics(folds(0.82)))


def ask(*areas: float) -> list[PredictionInput]:
    return prediction_create(
        call=call_of(make_user()),
        questions=[Question(features=facts(gross_floor_area_sqft=area)) for area in areas],
    )


def promote(version: ModelVersion, *arguments: str) -> str:
    out = StringIO()
    call_command("promote_model", str(version.version), *arguments, stdout=out, stderr=out)
    return out.getvalue()


def champion_now() -> ModelVersion:
    return ModelVersion.objects.get(alias="champion")


# -- refusals -----------------------------------------------------------------------------------


def test_worse_scores_are_refused_unless_forced_with_a_reason(
    mlflow: Registry, champion: ModelVersion
) -> None:
    worse = make(metrics=metrics(folds(0.75)))
    with pytest.raises(CommandError, match=r"--force --reason"):
        promote(worse)
    with pytest.raises(CommandError, match="needs --reason"):
        promote(worse, "--force", "--reason", " ")
    assert champion_now() == champion
    said = promote(worse, "--force", "--reason", "the old one leaks")
    assert "R² of log energy is worse in set-up f: 0.750 after 0.800" in said
    assert "by force" in said
    event = ModelPromotion.objects.latest("id")
    assert (event.is_forced, event.reason) == (True, "the old one leaks")
    assert "worse in set-up f" in event.comparison["objections"][0]
    assert mlflow.aliases == {"champion": worse.version}


@pytest.mark.parametrize("is_forced", [False, True])
def test_the_service_refuses_by_itself(
    champion: ModelVersion, candidate: ModelVersion, is_forced: bool
) -> None:
    ModelVersion.objects.filter(pk=candidate.pk).update(metrics={})
    candidate.refresh_from_db()
    assessment = promotion_assess(candidate=candidate)
    with pytest.raises(PromotionRefusedError):
        promotion_make(assessment=assessment, is_forced=is_forced)
    assert champion_now() == champion


def test_scores_of_other_rows_are_no_comparison(champion: ModelVersion) -> None:
    other = make(metrics=metrics(folds(0.9), rows_sha256="1" * 64))
    with pytest.raises(CommandError):
        promote(other)
    assessment = promotion_assess(candidate=other)
    assert "different training rows" in assessment.objections[0]
    assert "--reevaluate" in assessment.objections[0]


@pytest.mark.parametrize(("after", "is_refused"), [(0.81, False), (0.7, True)])
def test_both_can_be_measured_anew(champion: ModelVersion, after: float, is_refused: bool) -> None:
    other = make(metrics={"f": {"r2_log": 0.9}})
    measured: list[ModelVersion] = []

    def reevaluate(version: ModelVersion) -> dict[str, Any]:
        measured.append(version)
        return metrics(folds(after if version == other else 0.8), rows_sha256="2" * 64)

    assessment = promotion_assess(candidate=other, is_reevaluated=True, reevaluate=reevaluate)
    assert measured == [other, champion]
    assert bool(assessment.objections) == is_refused
    assert "today's rows" in assessment.scores_from


def test_what_would_change_for_many_is_refused(mlflow: Registry, candidate: ModelVersion) -> None:
    asked = ask(1000, 2000, 30_000, 40_000)
    ask(1000)  # the same again counts once
    mlflow.factors[candidate.version] = lambda area: 1.5 if area < 3000 else 1.02
    with pytest.raises(CommandError, match="not promoted"):
        promote(candidate)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("promote_model", str(candidate.version), stdout=out)
    said = out.getvalue()
    assert "last 4 distinct logged inputs" in said
    assert "changed by more than 10%: 2 (50.0%); |change|: median 26.0%" in said
    assert str(asked[1].id) in said
    assert "120,000        180,000" in said
    assert "50.0% of 4 logged inputs change by more than 10%; 25% may" in said
    assert "now the champion" in promote(candidate, "--max-changed", "50")


@pytest.mark.parametrize("option", [("--threshold", "60"), ("--replay", "0")])
def test_limits_are_options(
    mlflow: Registry, candidate: ModelVersion, option: tuple[str, str]
) -> None:
    ask(1000)
    mlflow.factors[candidate.version] = 1.5
    assert "Nothing speaks against it" in promote(candidate, "--dry-run", *option)


def test_a_candidate_without_answers_is_refused(
    mlflow: Registry, candidate: ModelVersion, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(area: float) -> float:
        if area == 1000:
            raise ZeroDivisionError(f"the area is {area}")
        return 1.0

    ask(1000, 2000)
    mlflow.factors[candidate.version] = fails
    assessment = promotion_assess(candidate=candidate)
    assert assessment.replay is not None
    assert (assessment.replay.failed, assessment.replay.changes.inputs) == (1, 1)
    assert assessment.objections == ("it has no answer to 1 logged inputs that the champion has",)
    # Once, with what and where, and without what the input was.
    (record,) = [record for record in caplog.records if "replaying" in record.getMessage()]
    assert "replaying 2 inputs failed with ZeroDivisionError" in record.getMessage()
    assert "in fails" in record.getMessage()
    assert "the area is 1000" not in caplog.text


@pytest.mark.parametrize("arguments", [(), ("--force", "--reason", "I insist")])
def test_a_version_that_does_not_load_cannot_be_forced(
    mlflow: Registry, champion: ModelVersion, candidate: ModelVersion, arguments: tuple[str, ...]
) -> None:
    mlflow.broken.add(candidate.version)
    with pytest.raises(CommandError, match="not the file that was registered"):
        promote(candidate, *arguments)
    with pytest.raises(CommandError, match="not the file that was registered"):
        promote(candidate, "--alias", "challenger")
    assert champion_now() == champion


def test_a_champion_that_does_not_load_is_no_basis(
    mlflow: Registry, champion: ModelVersion, candidate: ModelVersion
) -> None:
    mlflow.broken.add(champion.version)
    serving_reset()
    assessment = promotion_assess(candidate=candidate)
    assert "nothing can be replayed" in assessment.objections[0]
    assert assessment.replay is None
    promotion_make(assessment=assessment, is_forced=True, reason="the champion's files are lost")
    assert champion_now() == candidate


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["7777"], "registered are: "),
        (["CHAMPION"], "the champion already"),
        (["CHAMPION", "--alias", "challenger"], "is the champion, which serves"),
        (["CANDIDATE", "--replay", "-1"], "must not be negative"),
        (["CANDIDATE", "--user", "nobody"], "no user named 'nobody'"),
    ],
)
def test_what_makes_no_sense_is_said(
    champion: ModelVersion, candidate: ModelVersion, arguments: list[str], why: str
) -> None:
    numbers = {"CHAMPION": str(champion.version), "CANDIDATE": str(candidate.version)}
    with pytest.raises(CommandError, match=why):
        call_command("promote_model", *(numbers.get(word, word) for word in arguments))
    assert champion_now() == champion


def test_a_dry_run_changes_nothing(champion: ModelVersion, candidate: ModelVersion) -> None:
    before = ModelPromotion.objects.count()
    assert "nothing was changed" in promote(candidate, "--dry-run")
    assert "Nothing was changed" in promote(candidate, "--dry-run", "--alias", "challenger")
    assert champion_now() == champion
    assert ModelPromotion.objects.count() == before


# -- promotions ---------------------------------------------------------------------------------


def test_the_first_needs_no_comparison(mlflow: Registry) -> None:
    version = make()
    said = promote(version)
    assert "no champion yet" in said
    assert champion_now() == version


def test_who_when_why_and_on_what_are_on_the_record(
    champion: ModelVersion, candidate: ModelVersion
) -> None:
    user = make_user(username="ada")
    ask(1000)
    said = promote(candidate, "--user", "ada", "--reason", "more buildings")
    assert "energy f 0.8000 0.8200 +0.0200 ± 0.0000 0.000 +0.0000 better" in " ".join(said.split())
    assert "(ada)" in said
    event = ModelPromotion.objects.latest("id")
    assert event.created_at <= timezone.now()
    assert (event.version, event.replaced_version, event.alias, event.kind) == (
        candidate,
        champion,
        "champion",
        "promotion",
    )
    assert (event.promoted_by, event.promoted_by_name, event.reason) == (
        user,
        "ada",
        "more buildings",
    )
    assert not event.is_forced
    assert event.comparison["champion"] == champion.version
    assert event.comparison["scores"][0]["verdict"] == "better"
    assert event.comparison["replay"]["inputs"] == 1
    assert champion_now().promoted_by == user


def test_a_score_that_is_no_number_is_null_on_the_record(champion: ModelVersion) -> None:
    other = make(metrics={})
    assessment = promotion_assess(
        candidate=other,
        is_reevaluated=True,
        reevaluate=lambda version: {} if version == other else metrics(folds(0.8)),
    )
    event = promotion_make(assessment=assessment, is_forced=True, reason="a test")
    event.refresh_from_db()
    assert event.comparison["scores"][0]["candidate"] is None


def test_a_challenger_takes_its_part_and_leaves_it_as_champion(
    mlflow: Registry, champion: ModelVersion, candidate: ModelVersion
) -> None:
    assert "is now the challenger" in promote(candidate, "--alias", "challenger")
    assert mlflow.aliases == {"champion": champion.version, "challenger": candidate.version}
    (stored,) = ask(1000)
    ShadowOutput.objects.create(
        input=stored,
        model_version=candidate,
        electricity_kbtu=90_000.0,
        natural_gas_kbtu=0.0,
        steam_kbtu=0.0,
        site_energy_use_kbtu=90_000.0,
        site_eui_kbtu_per_sqft=90.0,
        duration_ms=2.0,
    )
    said = promote(candidate)
    assert "Shadow: 1 inputs that both answered" in said
    assert "changed by more than 10%: 1 (100.0%)" in said
    assert mlflow.aliases == {"champion": candidate.version}
    assert ModelPromotion.objects.latest("id").comparison["shadow"]["changes"]["inputs"] == 1


def test_logged_inputs_are_the_newest_distinct_ones() -> None:
    assert logged_inputs(5) == []


def test_no_more_is_read_than_is_wanted(champion: ModelVersion) -> None:
    first = ask(1000, 2000, 3000)
    again = ask(3000)
    found = logged_inputs(2)
    assert [input_id for input_id, _ in found] == [str(again[0].id), str(first[1].id)]
    assert len(logged_inputs(10)) == 3


# -- two at once, both or neither ---------------------------------------------------------------


def test_of_two_promotions_at_once_the_second_is_told(
    mlflow: Registry, champion: ModelVersion, candidate: ModelVersion
) -> None:
    other = make(metrics=metrics(folds(0.83)))
    assessments = [promotion_assess(candidate=version) for version in (candidate, other)]
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def decide(number: int) -> None:
        barrier.wait()
        try:
            promotion_make(assessment=assessments[number])
            outcomes.append("promoted")
        except PromotionConflictError as error:
            outcomes.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes, key=len)[0] == "promoted"
    assert "Meanwhile" in max(outcomes, key=len)
    assert ModelVersion.objects.filter(alias="champion").count() == 1
    assert mlflow.aliases == {"champion": champion_now().version}
    assert ModelPromotion.objects.count() == 2


def test_when_mlflow_fails_nothing_moves_and_the_first_error_is_told(
    monkeypatch: pytest.MonkeyPatch,
    champion: ModelVersion,
    candidate: ModelVersion,
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[dict[str, int]] = []

    def refuse(name: str, wanted: dict[str, int]) -> None:
        calls.append(wanted)
        raise RuntimeError(f"no MLflow, call {len(calls)}")

    monkeypatch.setattr(registry, "set_aliases", refuse)
    with pytest.raises(RuntimeError, match="call 1"):
        model_version_promote(version=candidate)
    assert calls == [{"champion": candidate.version}, {"champion": champion.version}]
    assert "could not be put back" in caplog.text
    assert champion_now() == champion
    assert ModelPromotion.objects.count() == 1


def test_when_the_database_fails_mlflow_is_put_back(
    mlflow: Registry, champion: ModelVersion, candidate: ModelVersion
) -> None:
    """A constraint that is checked at COMMIT fails, when MLflow has moved already."""
    set_aliases = mlflow.set_aliases

    def set_and_break(name: str, wanted: dict[str, int]) -> None:
        set_aliases(name, wanted)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO mlmodel_modelpromotion (version_id, alias, kind, reason, is_forced, "
                "comparison, promoted_by_name) "
                "VALUES (-1, 'champion', 'promotion', '', false, '{}', 'x')"
            )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            registry,
            "set_aliases",
            lambda name, wanted: (
                set_and_break(name, wanted)
                if wanted["champion"] == candidate.version
                else set_aliases(name, wanted)
            ),
        )
        with pytest.raises(IntegrityError):
            model_version_promote(version=candidate)
    assert mlflow.aliases == {"champion": champion.version}
    assert champion_now() == champion


# -- rollback -----------------------------------------------------------------------------------


def test_rollbacks_go_back_one_by_one_and_never_forth(mlflow: Registry) -> None:
    versions = [make() for _ in range(3)]
    for version in versions:
        model_version_promote(version=version)
    out = StringIO()
    call_command("rollback_model", "--reason", "third is odd", stdout=out)
    assert f"{versions[1]} is the champion again" in out.getvalue()
    assert champion_now() == versions[1]
    model_version_rollback(name=NAME, reason="second too", promoted_by=make_user(username="eve"))
    assert champion_now() == versions[0]
    assert mlflow.aliases == {"champion": versions[0].version}
    events = ModelPromotion.objects.order_by("id")
    assert [event.kind for event in events] == ["promotion"] * 3 + ["rollback"] * 2
    assert events.last().promoted_by_name == "eve"  # type: ignore[union-attr]
    with pytest.raises(PromotionRefusedError, match="no champion of site-energy-use before"):
        model_version_rollback(name=NAME, reason="further")
    model_version_promote(version=versions[2])
    assert model_version_former_champion(name=NAME) == versions[0]


def test_a_champion_from_before_there_was_a_history_can_be_gone_back_to(mlflow: Registry) -> None:
    old, new = make(alias="champion"), make()
    model_version_promote(version=new)
    model_version_rollback(name=NAME, reason="back")
    assert champion_now() == old


def test_a_former_champion_is_verified_before_it_serves(
    mlflow: Registry, champion: ModelVersion, candidate: ModelVersion
) -> None:
    promote(candidate)
    mlflow.broken.add(champion.version)
    with pytest.raises(CommandError, match="not the file that was registered"):
        call_command("rollback_model", "--reason", "back")
    assert champion_now() == candidate


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--reason", " "], "must say something"),
        (["--reason", "x", "--user", "nobody"], "no user named 'nobody'"),
        (["--reason", "x"], "knows no champion"),
    ],
)
def test_a_rollback_that_cannot_be_is_said(
    mlflow: Registry, arguments: list[str], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("rollback_model", *arguments)


# -- the shipped version ------------------------------------------------------------------------


def test_a_champion_that_new_code_cannot_load_gives_way_to_the_shipped_version(
    mlflow: Registry,
) -> None:
    old = make(alias="champion", signature={})
    shipped = make(artifact_digest=registry.shipped_manifest()["artifact_digest"])
    reason = services._reason_to_promote_shipped(shipped, is_new=True)
    assert f"cannot load {old}" in reason
    assert services._reason_to_promote_shipped(shipped, is_new=False) == ""
    ModelVersion.objects.filter(pk=old.pk).update(signature=model_signature())
    assert services._reason_to_promote_shipped(shipped, is_new=True) == ""
    ModelVersion.objects.update(alias=None)
    assert "no champion" in services._reason_to_promote_shipped(shipped, is_new=False)


# -- the record ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET reason = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_the_history_can_be_neither_changed_nor_removed(
    champion: ModelVersion, statement: str
) -> None:
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="insert-only"):
        cursor.execute(statement.format("mlmodel_modelpromotion"))
    assert ModelPromotion.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"is_forced": True}, "reason_given"),
        ({"kind": "rollback"}, "reason_given"),
        ({"kind": "challenge"}, "kind_known"),
        ({"alias": "challenger"}, "kind_known"),
        ({"alias": "king", "kind": "challenge"}, "known"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused(
    champion: ModelVersion, values: dict[str, Any], constraint: str
) -> None:
    event = {"version": champion, "alias": "champion", "kind": "promotion", **values}
    with transaction.atomic(), pytest.raises(IntegrityError, match=constraint):
        ModelPromotion.objects.create(promoted_by_name="x", **event)


def test_the_history_is_read_in_the_admin_and_nothing_else(
    admin_browser: Client, champion: ModelVersion, candidate: ModelVersion
) -> None:
    decision = Decision(reason="<b>why</b>", comparison={"objections": ["slow"]})
    event = model_version_promote(version=candidate, decision=decision)
    model_version_promote(version=champion, alias=Alias.CHALLENGER)
    listed = admin_browser.get(reverse("admin:mlmodel_modelpromotion_changelist")).content.decode()
    assert "&lt;b&gt;why&lt;/b&gt;" in listed
    assert "became challenger" in listed
    url = reverse("admin:mlmodel_modelpromotion_change", args=[event.pk])
    assert "slow" in admin_browser.get(url).content.decode()
    assert admin_browser.post(url, {"reason": "other"}).status_code == 403
