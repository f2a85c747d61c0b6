"""Paging visits every building once, in any order and format, forth and back."""

import csv
import io
import json
import random
import re
from typing import Any

import pytest
from rest_framework.test import APIClient

from buildings.api.views import BuildingPagination
from buildings.models import Building
from tests.buildings.factories import BenchmarkRecordFactory, BuildingFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/buildings/"
ORDERINGS = [
    sign + ordering.field for ordering in BuildingPagination.orderings for sign in ("", "-")
]
COLUMNS = {"gross_floor_area_sqft": "property_gfa_total_sqft"}


def buildings(count: int) -> None:
    """So many in no order, most of them sharing values, some without."""
    draw = random.Random(7)  # noqa: S311 -- no secret
    for number in draw.sample(range(1, 1000), count):
        building = BuildingFactory.create(
            ose_building_id=number, year_built=draw.choice([None, 1900, 1968])
        )
        facts = {
            "site_eui_kbtu_per_sqft": draw.choice([None, -1.5, 0.1, 0.1, 80.3, 1e-300, 1e300]),
            "site_energy_use_kbtu": draw.choice([None, 0.1 + 0.2, 0.3, 7e6]),
            "property_gfa_total_sqft": draw.choice([0.1, 1 / 3, 95_000.0]),
        }
        if draw.random() < 0.9:
            BenchmarkRecordFactory.create(building=building, **facts)


def expected(ordering: str, *, data_year: int | None) -> list[int]:
    """What plain Python makes of the table."""
    field, is_descending = ordering.removeprefix("-"), ordering.startswith("-")
    column = COLUMNS.get(field, field)
    rows = Building.objects.all()
    if data_year:
        rows = rows.filter(data_year=data_year)
    found = [
        (getattr(row, column), row.pk, row.ose_building_id)
        for row in rows
        if getattr(row, column) is not None
    ]
    return [number for _, _, number in sorted(found, reverse=is_descending)]


def page(api: APIClient, url: str, accept: str) -> tuple[list[int], str | None, str | None]:
    """Buildings of a page, and the links to the next and the previous one."""
    response = api.get(url, headers={"Accept": accept})
    assert response.status_code == 200, response.content
    links = {
        relation: url
        for url, relation in re.findall(r'<([^>]+)>; rel="(\w+)"', response.get("Link", ""))
    }
    found: list[Any]
    if accept == "text/csv":
        rows = csv.DictReader(io.StringIO(response.content.decode(), newline=""))
        found = [int(row["ose_building_id"]) for row in rows]
    else:
        document = json.loads(response.content)
        assert document["next"] == links.get("next")
        assert document["previous"] == links.get("prev")
        if accept == "application/json":
            found = [row["ose_building_id"] for row in document["results"]]
        else:
            found = [feature["id"] for feature in document["features"]]
    return found, links.get("next"), links.get("prev")


@pytest.mark.parametrize("data_year", [None, 2016])
@pytest.mark.parametrize(
    ("accept", "page_size", "count"),
    [
        ("application/json", 1, 13),
        ("application/json", 7, 40),
        ("application/geo+json", 10, 40),
        ("text/csv", 13, 40),
    ],
)
def test_every_building_is_visited_once_forth_and_back(
    api: APIClient, settings: Any, accept: str, page_size: int, count: int, data_year: int | None
) -> None:
    buildings(count)
    settings.RATE_LIMIT_REQUESTS_PER_MINUTE = 0
    for ordering in ORDERINGS:
        query = f"ordering={ordering}&page_size={page_size}"
        url: str | None = f"{URL}?{query}" + (f"&data_year={data_year}" if data_year else "")
        pages = []
        last = previous = None
        while url:
            found, following, previous = page(api, url, accept)
            pages.append(found)
            last, url = url, following
        visited = [number for found in pages for number in found]
        assert visited == expected(ordering, data_year=data_year), ordering
        assert last
        back = [pages[-1]]
        while previous:
            found, following, previous = page(api, previous, accept)
            assert following
            assert page(api, following, accept)[0] == back[0]
            back.insert(0, found)
        assert back == pages, ordering


def test_pages_stay_put_while_rows_come_and_go(api: APIClient) -> None:
    for number in (10, 20, 30, 40):
        BuildingFactory.create(ose_building_id=number)
    _, following, _ = page(api, f"{URL}?page_size=2", "application/json")
    assert following
    BuildingFactory.create(ose_building_id=5)
    Building.objects.filter(ose_building_id=20).delete()
    assert page(api, following, "application/json")[0] == [30, 40]


def test_page_that_has_become_empty_leads_back_to_the_last_one(api: APIClient) -> None:
    for number in (1, 2, 3):
        BuildingFactory.create(ose_building_id=number)
    _, following, _ = page(api, f"{URL}?page_size=2", "application/json")
    assert following
    Building.objects.filter(ose_building_id=3).delete()
    found, next_url, previous = page(api, following, "application/json")
    assert (found, next_url) == ([], None)
    assert previous
    found, next_url, previous = page(api, previous, "application/json")
    assert (found, next_url, previous) == ([1, 2], None, None)


def test_page_before_that_has_become_empty_leads_to_the_first_one(api: APIClient) -> None:
    for number in (1, 2, 3):
        BuildingFactory.create(ose_building_id=number)
    _, following, _ = page(api, f"{URL}?page_size=1", "application/json")
    assert following
    _, _, previous = page(api, following, "application/json")
    assert previous
    Building.objects.filter(ose_building_id=1).delete()
    found, next_url, no_previous = page(api, previous, "application/json")
    assert (found, no_previous) == ([], None)
    assert next_url
    assert page(api, next_url, "application/json")[0] == [2]


def test_more_ties_than_drf_can_page(api: APIClient) -> None:
    Building.objects.bulk_create(
        BuildingFactory.build(ose_building_id=number, year_built=1968) for number in range(1, 1203)
    )
    url: str | None = f"{URL}?ordering=-year_built&page_size=200"
    visited: list[int] = []
    while url:
        found, url, _ = page(api, url, "application/json")
        visited += found
    assert sorted(visited) == list(range(1, 1203))
