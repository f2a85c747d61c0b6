"""POST and GET predictions: answers, rows, isolation, query budgets."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from rest_framework.test import APIClient

from mlmodel.features import FEATURES
from predictions.models import PredictionInput, PredictionOutput, PredictionRequest
from predictions.services.accounts import api_caller_get_or_create
from tests.buildings.factories import BenchmarkRecordFactory, BuildingFactory
from tests.fakes import FakeServedModel
from tests.predictions.factories import facts, make_user

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/predictions/"


def post(api: APIClient, body: Any, url: str = URL, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.generic("POST", url, content, "application/json", headers=headers)  # type: ignore[arg-type]  # bytes too


def test_without_a_served_model_503_and_nothing_stored(api: APIClient) -> None:
    answer = post(api, facts())
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Retry-After"] == "5"
    assert answer.json()["type"] == "/api/v1/problems/model-unavailable/"
    assert PredictionRequest.objects.count() == 0


def test_a_database_that_is_down_answers_503(
    api: APIClient, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_: object) -> None:
        raise OperationalError("connection to server at 10.0.0.1 failed")

    monkeypatch.setattr("predictions.api.authentication.token_admit", down)
    answer = post(api, facts())
    assert answer.status_code == 503
    assert answer.json()["type"] == "/api/v1/problems/database-unavailable/"
    assert b"10.0.0.1" not in answer.content


def test_a_failing_model_answers_500_and_is_on_the_record(
    api: APIClient, served: FakeServedModel
) -> None:
    def fail(rows: object) -> list:
        raise ValueError("boom")

    served.answer = fail
    answer = post(api, facts())
    assert answer.status_code == 500
    problem = answer.json()
    stored = PredictionInput.objects.get()
    assert problem["type"] == "/api/v1/problems/prediction-failed/"
    assert (problem["prediction_id"], problem["code"]) == (str(stored.id), "model-failure")
    assert b"boom" not in answer.content
    read = api.get(f"{URL}{stored.id}/").json()
    assert (read["output"], read["error_code"]) == (None, "model-failure")


def test_a_prediction_is_answered_and_stored(
    api: APIClient, caller: User, served: FakeServedModel
) -> None:
    body = json.dumps(facts(number_of_floors=12, has_steam=True)).encode()
    answer = post(api, body, **{"X-Request-ID": "my-id-1"})
    assert answer.status_code == 201
    assert answer["X-Request-ID"] == "my-id-1"
    shown = answer.json()
    assert answer["Location"] == shown["url"] == f"http://testserver{URL}{shown['id']}/"
    energy, emissions = 80.0 * 88434, 88434 * (60 * 6.9714 + 20 * 53.11) / 1e6
    assert shown["output"] == {
        "site_energy_use_kbtu": energy,
        "site_eui_kbtu_per_sqft": 80.0,
        "electricity_kbtu": 60.0 * 88434,
        "natural_gas_kbtu": 20.0 * 88434,
        "steam_kbtu": 0.0,
        "ghg_emissions_mtco2e": pytest.approx(emissions),
        "intervals": {
            "80": {
                "site_energy_use_kbtu": [energy / 2, energy * 2],
                "ghg_emissions_mtco2e": pytest.approx([emissions / 2, emissions * 2]),
            },
            "90": {
                "site_energy_use_kbtu": [energy / 4, energy * 4],
                "ghg_emissions_mtco2e": pytest.approx([emissions / 4, emissions * 4]),
            },
        },
        "emission_factor_set": {
            "id": "seattle-2016-v1",
            "name": "seattle-2016",
            "version": 1,
            "data_year": 2016,
        },
        "is_restated": False,
        "support": 0.5,
    }
    assert shown["warnings"] == []
    assert shown["what_if_of"] is None
    assert (shown["error_code"], shown["ose_building_id"]) == (None, None)
    assert list(shown["features"]) == [feature.name for feature in FEATURES]
    assert shown["features"]["has_steam"] is True
    assert shown["features"]["energy_star_score"] is None

    call = PredictionRequest.objects.get()
    assert (call.caller, call.request_id, call.channel) == (caller, "my-id-1", "api")
    assert call.body_sha256 == hashlib.sha256(body).hexdigest()
    assert shown["model"] == {
        "name": call.model_version.name,
        "version": call.model_version.version,
    }
    assert len(call.token_prefix) == 8
    assert PredictionOutput.objects.get().site_energy_use_kbtu == 80.0 * 88434


def test_reading_it_again_gives_the_same_bytes(api: APIClient, served: FakeServedModel) -> None:
    answer = post(api, facts())
    assert api.get(answer.json()["url"]).content == answer.content


def test_every_documented_example_is_accepted(api: APIClient, served: FakeServedModel) -> None:
    body = {feature.name: feature.example for feature in FEATURES}
    answer = post(api, body)
    assert answer.status_code == 201
    assert answer.json()["features"] == body


def test_one_sees_ones_own_and_staff_see_all(
    api: APIClient, served: FakeServedModel, api_for: Callable[[User], APIClient]
) -> None:
    mine = post(api, facts()).json()["id"]
    other = api_for(api_caller_get_or_create(username="other"))
    theirs = post(other, facts()).json()["id"]
    staff = api_for(make_user(is_staff=True))
    assert [row["id"] for row in api.get(URL).json()["results"]] == [mine]
    assert [row["id"] for row in staff.get(URL).json()["results"]] == [theirs, mine]
    assert api.get(f"{URL}{theirs}/").status_code == 404
    assert staff.get(f"{URL}{theirs}/").status_code == 200


def test_an_input_without_output_is_shown_as_such(api: APIClient, served: FakeServedModel) -> None:
    def die(rows: object) -> list:
        raise SystemExit

    served.answer = die
    with pytest.raises(SystemExit):
        post(api, facts())
    (row,) = api.get(URL).json()["results"]
    assert (row["output"], row["error_code"]) == (None, None)


def test_pages_are_newest_first_and_bounded(api: APIClient, served: FakeServedModel) -> None:
    ids = [post(api, facts()).json()["id"] for _ in range(3)]
    first = api.get(URL, {"page_size": "2"}).json()
    assert [row["id"] for row in first["results"]] == ids[:0:-1]
    second = api.get(first["next"]).json()
    assert [row["id"] for row in second["results"]] == ids[:1]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query", [{"page_size": "many"}, {"page_size": "0"}, {"page_size": "201"}, {"nonsense": "1"}]
)
def test_a_query_parameter_that_means_nothing_is_refused(api: APIClient, query: dict) -> None:
    answer = api.get(URL, query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(query))}"


def test_who_may_only_read_cannot_predict(
    served: FakeServedModel, api_for: Callable[[User], APIClient]
) -> None:
    reader = api_for(make_user())
    answer = post(reader, facts())
    assert answer.status_code == 403
    assert "api_client" in answer.json()["detail"]
    assert reader.get(URL).status_code == 200
    assert served.seen == []


def test_queries_a_request_are_few_and_fixed(
    api: APIClient, served: FakeServedModel, django_assert_num_queries: Any
) -> None:
    # token; factors; BEGIN, INSERT call, INSERT inputs, COMMIT; BEGIN, INSERT outputs, COMMIT
    with django_assert_num_queries(9):
        prediction = post(api, facts()).json()
    with django_assert_num_queries(2):
        api.get(prediction["url"])
    for _ in range(3):
        with django_assert_num_queries(2):
            api.get(URL)
        post(api, facts())


class TestFromStoredFacts:
    """POST buildings/{ose_building_id}/predictions/"""

    def url(self, number: int) -> str:
        return f"/api/v1/buildings/{number}/predictions/"

    def test_no_such_building_is_404(self, api: APIClient, served: FakeServedModel) -> None:
        assert post(api, b"", self.url(1)).status_code == 404
        assert PredictionRequest.objects.count() == 0

    def test_a_building_without_a_record_is_409(
        self, api: APIClient, served: FakeServedModel
    ) -> None:
        building: Any = BuildingFactory()
        answer = post(api, b"", self.url(building.ose_building_id))
        assert answer.status_code == 409
        assert answer.json()["type"] == "/api/v1/problems/incomplete-facts/"
        assert PredictionRequest.objects.count() == 0

    @pytest.mark.parametrize("body", [b"", b"{}"])
    def test_the_latest_record_is_used(
        self, api: APIClient, served: FakeServedModel, body: bytes
    ) -> None:
        building: Any = BuildingFactory(year_built=1927)
        for year, area in ((2016, 88434), (2015, 70000)):
            BenchmarkRecordFactory(
                building=building,
                data_year=year,
                property_gfa_total_sqft=area,
                primary_property_type="Hotel",
            )
        answer = post(api, body, self.url(building.ose_building_id))
        assert answer.status_code == 201
        shown = answer.json()
        assert shown["ose_building_id"] == building.ose_building_id
        assert shown["features"]["gross_floor_area_sqft"] == 88434
        assert shown["features"]["year_built"] == 1927
        assert PredictionInput.objects.get().building == building
        assert api.get(shown["url"]).content == answer.content

    @pytest.mark.parametrize("body", [b"[]", b'{"year_built": 1990}', b"null", b"{"])
    def test_a_body_that_says_something_is_refused(
        self, api: APIClient, served: FakeServedModel, body: bytes
    ) -> None:
        building: Any = BenchmarkRecordFactory().building
        answer = post(api, body, self.url(building.ose_building_id))
        assert answer.status_code == 400
        assert answer.json()["errors"]
        assert PredictionRequest.objects.count() == 0

    def test_who_may_only_read_cannot(
        self, served: FakeServedModel, api_for: Callable[[User], APIClient]
    ) -> None:
        building: Any = BenchmarkRecordFactory().building
        answer = post(api_for(make_user()), b"", self.url(building.ose_building_id))
        assert answer.status_code == 403


def test_models_are_listed_newest_first(
    api: APIClient, served: FakeServedModel, django_assert_num_queries: Any
) -> None:
    from tests.predictions.factories import make_model_version

    newer = make_model_version(version=100_000)
    with django_assert_num_queries(2):
        shown = api.get("/api/v1/models/").json()
    assert shown[0]["version"] == newer.version
    assert [row["alias"] for row in shown] == [None, "champion"]
