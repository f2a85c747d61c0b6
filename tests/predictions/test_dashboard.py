"""The admin's first page: right figures, of a few days, for who may see them."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from predictions.admin.charts import Series, bars, columns, lines
from predictions.models import (
    ErrorCode,
    PredictionBatch,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
    UsageDay,
)
from predictions.selectors.dashboard import inputs_without_output, usage_counted, usage_window
from predictions.services.accounts import groups_ensure
from predictions.services.door import Question, prediction_create
from predictions.services.generation import Traffic, exchanges_generate
from predictions.services.usage import usage_days_count
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user
from tests.predictions.test_admin_lists import statements

pytestmark = pytest.mark.django_db

DAYS = 10


@pytest.fixture
def record(served: FakeServedModel) -> None:
    """Nine days that are over, and today."""
    exchanges_generate(Traffic(count=1_500, days=DAYS - 1))
    prediction_create(
        call=call_of(make_user(username="<script>alert(3)</script>")),
        questions=[Question(features=facts())],
    )


def test_days_come_to_what_is_on_record(record: None) -> None:
    usage = usage_window(days=DAYS)
    assert [day.day for day in usage.days] == sorted(day.day for day in usage.days)
    assert len(usage.days) == DAYS
    inputs = list(PredictionInput.objects.select_related("request", "output"))
    by_day = Counter(one.request.created_at.date() for one in inputs)
    assert {day.day: day.predictions for day in usage.days if day.predictions} == by_day
    calls = Counter(
        when.date() for when in PredictionRequest.objects.values_list("created_at", flat=True)
    )
    assert {day.day: day.calls for day in usage.days if day.calls} == calls
    failed = [one for one in inputs if hasattr(one, "output") and one.output.error_code]
    missing = {one.pk for one in inputs if not hasattr(one, "output")}
    assert usage.total("failed") == len(failed) > 0
    assert set(usage.without_output) == missing != set()
    assert sum(usage.answered(day) for day in usage.days) == 1_501 - len(failed) - len(missing)
    assert usage.by_type == Counter(one.features["primary_property_type"] for one in inputs)
    assert usage.by_version == Counter(one.request.model_version_id for one in inputs)
    batches = PredictionBatch.objects.select_related("request")
    assert usage.total("rows_received") == sum(batch.rows_received for batch in batches)
    refused = sum(batch.rows_received - batch.request.row_count for batch in batches)
    assert usage.total("rows_refused") == refused


def test_latency_counts_each_call_once(record: None) -> None:
    (today,) = usage_counted(days=[timezone.now().date()])
    (took,) = PredictionOutput.objects.order_by("-id")[:1].values_list("duration_ms", flat=True)
    assert today.latency_p50_ms == pytest.approx(took)
    assert today.latency_p95_ms == pytest.approx(took)


def test_days_that_are_over_are_counted_once(record: None) -> None:
    before = usage_window(days=DAYS)
    assert usage_days_count(days=DAYS) in {DAYS - 1, DAYS - 2}  # just after midnight one is open
    assert not UsageDay.objects.filter(day=timezone.now().date()).exists()
    assert usage_days_count(days=DAYS) == 0
    with statements() as said:
        after = usage_window(days=DAYS)
    assert len(said) == 3
    assert [vars_of(day) for day in after.days] == [vars_of(day) for day in before.days]
    assert after.by_type == before.by_type
    assert after.without_output == before.without_output


def test_made_up_exchanges_of_a_counted_day_are_counted(record: None) -> None:
    usage_days_count(days=DAYS)
    exchanges_generate(Traffic(count=200, days=DAYS - 1, seed=5))
    assert usage_window(days=DAYS).total("predictions") == 1_701


def vars_of(day: UsageDay) -> dict[str, Any]:
    names = [
        field.attname for field in UsageDay._meta.concrete_fields if field.name != "created_at"
    ]
    return {
        name: Counter(map(str, value)) if isinstance(value := getattr(day, name), list) else value
        for name in names
    }


def test_an_answer_that_came_late_is_not_missing_any_more(record: None) -> None:
    usage_days_count(days=DAYS)
    usage = usage_window(days=DAYS)
    late, *others = usage.without_output
    assert set(inputs_without_output(limit=2_000)) == set(usage.without_output)
    PredictionOutput.objects.bulk_create(
        [PredictionOutput(input_id=late, error_code=ErrorCode.MODEL_FAILURE, duration_ms=1.0)]
    )
    after = usage_window(days=DAYS)
    assert after.without_output == others
    assert after.total("failed") == usage.total("failed") + 1
    assert inputs_without_output(limit=2_000) == sorted(others, reverse=True)
    UsageDay.objects.all().delete()  # counted anew, it is the same
    assert usage_window(days=DAYS).without_output == others
    assert inputs_without_output(limit=2_000) == sorted(others, reverse=True)


def test_a_day_is_that_of_utc(served: FakeServedModel) -> None:
    exchanges_generate(Traffic(count=400, days=3))
    for day in usage_counted(days=[timezone.now().date() - timedelta(days=2)]):
        begins = datetime.combine(day.day, time.min, tzinfo=UTC)
        calls = PredictionRequest.objects.filter(
            created_at__gte=begins, created_at__lt=begins + timedelta(days=1)
        )
        assert day.calls == calls.count() > 0


def test_the_first_page_costs_the_same_whatever_is_on_record(
    admin_browser: Client, record: None
) -> None:
    admin_browser.get(reverse("admin:index"))  # counts the days
    with statements() as said:
        page = admin_browser.get(reverse("admin:index"))
    assert page.status_code == 200
    assert len(said) <= 13
    assert not [s for s in said if "COUNT(*) FROM" in s.upper()]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE predictions_predictioninput")
    text = admin_browser.get(reverse("admin:index"), {"days": "7"}).content.decode()
    assert "≈ 1,501" in text
    assert text.count("<svg") > 3
    assert "<desc>" in text
    assert "<script>alert" not in text
    for days in ("7", "30", "90", "8", "-1", "x", "9" * 50):
        assert admin_browser.get(reverse("admin:index"), {"days": days}).status_code == 200


def test_an_empty_record_has_a_first_page(admin_browser: Client) -> None:
    text = admin_browser.get(reverse("admin:index")).content.decode()
    assert "Nothing was asked in this time." in text or "No version is the champion" in text
    assert "Every input of these days was answered." in text


def test_each_part_is_for_who_may_see_its_rows(client: Client, record: None) -> None:
    reader = make_user(is_staff=True)
    client.force_login(reader)
    page = client.get(reverse("admin:index"))
    shown = {"tiles", "charts", "by_version", "serving", "imports", "missing", "by_type"}
    assert not shown & set(page.context.keys())
    assert not UsageDay.objects.exists()
    grants = {
        "view_modelversion": {"serving"},
        "view_datasetimport": {"serving", "imports"},
        "view_predictionrequest": {"serving", "imports"},
        "view_predictioninput": shown,
    }
    for codename, wanted in grants.items():
        reader.user_permissions.add(Permission.objects.get(codename=codename))
        page = client.get(reverse("admin:index"))
        assert shown & set(page.context.keys()) == wanted, codename
    groups_ensure()
    auditor = make_user(is_staff=True)
    auditor.groups.add(Group.objects.get(name="auditor"))
    client.force_login(auditor)
    assert shown <= set(client.get(reverse("admin:index")).context.keys())
    client.force_login(make_user())
    assert client.get(reverse("admin:index")).status_code == 302


def test_charts_hold_what_they_are_told() -> None:
    series = [
        Series(name="good", css="a", values=[10, 0, 30]),
        Series(name="bad", css="b", values=[5, 0, 0]),
    ]
    chart = columns(title="t", summary="s", names=["x", "y", "z"], series=series)
    assert [rect["said"] for rect in chart["rects"]] == ["x: good 10", "x: bad 5", "z: good 30"]
    heights = [rect["height"] for rect in chart["rects"]]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert chart["rects"][1]["y"] + heights[1] == pytest.approx(chart["rects"][0]["y"], abs=0.2)
    assert chart["table"] == [("x", ["10", "5"]), ("y", ["0", "0"]), ("z", ["30", "0"])]
    gap = lines(
        title="t",
        summary="s",
        names=["x", "y", "z"],
        series=[Series(name="p", css="a", values=[1.0, None, 2.0])],
        unit="ms",
    )
    assert gap["lines"][0]["path"].count("M") == 2
    assert gap["table"][1] == ("y", ["—"])
    none = columns(title="t", summary="s", names=[], series=[])
    assert none["rects"] == []
    flat = bars(title="t", summary="s", rows=[("b", 1, "?"), ("a", 3, "?")], first="f")
    assert [(bar["name"], bar["width"], bar["share"]) for bar in flat["bars"]] == [
        *(("a", 100.0, "75.0 %"), ("b", 33.3, "25.0 %"))
    ]
