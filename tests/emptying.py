"""Emptying the database after a transactional test, at a tenth of what Django takes for it.

Django truncates every table and makes content types and permissions anew. Here the tables that hold
rows are emptied, by DELETE, and what Django makes by itself stays unless a test changed it.

The insert-only triggers refuse either. Only this gets past them, as the tables' owner can and the
role that serves cannot.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction

#: Made by Django itself, whenever it has migrated or flushed.
MADE_BY_DJANGO: Final = ("auth_permission", "django_content_type")
_STATE: Final = " UNION ALL ".join(
    f"SELECT count(*), sum(hashtext(row::text)) FROM {table} AS row" for table in MADE_BY_DJANGO
)
_GUARDED: Final = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"


@dataclass(frozen=True)
class Emptying:
    """What has to be known of a database that was just migrated, to empty it later."""

    tables: frozenset[str]
    #: Those that have triggers of ours.
    guarded: frozenset[str]
    made_by_django: list[Any]

    @classmethod
    def of_migrated_database(cls) -> Self:
        tables = connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )
        return cls(
            tables=frozenset(tables) - set(MADE_BY_DJANGO),
            guarded=frozenset(table for (table,) in _rows(_GUARDED)),
            made_by_django=_rows(_STATE),
        )

    def empty(self) -> None:
        """Leave no row that a test wrote."""
        is_altered = _rows(_STATE) != self.made_by_django
        with transaction.atomic():
            full = [
                *(table for (table,) in _rows(self._full)),
                *(MADE_BY_DJANGO if is_altered else ()),
            ]
            guarded = [table for table in full if table in self.guarded]
            statements = [
                *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in guarded),
                "SET CONSTRAINTS ALL DEFERRED",  # in any order
                *(f"DELETE FROM {table}" for table in full),
                "SET CONSTRAINTS ALL IMMEDIATE",
                *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in guarded),
            ]
            with connection.cursor() as cursor:
                cursor.execute("; ".join(statements))
        if is_altered:
            emit_post_migrate_signal(verbosity=0, interactive=False, db="default")

    @property
    def _full(self) -> str:
        return " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in self.tables
        )


def _rows(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
