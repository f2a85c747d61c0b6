"""How much a token, or an address, asks for a minute: counters that every worker shares.

A window begins with its first request and lasts a minute. Within it nobody is let through for more
than the limit, however many workers ask at once: PostgreSQL counts in one statement on one row
(`predictions_rate_take`, migration 0007). What does not fit takes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final, Self

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from predictions.errors import PredictionError
from predictions.models import ApiToken, RateWindow
from predictions.networks import Address

WINDOW_SECONDS: Final = 60
#: Of IPv6, addresses that share these first bits are one: whoever has one has them all.
IPV6_SUBSCRIBER_BITS: Final = 64
# Windows that are over and go when another address fails for the first time.
_PURGED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What was asked for in the current window, beside the limits; a limit of 0 is none."""

    requests: int
    request_limit: int
    rows: int
    row_limit: int
    resets_in_s: int
    is_granted: bool

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        return cls(**{name: row[name] for name in cls.__slots__})

    @property
    def requests_left(self) -> int:
        return max(0, self.request_limit - self.requests)

    @property
    def rows_left(self) -> int:
        return max(0, self.row_limit - self.rows)


class RateExceededError(PredictionError):
    """More was asked for than a minute allows; the text says what. `rates` is the token's window,
    None where an address is to blame."""

    def __init__(self, said: str, *, retry_after_s: int, rates: Rates | None) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s
        self.rates = rates


def rate_take(
    *, subject: str, request_limit: int, row_limit: int = 0, requests: int = 0, rows: int = 0
) -> Rates:
    """Take requests and rows from the subject's window, all of it or nothing. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT requests, rows, is_granted, resets_in_s "
            "FROM predictions_rate_take(%s, %s, %s, %s, %s)",
            [subject, requests, rows, request_limit, row_limit],
        )
        used_requests, used_rows, is_granted, resets_in_s = cursor.fetchone()
    return Rates(
        requests=used_requests,
        request_limit=request_limit,
        rows=used_rows,
        row_limit=row_limit,
        resets_in_s=resets_in_s,
        is_granted=is_granted,
    )


def rows_take(*, token: ApiToken, rows: int) -> Rates | None:
    """Take `rows` of a batch from the token's window; None where rows have no limit.

    Raises RateExceededError when they do not fit into what is left of this minute; nothing is taken
    then. One statement.
    """
    limit = limit_of(token.rows_per_minute, settings.RATE_LIMIT_ROWS_PER_MINUTE)
    if not limit:
        return None
    rates = rate_take(
        subject=f"token:{token.pk}",
        request_limit=limit_of(token.requests_per_minute, settings.RATE_LIMIT_REQUESTS_PER_MINUTE),
        row_limit=limit,
        rows=rows,
    )
    if not rates.is_granted:
        said = (
            _("A batch of %(rows)d rows never fits: a token may ask for %(limit)d a minute.")
            if rows > limit
            else _(
                "%(left)d of %(limit)d rows a minute are left, for %(seconds)d s; this batch has "
                "%(rows)d."
            )
        ) % {
            "rows": rows,
            "limit": limit,
            "left": rates.rows_left,
            "seconds": rates.resets_in_s,
        }
        raise RateExceededError(said, retry_after_s=rates.resets_in_s, rates=rates)
    return rates


def failure_take(*, address: Address | None) -> None:
    """Count a failed authentication from the address.

    Raises RateExceededError when there were too many this minute. One statement; one more for the
    first of a minute, which takes away windows that are over.
    """
    limit = settings.RATE_LIMIT_FAILURES_PER_MINUTE
    if not limit:
        return
    rates = rate_take(subject=f"address:{_subscriber(address)}", request_limit=limit, requests=1)
    if not rates.is_granted:
        said = _("More than %(limit)d failed attempts a minute came from your address.")
        said %= {"limit": limit}
        raise RateExceededError(said, retry_after_s=rates.resets_in_s, rates=None)
    if rates.requests == 1:
        rates_purge()


def rates_purge() -> int:
    """Take away some windows that are over; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {RateWindow._meta.db_table} WHERE subject IN ("  # noqa: S608 -- our own names and numbers
            f"SELECT subject FROM {RateWindow._meta.db_table} "
            f"WHERE started_at < clock_timestamp() - interval '{2 * WINDOW_SECONDS} seconds' "
            f"ORDER BY started_at LIMIT {_PURGED_AT_ONCE} FOR UPDATE SKIP LOCKED)"
        )
        return int(cursor.rowcount)


def limit_of(own: int | None, usual: int) -> int:
    """A token's own limit, or else the usual one."""
    return usual if own is None else own


def _subscriber(address: Address | None) -> str:
    if address is None:
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(ip_network((address.packed, IPV6_SUBSCRIBER_BITS), strict=False))
