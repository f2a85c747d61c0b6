"""An exchange as one flat row: each column's name, unit and value, for every file that is made of
the record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, Final, Literal, TypeAlias

from buildings.units import US, quantity_of
from mlmodel.features import FEATURES, Feature
from predictions.models import MEASURES
from predictions.selectors import Outcome

ColumnKind: TypeAlias = Literal["text", "number", "integer", "boolean", "time", "json"]
#: One row as the database gives it: value by path.
Row: TypeAlias = Mapping[str, Any]

#: Figures of an output, in the order of every file.
FIGURES: Final = (
    "site_energy_use_kbtu",
    "site_eui_kbtu_per_sqft",
    *(name for name in MEASURES if not name.startswith("emissions_ratio_")),
    "support",
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name, what it holds, and how that is read from a row, whatever the
    rows of that file are."""

    name: str
    kind: ColumnKind
    value: Callable[[Any], Any]


def _at(name: str, kind: ColumnKind, path: str) -> Column:
    return Column(name, kind, itemgetter(path))


def _id(name: str, path: str) -> Column:
    def value(row: Row) -> str | None:
        found = row[path]
        return None if found is None else str(found)

    return Column(name, "text", value)


def _feature(feature: Feature) -> Column:
    name = feature.name
    return Column(name, _KINDS[feature.kind], lambda row: row["features"].get(name))


def _factor_set(row: Row) -> str | None:
    name = row["output__emission_factor_set__name"]
    return None if name is None else f"{name}-v{row['output__emission_factor_set__version']}"


def _outcome(row: Row) -> str:
    if row["output__error_code"] is not None:
        return Outcome.FAILED.value
    has_energy = row["output__site_energy_use_kbtu"] is not None
    return Outcome.ANSWERED.value if has_energy else Outcome.NO_OUTPUT.value


_KINDS: Final[Mapping[str, ColumnKind]] = {
    "number": "number",
    "integer": "integer",
    "category": "text",
    "boolean": "boolean",
}
_COLUMNS: Final = (
    _id("prediction_id", "id"),
    _id("call_id", "request_id"),
    _at("position", "integer", "position"),
    _at("created_at", "time", "request__created_at"),
    _at("caller", "text", "request__caller_name"),
    _at("channel", "text", "request__channel"),
    _at("request_id", "text", "request__request_id"),
    _at("model_name", "text", "request__model_version__name"),
    _at("model_version", "integer", "request__model_version__version"),
    _at("ose_building_id", "integer", "building__ose_building_id"),
    _id("what_if_of", "what_if_of_id"),
    *map(_feature, FEATURES),
    _at("sent", "json", "sent"),
    Column("outcome", "text", _outcome),
    *(_at(name, "number", f"output__{name}") for name in FIGURES),
    Column("emission_factor_set", "text", _factor_set),
    _at("warnings", "json", "output__cautions"),
    _at("error_code", "text", "output__error_code"),
    _at("duration_ms", "number", "output__duration_ms"),
    _at("answered_at", "time", "output__created_at"),
)

#: What the columns are read from.
PATHS: Final = (
    *("id", "request_id", "position", "what_if_of_id", "features", "sent"),
    *(
        f"request__{name}"
        for name in (
            "created_at",
            "caller_name",
            "channel",
            "request_id",
            "model_version__name",
            "model_version__version",
        )
    ),
    "building__ose_building_id",
    *(
        f"output__{name}"
        for name in (
            *FIGURES,
            "emission_factor_set__name",
            "emission_factor_set__version",
            "cautions",
            "error_code",
            "duration_ms",
            "created_at",
        )
    ),
)


@cache
def columns_in(units: str) -> Sequence[Column]:
    """Every column, with its name and its values in these units."""
    return tuple(column_in(column, units) for column in _COLUMNS)


def column_in(column: Column, units: str) -> Column:
    """The column with its name and its values in these units."""
    quantity = quantity_of(column.name)
    if quantity is None or units == US:
        return column

    def value(row: Any) -> float | None:
        kept = column.value(row)
        return None if kept is None else quantity.to_si(kept)

    return Column(quantity.si_name, column.kind, value)
