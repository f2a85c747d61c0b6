"""Example exchanges as files: CSV for people, SQL to load into a database."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import IO, Any, Final

from django.db import connection, models

from buildings.models import EmissionFactor, EmissionFactorSet
from buildings.selectors.factors import emission_factor_set_slug
from mlmodel.features import FEATURE_NAMES
from mlmodel.models import ModelVersion
from predictions.exports.columns import FIGURES
from predictions.models import PredictionInput, PredictionOutput, PredictionRequest


def _feature(stored: PredictionInput, *, name: str) -> Any:
    return stored.features.get(name)


def _factor_set(stored: PredictionInput) -> str | None:
    factor_set = stored.output.emission_factor_set
    return None if factor_set is None else emission_factor_set_slug(factor_set)


#: By the name of its column, what each cell holds of a stored input.
_INPUTS: Final[Mapping[str, Callable[[PredictionInput], Any]]] = {
    "prediction_id": attrgetter("id"),
    "call_id": attrgetter("request_id"),
    "position": attrgetter("position"),
    "created_at": attrgetter("created_at"),
    **{name: partial(_feature, name=name) for name in FEATURE_NAMES},
}
#: Likewise of its output.
_OUTPUTS: Final[Mapping[str, Callable[[PredictionInput], Any]]] = {
    "prediction_id": attrgetter("id"),
    **{name: attrgetter(f"output.{name}") for name in FIGURES},
    "emission_factor_set": _factor_set,
    **{
        name: attrgetter(f"output.{name}")
        for name in ("cautions", "error_code", "duration_ms", "created_at")
    },
}


def write_inputs_csv(predictions: Sequence[PredictionInput], stream: IO[str]) -> None:
    """One row an input: ids, time (ISO 8601, UTC), then every feature; empty means unknown."""
    _write_csv(_INPUTS, predictions, stream)


def write_outputs_csv(predictions: Sequence[PredictionInput], stream: IO[str]) -> None:
    """One row an output: energies (kBtu, kBtu/ft²), emissions (t CO2e), their intervals and
    cautions (JSON), or an error code; empty is none."""
    _write_csv(_OUTPUTS, predictions, stream)


def _write_csv(
    columns: Mapping[str, Callable[[PredictionInput], Any]],
    predictions: Sequence[PredictionInput],
    stream: IO[str],
) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for stored in predictions:
        writer.writerow([_cell(value(stored)) for value in columns.values()])


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return json.dumps(value)
        case datetime():
            return value.isoformat()
        case _:
            return value


def write_sql(predictions: Sequence[PredictionInput], stream: IO[str]) -> None:
    """INSERT statements for the calls, inputs and outputs, and for the model versions and emission
    factors they name.

    They load into a database that holds the tables and nothing else, and as well into one where the
    model version or the factors are stored already. Callers are kept by name, not by user.
    """
    stream.write("BEGIN;\n")
    calls = {stored.request_id: stored.request for stored in predictions}
    versions = {call.model_version_id: call.model_version for call in calls.values()}
    for version in versions.values():
        values = _values(version, leave_out={"id", "alias", "promoted_by_id", "promoted_at"})
        # Whoever loads them has another MLflow, or none.
        values |= {"run_id": "", "artifact_uri": ""}
        stream.write(_insert(ModelVersion, values, " ON CONFLICT (name, version) DO NOTHING"))
    for factor_set in _factor_sets(predictions):
        values = _values(factor_set, leave_out={"id", "dataset_import_id"})
        stream.write(_insert(EmissionFactorSet, values, " ON CONFLICT (name, version) DO NOTHING"))
        for factor in factor_set.factors.all():
            values = _values(factor, leave_out={"id"})
            values["factor_set_id"] = _Key(factor_set)
            stream.write(
                _insert(EmissionFactor, values, " ON CONFLICT (factor_set_id, fuel) DO NOTHING")
            )
    for call in calls.values():
        values = _values(call, leave_out={"caller_id"})
        values["model_version_id"] = _Key(call.model_version)
        stream.write(_insert(PredictionRequest, values))
    for stored in predictions:
        stream.write(_insert(PredictionInput, _values(stored, leave_out={"building_id"})))
    for stored in predictions:
        values = _values(stored.output, leave_out={"id"})
        if stored.output.emission_factor_set is not None:
            values["emission_factor_set_id"] = _Key(stored.output.emission_factor_set)
        stream.write(_insert(PredictionOutput, values))
    stream.write("COMMIT;\n")


def _factor_sets(predictions: Sequence[PredictionInput]) -> list[EmissionFactorSet]:
    sets = {stored.output.emission_factor_set for stored in predictions}
    return sorted((one for one in sets if one is not None), key=lambda one: one.pk)


class _Key:
    """A key found by name and version when the SQL is loaded."""

    def __init__(self, row: ModelVersion | EmissionFactorSet) -> None:
        self.table = row._meta.db_table
        self.name, self.version = row.name, row.version


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
            if isinstance(value, _Key):
                yield cursor.mogrify(
                    f"(SELECT id FROM {value.table} WHERE name = %s AND version = %s)",  # noqa: S608
                    (value.name, value.version),
                ).decode()
            elif isinstance(value, dict | list):
                yield cursor.mogrify("%s", (json.dumps(value),)).decode()
            else:
                yield cursor.mogrify("%s", (value,)).decode()
