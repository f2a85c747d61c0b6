"""How many requests of one token a worker handles at once.

Counted in the worker's own memory: it costs nothing, a killed worker leaves nothing behind, and
what is to be shared out, the worker's threads, is the worker's own.
"""

import threading
from collections import Counter
from typing import Final
from uuid import UUID

from django.conf import settings

from predictions.errors import ConcurrencyExceededError

_lock: Final = threading.Lock()
_in_flight: Final[Counter[UUID]] = Counter()


def slot_take(*, token_id: UUID) -> None:
    """Take one of the token's slots, to be given back by `slot_release`.

    Raises ConcurrencyExceededError when none is free.
    """
    limit = settings.CONCURRENCY_PER_TOKEN
    with _lock:
        if limit and _in_flight[token_id] >= limit:
            raise ConcurrencyExceededError(limit=limit)
        _in_flight[token_id] += 1


def slot_release(*, token_id: UUID) -> None:
    with _lock:
        _in_flight[token_id] -= 1
        if _in_flight[token_id] <= 0:
            del _in_flight[token_id]


def slots_taken() -> int:
    """Requests with a token that this process is at."""
    with _lock:
        return _in_flight.total()
