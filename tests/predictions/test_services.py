"""The door: what is on the record, whatever happens."""

import logging
import math
from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from mlmodel import registry
from mlmodel.errors import ArtifactIntegrityError, ModelUnavailableError
from mlmodel.features import FEATURE_NAMES, FeatureRow
from mlmodel.models import ModelVersion
from mlmodel.prediction import Interval, Prediction
from mlmodel.runtime import ServedModel
from predictions.errors import EmissionFactorsMissingError, UnknownEmissionFactorSetError
from predictions.models import ApiToken, PredictionInput, PredictionOutput, PredictionRequest
from predictions.services import serving as serving_module
from predictions.services.accounts import (
    api_caller_get_or_create,
    api_token_create,
    groups_ensure,
)
from predictions.services.admission import token_admit
from predictions.services.door import Question, prediction_create
from predictions.services.serving import served_model_warm, serving_get
from tests.buildings.factories import EmissionFactorSetFactory
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.factories import call_of, facts, make_model_version, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def counts() -> tuple[int, int, int]:
    return (
        PredictionRequest.objects.count(),
        PredictionInput.objects.count(),
        PredictionOutput.objects.count(),
    )


def ask(*rows: dict, user: User | None = None) -> list[PredictionInput]:
    return prediction_create(
        call=call_of(user or make_user()), questions=[Question(features=row) for row in rows]
    )


def test_without_a_champion_nothing_is_written() -> None:
    with pytest.raises(ModelUnavailableError, match="promote"):
        ask(facts())
    assert counts() == (0, 0, 0)


def test_a_failing_model_leaves_input_and_error_code(
    served: FakeServedModel, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(rows: object) -> list[Prediction]:
        raise ZeroDivisionError(str(rows))

    served.answer = fail
    (prediction,) = ask(facts())
    assert prediction.output.error_code == "model-failure"
    assert counts() == (1, 1, 1)
    stored = PredictionOutput.objects.get()
    assert (stored.error_code, stored.site_energy_use_kbtu) == ("model-failure", None)
    assert "ZeroDivisionError" in caplog.text
    assert "88434" not in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        prediction_of(electricity_kbtu=math.nan),
        prediction_of(electricity_kbtu=math.inf),
        prediction_of(electricity_kbtu=-1.0),
        prediction_of(electricity_kbtu=1.0, site_eui_kbtu_per_sqft=-0.1),
        prediction_of(electricity_kbtu=1.0, site_energy_use_kbtu=2.0),
        prediction_of(electricity_kbtu=1.0, support=1.5),
        prediction_of(electricity_kbtu=1.0, energy_80=Interval(2.0, 3.0)),
        prediction_of(electricity_kbtu=1.7e308),
        prediction_of(electricity_kbtu=1.0, emissions_ratio_90=None),
        prediction_of(electricity_kbtu=1.0, support=None),
    ],
)
def test_what_is_no_energy_becomes_an_error_code(
    served: FakeServedModel, wrong: Prediction
) -> None:
    served.answer = lambda rows: [prediction_of(electricity_kbtu=8.0), wrong]
    outputs = [prediction.output for prediction in ask(facts(), facts())]
    assert [output.error_code for output in outputs] == [None, "invalid-output"]
    assert outputs[0].site_energy_use_kbtu == 8.0


def test_without_any_emission_factors_nothing_is_written(served: FakeServedModel) -> None:
    with connection.cursor() as cursor:
        for table in ("buildings_emissionfactor", "buildings_emissionfactorset"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM buildings_emissionfactor")
        cursor.execute("DELETE FROM buildings_emissionfactorset")
        for table in ("buildings_emissionfactor", "buildings_emissionfactorset"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    with pytest.raises(EmissionFactorsMissingError, match="register_shipped_model"):
        ask(facts())
    assert counts() == (0, 0, 0)
    assert served.seen == []


def test_emissions_are_by_the_latest_factors_or_those_asked_for(served: FakeServedModel) -> None:
    made: Any = EmissionFactorSetFactory(name="seattle-2017", data_year=2017, version=3)
    served.answer = lambda rows: [prediction_of(natural_gas_kbtu=1e6)]
    for slug, expected in ((None, made), ("seattle-2016", None), ("seattle-2017-v3", made)):
        (prediction,) = prediction_create(
            call=call_of(make_user()),
            questions=[Question(features=facts())],
            emission_factor_set=slug,
        )
        stored = PredictionOutput.objects.get(input=prediction)
        assert stored.ghg_emissions_mtco2e == pytest.approx(53.11)
        assert (stored.emission_factor_set == made) is (expected == made)
    with pytest.raises(UnknownEmissionFactorSetError):
        prediction_create(
            call=call_of(make_user()),
            questions=[Question(features=facts())],
            emission_factor_set="seattle-2017-v4",
        )
    assert counts() == (3, 3, 3)


def test_one_answer_too_few_fails_every_row(served: FakeServedModel) -> None:
    served.answer = lambda rows: [prediction_of(electricity_kbtu=8.0)]
    assert {p.output.error_code for p in ask(facts(), facts())} == {"model-failure"}


def test_the_input_is_committed_before_the_model_sees_it(served: FakeServedModel) -> None:
    seen: list[tuple[int, int, int]] = []

    def look(rows: Sequence[FeatureRow]) -> list[Prediction]:
        assert not transaction.get_connection().in_atomic_block
        seen.append(counts())
        return FakeServedModel.by_area(rows)

    served.answer = look
    ask(facts())
    assert seen == [(1, 1, 0)]
    assert counts() == (1, 1, 1)


def test_a_worker_that_dies_leaves_a_call_without_output(served: FakeServedModel) -> None:
    def die(rows: object) -> list[Prediction]:
        raise SystemExit

    served.answer = die
    with pytest.raises(SystemExit):
        ask(facts())
    assert counts() == (1, 1, 0)


def test_no_answer_when_the_output_cannot_be_written(
    served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(outputs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(PredictionOutput.objects, "bulk_create", refuse)
    with pytest.raises(DatabaseError):
        ask(facts())
    assert counts() == (1, 1, 0)


def test_the_door_cannot_be_nested_in_a_transaction(served: FakeServedModel) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        ask(facts())
    assert counts() == (0, 0, 0)


def test_what_the_model_saw_is_what_is_stored(served: FakeServedModel) -> None:
    user = make_user(username="ann")
    first, second = ask(facts(latitude=47.612345678901), facts(year_built=2001), user=user)
    stored = list(PredictionInput.objects.order_by("position"))
    assert served.seen == [[row.features for row in stored]]
    assert [row.id for row in stored] == [first.id, second.id]
    assert tuple(served.seen[0][0]) == FEATURE_NAMES
    assert stored[0].features["latitude"] == 47.612345678901
    assert stored[0].features["energy_star_score"] is None
    call = PredictionRequest.objects.get()
    assert (call.caller, call.caller_name, call.row_count) == (user, "ann", 2)
    assert call.created_at >= call.received_at


def test_ids_are_version_7_and_sort_by_time(served: FakeServedModel) -> None:
    predictions = [ask(facts())[0] for _ in range(3)]
    assert {p.id.version for p in predictions} == {7}
    assert sorted(p.id for p in predictions) == [p.id for p in predictions]


def test_the_answer_is_what_is_stored(served: FakeServedModel) -> None:
    served.answer = lambda rows: [prediction_of(electricity_kbtu=7_226_362.123456789)]
    (prediction,) = ask(facts())
    stored = PredictionOutput.objects.get(input=prediction)
    assert stored.site_energy_use_kbtu == prediction.output.site_energy_use_kbtu
    assert stored.site_energy_use_kbtu == 7_226_362.123456789
    assert stored.duration_ms >= 0


def test_the_champion_is_loaded_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    version = make_model_version(alias="champion", file_digests={"a": "b"}, signature={"c": 1})
    loads: list[tuple] = []

    def load(directory: object, **kwargs: object) -> FakeServedModel:
        loads.append((directory, kwargs))
        return FakeServedModel()

    monkeypatch.setattr(registry, "artifact_directory", lambda version: f"dir of {version.pk}")
    monkeypatch.setattr(ServedModel, "load", load)
    served_model_warm()
    assert serving_get() is serving_get()
    assert serving_get().version == version
    assert loads == [
        (
            f"dir of {version.pk}",
            {
                "name": version.name,
                "version": version.version,
                "file_digests": {"a": "b"},
                "signature": {"c": 1},
            },
        )
    ]


def test_a_model_that_cannot_be_loaded_is_logged_at_warm_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_model_version(alias="champion")

    def refuse(version: ModelVersion) -> None:
        raise ArtifactIntegrityError("model.skops is not what was registered")

    monkeypatch.setattr(registry, "artifact_directory", refuse)
    served_model_warm()
    assert "model.skops is not what was registered" in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR
    with pytest.raises(ArtifactIntegrityError):
        ask(facts())
    assert counts() == (0, 0, 0)


def test_a_second_thread_does_not_load_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is asked twice: whoever waited for it finds the model there."""
    done = serving_module.Serving(make_model_version(), FakeServedModel())

    class Meanwhile:
        def __enter__(self) -> None:
            serving_module._serving = done

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(serving_module, "_serving_lock", Meanwhile())
    assert serving_get() is done
    monkeypatch.undo()


def test_groups_are_what_they_say() -> None:
    groups_ensure()
    groups_ensure()
    auditor = make_user(is_staff=True)
    client = api_caller_get_or_create(username="svc")
    from django.contrib.auth.models import Group

    auditor.groups.add(Group.objects.get(name="auditor"))
    assert auditor.has_perm("predictions.view_predictioninput")
    assert auditor.has_perm("buildings.view_rejectedrow")
    assert not any(
        permission.split(".")[1].startswith(("add_", "change_", "delete_"))
        for permission in auditor.get_all_permissions()
    )
    assert client.get_all_permissions() == {
        "predictions.add_predictionrequest",
        "predictions.view_predictionrequest",
    }


def test_a_service_account_can_sign_in_nowhere_and_is_made_once() -> None:
    user = api_caller_get_or_create(username="svc")
    assert not user.has_usable_password()
    assert not user.is_staff
    assert api_caller_get_or_create(username="svc") == user


def test_only_a_digest_of_a_token_is_stored() -> None:
    token, secret = api_token_create(user=make_user(), name="laptop")
    row = ApiToken.objects.values().get()
    assert secret not in str(row)
    assert len(token.digest) == 128
    admitted = token_admit(secret=secret, address=None)
    assert admitted is not None
    assert admitted.token == token
