"""Explanations and what-if, as services: once, by the version that predicted, on the record."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from mlmodel import registry
from mlmodel.errors import ArtifactIntegrityError
from mlmodel.features import FeatureRow
from mlmodel.prediction import Prediction
from mlmodel.runtime import ServedModel
from predictions.errors import (
    PredictionFailedError,
    UnsuitablePredictionError,
    VersionGoneError,
)
from predictions.models import PredictionExplanation, PredictionInput, PredictionOutput
from predictions.services import explanations as explanations_module
from predictions.services import serving as serving_module
from predictions.services.door import Question, prediction_create
from predictions.services.explanations import explanation_create
from predictions.services.serving import Serving
from predictions.services.variations import variation_create
from predictions.services.versions import serving_of
from tests.buildings.factories import BenchmarkRecordFactory, EmissionFactorSetFactory
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.factories import call_of, facts, make_model_version, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def by_area_and_age(rows: Sequence[FeatureRow]) -> list[Prediction]:
    return [
        prediction_of(
            electricity_kbtu=float(row["gross_floor_area_sqft"] or 0)
            * (2040 - int(row["year_built"] or 0))
            * (2 if row.get("has_steam") else 1)
        )
        for row in rows
    ]


@pytest.fixture
def user(served: FakeServedModel) -> User:
    served.answer = by_area_and_age
    return make_user(username="ann")


def ask(user: User, **values: Any) -> PredictionInput:
    building = values.pop("building", None)
    question = Question(features=facts(**values), building=building)
    return prediction_create(call=call_of(user), questions=[question])[0]


def explain(prediction: PredictionInput, user: User) -> tuple[PredictionExplanation, bool]:
    return explanation_create(call=call_of(user), prediction=prediction)


def promote_another(monkeypatch: pytest.MonkeyPatch) -> FakeServedModel:
    another = FakeServedModel()
    monkeypatch.setattr(serving_module, "_serving", Serving(make_model_version(), another))
    return another


def loads_of(monkeypatch: pytest.MonkeyPatch, model: ServedModel) -> list[int]:
    """Any version's files load as this model; which versions were loaded."""
    loads: list[int] = []

    def load(directory: object, *, version: int, **_: object) -> ServedModel:
        loads.append(version)
        return model

    monkeypatch.setattr(registry, "artifact_directory", lambda version: Path("nowhere"))
    monkeypatch.setattr(ServedModel, "load", load)
    return loads


# -- explanations --------------------------------------------------------------------------------


def test_a_failed_prediction_has_nothing_to_explain(user: User, served: FakeServedModel) -> None:
    served.answer = lambda rows: []
    with pytest.raises(UnsuitablePredictionError):
        explain(ask(user), user)
    stored = PredictionInput.objects.create(
        request=PredictionInput.objects.get().request, position=1, features=facts()
    )
    with pytest.raises(UnsuitablePredictionError):
        explain(stored, user)
    assert PredictionExplanation.objects.count() == 0


def test_a_model_that_no_longer_comes_to_the_same_explains_nothing(
    user: User, served: FakeServedModel
) -> None:
    prediction = ask(user)
    served.answer = FakeServedModel.by_area
    with pytest.raises(VersionGoneError):
        explain(prediction, user)
    assert PredictionExplanation.objects.count() == 0


def test_contributions_add_up_to_what_is_stored(user: User) -> None:
    prediction = ask(user, has_steam=True)
    explanation, is_new = explain(prediction, user)
    assert is_new
    stored = PredictionExplanation.objects.get(input=prediction)
    parts = [entry["contribution_kbtu"] for entry in stored.contributions]
    output = PredictionOutput.objects.get(input=prediction)
    assert stored.reference_kbtu + sum(parts) == pytest.approx(output.site_energy_use_kbtu)
    assert stored.site_energy_use_kbtu == output.site_energy_use_kbtu
    assert stored.reference_kbtu == 50_000 * 70
    assert {entry["feature"] for entry in stored.contributions} == {
        "gross_floor_area_sqft",
        "year_built",
        "has_steam",
    }
    assert (stored.caller, stored.caller_name, stored.request_id) == (user, "ann", "test")
    assert stored.reference_features["year_built"] == 1970
    assert explanation == stored


def test_it_is_computed_once(user: User, served: FakeServedModel) -> None:
    prediction = ask(user)
    first, _ = explain(prediction, user)
    seen = len(served.seen)
    again, is_new = explain(prediction, make_user())
    assert (again, is_new) == (first, False)
    assert again.caller == user
    assert len(served.seen) == seen


def test_of_two_at_once_one_is_stored_and_both_answer_it(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction = ask(user)
    first, _ = explain(prediction, user)
    monkeypatch.setattr(explanations_module, "explanation_get", lambda **_: None)
    late, is_new = explain(prediction, make_user())
    assert (late, is_new) == (first, False)
    assert PredictionExplanation.objects.count() == 1


def test_the_version_that_predicted_is_loaded_to_explain(
    user: User, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictions = [ask(user), ask(user, year_built=1999)]
    another = promote_another(monkeypatch)
    loads = loads_of(monkeypatch, served)
    for prediction in predictions:
        explanation, _ = explain(prediction, user)
        assert explanation.reference_kbtu == 50_000 * 70
    assert loads == [predictions[0].request.model_version.version]
    assert another.seen == []


def test_a_version_whose_files_are_not_the_registered_ones_is_gone(
    user: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(version: object) -> Path:
        raise ArtifactIntegrityError("model.skops is not what was registered")

    prediction = ask(user)
    promote_another(monkeypatch)
    monkeypatch.setattr(registry, "artifact_directory", refuse)
    with pytest.raises(VersionGoneError):
        explain(prediction, user)
    assert "model.skops is not what was registered" in caplog.text
    assert PredictionExplanation.objects.count() == 0


def test_without_a_champion_the_version_explains_all_the_same(
    user: User, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = ask(user).request.model_version
    monkeypatch.setattr(serving_module, "_serving", None)
    type(version).objects.update(alias=None)
    loads = loads_of(monkeypatch, served)
    assert serving_of(version=version).model is served
    assert loads == [version.version]


def test_peers_are_of_the_same_type_and_real_before_made_up(user: User) -> None:
    nobody, _ = explain(ask(user), user)
    assert (nobody.peers, nobody.peer_count, nobody.percentile) == ([], 0, None)
    assert (nobody.peers_data_year, nobody.peers_are_synthetic) == (None, None)

    made_up: Any = BenchmarkRecordFactory(data_year=2019)
    explanation, _ = explain(ask(user), user)
    assert explanation.peers_are_synthetic is True
    assert [peer["ose_building_id"] for peer in explanation.peers] == [
        made_up.building.ose_building_id
    ]

    real: Any = [
        BenchmarkRecordFactory(is_synthetic=False, site_eui_kbtu_per_sqft=70.0 + 5e3 * step)
        for step in range(7)
    ]
    explanation, _ = explain(ask(user, building=real[0].building), user)
    assert (explanation.peers_are_synthetic, explanation.peers_data_year) == (False, 2016)
    assert explanation.peer_count == 6
    assert len(explanation.peers) == 5
    own = real[0].building.ose_building_id
    assert own not in [peer["ose_building_id"] for peer in explanation.peers]
    eui = PredictionOutput.objects.get(input=explanation.input).site_eui_kbtu_per_sqft
    assert eui is not None
    below = sum(record.site_eui_kbtu_per_sqft < eui for record in real[1:])
    assert explanation.percentile == pytest.approx(100 * below / 6)


# -- what if -------------------------------------------------------------------------------------


def vary(original: PredictionInput, user: User, **changes: Any) -> Any:
    features = {**original.features, **changes}
    return variation_create(call=call_of(user), original=original, features=features)


def test_what_has_no_energy_cannot_be_varied(user: User, served: FakeServedModel) -> None:
    served.answer = lambda rows: []
    prediction = ask(user)
    with pytest.raises(UnsuitablePredictionError):
        vary(prediction, user, year_built=1999)
    assert PredictionInput.objects.count() == 1


def test_a_variation_that_fails_is_on_the_record(user: User, served: FakeServedModel) -> None:
    original = ask(user)
    served.answer = lambda rows: [prediction_of(electricity_kbtu=-1.0)]
    with pytest.raises(PredictionFailedError) as caught:
        vary(original, user, year_built=1999)
    stored = PredictionInput.objects.get(pk=caught.value.prediction_id)
    assert (stored.what_if_of, stored.output.error_code) == (original, "invalid-output")


def test_the_difference_is_that_of_the_change_alone(
    user: User, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = ask(user)
    before = PredictionOutput.objects.get(input=original)
    # Another model and newer factors meanwhile make no difference.
    another = promote_another(monkeypatch)
    loads_of(monkeypatch, served)
    EmissionFactorSetFactory(name="later", data_year=2030, factors=dict.fromkeys(FUELS, 9.0))
    variation, difference = vary(original, user, has_steam=True)
    after = PredictionOutput.objects.get(input=variation)
    assert another.seen == []
    assert variation.request.model_version == original.request.model_version
    assert after.emission_factor_set == before.emission_factor_set
    assert variation.what_if_of == original
    assert difference.site_energy_use_kbtu == before.site_energy_use_kbtu
    assert difference.site_energy_use_percent == pytest.approx(100)
    assert difference.ghg_emissions_mtco2e == pytest.approx(before.ghg_emissions_mtco2e)
    assert difference.ghg_emissions_percent == pytest.approx(100)


FUELS = ("electricity", "natural_gas", "steam")


def test_of_nothing_there_are_no_percentages(user: User, served: FakeServedModel) -> None:
    served.answer = lambda rows: [prediction_of() for _ in rows]
    _, difference = vary(ask(user), user, has_steam=True)
    assert (difference.site_energy_use_kbtu, difference.site_energy_use_percent) == (0, None)
    assert (difference.ghg_emissions_mtco2e, difference.ghg_emissions_percent) == (0, None)


def test_what_is_stored_of_a_variation_can_be_varied_again(user: User) -> None:
    first, _ = vary(ask(user), user, has_steam=True)
    second, _ = vary(first, user, has_steam=None)
    assert second.what_if_of == first
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM predictions_predictionrequest")
        assert cursor.fetchone() == (3,)
