"""What the admin's first page says of the record: counts by day, never of the whole of it.

A day that is over is counted once (`UsageDay`); only the days that are not are read each time.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from predictions.models import PredictionInput, PredictionOutput, PredictionRequest, UsageDay
from predictions.selectors.periods import midnight, runs, uuid7_floor

#: A day is over when the last transaction of it surely has ended.
_SETTLED: Final = timedelta(hours=1)
#: More inputs without output are not kept on a day; it stays open then.
WITHOUT_OUTPUT_MAX: Final = 1_000

# Every call of the days once, with its inputs and outputs.
_USAGE_SQL: Final = """
    WITH call AS MATERIALIZED (
        SELECT id, row_count, model_version_id, (created_at AT TIME ZONE 'UTC')::date AS day
        FROM predictions_predictionrequest
        WHERE created_at >= %(since)s AND created_at < %(until)s
    ), prediction AS MATERIALIZED (
        SELECT call.day, call.model_version_id, input.id, input.position,
               input.features ->> 'primary_property_type' AS type,
               output.id AS output_id, output.error_code, output.duration_ms
        FROM call
        JOIN predictions_predictioninput AS input ON input.request_id = call.id
        LEFT JOIN predictions_predictionoutput AS output ON output.input_id = input.id
    ), by_version AS (
        SELECT day, jsonb_object_agg(model_version_id, predictions) AS by_version
        FROM (SELECT day, model_version_id, count(*) AS predictions
              FROM prediction GROUP BY 1, 2) AS counted
        GROUP BY day
    ), by_type AS (
        SELECT day, jsonb_object_agg(coalesce(type, ''), predictions) AS by_type
        FROM (SELECT day, type, count(*) AS predictions FROM prediction GROUP BY 1, 2) AS counted
        GROUP BY day
    ), batch AS (
        SELECT call.day, sum(rows_received) AS received, sum(rows_received - row_count) AS refused
        FROM call JOIN predictions_predictionbatch AS batch ON batch.request_id = call.id
        GROUP BY 1
    ), all_calls AS (
        SELECT day, count(*) AS calls FROM call GROUP BY 1
    ), counted AS (
        SELECT day, count(*) AS predictions, count(error_code) AS failed,
               coalesce(array_agg(id) FILTER (WHERE output_id IS NULL), '{}') AS without_output,
               percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY duration_ms)
                   FILTER (WHERE position = 0) AS latency
        FROM prediction GROUP BY 1
    )
    SELECT day, calls, coalesce(predictions, 0), coalesce(failed, 0),
           coalesce(without_output, '{}'), coalesce(received, 0), coalesce(refused, 0),
           latency[1], latency[2], coalesce(by_version, '{}'), coalesce(by_type, '{}')
    FROM all_calls
    LEFT JOIN counted USING (day) LEFT JOIN batch USING (day)
    LEFT JOIN by_version USING (day) LEFT JOIN by_type USING (day)
    ORDER BY day
"""
_COLUMNS: Final = (
    *("day", "calls", "predictions", "failed", "without_output", "rows_received"),
    *("rows_refused", "latency_p50_ms", "latency_p95_ms", "by_version", "by_type"),
)


def usage_counted(*, days: Iterable[date]) -> list[UsageDay]:
    """The usage of these days, counted now and not stored; of a day without calls too. One query
    for each run of days."""
    found: dict[date, UsageDay] = {}
    for first, last in runs(sorted(days)):
        span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        found |= {day: _nothing(day) for day in span}
        bounds = {"since": midnight(first), "until": midnight(last + timedelta(days=1))}
        with connection.cursor() as cursor:
            cursor.execute(_USAGE_SQL, bounds)
            for row in cursor.fetchall():
                found[row[0]] = _usage(row)
    return list(found.values())


def _usage(row: Sequence[Any]) -> UsageDay:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in ("by_version", "by_type"):
        values[name] = _mapping(values[name])
    values["without_output"] = _uuids(values["without_output"])
    return UsageDay(**values)


def _mapping(value: Any) -> dict[str, int]:
    return dict(json.loads(value)) if isinstance(value, str) else dict(value)


def _uuids(value: Any) -> list[UUID]:
    texts = value.strip("{}").split(",") if isinstance(value, str) else value
    return [text if isinstance(text, UUID) else UUID(text) for text in texts if text]


def _nothing(day: date) -> UsageDay:
    return UsageDay(
        day=day,
        calls=0,
        predictions=0,
        failed=0,
        without_output=[],
        rows_received=0,
        rows_refused=0,
        by_version={},
        by_type={},
    )


def days_settled(days: Iterable[date]) -> set[date]:
    """Those of the days that are over for good."""
    now = timezone.now()
    return {day for day in days if midnight(day + timedelta(days=1)) + _SETTLED <= now}


def usage_days_known(*, since: date) -> dict[date, UsageDay]:
    """The days from `since` on that were counted. One query."""
    return {usage.day: usage for usage in UsageDay.objects.filter(day__gte=since)}


def usage_days_missing(*, since: date) -> set[date]:
    """Days that are over and not counted yet. One query."""
    today = timezone.now().date()
    days = {since + timedelta(days=n) for n in range((today - since).days + 1)}
    return days_settled(days) - set(usage_days_known(since=since))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The days of a window, oldest first, and what they come to."""

    days: Sequence[UsageDay]
    #: Inputs that have no output to this moment, newest first.
    without_output: Sequence[UUID]
    #: How many of those each day has.
    missing_by_day: Counter[date]
    by_version: Counter[int]
    by_type: Counter[str]

    def total(self, name: str) -> int:
        return sum(getattr(day, name) for day in self.days)

    def answered(self, day: UsageDay) -> int:
        return int(day.predictions - day.failed - self.missing_by_day[day.day])


def usage_window(*, days: int) -> Usage:
    """The last so many days, today included. Three queries, and none reads a day that was counted
    but for inputs that had no output then."""
    today = timezone.now().date()
    since = today - timedelta(days=days - 1)
    known = usage_days_known(since=since)
    span = [since + timedelta(days=n) for n in range(days)]
    counted = usage_counted(days=[day for day in span if day not in known])
    found = {**known, **{usage.day: usage for usage in counted}}
    usage_days = [found[day] for day in span]
    suspects = {pk: day.day for day in usage_days for pk in day.without_output}
    answered, failed = _answered_since(suspects)
    still = sorted((pk for pk in suspects if pk not in answered), reverse=True)
    for day in usage_days:
        day.failed += sum(1 for pk in failed if suspects[pk] == day.day)
    by_version: Counter[int] = Counter()
    by_type: Counter[str] = Counter()
    for day in usage_days:
        by_version.update({int(pk): count for pk, count in day.by_version.items()})
        by_type.update(day.by_type)
    return Usage(
        days=usage_days,
        without_output=still,
        missing_by_day=Counter(suspects[pk] for pk in still),
        by_version=by_version,
        by_type=by_type,
    )


def _answered_since(inputs: Iterable[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Which of these inputs have an output by now, and which of them an error code."""
    outputs = PredictionOutput.objects.order_by().filter(input__in=list(inputs))
    rows = list(outputs.values_list("input", "error_code"))
    return {pk for pk, _ in rows}, {pk for pk, error in rows if error}


def inputs_with_call(*, ids: Sequence[UUID]) -> list[PredictionInput]:
    """These inputs, newest first, with their calls. One query."""
    inputs = PredictionInput.objects.select_related("request").filter(pk__in=ids)
    return list(inputs.only("created_at", "request__caller_name").order_by("-pk"))


def inputs_without_output(*, limit: int) -> list[UUID]:
    """Inputs that have no output, at most so many, the newest first.

    Of days that were counted, only those that had none then are looked at; of the others, the two
    keys are compared. Two queries, and one for each run of days that was not counted.
    """
    first = PredictionRequest.objects.order_by("created_at").values_list("created_at", flat=True)
    since = first.first()
    if since is None:
        return []
    counted = dict(UsageDay.objects.order_by().values_list("day", "without_output"))
    last = timezone.now().date()
    span = [since.date() + timedelta(days=n) for n in range((last - since.date()).days + 1)]
    conditions = [Q(pk__in=[pk for missing in counted.values() for pk in missing])]
    for begins, ends in runs([day for day in span if day not in counted]):
        # An id is by the worker's clock, a day by the database's.
        lowest = uuid7_floor(midnight(begins) - _SETTLED)
        highest = uuid7_floor(midnight(ends + timedelta(days=1)) + _SETTLED)
        conditions.append(Q(pk__gte=lowest, pk__lt=highest))
    outputs = PredictionOutput.objects.order_by().filter(input=OuterRef("pk"))
    missing = PredictionInput.objects.order_by().filter(~Exists(outputs))
    found: set[UUID] = set()
    for condition in conditions:
        found |= set(missing.filter(condition).values_list("pk", flat=True)[:limit])
    return sorted(found, reverse=True)[:limit]
