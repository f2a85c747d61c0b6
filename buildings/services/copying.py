"""Rows into a table by COPY: the fastest way that PostgreSQL takes them."""

import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import connection, models
from psycopg2 import sql

_SPECIAL: Final = re.compile(r"[\\\t\n\r]")
_ESCAPED: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def rows_copy(
    table: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows, each a sequence of values in the order of `fields`, within the transaction.

    Values are None, bool, int, float, str, bytes or a list of plain words (a text array); JSON
    comes as its text. Constraints and triggers apply as to any INSERT.
    """
    lines = io.StringIO()
    for row in rows:
        lines.write("\t".join([_encoded(value) for value in row]))
        lines.write("\n")
    if not lines.tell():
        return
    lines.seek(0)
    columns = [_column(table, name) for name in fields]
    statement = sql.SQL("COPY {table} ({columns}) FROM STDIN").format(
        table=sql.Identifier(table._meta.db_table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    # Django turns the driver's errors into its own for every call but this one.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(statement.as_string(cursor.cursor), lines)


def _column(table: type[models.Model], name: str) -> str:
    field = table._meta.get_field(name)
    if not isinstance(field, models.Field) or field.column is None:
        raise TypeError(f"{name} is no column")
    return field.column


def ids_reserve(table: type[models.Model], count: int) -> list[int]:
    """Primary keys that nobody else will get."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [table._meta.db_table, table._meta.pk.column, count],
        )
        return [number for (number,) in cursor.fetchall()]


def _encoded(value: Any) -> str:
    kind = type(value)
    if value is None:
        return "\\N"
    if kind is float or kind is int:
        return repr(value)
    if kind is str:
        return _SPECIAL.sub(_escape, value) if _SPECIAL.search(value) else value
    if kind is bool:
        return "t" if value else "f"
    if kind is bytes:
        return f"\\\\x{value.hex()}"
    if kind is list:
        return f"{{{','.join(value)}}}"
    raise TypeError(f"{kind.__name__} is not written by COPY")


def _escape(found: re.Match[str]) -> str:
    return _ESCAPED[found[0]]
