"""What PostgreSQL itself refuses."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from buildings.models import EmissionFactorSet
from predictions.exports import formats
from predictions.models import (
    AUDIT_TABLES,
    SHADOW_FIELDS,
    ExportEnd,
    ObservedOutcome,
    PredictionBatch,
    PredictionExplanation,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
    ShadowOutput,
)
from predictions.services.door import Question, prediction_create
from predictions.services.explanations import explanation_create
from predictions.services.exports import export_begin
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user


@pytest.fixture
def prediction(transactional_db: None, served: FakeServedModel) -> PredictionInput:
    """One that is on the record, explained, measured, exported, and scored by a challenger too."""
    call = call_of(make_user())
    (stored,) = prediction_create(call=call, questions=[Question(features=facts())])
    ShadowOutput.objects.create(
        input=stored,
        model_version=stored.request.model_version,
        duration_ms=1.0,
        **dict.fromkeys(SHADOW_FIELDS, 1.0),
    )
    explanation_create(call=call, prediction=stored)
    ObservedOutcome.objects.create(
        input=stored,
        data_year=2020,
        site_energy_use_kbtu=1.0,
        source="api",
        entered_by=call.caller,
        entered_by_name="ann",
    )
    PredictionBatch.objects.create(
        request=stored.request, format="json", rows_received=1, refused_rows=[]
    )
    assert call.caller
    export = export_begin(
        user=call.caller,
        list_name="predictions.predictioninput",
        filters="",
        form=formats.CSV,
        request_id="",
    )
    ExportEnd.objects.create(export=export, row_count=0, is_finished=True)
    return stored


@pytest.mark.parametrize("table", AUDIT_TABLES)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET created_at = now()", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_logged_rows_can_be_neither_changed_nor_removed(
    prediction: PredictionInput, table: str, statement: str
) -> None:
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="insert-only"):
        cursor.execute(statement.format(table))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (1,)


def test_orm_changes_are_refused_too(prediction: PredictionInput) -> None:
    prediction.features = {}
    for change in (prediction.save, PredictionOutput.objects.all().delete):
        with pytest.raises(DatabaseError, match="insert-only"):
            change()


def test_who_asked_and_what_answered_cannot_be_deleted(prediction: PredictionInput) -> None:
    call = PredictionRequest.objects.get()
    assert call.caller is not None
    for row in (call.caller, call.model_version):
        with pytest.raises(IntegrityError):
            row.delete()


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"error_code": None}, "value_xor_error"),
        ({"site_energy_use_kbtu": 1.0, "error_code": None}, "value_xor_error"),
        (
            {
                "site_energy_use_kbtu": 1.0,
                "site_eui_kbtu_per_sqft": 1.0,
                "error_code": "model-failure",
            },
            "value_xor_error",
        ),
        (
            {"site_energy_use_kbtu": float("nan"), "site_eui_kbtu_per_sqft": 1.0},
            "energy_finite",
        ),
        (
            {"site_energy_use_kbtu": 1.0, "site_eui_kbtu_per_sqft": float("inf")},
            "eui_finite",
        ),
        ({"site_energy_use_kbtu": -1.0, "site_eui_kbtu_per_sqft": 1.0}, "energy_finite"),
        ({"error_code": "no-such-code"}, "error_code_known"),
        ({"error_code": "model-failure", "duration_ms": -1.0}, "duration_positive"),
        ({"error_code": "model-failure"}, "input_id"),
    ],
)
def test_an_output_is_an_energy_or_an_error_and_the_only_one(
    prediction: PredictionInput, values: dict, constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        PredictionOutput.objects.create(input=prediction, **{"duration_ms": 1.0, **values})


#: Of a valid output by fuel, what makes it one.
BY_FUEL: dict[str, Any] = {
    "electricity_kbtu": 60.0,
    "natural_gas_kbtu": 30.0,
    "steam_kbtu": 10.0,
    "site_energy_use_kbtu": 100.0,
    "site_eui_kbtu_per_sqft": 1.0,
    "site_energy_use_low_80_kbtu": 90.0,
    "site_energy_use_high_80_kbtu": 110.0,
    "site_energy_use_low_90_kbtu": 80.0,
    "site_energy_use_high_90_kbtu": 120.0,
    "ghg_emissions_mtco2e": 10.0,
    "ghg_emissions_low_80_mtco2e": 9.0,
    "ghg_emissions_high_80_mtco2e": 11.0,
    "ghg_emissions_low_90_mtco2e": 8.0,
    "ghg_emissions_high_90_mtco2e": 12.0,
    "emissions_ratio_low_80": 0.9,
    "emissions_ratio_high_80": 1.1,
    "emissions_ratio_low_90": 0.8,
    "emissions_ratio_high_90": 1.2,
    "support": 0.5,
    "cautions": [],
}


@pytest.fixture
def unanswered(prediction: PredictionInput) -> PredictionInput:
    return PredictionInput.objects.create(request=prediction.request, position=1, features={})


def output_of(prediction: PredictionInput, **changes: Any) -> PredictionOutput:
    values = {"emission_factor_set": EmissionFactorSet.objects.get(), **BY_FUEL, **changes}
    return PredictionOutput.objects.create(input=prediction, duration_ms=1.0, **values)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        *(({name: None}, "by_fuel_or_not") for name in BY_FUEL if not name.startswith("site_e")),
        ({"emission_factor_set": None}, "by_fuel_or_not"),
        ({"site_energy_use_low_80_kbtu": None}, "by_fuel_or_not"),
        ({"site_energy_use_kbtu": None}, "value_xor_error"),
        ({"error_code": "model-failure"}, "value_xor_error|by_fuel_or_not"),
        *(({name: -1.0}, "_finite|share|sum|nested") for name in BY_FUEL if name != "cautions"),
        *(
            ({name: value}, "_finite|share|sum|nested")
            for name in BY_FUEL
            if name != "cautions"
            for value in (float("nan"), float("inf"))
        ),
        ({"site_energy_use_kbtu": 100.001}, "energy_is_the_sum"),
        ({"steam_kbtu": 9.999}, "energy_is_the_sum"),
        ({"site_energy_use_low_80_kbtu": 101.0}, "energy_intervals_nested"),
        ({"site_energy_use_high_80_kbtu": 99.0}, "energy_intervals_nested"),
        ({"site_energy_use_low_90_kbtu": 91.0}, "energy_intervals_nested"),
        ({"site_energy_use_high_90_kbtu": 109.0}, "energy_intervals_nested"),
        ({"ghg_emissions_low_80_mtco2e": 10.1}, "emissions_intervals_nested"),
        ({"ghg_emissions_high_90_mtco2e": 10.9}, "emissions_intervals_nested"),
        ({"emissions_ratio_low_80": 1.01}, "ratios_nested"),
        ({"emissions_ratio_high_90": 1.09}, "ratios_nested"),
        ({"support": 1.001}, "support_share"),
    ],
)
def test_no_impossible_output_can_be_stored(
    unanswered: PredictionInput, values: dict, constraint: str
) -> None:
    with transaction.atomic(), pytest.raises(IntegrityError, match=constraint):
        output_of(unanswered, **values)
    output_of(unanswered)  # and without the change it can


def test_an_output_without_fuels_is_what_it_was_before(unanswered: PredictionInput) -> None:
    PredictionOutput.objects.create(
        input=unanswered, site_energy_use_kbtu=1.0, site_eui_kbtu_per_sqft=1.0, duration_ms=1.0
    )


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"reference_kbtu": 49.99}, "adds_up"),
        ({"contributions": []}, "adds_up"),
        ({"reference_kbtu": -1.0}, "finite|adds_up"),
        ({"percentile": 101.0}, "percentile_range"),
        ({"duration_ms": -1.0}, "duration_positive"),
    ],
)
def test_an_explanation_adds_up(unanswered: PredictionInput, values: dict, constraint: str) -> None:
    explanation: dict[str, Any] = {
        "input": unanswered,
        "site_energy_use_kbtu": 100.0,
        "reference_features": {},
        "reference_kbtu": 50.0,
        "contributions": [{"contribution_kbtu": 60.5}, {"contribution_kbtu": -10.5}],
        "orders": 0,
        "seed": 1,
        "peers": [],
        "peer_count": 0,
        "duration_ms": 1.0,
    }
    with transaction.atomic(), pytest.raises(IntegrityError, match=constraint):
        PredictionExplanation.objects.create(**{**explanation, **values})
    PredictionExplanation.objects.create(**explanation)
    with transaction.atomic(), pytest.raises(IntegrityError, match="input_id"):
        PredictionExplanation.objects.create(**explanation)


def test_positions_are_unique_in_a_call(prediction: PredictionInput) -> None:
    with pytest.raises(IntegrityError, match="position_unique"):
        PredictionInput.objects.create(request=prediction.request, position=0, features={})


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"row_count": 0}, "row_count_positive"),
        ({"body_sha256": "A" * 64}, "body_sha256_hex"),
        ({"channel": "telepathy"}, "channel_known"),
    ],
)
def test_a_call_says_what_it_is(prediction: PredictionInput, values: dict, constraint: str) -> None:
    columns = {
        field.attname: getattr(prediction.request, field.attname)
        for field in PredictionRequest._meta.concrete_fields
        if field.name != "id"
    }
    with transaction.atomic(), pytest.raises(IntegrityError, match=constraint):
        PredictionRequest.objects.create(**{**columns, **values})
