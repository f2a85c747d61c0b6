"""Any question in SQL, answered without the power to change anything."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, connection, transaction

from buildings.errors import QueryError

TIMEOUT_S: Final = 30.0
_CURSOR: Final = "futurisys_query"
# A cursor takes one statement that gives rows, and no transaction control: nothing behind a
# semicolon can end the read-only transaction.
_OPEN_CURSOR: Final = f"""
DO $$
DECLARE query refcursor := '{_CURSOR}';
BEGIN
    OPEN query FOR EXECUTE current_setting('futurisys.query');
END
$$
"""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Names of the columns, the rows, and whether there are more than were asked for."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    has_more: bool = False


def sql_bound(*, sql: str, parameters: Mapping[str, Any]) -> str:
    """The statement with its parameters as literals, quoted by the driver: ready for psql."""
    if not parameters:
        return sql
    with connection.cursor() as cursor:
        return str(cursor.mogrify(sql, dict(parameters)).decode())


def query_run(
    *,
    sql: str,
    parameters: Mapping[str, Any] | None = None,
    limit: int | None = None,
    timeout_s: float = TIMEOUT_S,
) -> QueryResult:
    """Run one statement that gives rows, in a READ ONLY transaction, for no longer than allowed.

    Raises:
        QueryError: it is not one query, writes, takes too long, or PostgreSQL refuses it.
    """
    statement = sql_bound(sql=sql, parameters=parameters or {}).strip().rstrip(";")
    try:
        with transaction.atomic(), closing(connection.cursor()) as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true), "
                "set_config('futurisys.query', %s, true)",
                [str(round(timeout_s * 1000)), statement],
            )
            cursor.execute(_OPEN_CURSOR)
            cursor.execute(f"FETCH {'ALL' if limit is None else limit + 1} FROM {_CURSOR}")
            columns = [column.name for column in cursor.description]
            rows = cursor.fetchall()
            cursor.execute(f"CLOSE {_CURSOR}")
    except DatabaseError as error:
        raise QueryError(_said(error, timeout_s)) from error
    has_more = limit is not None and len(rows) > limit
    return QueryResult(columns, rows[:limit], has_more)


def _said(error: DatabaseError, timeout_s: float) -> str:
    cause = error.__cause__
    code = getattr(cause, "pgcode", None)
    message = getattr(getattr(cause, "diag", None), "message_primary", None) or str(error).strip()
    if code == "57014":
        return f"not answered within {timeout_s:g} s; ask for less, or allow more by --timeout"
    if code == "25006":
        return f"{message}: only reading is possible here"
    if code == "42P11":
        return f"{message}; right would be one SELECT"
    position = getattr(getattr(cause, "diag", None), "internal_position", None)
    return f"{message} (at character {position})" if position else message
