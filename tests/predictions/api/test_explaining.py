"""Emission factor sets, restated emissions, explanations and what-if over HTTP."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from mlmodel.prediction import Caution
from predictions.models import PredictionExplanation, PredictionInput, PredictionOutput
from predictions.services import serving as serving_module
from predictions.services.accounts import api_caller_get_or_create
from predictions.services.serving import Serving
from tests.buildings.factories import BenchmarkRecordFactory, EmissionFactorSetFactory
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.factories import facts, make_model_version, make_user

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/predictions/"
OTHER = {"electricity": 1.0, "natural_gas": 2.0, "steam": 3.0}


def post(api: APIClient, body: Any, url: str = URL) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.generic("POST", url, content, "application/json")  # type: ignore[arg-type]


@pytest.fixture
def prediction(api: APIClient, served: FakeServedModel) -> dict[str, Any]:
    shown: dict[str, Any] = post(api, facts(number_of_floors=9)).json()
    return shown


@pytest.fixture
def stranger(api_for: Callable[[User], APIClient]) -> APIClient:
    return api_for(api_caller_get_or_create(username="stranger"))


@pytest.fixture
def reader(api_for: Callable[[User], APIClient], caller: User) -> APIClient:
    """The caller's own predictions, after the right to ask was taken away."""
    caller.groups.clear()
    return api_for(caller)


def stored_before(prediction: dict[str, Any]) -> str:
    """An output of the old form, as version 0.1 stored it; its prediction's URL."""
    original = PredictionInput.objects.get(pk=prediction["id"])
    old = PredictionInput.objects.create(
        request=original.request, position=1, features=original.features
    )
    PredictionOutput.objects.create(
        input=old,
        site_energy_use_kbtu=80.0 * 88434,
        site_eui_kbtu_per_sqft=80.0,
        duration_ms=1.0,
    )
    return f"{URL}{old.pk}/"


# -- emission factors ----------------------------------------------------------------------------


def test_without_any_emission_factors_503_and_nothing_stored(
    api: APIClient, served: FakeServedModel
) -> None:
    with connection.cursor() as cursor:
        for table in ("buildings_emissionfactor", "buildings_emissionfactorset"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; DELETE FROM {table}")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    answer = post(api, facts())
    assert answer.status_code == 503
    assert answer.json()["type"] == "/api/v1/problems/emission-factors-missing/"
    assert answer["Retry-After"] == "5"
    assert PredictionInput.objects.count() == 0
    assert api.get("/api/v1/emission-factor-sets/").json() == []


@pytest.mark.parametrize("slug", ["no-such-set", "seattle-2016-v2", "", "a b", "\0", "x" * 100])
def test_a_set_that_is_not_stored_is_refused(
    api: APIClient, prediction: dict[str, Any], slug: str
) -> None:
    for ask in (
        lambda: api.get(prediction["url"], {"emission_factor_set": slug}),
        lambda: api.post(
            f"{URL}?{urlencode({'emission_factor_set': slug})}", facts(), format="json"
        ),
    ):
        answer = ask()
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/emission_factor_set"
    assert PredictionInput.objects.count() == 1


def test_sets_are_listed_latest_first(
    api: APIClient, served: FakeServedModel, django_assert_num_queries: Any
) -> None:
    EmissionFactorSetFactory(name="seattle-2019", version=2, data_year=2019, factors=OTHER)
    with django_assert_num_queries(2):
        shown = api.get("/api/v1/emission-factor-sets/").json()
    assert [one["id"] for one in shown] == ["seattle-2019-v2", "seattle-2016-v1"]
    assert shown[0]["kgco2e_per_mbtu"] == OTHER
    assert shown[1]["data_year"] == 2016
    assert shown[1]["kgco2e_per_mbtu"] == {
        "electricity": 6.9714,
        "natural_gas": 53.11,
        "steam": 77.188,
    }
    assert "City of Seattle" in shown[1]["source"]


def test_a_prediction_by_other_factors_than_the_latest(
    api: APIClient, served: FakeServedModel
) -> None:
    EmissionFactorSetFactory(name="seattle-2019", version=1, data_year=2019, factors=OTHER)
    served.answer = lambda rows: [
        prediction_of(electricity_kbtu=3e6, natural_gas_kbtu=2e6, steam_kbtu=1e6)
    ]
    latest = post(api, facts()).json()
    chosen = post(api, facts(), f"{URL}?emission_factor_set=seattle-2016").json()
    assert latest["output"]["ghg_emissions_mtco2e"] == 10.0
    assert latest["output"]["emission_factor_set"]["id"] == "seattle-2019-v1"
    assert chosen["output"]["emission_factor_set"]["id"] == "seattle-2016-v1"
    assert chosen["output"]["is_restated"] is False
    assert api.get(chosen["url"]).json() == chosen
    building: Any = BenchmarkRecordFactory().building
    url = f"/api/v1/buildings/{building.ose_building_id}/predictions/"
    from_facts = post(api, b"", f"{url}?emission_factor_set=seattle-2016-v1").json()
    assert from_facts["output"]["emission_factor_set"]["id"] == "seattle-2016-v1"


def test_a_past_prediction_is_restated_without_the_model(
    api: APIClient, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.answer = lambda rows: [
        prediction_of(electricity_kbtu=3e6, natural_gas_kbtu=2e6, steam_kbtu=1e6)
    ]
    prediction = post(api, facts()).json()
    before = list(PredictionOutput.objects.values())
    EmissionFactorSetFactory(name="seattle-2019", version=1, data_year=2019, factors=OTHER)
    monkeypatch.setattr(serving_module, "_serving", None)
    restated = api.get(prediction["url"], {"emission_factor_set": "seattle-2019"}).json()
    output = restated["output"]
    assert output["is_restated"] is True
    assert output["ghg_emissions_mtco2e"] == 3.0 + 4.0 + 3.0
    assert output["intervals"]["80"]["ghg_emissions_mtco2e"] == [5.0, 20.0]
    assert output["intervals"]["90"]["ghg_emissions_mtco2e"] == [2.5, 40.0]
    assert output["emission_factor_set"]["id"] == "seattle-2019-v1"
    unchanged = {"site_energy_use_kbtu", "steam_kbtu", "support"}
    for name in unchanged:
        assert output[name] == prediction["output"][name]
    assert list(PredictionOutput.objects.values()) == before
    assert api.get(prediction["url"]).json() == prediction
    same = api.get(prediction["url"], {"emission_factor_set": "seattle-2016"}).json()
    assert same == prediction


def test_what_was_stored_before_fuels_were_predicted_is_shown_and_not_restated(
    api: APIClient, prediction: dict[str, Any]
) -> None:
    url = stored_before(prediction)
    shown = api.get(url).json()
    output = shown["output"]
    assert shown["warnings"] is None
    assert shown["sent"] is None
    energy, eui = output["site_energy_use_kbtu"], output["site_eui_kbtu_per_sqft"]
    assert (energy, eui) == (80.0 * 88434, 80.0)
    assert output["is_restated"] is False
    for name in ("electricity_kbtu", "ghg_emissions_mtco2e", "intervals", "support"):
        assert output[name] is None
    assert output["emission_factor_set"] is None
    assert [row["output"] is None for row in api.get(URL).json()["results"]] == [False, False]
    answer = api.get(url, {"emission_factor_set": "seattle-2016"})
    assert answer.status_code == 409
    assert answer.json()["type"] == "/api/v1/problems/unsuitable-prediction/"
    assert post(api, b"", f"{url}explanations/").status_code == 201
    changes = {"changes": {"gross_floor_area_sqft": 44217}}
    varied = post(api, changes, f"{url}what-if/").json()
    assert varied["difference"]["ghg_emissions_mtco2e"] is None
    assert varied["difference"]["site_energy_use_kbtu"] == -80.0 * 44217


def test_warnings_and_support_are_said(api: APIClient, served: FakeServedModel) -> None:
    served.answer = lambda rows: [
        prediction_of(
            electricity_kbtu=1.0, support=0.0, cautions=(Caution("year_built", "very old"),)
        )
    ]
    shown = post(api, facts()).json()
    assert shown["output"]["support"] == 0.0
    assert shown["warnings"] == [{"feature": "year_built", "detail": "very old"}]


# -- explanations --------------------------------------------------------------------------------


def explanations(prediction: dict[str, Any]) -> str:
    return f"{prediction['url']}explanations/"


def test_none_is_404_until_it_is_asked_for(api: APIClient, prediction: dict[str, Any]) -> None:
    assert api.get(explanations(prediction)).status_code == 404
    created = post(api, b"", explanations(prediction))
    assert created.status_code == 201
    again = post(api, b"{}", explanations(prediction))
    read = api.get(explanations(prediction))
    assert (again.status_code, read.status_code) == (200, 200)
    assert created.content == again.content == read.content
    shown = created.json()
    assert shown["prediction_id"] == prediction["id"]
    parts = sum(one["contribution_kbtu"] for one in shown["contributions"])
    assert shown["reference_kbtu"] + parts == pytest.approx(shown["site_energy_use_kbtu"])
    assert shown["site_energy_use_kbtu"] == prediction["output"]["site_energy_use_kbtu"]
    assert shown["contributions"][0] == {
        "feature": "gross_floor_area_sqft",
        "value": 88434,
        "reference_value": 50_000.0,
        "contribution_kbtu": pytest.approx(80 * 38434),
        "together_with": [],
    }
    assert shown["peers"] == {
        "data_year": None,
        "is_synthetic": None,
        "count": 0,
        "percentile": None,
        "nearest": [],
    }


@pytest.mark.parametrize("body", [b"[]", b'{"orders": 1000000}', b"null", b"{"])
def test_a_body_that_says_something_is_refused(
    api: APIClient, prediction: dict[str, Any], body: bytes
) -> None:
    answer = post(api, body, explanations(prediction))
    assert answer.status_code == 400
    assert PredictionExplanation.objects.count() == 0


def test_a_prediction_that_failed_is_409(api: APIClient, served: FakeServedModel) -> None:
    served.answer = lambda rows: []
    url = f"{URL}{post(api, facts()).json()['prediction_id']}/"
    for answer in (
        post(api, b"", f"{url}explanations/"),
        post(api, {"changes": {"year_built": 1990}}, f"{url}what-if/"),
    ):
        assert answer.status_code == 409
        assert answer.json()["type"] == "/api/v1/problems/unsuitable-prediction/"
    assert PredictionInput.objects.count() == 1


def test_a_version_that_cannot_be_had_again_is_409(
    api: APIClient, prediction: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        serving_module, "_serving", Serving(make_model_version(), FakeServedModel())
    )
    for answer in (
        post(api, b"", explanations(prediction)),
        post(api, {"changes": {"year_built": 1990}}, f"{prediction['url']}what-if/"),
    ):
        assert answer.status_code == 409
        assert answer.json()["type"] == "/api/v1/problems/model-version-gone/"
        assert "new prediction" in answer.json()["detail"]
    assert PredictionInput.objects.count() == 1


# -- what if -------------------------------------------------------------------------------------


def test_both_and_the_difference_are_answered(
    api: APIClient, caller: User, prediction: dict[str, Any]
) -> None:
    changes = {"gross_floor_area_sqft": 44217, "number_of_floors": None}
    answer = post(api, {"changes": changes}, f"{prediction['url']}what-if/")
    assert answer.status_code == 201
    shown = answer.json()
    assert shown["original"] == prediction
    assert shown["variation"]["what_if_of"] == prediction["id"]
    assert shown["variation"]["features"] == {**prediction["features"], **changes}
    assert shown["difference"]["site_energy_use_kbtu"] == -80.0 * 44217
    assert shown["difference"]["site_energy_use_percent"] == pytest.approx(-50)
    assert shown["difference"]["ghg_emissions_percent"] == pytest.approx(-50)
    assert answer["Location"] == shown["variation"]["url"]
    assert api.get(answer["Location"]).json() == shown["variation"]
    stored = PredictionInput.objects.get(pk=shown["variation"]["id"])
    assert str(stored.what_if_of_id) == prediction["id"]
    assert stored.request.caller == caller
    assert len(stored.request.body_sha256) == 64


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/changes"),
        ({"changes": {}}, "/changes"),
        ({"changes": None}, "/changes"),
        ({"changes": [1]}, "/changes"),
        ({"changes": {"year_built": 1990}, "more": 1}, "/more"),
        ({"changes": {"year_bilt": 1990}}, "/changes/year_bilt"),
        ({"changes": {"year_built": None}}, "/changes/year_built"),
        ({"changes": {"year_built": "1990"}}, "/changes/year_built"),
        ({"changes": {"year_built": 1700}}, "/changes/year_built"),
        ({"changes": {"has_steam": 1}}, "/changes/has_steam"),
        ({"changes": {"neighborhood": "Downtown"}}, "/changes/neighborhood"),
        ({"changes": {"latitude": 47.6}}, "/changes/longitude"),
        ({"changes": {"parking_gfa_sqft": 1e6}}, "/changes/parking_gfa_sqft"),
        (b'{"changes": {"gross_floor_area_sqft": NaN}}', "/changes/gross_floor_area_sqft"),
    ],
)
def test_changes_are_read_as_strictly_as_features(
    api: APIClient, prediction: dict[str, Any], served: FakeServedModel, body: Any, pointer: str
) -> None:
    answer = post(api, body, f"{prediction['url']}what-if/")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert PredictionInput.objects.count() == 1
    assert len(served.seen) == 1


# -- who may -------------------------------------------------------------------------------------


def test_nobody_learns_of_another_ones_predictions(
    stranger: APIClient, api: APIClient, prediction: dict[str, Any]
) -> None:
    post(api, b"", explanations(prediction))
    for answer in (
        stranger.get(prediction["url"], {"emission_factor_set": "seattle-2016"}),
        stranger.get(explanations(prediction)),
        post(stranger, b"", explanations(prediction)),
        post(stranger, {"changes": {"year_built": 1990}}, f"{prediction['url']}what-if/"),
    ):
        assert answer.status_code == 404
        assert prediction["id"] not in answer.content.decode()
    assert PredictionInput.objects.count() == 1


def test_who_may_only_read_asks_for_nothing(
    api: APIClient, prediction: dict[str, Any], reader: APIClient
) -> None:
    assert post(reader, b"", explanations(prediction)).status_code == 403
    changes = {"changes": {"year_built": 1990}}
    assert post(reader, changes, f"{prediction['url']}what-if/").status_code == 403
    assert reader.get(prediction["url"]).status_code == 200
    assert reader.get(explanations(prediction)).status_code == 404


def test_staff_see_and_vary_what_others_asked(
    api_for: Callable[[User], APIClient], prediction: dict[str, Any]
) -> None:
    staff = api_for(make_user(is_staff=True, is_superuser=True))
    assert post(staff, b"", explanations(prediction)).status_code == 201
    changes = {"changes": {"year_built": 1990}}
    varied = post(staff, changes, f"{prediction['url']}what-if/").json()
    mine = PredictionInput.objects.get(pk=varied["variation"]["id"])
    assert mine.request.caller_name != "caller"


def test_queries_are_few(
    api: APIClient, prediction: dict[str, Any], django_assert_num_queries: Any
) -> None:
    BenchmarkRecordFactory()
    # token; prediction; explanation; year and kind, statistics, nearest; BEGIN, INSERT, COMMIT;
    # read again
    with django_assert_num_queries(10):
        post(api, b"", explanations(prediction))
    with django_assert_num_queries(3):
        api.get(explanations(prediction))
    # token; original; factors; BEGIN, 2 INSERTs, COMMIT; BEGIN, INSERT, COMMIT
    with django_assert_num_queries(10):
        post(api, {"changes": {"year_built": 1990}}, f"{prediction['url']}what-if/")
    with django_assert_num_queries(3):
        api.get(prediction["url"], {"emission_factor_set": "seattle-2016"})
