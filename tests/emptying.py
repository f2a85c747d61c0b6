"""Emptying the database after a transactional test, at a tenth of what Django takes for it.

Django truncates every table and makes content types and permissions anew. Here the tables that hold
rows are emptied, by DELETE, and what Django makes by itself stays unless a test changed it.

The insert-only triggers refuse either. Only this gets past them, as the tables' owner can and the
role that serves cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Final, Self

from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction

#: Made by Django itself, whenever it has migrated or flushed.
MADE_BY_DJANGO: Final = ("auth_permission", "django_content_type")
_STATE: Final = " UNION ALL ".join(
    f"SELECT count(*), sum(hashtext(row::text)) FROM {table} AS row" for table in MADE_BY_DJANGO
)
_GUARDED: Final = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
_REFERENCES: Final = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid
"""


@dataclass(frozen=True)
class Emptying:
    """What has to be known of a database that was just migrated, to empty it later."""

    #: All that are Django's, each before those that it refers to.
    tables: tuple[str, ...]
    #: Those that have triggers of ours.
    guarded: frozenset[str]
    made_by_django: list[Any]

    @classmethod
    def of_migrated_database(cls) -> Self:
        tables = connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )
        order = TopologicalSorter[str](dict.fromkeys(tables, ()))
        for table, referred in _rows(_REFERENCES):
            order.add(referred, table)
        return cls(
            tables=tuple(order.static_order()),
            guarded=frozenset(table for (table,) in _rows(_GUARDED)),
            made_by_django=_rows(_STATE),
        )

    def empty(self) -> None:
        """Leave no row that a test wrote."""
        is_altered = _rows(_STATE) != self.made_by_django
        with transaction.atomic():
            kept = () if is_altered else MADE_BY_DJANGO
            full = {table for (table,) in _rows(self._full(but=kept))}
            guarded = full & self.guarded
            statements = [
                *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in guarded),
                "SET CONSTRAINTS ALL IMMEDIATE",  # no trigger may wait when they are enabled
                *(f"DELETE FROM {table}" for table in self.tables if table in full),
                *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in guarded),
            ]
            with connection.cursor() as cursor:
                cursor.execute("; ".join(statements))
        if is_altered:
            emit_post_migrate_signal(verbosity=0, interactive=False, db="default")

    def _full(self, *, but: Sequence[str]) -> str:
        """The query for the tables that hold rows."""
        return " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})"
            for table in self.tables
            if table not in but
        )


def _rows(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
