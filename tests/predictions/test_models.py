"""What PostgreSQL itself refuses."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from predictions.models import (
    AUDIT_TABLES,
    SHADOW_FIELDS,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
    ShadowOutput,
)
from predictions.services.door import Question, prediction_create
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user


@pytest.fixture
def prediction(transactional_db: None, served: FakeServedModel) -> PredictionInput:
    """One that is on the record, and scored by a challenger too."""
    call = call_of(make_user())
    (stored,) = prediction_create(call=call, questions=[Question(features=facts())])
    ShadowOutput.objects.create(
        input=stored,
        model_version=stored.request.model_version,
        duration_ms=1.0,
        **dict.fromkeys(SHADOW_FIELDS, 1.0),
    )
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
