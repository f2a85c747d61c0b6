"""Rows into a table by COPY: the fastest way that PostgreSQL takes them."""

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, Final

from django.db import connection, models
from psycopg2 import sql

#: Bytes sent at once. In blocks of psycopg2's 8 KiB, a load would wait hundreds of times a
#: chunk for the thread that reads the file to pass the interpreter on.
_BLOCK: Final = 1 << 20
_SPECIAL: Final = re.compile(r"[\\\t\n\r]")
_ESCAPED: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def rows_copy(
    table: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows, each a sequence of values in the order of `fields`, within the transaction.

    Values are those of `rows_encoded`. Constraints and triggers apply as to any INSERT.
    """
    lines_copy(table, fields, rows_encoded(rows))


def rows_encoded(rows: Iterable[Sequence[Any]]) -> list[str]:
    """Each row as a line that COPY reads, without its end; lines of some columns join by tabs.

    Values are None, bool, int, float, str, bytes or a list of plain words (a text array); JSON
    comes as its text.
    """
    return columns_encoded(zip(*rows, strict=True))


def columns_encoded(columns: Iterable[Sequence[Any]]) -> list[str]:
    """The same from columns, each with the values of every row."""
    encoded = [_column_encoded(values) for values in columns]
    return list(map("\t".join, zip(*encoded, strict=True)))


def lines_copy(table: type[models.Model], fields: Sequence[str], lines: Sequence[str]) -> None:
    """Write lines of `rows_encoded`, with the values in the order of `fields`."""
    if not lines:
        return
    columns = [_column(table, name) for name in fields]
    statement = sql.SQL("COPY {table} ({columns}) FROM STDIN").format(
        table=sql.Identifier(table._meta.db_table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    # Django turns the driver's errors into its own for every call but this one.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        # By position, as Django's logging cursor takes them.
        cursor.copy_expert(
            statement.as_string(cursor.cursor), io.BytesIO("\n".join(lines).encode()), _BLOCK
        )


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


def _column_encoded(values: Sequence[Any]) -> Sequence[str]:
    """Most columns hold one type, and most texts nothing to escape."""
    kinds = set(map(type, values))
    if kinds == {str} and not _SPECIAL.search("".join(values)):
        return values
    encode = {kind: _encoder(kind) for kind in kinds}
    if len(kinds) == 1:
        return list(map(encode.popitem()[1], values))
    return [encode[type(value)](value) for value in values]


def _encoded(value: Any) -> str:
    return _encoder(type(value))(value)


def _encoder(kind: type) -> Callable[[Any], str]:
    try:
        return _ENCODERS[kind]
    except KeyError:
        raise TypeError(f"{kind.__name__} is not written by COPY") from None


def _escaped(value: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPED[found[0]], value)


_ENCODERS: Final[Mapping[type, Callable[[Any], str]]] = {
    NoneType: lambda _: "\\N",
    int: repr,
    float: repr,
    str: _escaped,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: f"\\\\x{value.hex()}",
    list: lambda value: f"{{{','.join(value)}}}",
}
