"""The lists of the record: pages by key, the right rows, and no table counted or scanned for
choices."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.urls import reverse

from predictions.models import (
    ApiToken,
    ObservedOutcome,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.selectors.exchanges import call_outcomes
from predictions.services.door import Question, prediction_create
from predictions.services.generation import CALLERS, OPERATOR, Traffic, exchanges_generate
from tests.buildings.factories import BuildingFactory
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db

UNTIL = date(2026, 3, 2)
LISTS = [
    *("predictionrequest", "predictioninput", "predictionoutput", "predictionexplanation"),
    *("observedoutcome", "shadowoutput", "idempotencykey"),
]


@pytest.fixture
def record(served: FakeServedModel) -> None:
    BuildingFactory.create_batch(4, property_name="Alder <script>alert(2)</script> Hall")
    exchanges_generate(Traffic(count=240, days=12, until=UNTIL))

    def die(rows: object) -> list:
        raise SystemExit

    served.answer = die
    with pytest.raises(SystemExit):
        prediction_create(call=call_of(make_user()), questions=[Question(features=facts())])


def address(table: str) -> str:
    return reverse(f"admin:predictions_{table}_changelist")


def rows(client: Client, table: str, **query: Any) -> list[Any]:
    """The keys of all pages, from the newest to the oldest."""
    found: list[Any] = []
    url = address(table)
    answer = client.get(url, query)
    for _ in range(100):
        assert answer.status_code == 200
        changelist = answer.context["cl"]
        found += [row.pk for row in changelist.result_list]
        if not changelist.paginator.older:
            return found
        answer = client.get(url + changelist.paginator.older)
    raise AssertionError("the pages have no end")


@contextmanager
def statements() -> Iterator[list[str]]:
    said: list[str] = []

    def listen(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        said.append(statement)
        return execute(statement, *rest)

    with connection.execute_wrapper(listen):
        yield said


def inputs_where(keep: Callable[[PredictionInput], bool]) -> set[Any]:
    every = PredictionInput.objects.select_related("request__model_version", "output", "building")
    return {stored.pk for stored in every if keep(stored)}


def test_pages_bring_every_row_once_and_lead_back(admin_browser: Client, record: None) -> None:
    keys = {"predictioninput": ("request__created_at", "pk"), "predictionoutput": ("input",)}
    keys["predictionrequest"] = keys["observedoutcome"] = ("created_at", "pk")
    tables: dict[str, Any] = {
        "predictioninput": PredictionInput,
        "predictionoutput": PredictionOutput,
        "predictionrequest": PredictionRequest,
        "observedoutcome": ObservedOutcome,
    }
    for name, key in keys.items():
        ordered = tables[name].objects.values_list("pk", *key)
        wanted = [row[0] for row in sorted(ordered, key=lambda row: row[1:], reverse=True)]
        assert rows(admin_browser, name) == wanted, name
        # Back from the last row: what is newer than it, the nearest page first.
        page = admin_browser.get(address(name), {"newer": wanted[-1]}).context["cl"]
        assert [row.pk for row in page.result_list] == wanted[-31:-1]
        again = admin_browser.get(address(name) + page.paginator.older).context["cl"]
        assert [row.pk for row in again.result_list] == wanted[-1:]
        assert not again.paginator.older
        newer = admin_browser.get(address(name) + again.paginator.newer).context["cl"]
        assert [row.pk for row in newer.result_list] == wanted[-31:-1]


@pytest.mark.parametrize("name", ["older", "newer"])
@pytest.mark.parametrize("pk", ["", "x", "00000000-0000-7000-8000-000000000000", "9" * 40])
def test_a_page_after_no_row_is_the_first(
    admin_browser: Client, record: None, name: str, pk: str
) -> None:
    for table in ("predictioninput", "observedoutcome"):
        first = admin_browser.get(address(table)).context["cl"].result_list
        page = admin_browser.get(address(table), {name: pk}).context["cl"].result_list
        assert page == first


def test_filters_keep_their_rows_and_begin_at_the_first_page(
    admin_browser: Client, record: None
) -> None:
    token = ApiToken.objects.get(user__username=CALLERS[1], name="nightly job")
    one: Any = PredictionInput.objects.filter(building__isnull=False).select_related("building")[0]
    version = PredictionRequest.objects.order_by("created_at")[0].model_version_id
    since, until = UNTIL - timedelta(days=8), UNTIL - timedelta(days=5)
    caller = token.user_id
    cases: list[tuple[dict[str, Any], Callable[[Any], bool]]] = [
        ({"caller": caller}, lambda p: p.request.caller_id == caller),
        ({"token": token.prefix}, lambda p: p.request.token_prefix == token.prefix),
        ({"version": version}, lambda p: p.request.model_version_id == version),
        ({"channel": "command"}, lambda p: p.request.channel == "command"),
        (
            {"type": "Warehouse"},
            lambda p: p.features["primary_property_type"] == "Warehouse",
        ),
        (
            {"building": one.building.ose_building_id},
            lambda p: p.building_id == one.building_id,
        ),
        (
            {"since": since, "until": until},
            lambda p: since <= p.request.created_at.date() <= until,
        ),
        ({"outcome": "answered"}, lambda p: hasattr(p, "output") and not p.output.error_code),
        ({"outcome": "failed"}, lambda p: hasattr(p, "output") and p.output.error_code),
        ({"outcome": "no output"}, lambda p: not hasattr(p, "output")),
        (
            {"caller": caller, "type": "Warehouse", "since": since},
            lambda p: (
                p.request.caller_id == caller
                and p.features["primary_property_type"] == "Warehouse"
                and p.request.created_at.date() >= since
            ),
        ),
    ]
    for query, keep in cases:
        wanted = inputs_where(keep)
        assert wanted, query
        found = rows(admin_browser, "predictioninput", **query)
        assert set(found) == wanted, query
        assert len(found) == len(wanted), query
    for nothing in ({"caller": "x"}, {"version": "-1"}, {"building": "none"}, {"token": "none"}):
        assert rows(admin_browser, "predictioninput", **nothing) == []
    page = admin_browser.get(address("predictioninput"), {"older": one.pk, "channel": "api"})
    assert "older" not in page.context["cl"].get_query_string()


def test_calls_are_filtered_by_what_became_of_their_inputs(
    admin_browser: Client, record: None
) -> None:
    every = list(PredictionRequest.objects.values_list("pk", flat=True))
    became: dict[Any, str] = {}
    for call in PredictionRequest.objects.prefetch_related("inputs__output"):
        outputs = [getattr(stored, "output", None) for stored in call.inputs.all()]
        if None in outputs:
            became[call.pk] = "no-output"
        else:
            became[call.pk] = "failed" if any(o.error_code for o in outputs if o) else "answered"
    assert call_outcomes(every) == became
    for outcome in ("answered", "failed", "no-output"):
        wanted = {pk for pk, what in became.items() if what == outcome}
        assert wanted
        found = rows(admin_browser, "predictionrequest", outcome=outcome.replace("-", " "))
        assert sorted(found) == sorted(wanted)


def test_answers_and_outcomes_are_filtered_by_time(admin_browser: Client, record: None) -> None:
    day = UNTIL - timedelta(days=4)
    for name, table in (("predictionoutput", PredictionOutput),):
        wanted = table.objects.filter(created_at__date=day).values_list("pk", flat=True)
        assert sorted(rows(admin_browser, name, since=day, until=day)) == sorted(wanted)
    assert rows(admin_browser, "observedoutcome", data_year="2025", source="api")
    assert not rows(admin_browser, "observedoutcome", data_year="2024")
    failed = rows(admin_browser, "predictionoutput", error_code="model-failure")
    assert len(failed) == PredictionOutput.objects.filter(error_code="model-failure").count() > 0


def test_a_search_takes_the_first_that_its_words_are(admin_browser: Client, record: None) -> None:
    one: Any = PredictionInput.objects.filter(building__isnull=False).select_related(
        "request", "building"
    )[0]
    token = ApiToken.objects.get(user__username=CALLERS[0], name="nightly job")
    cases: list[tuple[Any, Callable[[Any], bool]]] = [
        (one.pk, lambda p: p.pk == one.pk),
        (one.request_id, lambda p: p.request_id == one.request_id),
        (one.request.request_id, lambda p: p.request.request_id == one.request.request_id),
        (one.building.ose_building_id, lambda p: p.building_id == one.building_id),
        (token.prefix, lambda p: p.request.token_prefix == token.prefix),
        (CALLERS[6], lambda p: p.request.caller_name == CALLERS[6]),
        (CALLERS[5].upper(), lambda p: p.request.caller_name == CALLERS[5]),
        (OPERATOR, lambda p: p.request.caller_name == OPERATOR),
        ("hall alder", lambda p: p.building_id is not None),
        ("nobody and nothing", lambda p: False),
    ]
    for words, keep in cases:
        wanted = inputs_where(keep)
        assert set(rows(admin_browser, "predictioninput", q=words)) == wanted, words
        calls = PredictionInput.objects.filter(pk__in=wanted).values_list("request", flat=True)
        assert set(rows(admin_browser, "predictionrequest", q=words)) == set(calls), words
        answered = PredictionOutput.objects.filter(input__in=wanted).values_list("pk", flat=True)
        assert set(rows(admin_browser, "predictionoutput", q=words)) == set(answered), words


@pytest.mark.parametrize("table", LISTS)
def test_no_list_counts_or_asks_its_table_for_choices(
    admin_browser: Client, record: None, table: str
) -> None:
    with statements() as said:
        admin_browser.get(address(table))
    few = len(said)
    assert few <= 10
    exchanges_generate(Traffic(count=120, days=3, until=UNTIL, seed=3))
    with statements() as said:
        page = admin_browser.get(address(table))
    assert len(said) == few
    asked = [s for s in said if "COUNT(" in s.upper() or "DISTINCT" in s.upper()]
    assert asked == []
    bounded = [s for s in said if f'FROM "predictions_{table}"' in s]
    assert bounded
    assert all("LIMIT 31" in s for s in bounded)
    assert b"COUNT" not in page.content


def test_filtered_lists_count_nothing_either(admin_browser: Client, record: None) -> None:
    for query in (
        *("outcome=failed", "outcome=no+output", "type=Warehouse", "channel=api"),
        *("since=2026-02-25", "caller=1", "version=1", "q=generated", "building=1"),
    ):
        for table in ("predictioninput", "predictionrequest"):
            with statements() as said:
                answer = admin_browser.get(f"{address(table)}?{query}", follow=False)
            assert answer.status_code in {200, 302}  # no such filter of calls
            assert [s for s in said if "COUNT(" in s.upper()] == []
            assert len(said) <= 14


def test_about_how_many_rows_there_are_is_said(admin_browser: Client, record: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE predictions_predictioninput")
    page = admin_browser.get(address("predictioninput")).content.decode()
    assert "30 shown, newest first, of about 240" in page
    page = admin_browser.get(address("predictioninput"), {"channel": "api"}).content.decode()
    assert "30 shown, newest first" in page
    assert "of about" not in page


def test_token_names_are_for_who_may_see_tokens(client: Client, record: None) -> None:
    reader = make_user(is_staff=True)
    client.force_login(reader)
    assert client.get(address("predictioninput")).status_code == 403
    reader.user_permissions.add(Permission.objects.get(codename="view_predictioninput"))
    assert b"nightly job" not in client.get(address("predictioninput")).content
    reader.user_permissions.add(Permission.objects.get(codename="view_apitoken"))
    assert b"nightly job" in client.get(address("predictioninput")).content


def test_names_that_attack_are_inert_in_lists(admin_browser: Client, record: None) -> None:
    for table in ("predictioninput", "predictionrequest", "predictionexplanation"):
        for words in (CALLERS[5], CALLERS[6]):
            page = admin_browser.get(address(table), {"q": words}).content
            assert b"<script>alert" not in page
        assert b"&lt;script&gt;alert" in page or table == "predictionexplanation"
