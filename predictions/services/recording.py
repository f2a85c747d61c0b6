"""Rows of the record into their table: a few by INSERT, many by COPY."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import models

from buildings.services.copying import columns_encoded, lines_copy

#: From so many rows on, COPY is quicker.
_MANY: Final = 100


def rows_store(table: type[models.Model], rows: Sequence[models.Model]) -> None:
    """Write new rows within the transaction: one statement, however many there are.

    COPY gives nothing back: of many rows, what the database fills in by itself (the time, an
    output's number) is not known afterwards; the time is read when it is asked for.
    """
    if len(rows) < _MANY:
        table._default_manager.bulk_create(rows)
        return
    fields = [field for field in table._meta.concrete_fields if not field.db_returning]
    columns = [_column(field, rows) for field in fields]
    lines_copy(table, [field.name for field in fields], columns_encoded(columns))
    filled_in = [field for field in table._meta.concrete_fields if field.has_db_default()]
    for row in rows:
        row._state.adding = False
        for field in filled_in:
            del row.__dict__[field.attname]


def _column(field: "models.Field[Any, Any]", rows: Sequence[models.Model]) -> list[Any]:
    values = [getattr(row, field.attname) for row in rows]
    as_text = _as_text(field)
    if as_text is None:
        return values
    return [None if value is None else as_text(value) for value in values]


def _as_text(field: "models.Field[Any, Any]") -> Callable[[Any], str] | None:
    """How values of this field become text, where COPY does not know their type."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, models.JSONField):
        return json.dumps
    return str if isinstance(field, models.UUIDField | models.CharField) else None
