"""Made-up exchanges for the record, to look at the admin and to measure it at size.

No model is asked: energies are a usual intensity of the building's type times chance, so that
hundreds of thousands of exchanges take seconds. A block of rows depends on the seed, the span and
its place alone; equal arguments give equal rows, on the same buildings and model versions.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import numpy as np
from django.db import connection, transaction

from buildings.services.copying import columns_encoded, lines_copy
from predictions.models import AUDIT_TABLES, PredictionRequest, UsageDay
from predictions.services.generation.block import Block, Numbers
from predictions.services.generation.cast import CALLERS, OPERATOR, Traffic, cast_make

__all__ = [
    "CALLERS",
    "OPERATOR",
    "Traffic",
    "exchanges_generate",
    "has_real_exchanges",
    "tables_vacuum",
]

_BLOCK: Final = 10_000
#: How busy each hour of the day is, and a day of a weekend beside others.
_HOURS: Final = np.array(
    [1, 1, 1, 1, 1, 2, 4, 7, 11, 13, 13, 11, 9, 11, 13, 12, 10, 7, 5, 3, 3, 2, 2, 1]
)
_WEEKEND: Final = 0.3


def has_real_exchanges() -> bool:
    """Whether anything on the record was not made here. One query."""
    made = (*CALLERS, OPERATOR)
    return PredictionRequest.objects.order_by().exclude(caller_name__in=made).exists()


def exchanges_generate(
    traffic: Traffic, *, on_rows: Callable[[int], object] = lambda rows: None
) -> dict[str, int]:
    """Store them all, or none, by COPY; the number of rows by table.

    Makes callers, tokens whose secrets nobody knows, and two model versions where they are missing.
    Raises EmissionFactorsMissingError.
    """
    stored = dict.fromkeys(AUDIT_TABLES, 0)
    with transaction.atomic():
        cast = cast_make(traffic)
        times = _times(traffic)
        # What was counted of these days is no longer true.
        UsageDay.objects.filter(day__lt=traffic.until, day__gte=traffic.since).delete()
        for first in range(0, traffic.count, _BLOCK):
            block = Block(traffic, cast, times[first : first + _BLOCK], first)
            for table, columns in block.tables():
                lines = columns_encoded(columns.values())
                lines_copy(table, list(columns), lines)
                stored[table._meta.db_table] += len(lines)
            on_rows(len(times[first : first + _BLOCK]))
    return {table: rows for table, rows in stored.items() if rows}


def tables_vacuum() -> None:
    """What autovacuum does within minutes of so many rows: statistics, and pages marked as visible
    to all. Asks for the tables' owner; PostgreSQL only warns others."""
    with connection.cursor() as cursor:
        for table in AUDIT_TABLES:
            cursor.execute(f"VACUUM (ANALYZE) {table}")


def _times(traffic: Traffic) -> Numbers:
    """When each was stored, seconds since 1970, in order: more by day than by night, less at
    weekends, and a little more every week."""
    start = datetime.combine(traffic.since, datetime.min.time(), tzinfo=UTC)
    hours = np.arange(traffic.days * 24)
    weekday = (start.weekday() + hours // 24) % 7
    weight = _HOURS[hours % 24] * np.where(weekday < 5, 1.0, _WEEKEND) * (1 + hours / hours.size)
    draw = np.random.default_rng([traffic.seed, traffic.count])
    edges = np.concatenate([[0.0], np.cumsum(weight)])
    found = np.interp(np.sort(draw.random(traffic.count)) * edges[-1], edges, np.arange(edges.size))
    return start.timestamp() + found * 3600
