"""`units`: members by their unit's name, in and out, and what is kept of it."""

import json
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from mlmodel.features import FEATURES
from mlmodel.prediction import Caution
from predictions.api import examples
from predictions.models import PredictionInput, PredictionRequest
from predictions.units import features_in
from tests.buildings.factories import BenchmarkRecordFactory
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.factories import facts

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/predictions/"
SI_URL = f"{URL}?units=si"
SI_FACTS = {"primary_property_type": "Hotel", "gross_floor_area_m2": 8215.8, "year_built": 1927}


def post(api: APIClient, body: Any, url: str = URL) -> Any:
    return api.generic("POST", url, json.dumps(body), "application/json")


def refused(answer: Any) -> dict[str, tuple[str, str]]:
    """What was refused: detail and code by pointer."""
    assert answer.status_code == 400
    assert PredictionRequest.objects.count() == 0
    return {error["pointer"]: (error["detail"], error["code"]) for error in answer.json()["errors"]}


def names_of(data: Any) -> set[str]:
    if isinstance(data, list):
        return set().union(*map(names_of, data))
    if isinstance(data, dict):
        return set(data).union(*map(names_of, data.values()))
    return set()


# -- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "wrong", "right"),
    [
        (URL, "gross_floor_area_m2", "gross_floor_area_sqft"),
        (SI_URL, "gross_floor_area_sqft", "gross_floor_area_m2"),
    ],
)
def test_both_units_at_once_are_refused(
    api: APIClient, served: FakeServedModel, url: str, wrong: str, right: str
) -> None:
    body = {**SI_FACTS, **facts()}
    errors = refused(post(api, body, url))
    assert list(errors) == [f"/{wrong}"]
    detail, code = errors[f"/{wrong}"]
    assert code == "other-units"
    assert f"`{right}`" in detail


@pytest.mark.parametrize(
    ("url", "body", "wrong", "missing"),
    [
        (URL, SI_FACTS, "gross_floor_area_m2", "gross_floor_area_sqft"),
        (SI_URL, facts(), "gross_floor_area_sqft", "gross_floor_area_m2"),
    ],
)
def test_a_member_of_the_other_units_is_refused_by_name(
    api: APIClient, served: FakeServedModel, url: str, body: Any, wrong: str, missing: str
) -> None:
    errors = refused(post(api, body, url))
    assert {pointer: code for pointer, (_, code) in errors.items()} == {
        f"/{wrong}": "other-units",
        f"/{missing}": "required",
    }


def test_a_misspelt_member_is_told_the_nearest_of_these_units(
    api: APIClient, served: FakeServedModel
) -> None:
    errors = refused(post(api, {**SI_FACTS, "parking_gfa_m": 1}, SI_URL))
    assert "`parking_gfa_m2`" in errors["/parking_gfa_m"][0]


def test_bounds_are_said_in_the_units_asked_for(api: APIClient, served: FakeServedModel) -> None:
    errors = refused(post(api, {**SI_FACTS, "gross_floor_area_m2": 92}, SI_URL))
    assert errors["/gross_floor_area_m2"] == (
        "Must be from 92.90304 to 1,393,545.6 m².",
        "out-of-range",
    )


def test_conflicts_name_members_of_the_units_asked_for(
    api: APIClient, served: FakeServedModel
) -> None:
    body = {**SI_FACTS, "parking_gfa_m2": 9000, "second_largest_property_use_type_gfa_m2": 10}
    errors = refused(post(api, body, SI_URL))
    assert set(errors) == {"/parking_gfa_m2", "/second_largest_property_use_type_gfa_m2"}
    assert "gross_floor_area_m2" in errors["/parking_gfa_m2"][0]


@pytest.mark.parametrize("units", ["", "metric", "published", "us&units=si"])
def test_units_that_are_not_known_are_refused(
    api: APIClient, served: FakeServedModel, units: str
) -> None:
    assert "/units" in refused(post(api, facts(), f"{URL}?units={units}"))


def test_what_if_names_members_of_the_units_asked_for(
    api: APIClient, served: FakeServedModel
) -> None:
    url = f"{post(api, facts()).json()['url']}what-if/?units=si"
    answer = post(api, {"changes": {"gross_floor_area_sqft": 50_000}}, url)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/changes/gross_floor_area_sqft", "other-units")
    answer = post(api, {"changes": {"parking_gfa_m2": 9000}}, url)
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/changes/parking_gfa_m2", "conflict")
    assert "gross_floor_area_m2" in error["detail"]
    assert PredictionInput.objects.count() == 1


@pytest.mark.parametrize("sent", [{}, {"units": "si"}, {"units": "metric", "members": {}}])
def test_the_database_keeps_no_units_that_it_does_not_know(
    api: APIClient, served: FakeServedModel, sent: Any
) -> None:
    post(api, facts())
    stored = PredictionInput.objects.get()
    with pytest.raises(IntegrityError, match="predictioninput_sent_units_known"):
        PredictionInput.objects.create(request=stored.request, position=1, features={}, sent=sent)


# -- answered ------------------------------------------------------------------------------------


def test_si_in_and_out_and_ft2_to_the_model(api: APIClient, served: FakeServedModel) -> None:
    answer = post(api, SI_FACTS, SI_URL)
    assert answer.status_code == 201
    shown = answer.json()
    ((row,),) = served.seen
    assert row["gross_floor_area_sqft"] == pytest.approx(8215.8 / 0.09290304, rel=1e-9)
    assert shown["features"]["gross_floor_area_m2"] == 8215.8
    output = shown["output"]
    assert output["site_eui_kwh_per_m2"] == 252.3672596
    assert output["site_energy_use_kwh"] == pytest.approx(252.3672596 * 8215.8)
    low, high = output["intervals"]["80"]["site_energy_use_kwh"]
    assert (low, high) == pytest.approx(
        (output["site_energy_use_kwh"] / 2, output["site_energy_use_kwh"] * 2)
    )
    assert not [name for name in names_of(shown) if name.endswith(("_sqft", "_kbtu"))]
    kept = PredictionInput.objects.get()
    assert kept.sent == {"units": "si", "members": SI_FACTS}
    assert shown["sent"] == kept.sent
    assert "gross_floor_area_m2" not in kept.features
    assert api.get(f"{shown['url']}?units=si").content == answer.content


def test_the_same_prediction_in_both_units(api: APIClient, served: FakeServedModel) -> None:
    si = post(api, SI_FACTS, SI_URL).json()
    us = api.get(si["url"]).json()
    assert us["sent"] == si["sent"]
    assert us["output"]["site_eui_kbtu_per_sqft"] == 80.0
    assert us["output"]["ghg_emissions_mtco2e"] == si["output"]["ghg_emissions_mtco2e"]
    (listed,) = api.get(SI_URL).json()["results"]
    assert listed == si


def test_a_round_trip_through_si_is_exact(api: APIClient, served: FakeServedModel) -> None:
    body = facts(parking_gfa_sqft=12_345.5)
    first = post(api, body).json()
    shown = api.get(f"{first['url']}?units=si").json()
    again = {name: value for name, value in shown["features"].items() if value is not None}
    post(api, again, SI_URL)
    second, original = PredictionInput.objects.order_by("-id")
    assert second.features == original.features


def test_bounds_themselves_are_accepted_in_si(api: APIClient, served: FakeServedModel) -> None:
    for area, kept in ((92.90304, 1_000), (1_393_545.6, 15_000_000)):
        assert post(api, {**SI_FACTS, "gross_floor_area_m2": area}, SI_URL).status_code == 201
        assert served.seen[-1][0]["gross_floor_area_sqft"] == kept


def test_every_feature_in_si(api: APIClient, served: FakeServedModel) -> None:
    body = {feature.name: feature.example for feature in features_in("si")}
    answer = post(api, body, SI_URL)
    assert answer.status_code == 201
    assert list(answer.json()["features"]) == [feature.name for feature in features_in("si")]
    assert len(body) == len(FEATURES)


def test_from_stored_facts_nothing_was_sent(api: APIClient, served: FakeServedModel) -> None:
    building: Any = BenchmarkRecordFactory(property_gfa_total_sqft=100_000).building
    url = f"/api/v1/buildings/{building.ose_building_id}/predictions/?units=si"
    shown = post(api, {}, url).json()
    assert shown["sent"] is None
    assert shown["features"]["gross_floor_area_m2"] == 9290.304
    assert api.get(shown["links"]["building"]).json()["ose_building_id"] == (
        building.ose_building_id
    )


def test_explanations_in_si(api: APIClient, served: FakeServedModel) -> None:
    BenchmarkRecordFactory(
        primary_property_type="Hotel",
        property_gfa_total_sqft=100_000,
        compliance_status="Compliant",
    )
    prediction = post(api, facts()).json()
    us = post(api, {}, prediction["links"]["explanations"]).json()
    si = post(api, {}, f"{prediction['links']['explanations']}?units=si").json()
    assert si == api.get(f"{prediction['links']['explanations']}?units=si").json()
    assert si["reference"]["gross_floor_area_m2"] == 4645.152
    area = next(one for one in si["contributions"] if one["feature"] == "gross_floor_area_m2")
    same = next(one for one in us["contributions"] if one["feature"] == "gross_floor_area_sqft")
    assert area["value"] == 8215.787439
    assert area["reference_value"] == 4645.152
    assert area["contribution_kwh"] == pytest.approx(same["contribution_kbtu"] / 3.412141633)
    assert not [name for name in names_of(si) if name.endswith(("_sqft", "_kbtu"))]
    total = si["reference_kwh"] + sum(one["contribution_kwh"] for one in si["contributions"])
    assert total == pytest.approx(si["site_energy_use_kwh"], rel=1e-8)


def test_what_if_in_si(api: APIClient, served: FakeServedModel) -> None:
    original = post(api, SI_FACTS, SI_URL).json()
    changes = {"gross_floor_area_m2": 4107.9}
    answer = post(api, {"changes": changes}, f"{original['links']['what_if']}?units=si")
    assert answer.status_code == 201
    shown = answer.json()
    assert shown["original"] == original
    assert shown["variation"]["features"]["gross_floor_area_m2"] == 4107.9
    assert shown["variation"]["sent"] == {"units": "si", "members": changes}
    assert shown["variation"]["links"]["original"] == original["links"]["self"]
    assert shown["difference"]["site_energy_use_kwh"] == pytest.approx(
        -original["output"]["site_energy_use_kwh"] / 2
    )
    assert shown["difference"]["site_energy_use_percent"] == pytest.approx(-50.0)
    assert "site_energy_use_kbtu" not in shown["difference"]


# -- assumptions, warnings, links ----------------------------------------------------------------


def test_every_missing_feature_is_an_assumption_and_no_other(
    api: APIClient, served: FakeServedModel
) -> None:
    shown = post(api, facts(parking_gfa_sqft=0, has_steam=False, neighborhood=None)).json()
    assert shown["assumptions"] == [
        {"feature": feature.name, "treatment": feature.absent}
        for feature in FEATURES
        if not feature.is_required and feature.name not in ("parking_gfa_sqft", "has_steam")
    ]
    si = api.get(f"{shown['url']}?units=si").json()
    assert [one["feature"] for one in si["assumptions"]] == [
        feature.name
        for feature in features_in("si")
        if not feature.is_required and feature.name not in ("parking_gfa_m2", "has_steam")
    ]


def test_warnings_name_features_of_the_units_asked_for(
    api: APIClient, served: FakeServedModel
) -> None:
    served.answer = lambda rows: [
        prediction_of(cautions=(Caution("gross_floor_area_sqft", "unusually high"),))
    ]
    shown = post(api, SI_FACTS, SI_URL).json()
    assert shown["warnings"] == [{"feature": "gross_floor_area_m2", "detail": "unusually high"}]


def test_links_lead_somewhere(api: APIClient, served: FakeServedModel) -> None:
    building: Any = BenchmarkRecordFactory().building
    url = f"/api/v1/buildings/{building.ose_building_id}/predictions/"
    original = post(api, {}, url).json()
    shown = post(api, {"changes": {"has_steam": None}}, original["links"]["what_if"]).json()
    links = shown["variation"]["links"]
    assert links["self"] == shown["variation"]["url"]
    post(api, {}, links["explanations"])
    for name, link in links.items():
        expected = 405 if name == "what_if" else 200
        assert api.get(link).status_code == expected, name
    assert api.get(links["original"]).json()["id"] == original["id"]
    assert [row["id"] for row in api.get(links["call"]).json()["results"]] == [
        shown["variation"]["id"]
    ]


# -- documented examples and the admin -----------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "body", "example"),
    [
        (URL, examples.FACTS, examples.PREDICTION),
        (SI_URL, examples.FACTS_SI, examples.PREDICTION_SI),
    ],
)
def test_documented_examples_are_answered_as_they_say(
    api: APIClient, served: FakeServedModel, url: str, body: Any, example: Any
) -> None:
    shown = post(api, body, url).json()
    assert list(shown) == list(example)
    assert names_of(shown) - names_of(shown["features"]) == (
        names_of(example) - names_of(example["features"]) - set(body)
    ) | {"members"} - set(body) | (names_of(shown["sent"]) - set(shown["features"]))
    for member in ("sent", "assumptions"):
        assert shown[member] == example[member]
    assert {name: shown["features"][name] for name in body} == example["features"]


def test_the_documented_variation_is_answered(api: APIClient, served: FakeServedModel) -> None:
    original = post(api, examples.FACTS).json()
    answer = post(api, examples.CHANGES, original["links"]["what_if"])
    assert answer.status_code == 201
    assert list(answer.json()["variation"]) == list(examples.WHAT_IF["variation"])
    assert list(answer.json()["difference"]) == list(examples.WHAT_IF["difference"])


def test_the_admin_shows_what_was_sent(
    api: APIClient, served: FakeServedModel, admin_browser: Client
) -> None:
    post(api, SI_FACTS, SI_URL)
    stored = PredictionInput.objects.get()
    page = admin_browser.get(reverse("admin:predictions_predictioninput_change", args=[stored.id]))
    text = page.content.decode()
    assert "gross_floor_area_m2" in text
    assert "8215.8" in text
