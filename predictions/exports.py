"""Exchanges of the record as files: CSV for people, SQL to load into a database."""

import csv
import json
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

from django.db import connection, models

from mlmodel.features import FEATURE_NAMES
from mlmodel.models import ModelVersion
from predictions.models import PredictionInput, PredictionOutput, PredictionRequest

_INPUT_COLUMNS: Final = ("prediction_id", "call_id", "position", "created_at", *FEATURE_NAMES)
_OUTPUT_COLUMNS: Final = (
    "prediction_id",
    "site_energy_use_kbtu",
    "site_eui_kbtu_per_sqft",
    "error_code",
    "duration_ms",
    "created_at",
)


def write_inputs_csv(predictions: Sequence[PredictionInput], stream: IO[str]) -> None:
    """One row an input: ids, time (ISO 8601, UTC), then every feature; empty means unknown."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_INPUT_COLUMNS)
    for stored in predictions:
        features = [_cell(stored.features.get(name)) for name in FEATURE_NAMES]
        writer.writerow(
            [
                stored.id,
                stored.request_id,
                stored.position,
                stored.created_at.isoformat(),
                *features,
            ]
        )


def write_outputs_csv(predictions: Sequence[PredictionInput], stream: IO[str]) -> None:
    """One row an output: energies (kBtu, kBtu/ft²) or an error code."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_OUTPUT_COLUMNS)
    for stored in predictions:
        output = stored.output
        writer.writerow(
            [
                stored.id,
                _cell(output.site_energy_use_kbtu),
                _cell(output.site_eui_kbtu_per_sqft),
                _cell(output.error_code),
                output.duration_ms,
                output.created_at.isoformat(),
            ]
        )


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def write_sql(predictions: Sequence[PredictionInput], stream: IO[str]) -> None:
    """INSERT statements for the calls, inputs and outputs, and for the model versions they name.

    They load into a database that holds the tables and nothing else, and as well into one where the
    model version is registered already. Callers are kept by name, not by user.
    """
    stream.write("BEGIN;\n")
    calls = {stored.request_id: stored.request for stored in predictions}
    versions = {call.model_version_id: call.model_version for call in calls.values()}
    for version in versions.values():
        values = _values(version, leave_out={"id", "alias", "promoted_by_id", "promoted_at"})
        stream.write(_insert(ModelVersion, values, " ON CONFLICT (name, version) DO NOTHING"))
    for call in calls.values():
        values = _values(call, leave_out={"caller_id"})
        values["model_version_id"] = _VersionId(call.model_version)
        stream.write(_insert(PredictionRequest, values))
    for stored in predictions:
        stream.write(_insert(PredictionInput, _values(stored, leave_out={"building_id"})))
    for stored in predictions:
        stream.write(_insert(PredictionOutput, _values(stored.output, leave_out={"id"})))
    stream.write("COMMIT;\n")


class _VersionId:
    """A model version's key, found by name and version when the SQL is loaded."""

    def __init__(self, version: ModelVersion) -> None:
        self.version = version


def _values(row: models.Model, *, leave_out: set[str]) -> dict[str, Any]:
    return {
        str(field.column): getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.column not in leave_out
    }


def _insert(model: type[models.Model], values: dict[str, Any], end: str = "") -> str:
    columns = ", ".join(values)
    literals = ", ".join(_literals(values.values()))
    table = model._meta.db_table
    # Names come from the models, and the driver quotes the literals.
    return f"INSERT INTO {table} ({columns}) VALUES ({literals}){end};\n"  # noqa: S608


def _literals(values: Any) -> Iterator[str]:
    with connection.cursor() as cursor:
        for value in values:
            if isinstance(value, _VersionId):
                yield cursor.mogrify(
                    "(SELECT id FROM mlmodel_modelversion WHERE name = %s AND version = %s)",
                    (value.version.name, value.version.version),
                ).decode()
            elif isinstance(value, dict | list):
                yield cursor.mogrify("%s", (json.dumps(value),)).decode()
            else:
                yield cursor.mogrify("%s", (value,)).decode()
