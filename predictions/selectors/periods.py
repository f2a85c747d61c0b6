"""Times as conditions: on columns, and on the ids of version 7 that begin with one."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

#: How much later than its input an answer may be stored: a call that was cut short is taken up by a
#: repeat with the same idempotency key.
_LATEST: Final = timedelta(days=2)


def uuid7_floor(moment: datetime) -> UUID:
    """The smallest UUID of version 7 of this millisecond."""
    millis = int(moment.timestamp() * 1000)
    return UUID(int=(millis << 80) | (0x7 << 76) | (0b10 << 62))


def of_period(
    *, since: datetime | None, until: datetime | None, path: str = "", uuid: str = ""
) -> Q:
    """Condition: stored from `since` to before `until`. `uuid` is a column of version 7 that was
    made at most two days before the row was stored; it bounds the rows that are read."""
    condition = Q()
    if since is not None:
        condition &= Q((f"{path}created_at__gte", since))
        if uuid:
            condition &= Q((f"{uuid}__gte", uuid7_floor(since - _LATEST)))
    if until is not None:
        condition &= Q((f"{path}created_at__lt", until))
        if uuid:
            condition &= Q((f"{uuid}__lt", uuid7_floor(until + _LATEST)))
    return condition


def midnight(day: date) -> datetime:
    """When a day begins, UTC."""
    return datetime.combine(day, datetime.min.time(), tzinfo=UTC)


def runs(days: Sequence[date]) -> list[tuple[date, date]]:
    """First and last of each run of days in a row, of days in order."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and found[-1][1] + timedelta(days=1) == day:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
