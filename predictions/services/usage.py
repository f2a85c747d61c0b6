"""Days that are over, counted once."""

from datetime import timedelta
from itertools import islice
from typing import Final

from django.utils import timezone

from predictions.models import UsageDay
from predictions.selectors.dashboard import (
    WITHOUT_OUTPUT_MAX,
    usage_counted,
    usage_days_missing,
)

#: Days that one statement counts.
_AT_ONCE: Final = 10


def usage_days_count(*, days: int) -> int:
    """Count those of the last so many days that are over and were not counted yet; how many they
    were. One query when there are none; two processes at once store each day once."""
    missing = iter(
        sorted(usage_days_missing(since=timezone.now().date() - timedelta(days=days - 1)))
    )
    stored = 0
    while some := list(islice(missing, _AT_ONCE)):
        counted = [
            usage
            for usage in usage_counted(days=some)
            if len(usage.without_output) <= WITHOUT_OUTPUT_MAX
        ]
        UsageDay.objects.bulk_create(counted, ignore_conflicts=True)
        stored += len(counted)
    return stored
