"""An exchange as one flat row: each column's name, unit and value, for every file that is made of
the record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from buildings.units import US, in_si, quantity_of
from mlmodel.features import FEATURES
from predictions.models import MEASURES

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
    """A column of a file: its name, what it holds, and how it is read from the paths it needs."""

    name: str
    kind: ColumnKind
    paths: tuple[str, ...]
    read: Callable[..., Any] | None = None

    def value(self, row: Row) -> Any:
        values = [row[path] for path in self.paths]
        return values[0] if self.read is None else self.read(*values)


def _feature(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda features: features.get(name)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _slug(name: str | None, version: int | None) -> str | None:
    return None if name is None else f"{name}-v{version}"


def _outcome(error_code: str | None, energy: float | None) -> str:
    if error_code is not None:
        return "failed"
    return "no-output" if energy is None else "answered"


_KINDS: Final[Mapping[str, ColumnKind]] = {
    "number": "number",
    "integer": "integer",
    "category": "text",
    "boolean": "boolean",
}
_COLUMNS: Final = (
    Column("prediction_id", "text", ("id",), _text),
    Column("call_id", "text", ("request_id",), _text),
    Column("position", "integer", ("position",)),
    Column("created_at", "time", ("request__created_at",)),
    Column("caller", "text", ("request__caller_name",)),
    Column("channel", "text", ("request__channel",)),
    Column("request_id", "text", ("request__request_id",)),
    Column("model_name", "text", ("request__model_version__name",)),
    Column("model_version", "integer", ("request__model_version__version",)),
    Column("ose_building_id", "integer", ("building__ose_building_id",)),
    Column("what_if_of", "text", ("what_if_of_id",), _text),
    *(
        Column(feature.name, _KINDS[feature.kind], ("features",), _feature(feature.name))
        for feature in FEATURES
    ),
    Column("sent", "json", ("sent",)),
    Column("outcome", "text", ("output__error_code", "output__site_energy_use_kbtu"), _outcome),
    *(Column(name, "number", (f"output__{name}",)) for name in FIGURES),
    Column(
        "emission_factor_set",
        "text",
        ("output__emission_factor_set__name", "output__emission_factor_set__version"),
        _slug,
    ),
    Column("warnings", "json", ("output__cautions",)),
    Column("error_code", "text", ("output__error_code",)),
    Column("duration_ms", "number", ("output__duration_ms",)),
    Column("answered_at", "time", ("output__created_at",)),
)

#: What the columns are read from, each once.
PATHS: Final = tuple(dict.fromkeys(path for column in _COLUMNS for path in column.paths))


@cache
def columns_in(units: str) -> Sequence[Column]:
    """Every column, with its name and its values in these units."""
    return _COLUMNS if units == US else tuple(_column_in_si(column) for column in _COLUMNS)


def _column_in_si(column: Column) -> Column:
    quantity = quantity_of(column.name)
    if quantity is None:
        return column
    return replace(
        column,
        name=quantity.si_name,
        read=lambda *values: in_si(
            column.name, values[0] if column.read is None else column.read(*values)
        ),
    )
