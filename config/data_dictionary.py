"""The data dictionary: each column of the dataset's tables, made from the models themselves."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from django.apps import apps
from django.db import connection, models
from django.db.models import Q
from django.db.models.expressions import CombinedExpression

from buildings.benchmarking import COLUMNS, YEARS_KNOWN, YEARS_PUBLISHED, Column
from buildings.choices import (
    BUILDING_TYPES,
    FUELS,
    NEIGHBORHOODS,
    OUTLIERS,
    PRIMARY_PROPERTY_TYPES,
    PROPERTY_USE_TYPES,
)
from buildings.models import NEWEST_YEAR_FACTS, PROVENANCE_TABLES
from buildings.reading import PLACE_FIELDS

#: Longest suffix first: what a field's name says of its unit.
UNITS: Final = {
    "_kgco2e_per_sqft": "kg CO2e/ft²",
    "_kgco2e_per_mbtu": "kg CO2e/MBtu",
    "kgco2e_per_mbtu": "kg CO2e/MBtu",
    "_kbtu_per_sqft": "kBtu/ft²",
    "_mtco2e": "t CO2e",
    "_therms": "therm",
    "_bytes": "byte",
    "_sqft": "ft²",
    "_kbtu": "kBtu",
    "_kwh": "kWh",
    "_year": "year",
    "_at": "UTC",
}
_VOCABULARIES: Final = {
    "Building types": BUILDING_TYPES,
    "Primary property types": PRIMARY_PROPERTY_TYPES,
    "Districts": NEIGHBORHOODS,
    "Property uses": PROPERTY_USE_TYPES,
    "Outliers": OUTLIERS,
    "Fuels": FUELS,
}
_COLUMN_OF: Final[dict[tuple[str, str], Column]] = {
    (column.target, column.field): column for column in COLUMNS if column.target != "location"
}
_USE_SOURCE: Final = {
    "use_type": "`Largest…`, `SecondLargest…`, `ThirdLargestPropertyUseType`, "
    "`ListOfAllPropertyUseTypes`",
    "gfa_sqft": "`Largest…`, `SecondLargest…`, `ThirdLargestPropertyUseTypeGFA`",
}
#: What the one cell of `Location` says.
_OF_LOCATION: Final = ("address", "city", "state", "zip_code", "latitude", "longitude")


def data_dictionary_page() -> str:
    """Tables of the dataset, column by column, and the vocabularies they keep to."""
    tables = "".join(_table(model) for model in apps.get_app_config("buildings").get_models())
    vocabularies = "".join(
        f"\n### {title}\n\n" + "".join(f"- {value}\n" for value in values)
        for title, values in _VOCABULARIES.items()
    )
    return (
        "# Data dictionary\n\n"
        "The tables of the dataset, column by column. Made from the models, "
        "`buildings/benchmarking.py` and `buildings/choices.py` by `manage.py export_reference`; "
        "do not edit. How the tables hang together: [schema.md](schema.md). How values are "
        "understood and checked: [data-quality.md](data-quality.md).\n\n"
        "*Source* is the header in the city's file. Years are named where not every file of "
        f"{YEARS_KNOWN[0]} to {YEARS_KNOWN[-1]} has it; letter case, blanks and punctuation of a "
        "header do not matter. *Missing* is how the table says that a value is not known: it is "
        "never 0.\n"
        f"{tables}\n## Vocabularies\n{vocabularies}"
    )


def _table(model: type[models.Model]) -> str:
    name = model._meta.db_table
    document = (model.__doc__ or "").strip()
    said = "\n".join(line.strip() for line in document.splitlines())
    rows = "".join(_row(model, field) for field in model._meta.concrete_fields)
    wider = "".join(
        f"- `{constraint.name}`: {_wide(constraint)}\n"
        for constraint in model._meta.constraints
        if _is_wide(constraint)
    )
    kept = " PostgreSQL refuses UPDATE, DELETE and TRUNCATE." if name in PROVENANCE_TABLES else ""
    return (
        f"\n## `{name}`\n\n{said}{kept}\n\n"
        "| column | type | unit | meaning | source | constraint | missing |\n"
        "|---|---|---|---|---|---|---|\n"
        f"{rows}" + (f"\nAcross columns:\n\n{wider}" if wider else "")
    )


def _row(model: type[models.Model], field: models.Field) -> str:
    cells = (
        f"`{field.column}`",
        _type(field),
        unit_of(model, field),
        _meaning(field),
        "<br>".join(sources_of(model, field)),
        "; ".join(_constraints(model, field)),
        _missing(field),
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _type(field: models.Field) -> str:
    kind = field.db_type(connection) or ""
    return kind.replace("character varying", "varchar").replace(
        "timestamp with time zone", "timestamptz"
    )


def unit_of(model: type[models.Model], field: models.Field) -> str:
    """The field's unit: what `buildings.benchmarking` says, or its name; empty without one."""
    column = _column(model, field)
    if column and column.unit:
        return column.unit
    return next((unit for suffix, unit in UNITS.items() if field.name.endswith(suffix)), "")


def _meaning(field: models.Field) -> str:
    if field.primary_key and not field.is_relation:
        return "Primary key; has no meaning outside this database."
    return str(field.help_text)


def _column(model: type[models.Model], field: models.Field) -> Column | None:
    target = {"Building": "building", "BenchmarkRecord": "record"}.get(model.__name__)
    if target is None:
        return None
    for place in (target, "building", "record"):
        column = _COLUMN_OF.get((place, field.name))
        if column:
            return column
    return None


def sources_of(model: type[models.Model], field: models.Field) -> Iterator[str]:
    """The headers that fill a column, each with its years, or who else does."""
    if model.__name__ == "PropertyUse" and field.name in _USE_SOURCE:
        yield _USE_SOURCE[field.name]
        return
    column = _column(model, field)
    if column is None:
        return
    if model.__name__ == "Building" and field.name in NEWEST_YEAR_FACTS:
        yield "newest record"
        return
    for header in (column.header, *column.synonyms):
        yield _header_shown(header)
    if field.name in _OF_LOCATION and (model.__name__ == "Building" or field.name in PLACE_FIELDS):
        yield _header_shown("Location")
    if column.stands_in and column.stands_in != "Location":
        yield f"else `{column.stands_in}`"
    if field.name in ("is_default_data", "outlier"):
        yield f"else from {_header_shown('ComplianceIssue')}"


def _header_shown(header: str) -> str:
    years = YEARS_PUBLISHED.get(header, YEARS_KNOWN)
    if years == YEARS_KNOWN:
        return f"`{header}`"
    return f"`{header}` ({_years_shown(years)})"


def _years_shown(years: tuple[int, ...]) -> str:
    if not years:
        return "other copies"
    if len(years) > 2 and years[-1] - years[0] == len(years) - 1:
        return f"{years[0]} to {years[-1]}"
    return ", ".join(map(str, years))


def _missing(field: models.Field) -> str:
    if field.null:
        return "NULL"
    if (
        field.empty_strings_allowed
        and field.blank
        and isinstance(field, models.CharField | models.TextField)
    ):
        return "empty text"
    return "never"


# Constraints, in words


_LOOKUPS: Final[dict[str, Callable[[Any], str]]] = {
    "range": lambda bounds: f"{bounds[0]} to {bounds[1]}",
    "gte": lambda bound: f"≥ {bound}",
    "gt": lambda bound: f"> {bound}",
    "in": lambda values: f"one of {len([value for value in values if value])} (below)",
    "regex": lambda pattern: "hexadecimal" if "0-9a-f" in pattern else "districts (below)",
    "contained_by": lambda codes: f"codes of [data-quality.md](data-quality.md), {len(codes)}",
}


def _constraints(model: type[models.Model], field: models.Field) -> Iterator[str]:
    if isinstance(field, models.ForeignKey):
        yield f"→ `{field.related_model._meta.db_table}`"
    if field.unique:
        yield "primary key" if field.primary_key else "unique"
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.CheckConstraint) and not _is_wide(constraint):
            for name, lookup, value in _conditions(constraint.condition):
                if name == field.name and lookup in _LOOKUPS:
                    yield _LOOKUPS[lookup](value)
    if field.generated:
        yield "generated"


def _conditions(condition: Any) -> Iterator[tuple[str, str, Any]]:
    """Field, lookup and value of each comparison in a Q."""
    for child in condition.children:
        if isinstance(child, Q):
            yield from _conditions(child)
        else:
            name, _, lookup = child[0].partition("__")
            yield name, lookup or "exact", child[1]


def _is_wide(constraint: models.BaseConstraint) -> bool:
    if isinstance(constraint, models.UniqueConstraint):
        return True
    return isinstance(constraint, models.CheckConstraint) and any(
        hasattr(value, "resolve_expression") for _, _, value in _conditions(constraint.condition)
    )


def _wide(constraint: models.BaseConstraint) -> str:
    if isinstance(constraint, models.UniqueConstraint):
        listed = ", ".join(f"`{name}`" for name in constraint.fields)
        return f"unique together{', of some rows' if constraint.condition else ''}: {listed}"
    said = []
    for name, lookup, value in _conditions(constraint.condition):  # type: ignore[attr-defined]
        if hasattr(value, "resolve_expression"):
            sign = {"exact": "=", "gte": "≥"}[lookup]
            said.append(f"`{name}` {sign} {_expression(value)}")
    return " and ".join(said)


def _expression(value: Any) -> str:
    if isinstance(value, CombinedExpression):
        return f"{_expression(value.lhs)} {value.connector} {_expression(value.rhs)}"
    return f"`{value.name}`"
