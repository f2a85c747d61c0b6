"""JSON, GeoJSON and CSV, negotiated, through the whole service."""

import csv
import io
import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from buildings.api import examples
from tests.buildings.factories import BenchmarkRecordFactory, BuildingFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/buildings/"
FORMATS = ("application/json", "application/geo+json", "text/csv")


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


# Refusals


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/xml", "application/json;q=0", "*/*;q=0", "csv", "", ";", ",,"],
)
def test_other_formats_are_406(api: APIClient, accept: str) -> None:
    response = api.get(URL, headers={"Accept": accept})
    assert response.status_code == 406
    assert response["Content-Type"] == "application/problem+json"
    for media_type in FORMATS:
        assert media_type in response.json()["detail"]


@pytest.mark.parametrize("accept", ["text/csv", "application/geo+json"])
@pytest.mark.parametrize("path", ["/api/v1/buildings/1/", "/api/v1/benchmarks/"])
def test_only_the_list_has_other_formats(api: APIClient, path: str, accept: str) -> None:
    response = api.get(path, headers={"Accept": accept})
    assert response.status_code == 406
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("accept", FORMATS)
@pytest.mark.parametrize(
    ("path", "status"), [(f"{URL}?x=1", 400), (f"{URL}?cursor=x", 400), (f"{URL}?page_size=0", 400)]
)
def test_errors_are_problem_documents_whatever_is_accepted(
    api: APIClient, path: str, status: int, accept: str
) -> None:
    response = api.get(path, headers={"Accept": accept})
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["status"] == status


@pytest.mark.parametrize("accept", FORMATS)
def test_unknown_caller_gets_a_problem_document(accept: str) -> None:
    response = APIClient().get(URL, headers={"Accept": accept})
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["status"] == 401


def test_only_lines_come_by_the_thousand(api: APIClient) -> None:
    query = f"{URL}?page_size=201"
    assert api.get(query, headers={"Accept": "text/csv"}).status_code == 200
    assert api.get(query, headers={"Accept": "application/geo+json"}).status_code == 400
    assert api.get(f"{URL}?page_size=2001", headers={"Accept": "text/csv"}).status_code == 400


# What all have


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/geo+json", "application/geo+json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv, application/json;q=0.5", "text/csv; charset=utf-8"),
        ("application/json;q=0.5, text/csv", "text/csv; charset=utf-8"),
        ("application/json; charset=utf-8", "application/json"),
        ("text/*", "text/csv; charset=utf-8"),
        ("application/*", "application/json"),
        ("application/json;q=0, */*;q=0.1", "application/geo+json"),
        ("TEXT/CSV;q=1.0, application/json;q=0.999", "text/csv; charset=utf-8"),
        ("text/html, */*;q=0.8", "application/json"),
    ],
)
def test_format_is_negotiated(api: APIClient, accept: str | None, content_type: str) -> None:
    BenchmarkRecordFactory.create()
    response = api.get(URL, headers={"Accept": accept} if accept else {})
    assert response.status_code == 200
    assert response["Content-Type"] == content_type
    assert "Accept" in [name.strip() for name in response["Vary"].split(",")]


def test_refusal_of_a_format_varies_too(api: APIClient) -> None:
    assert "Accept" in api.get(URL, headers={"Accept": "text/html"})["Vary"]


@pytest.mark.parametrize("accept", FORMATS)
def test_link_header_leads_on_and_back(api: APIClient, accept: str) -> None:
    for number in (1, 2, 3):
        BuildingFactory.create(ose_building_id=number)
    first = api.get(f"{URL}?page_size=1", headers={"Accept": accept})
    assert first["Link"].count("rel=") == 1
    url, _, relation = first["Link"].partition("; ")
    assert relation == 'rel="next"'
    second = api.get(url.strip("<>"), headers={"Accept": accept})
    assert 'rel="next"' in second["Link"]
    assert 'rel="prev"' in second["Link"]
    assert "Link" not in api.get(URL, headers={"Accept": accept})


# GeoJSON


def geojson(api: APIClient, query: str = "") -> dict[str, Any]:
    response = api.get(f"{URL}{query}", headers={"Accept": "application/geo+json"})
    collection: dict[str, Any] = json.loads(response.content)
    return collection


def test_feature_is_a_building_on_the_map(api: APIClient) -> None:
    BenchmarkRecordFactory.create(building__ose_building_id=7)
    collection = geojson(api)
    assert list(collection) == list(examples.FEATURE_COLLECTION)
    assert collection["type"] == "FeatureCollection"
    (feature,) = collection["features"]
    assert feature["type"] == "Feature"
    assert feature["id"] == 7
    assert feature["geometry"] == {"type": "Point", "coordinates": [-122.33, 47.61]}
    assert feature["properties"] == api.get(URL).json()["results"][0]


@pytest.mark.parametrize(("latitude", "longitude"), [(None, None), (47.6, None), (None, -122.0)])
def test_building_of_unknown_place_has_no_geometry(
    api: APIClient, latitude: float | None, longitude: float | None
) -> None:
    BuildingFactory.create(latitude=latitude, longitude=longitude)
    (feature,) = geojson(api)["features"]
    assert feature["geometry"] is None


def test_collection_without_buildings_is_empty(api: APIClient) -> None:
    assert geojson(api)["features"] == []
    assert geojson(api)["next"] is None


# CSV


def test_lines_have_the_fields_of_the_list(api: APIClient) -> None:
    BenchmarkRecordFactory.create(
        building__ose_building_id=7, building__longitude=-122.5, energy_star_score=None
    )
    response = api.get(URL, headers={"Accept": "text/csv"})
    header, line = lines(response.content)
    assert header == list(examples.BUILDING_SUMMARY)
    cells = dict(zip(header, line, strict=True))
    assert cells["ose_building_id"] == "7"
    assert cells["longitude"] == "-122.5"
    assert cells["energy_star_score"] == ""
    assert cells["is_synthetic"] == "true"
    assert response.content.endswith(b"\r\n")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment")


def test_header_names_units(api: APIClient) -> None:
    (header,) = lines(api.get(f"{URL}?units=si", headers={"Accept": "text/csv"}).content)
    assert {"gross_floor_area_m2", "site_energy_use_kwh", "site_eui_kwh_per_m2"} <= set(header)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_formulas_are_inert(api: APIClient, start: str) -> None:
    name = f'{start}HYPERLINK("http://example.org","x")'
    BuildingFactory.create(property_name=name)
    header, line = lines(api.get(URL, headers={"Accept": "text/csv"}).content)
    assert dict(zip(header, line, strict=True))["property_name"] == f"'{name}"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", 'Say "x", y', "Two\r\nlines", "é ²"])
def test_names_are_data_in_every_format(api: APIClient, name: str) -> None:
    BuildingFactory.create(property_name=name)
    response = api.get(URL, headers={"Accept": "text/csv"})
    header, line = lines(response.content)
    assert dict(zip(header, line, strict=True))["property_name"] == name
    assert geojson(api)["features"][0]["properties"]["property_name"] == name
    assert api.get(URL).json()["results"][0]["property_name"] == name


def test_formula_stays_as_it_is_in_json(api: APIClient) -> None:
    BuildingFactory.create(property_name="=1+1")
    assert api.get(URL).json()["results"][0]["property_name"] == "=1+1"
