"""What narrows GET predictions/, and its pages."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from predictions.models import Channel, PredictionInput, PredictionOutput, PredictionRequest
from predictions.services.accounts import api_caller_get_or_create
from predictions.services.door import Question, prediction_create
from tests.buildings.factories import BuildingFactory
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_model_version, make_user

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/predictions/"
MADE_UP = "0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def ask(user: User, count: int = 1, **changes: Any) -> list[PredictionInput]:
    questions = [Question(features=facts()) for _ in range(count)]
    return prediction_create(call=call_of(user, **changes), questions=questions)


def stored(user: User, **changes: Any) -> PredictionInput:
    """An input with an answer, of a call that is made up."""
    values: dict[str, Any] = {
        "caller": user,
        "caller_name": user.username,
        "channel": Channel.API,
        "request_id": "made-up",
        "row_count": 1,
        "received_at": NOON,
        "created_at": NOON,
        **changes,
    }
    building = values.pop("building", None)
    if "model_version" not in values:
        values["model_version"] = make_model_version()
    call = PredictionRequest.objects.create(**values)
    made = PredictionInput.objects.create(
        request=call, position=0, features=facts(), building=building
    )
    PredictionOutput.objects.create(
        input=made, site_energy_use_kbtu=1.0, site_eui_kbtu_per_sqft=1.0, duration_ms=1.0
    )
    return made


def listed(api: APIClient, query: str = "") -> list[str]:
    answer = api.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.json()
    return [row["id"] for row in answer.json()["results"]]


def ids(*predictions: PredictionInput) -> list[str]:
    return [str(prediction.id) for prediction in predictions]


# -- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("created_after=", "created_after"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-11-24", "created_after"),
        ("created_after=2026-11-24T09:30:00", "created_after"),
        ("created_after=2026-11-24T09:30:00+01:00", "created_after"),  # a plus is a space
        ("created_after=2026-13-24T09:30:00Z", "created_after"),
        ("created_after=2026-11-24T25:30:00Z", "created_after"),
        ("created_after=2026-11-24T09:30:00%2B25:00", "created_after"),
        ("created_after=0001-01-01T00:00:00Z", "created_after"),
        ("created_before=9999-12-31T23:59:59Z", "created_before"),
        ("created_before=20261124T093000Z", "created_before"),
        ("created_before=2026-11-24T09:30:00Z%00", "created_before"),
        (
            "created_after=2026-11-24T09:30:00Z&created_before=2026-11-24T09:30:00Z",
            "created_after",
        ),
        ("model_version=0", "model_version"),
        ("model_version=-1", "model_version"),
        ("model_version=two", "model_version"),
        ("model_version=9999999999", "model_version"),
        ("ose_building_id=1.0", "ose_building_id"),
        ("outcome=gone", "outcome"),
        ("outcome=", "outcome"),
        ("channel=fax", "channel"),
        ("call=1", "call"),
        ("call=0199d3a05b1c7c3e9a533f2f6c2a7d10", "call"),
        ("request_id=a b", "request_id"),
        (f"request_id={'x' * 65}", "request_id"),
        ("request_id=x%0A", "request_id"),
        ("outcome=failed&outcome=answered", "outcome"),
        ("created_by=me", "created_by"),
        ("ordering=id", "ordering"),
    ],
)
def test_what_cannot_be_meant_is_refused(api: APIClient, query: str, name: str) -> None:
    answer = api.get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]


def test_an_unknown_parameter_is_told_the_nearest(api: APIClient) -> None:
    (error,) = api.get(URL, {"created_afer": "x"}).json()["errors"]
    assert "Did you mean `created_after`?" in error["detail"]


def test_a_bad_time_is_told_what_a_good_one_looks_like(api: APIClient) -> None:
    (error,) = api.get(f"{URL}?created_after=2026-11-24T09:30:00+01:00").json()["errors"]
    assert "2026-11-24T09:30:00Z" in error["detail"]
    assert "%2B" in error["detail"]


def made_up(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "position",
    [
        [],
        [1, 2],
        ["2026-11-24T09:30:00", MADE_UP],
        ["2026-11-24T09:30:00Z", "no-id"],
        ["yesterday", MADE_UP],
        ["2026-11-24T09:30:00Z"],
        [None, None],
        "2026",
    ],
)
def test_a_made_up_cursor_is_refused(
    api: APIClient, served: FakeServedModel, caller: User, position: Any
) -> None:
    ask(caller, 2)
    link = api.get(URL, {"page_size": 1}).json()["next"]
    (cursor,) = parse_qs(urlsplit(link).query)["cursor"]
    digest = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    answer = api.get(f"{URL}?cursor={made_up(digest, False, position)}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/cursor"


def test_a_cursor_of_other_filters_is_refused(
    api: APIClient, served: FakeServedModel, caller: User
) -> None:
    ask(caller, 2)
    link = api.get(f"{URL}?page_size=1&outcome=answered").json()["next"]
    for other in ("outcome=failed", "outcome=answered&units=si", ""):
        (cursor,) = parse_qs(urlsplit(link).query)["cursor"]
        answer = api.get(f"{URL}?page_size=1&cursor={cursor}&{other}")
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/cursor"
        assert "another list" in error["detail"]


# -- narrowed ------------------------------------------------------------------------------------


def test_by_time_from_the_first_to_before_the_second(api: APIClient, caller: User) -> None:
    early, late = (
        stored(caller, created_at=NOON),
        stored(caller, created_at=NOON + timedelta(seconds=1)),
    )
    assert listed(api) == ids(late, early)
    assert listed(api, "created_after=2026-11-24T12:00:00Z") == ids(late, early)
    assert listed(api, "created_after=2026-11-24T12:00:00.000001Z") == ids(late)
    assert listed(api, "created_before=2026-11-24T12:00:01Z") == ids(early)
    zone = quote("2026-11-24T13:00:01+01:00", safe="")
    assert listed(api, f"created_after={zone}") == ids(late)
    assert listed(api, "created_before=2026-11-24T12:00Z") == []
    assert listed(api, "ordering=created_at") == ids(early, late)


def test_the_time_shown_is_the_time_that_is_filtered_on(
    api: APIClient, served: FakeServedModel, caller: User
) -> None:
    ask(caller)
    (shown,) = api.get(URL).json()["results"]
    assert listed(api, f"created_after={shown['created_at']}") == [shown["id"]]
    assert listed(api, f"created_before={shown['created_at']}") == []


def test_by_model_version_building_channel_call_and_request_id(
    api: APIClient, caller: User
) -> None:
    version, other = make_model_version(version=70_001), make_model_version(version=70_002)
    building: Any = BuildingFactory()
    first = stored(caller, model_version=version, request_id="first", building=building)
    second = stored(caller, model_version=other, channel=Channel.COMMAND)
    assert listed(api, "model_version=70001") == ids(first)
    assert listed(api, "model_version=70003") == []
    assert listed(api, f"ose_building_id={building.ose_building_id}") == ids(first)
    assert listed(api, f"ose_building_id={building.ose_building_id + 1}") == []
    assert listed(api, "channel=command") == ids(second)
    assert listed(api, "channel=api") == ids(first)
    assert listed(api, f"call={first.request_id}") == ids(first)
    assert listed(api, "request_id=first") == ids(first)
    assert listed(api, "request_id=first&channel=command") == []


def test_by_outcome(api: APIClient, served: FakeServedModel, caller: User) -> None:
    def fail(rows: object) -> list:
        raise ValueError

    def die(rows: object) -> list:
        raise SystemExit

    (answered,) = ask(caller)
    served.answer = fail
    (failed,) = ask(caller)
    served.answer = die
    with pytest.raises(SystemExit):
        ask(caller)
    (missing,) = PredictionInput.objects.filter(output=None)
    assert listed(api, "outcome=answered") == ids(answered)
    assert listed(api, "outcome=failed") == ids(failed)
    assert listed(api, "outcome=no-output") == ids(missing)


def test_filters_never_show_what_is_another_callers(
    api: APIClient, served: FakeServedModel, api_for: Callable[[User], APIClient]
) -> None:
    other = api_caller_get_or_create(username="other")
    (theirs,) = ask(other, request_id="theirs")
    for query in (f"call={theirs.request_id}", "request_id=theirs", "outcome=answered"):
        assert listed(api, query) == []
        assert listed(api_for(make_user(is_staff=True)), query) == ids(theirs)


def test_pages_lead_on_and_back_through_one_call(
    api: APIClient, served: FakeServedModel, caller: User
) -> None:
    batch = ask(caller, 5)
    expected = sorted(ids(*batch), reverse=True)
    seen: list[str] = []
    url: str | None = f"{URL}?page_size=2&call={batch[0].request_id}"
    while url:
        page = api.get(url).json()
        last, url = page, page["next"]
        seen += [row["id"] for row in page["results"]]
    assert seen == expected
    back = api.get(last["previous"]).json()
    assert [row["id"] for row in back["results"]] == expected[2:4]
    answer = api.get(URL, {"page_size": 2})
    assert f'<{answer.json()["next"]}>; rel="next"' in answer["Link"]


def test_queries_are_as_many_whatever_the_page_holds(
    api: APIClient, served: FakeServedModel, caller: User, django_assert_num_queries: Any
) -> None:
    version = make_model_version().version
    for count in (0, 1, 20):
        if count:
            ask(caller, count)
        with django_assert_num_queries(2):
            api.get(f"{URL}?outcome=answered&units=si&created_after=2026-01-01T00:00:00Z")
        with django_assert_num_queries(3):  # the version's key first
            api.get(f"{URL}?model_version={version}")
