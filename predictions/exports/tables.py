"""The columns of any table's rows, as a file has them."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db import models

from predictions.exports.columns import PATHS, Column, ColumnKind, columns_in
from predictions.models import PredictionInput

_KINDS: Final[tuple[tuple[type[models.Field], ColumnKind], ...]] = (
    (models.BooleanField, "boolean"),
    (models.IntegerField, "integer"),
    (models.FloatField, "number"),
    (models.DecimalField, "number"),
    (models.DateTimeField, "time"),
    (models.JSONField, "json"),
)


def table_columns(
    model: type[models.Model], *, hidden: Collection[str] = ()
) -> tuple[Sequence[str], Sequence[Column]]:
    """What to read of each row, and the columns of it: of predictions those of the API's export,
    else every stored field but the hidden ones and bytes."""
    if model is PredictionInput:
        return PATHS, columns_in("us")
    fields = [
        field
        for field in model._meta.concrete_fields
        if field.name not in hidden and not isinstance(field, models.BinaryField)
    ]
    return [field.attname for field in fields], [_column(field) for field in fields]


def _column(field: "models.Field[Any, Any]") -> Column:
    name = field.attname
    stored = field.target_field if isinstance(field, models.ForeignKey) else field
    for kind_of, kind in _KINDS:
        if isinstance(stored, kind_of):
            return Column(name, kind, lambda row: row[name])
    return Column(name, "text", lambda row: _text(row[name]))


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return None if value is None else str(value)
