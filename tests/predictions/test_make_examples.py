"""`manage.py make_examples`, and the examples that the project ships."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from mlmodel.features import FEATURE_NAMES, FEATURES_BY_NAME, feature_conflicts
from mlmodel.models import INSERT_ONLY_TABLES, ModelVersion
from predictions.management.commands.make_examples import EXAMPLES
from predictions.models import (
    AUDIT_TABLES,
    IDEMPOTENCY_TABLES,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from tests.fakes import FakeServedModel

pytestmark = pytest.mark.django_db(transaction=True)

SHIPPED = settings.PROJECT_DIR / "fixtures" / "examples"


def forget_everything() -> None:
    guarded = (*AUDIT_TABLES, *IDEMPOTENCY_TABLES, *INSERT_ONLY_TABLES)
    with connection.cursor() as cursor:
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(guarded)}, mlmodel_modelversion")
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def load(sql: Path) -> None:
    # Without its own transaction: the test has one.
    statements = sql.read_text(encoding="utf-8").removeprefix("BEGIN;\n").removesuffix("COMMIT;\n")
    with connection.cursor() as cursor:
        cursor.execute(statements.replace("%", "%%"), [])


def test_without_a_served_model_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="promote"):
        call_command("make_examples", directory=tmp_path, stdout=StringIO())


def test_what_is_written_is_what_is_on_the_record_and_loads(
    served: FakeServedModel, tmp_path: Path
) -> None:
    call_command("make_examples", directory=tmp_path, stdout=StringIO())
    stored = list(PredictionInput.objects.order_by("position").values())
    outputs = list(PredictionOutput.objects.order_by("id").values())
    assert len(stored) == len(EXAMPLES)

    inputs = rows_of(tmp_path / "inputs.csv")
    assert [row["prediction_id"] for row in inputs] == [str(row["id"]) for row in stored]
    assert inputs[0]["energy_star_score"] == ""
    assert inputs[1]["has_steam"] == "true"
    answers = rows_of(tmp_path / "outputs.csv")
    assert [float(row["site_energy_use_kbtu"]) for row in answers] == [
        row["site_energy_use_kbtu"] for row in outputs
    ]

    assert answers[0]["emission_factor_set"] == "seattle-2016-v1"
    assert answers[0]["cautions"] == "[]"
    for name in ("electricity_kbtu", "site_energy_use_high_90_kbtu", "ghg_emissions_mtco2e"):
        assert [float(row[name]) for row in answers] == [row[name] for row in outputs]

    version = ModelVersion.objects.values("name", "version", "artifact_digest").get()
    forget_everything()
    assert PredictionRequest.objects.count() == 0
    load(tmp_path / "examples.sql")
    assert list(PredictionInput.objects.order_by("position").values()) == stored
    assert [{**row, "id": 0} for row in PredictionOutput.objects.order_by("id").values()] == [
        {**row, "id": 0} for row in outputs
    ]
    assert ModelVersion.objects.values("name", "version", "artifact_digest").get() == version
    assert PredictionRequest.objects.get().channel == "command"


def test_the_examples_are_valid_inputs() -> None:
    for facts in EXAMPLES:
        assert feature_conflicts(facts) == {}
        for name, value in facts.items():
            feature = FEATURES_BY_NAME[name]
            assert value in feature.choices or not feature.choices


def test_the_shipped_examples_load_into_an_empty_database() -> None:
    load(SHIPPED / "examples.sql")
    inputs = rows_of(SHIPPED / "inputs.csv")
    stored = PredictionInput.objects.in_bulk()
    assert {row["prediction_id"] for row in inputs} == {str(key) for key in stored}
    for row in PredictionOutput.objects.all():
        assert row.error_code is None
    assert tuple(inputs[0])[-len(FEATURE_NAMES) :] == FEATURE_NAMES
    version = ModelVersion.objects.get()
    assert json.dumps(version.metrics) != "{}"
    assert version.run_id == version.artifact_uri == ""
