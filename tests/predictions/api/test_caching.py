"""ETags, what caches may keep, and X-Request-ID on every answer."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from predictions.models import PredictionInput, PredictionOutput
from predictions.services.accounts import api_caller_get_or_create
from tests.buildings.factories import BenchmarkRecordFactory
from tests.fakes import FakeServedModel
from tests.predictions.factories import facts

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/predictions/"


def post(api: APIClient, body: Any, url: str = URL) -> Any:
    return api.generic("POST", url, json.dumps(body), "application/json")


@pytest.fixture
def url(api: APIClient, served: FakeServedModel) -> str:
    """Of a prediction."""
    found: str = post(api, facts()).json()["url"]
    return found


def test_an_unknown_etag_gets_the_object(api: APIClient, url: str) -> None:
    whole = api.get(url)
    for known in ('"other"', "nonsense", "", 'W/"x"', whole["ETag"].strip('"')):
        again = api.get(url, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (200, whole.content)


def test_what_the_caller_has_is_not_sent_again(api: APIClient, url: str) -> None:
    whole = api.get(url)
    etag = whole["ETag"]
    assert etag.startswith('"')
    assert whole["Cache-Control"] == "private, no-cache"
    assert "Authorization" in whole["Vary"]
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        again = api.get(url, headers={"If-None-Match": known, "X-Request-ID": "asked-again"})
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == etag
        assert again["Cache-Control"] == "private, no-cache"
        assert again["X-Request-ID"] == "asked-again"
        assert "Content-Type" not in again


def test_anothers_etag_opens_nothing(
    api: APIClient, url: str, api_for: Callable[[User], APIClient]
) -> None:
    stranger = api_for(api_caller_get_or_create(username="stranger"))
    for known in (api.get(url)["ETag"], "*"):
        assert stranger.get(url, headers={"If-None-Match": known}).status_code == 404


def test_units_and_factors_have_etags_of_their_own(api: APIClient, url: str) -> None:
    etags = {api.get(f"{url}{query}")["ETag"] for query in ("", "?units=si")}
    assert len(etags) == 2
    same = api.get(f"{url}?emission_factor_set=seattle-2016", headers={"If-None-Match": "*"})
    assert same["ETag"] in etags


def test_an_output_that_is_stored_later_changes_the_etag(
    api: APIClient, served: FakeServedModel
) -> None:
    def die(rows: object) -> list:
        raise SystemExit

    served.answer = die
    with pytest.raises(SystemExit):
        post(api, facts())
    stored = PredictionInput.objects.get()
    url = f"{URL}{stored.id}/"
    before = api.get(url)["ETag"]
    PredictionOutput.objects.create(
        input=stored, site_energy_use_kbtu=1.0, site_eui_kbtu_per_sqft=1.0, duration_ms=1.0
    )
    assert api.get(url, headers={"If-None-Match": before}).status_code == 200


def test_explanations_versions_and_buildings_have_etags_too(
    api: APIClient, served: FakeServedModel, url: str
) -> None:
    post(api, {}, f"{url}explanations/")
    building: Any = BenchmarkRecordFactory().building
    for path in (
        f"{url}explanations/",
        api.get(url).json()["links"]["model_version"],
        "/api/v1/models/current/",
        f"/api/v1/buildings/{building.ose_building_id}/",
    ):
        etag = api.get(path)["ETag"]
        assert api.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_lists_new_answers_and_errors_are_kept_by_no_cache(api: APIClient, url: str) -> None:
    for answer in (
        api.get(URL),
        post(api, facts()),
        post(api, {}),
        api.get(f"{URL}?nonsense=1"),
        post(api, {}, f"{url}explanations/"),
        api.get("/api/v1/buildings/"),
        api.get("/api/v1/models/"),
        api.get("/api/v1/emission-factor-sets/"),
    ):
        assert answer["Cache-Control"] == "no-store"
        assert "ETag" not in answer


def test_not_modified_costs_no_more_queries(
    api: APIClient, url: str, django_assert_num_queries: Any
) -> None:
    etag = api.get(url)["ETag"]
    with django_assert_num_queries(2):
        api.get(url, headers={"If-None-Match": etag})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", URL, 200),
        ("POST", URL, 201),
        ("PUT", URL, 405),
        ("GET", f"{URL}?nonsense=1", 400),
        ("GET", f"{URL}0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10/", 404),
        ("GET", "/api/v1/nowhere/", 404),
        ("GET", "/nowhere/", 404),
        ("GET", f"{URL}export/", 200),
        ("GET", "/api/v1/models/", 200),
        ("GET", "/api/v1/schema/", 200),
        ("GET", "/api/v1/docs/", 200),
        ("GET", "/api/v1/redoc/", 200),
        ("GET", "/livez", 200),
        ("GET", "/readyz", 200),
        ("GET", "/", 302),
        ("GET", "/admin/", 302),
        ("GET", "/admin/login/", 200),
        ("GET", "/static/nothing.css", 404),
    ],
)
def test_every_answer_has_the_request_id(
    api: APIClient, served: FakeServedModel, method: str, path: str, status: int
) -> None:
    headers = {"X-Request-ID": "asked-for", "Accept": "*/*"}
    answer = api.generic(method, path, json.dumps(facts()), "application/json", headers=headers)
    assert answer.status_code == status
    assert answer["X-Request-ID"] == "asked-for"
    own = Client().get(path)["X-Request-ID"]
    assert len(own) == 36
