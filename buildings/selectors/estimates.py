"""How large tables are, without counting them."""

from django.db import connection
from django.db.models import Model


def rows_estimated(table: type[Model]) -> int | None:
    """About how many rows a table has, as PostgreSQL last counted them; None before it did. One
    query, which reads one row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
            [table._meta.db_table],
        )
        (estimate,) = cursor.fetchone()
    return int(estimate) if estimate >= 0 else None
