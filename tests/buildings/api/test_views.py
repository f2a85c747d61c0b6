"""Buildings over HTTP, by the views alone: who calls and how errors are written is not theirs."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import resolve, reverse
from django.urls.exceptions import Resolver404
from pytest_django import DjangoAssertNumQueries
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import exception_handler

from buildings.api import examples
from buildings.api.pagination import StrictCursorPagination, StrictQueryMixin
from buildings.api.views import BuildingViewSet
from tests.buildings.factories import BenchmarkRecordFactory, BuildingFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("buildings.api.urls")]


class Views(BuildingViewSet):
    """The view, with DRF's own errors and callers instead of the project's."""

    authentication_classes = ()
    parser_classes = ()

    def get_exception_handler(self) -> Any:
        return exception_handler


def call(path: str, *, method: str = "get", is_known: bool = True) -> Response:
    request = APIRequestFactory().generic(method.upper(), path)
    if is_known:
        force_authenticate(request, User(username="caller"))
    match = resolve(request.path)
    action = "list" if match.url_name == "building-list" else "retrieve"
    response = Views.as_view({"get": action})(request, **match.kwargs)
    assert isinstance(response, Response)
    return response.render()


def ids(response: Response) -> list[int]:
    assert response.status_code == 200, response.data
    return [row["ose_building_id"] for row in response.data["results"]]


# Refusals


@pytest.mark.parametrize("path", ["/buildings/", "/buildings/1/"])
def test_unknown_caller_is_refused(path: str) -> None:
    assert call(path, is_known=False).status_code in {401, 403}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/buildings/", "/buildings/1/"])
def test_nothing_can_be_written(path: str, method: str) -> None:
    assert call(path, method=method).status_code == 405


@pytest.mark.parametrize("ose_building_id", [0, 5, 2**31, 10**30])
def test_building_that_is_not_there_is_404(ose_building_id: int) -> None:
    response = call(f"/buildings/{ose_building_id}/")
    assert response.status_code == 404
    assert str(ose_building_id) in str(response.data["detail"])


@pytest.mark.parametrize("name", ["abc", "-1", "1.5"])
def test_identifier_is_a_whole_number(name: str) -> None:
    with pytest.raises(Resolver404):
        resolve(f"/buildings/{name}/")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("naighborhood=EAST", "naighborhood"),
        ("page=2", "page"),
        ("ordering=year_built", "ordering"),
        ("neighborhood=EAST&neighborhood=WEST", "neighborhood"),
        ("search=%00", "search"),
        *(
            (f"page_size={text}", "page_size")
            for text in ("0", "-1", "201", "x", "", "1_0", "%D9%A1", "1.5", "9" * 5000)
        ),
        *(
            (f"cursor={text}", "cursor")
            for text in (
                "",
                "x",
                "!!!!",
                "cD1hYmM%3D",  # p=abc
                "cD0lMDA%3D",  # p=%00
                "bz0tMQ%3D%3D",  # o=-1
                "bz05OTk5",  # o=9999
                "cT0x",  # q=1
                "cj14",  # r=x
                "/////w%3D%3D",  # not text
                "é",
            )
        ),
    ],
)
def test_bad_query_is_400_and_named(query: str, name: str) -> None:
    BenchmarkRecordFactory.create()
    response = call(f"/buildings/?{query}")
    assert response.status_code == 400
    assert list(response.data) == [name]


def test_what_is_known_is_said() -> None:
    said = str(call("/buildings/?x=1").data["x"])
    for name in ("primary_property_type", "search", "cursor", "page_size"):
        assert name in said


def test_one_building_takes_no_query() -> None:
    building = BuildingFactory.create()
    response = call(f"/buildings/{building.ose_building_id}/?page_size=2")
    assert response.status_code == 400
    assert "None is known here" in str(response.data["page_size"])


# Lists


def test_list_is_in_order_of_identifiers_with_newest_facts() -> None:
    high = BuildingFactory.create(ose_building_id=20)
    BuildingFactory.create(ose_building_id=3)
    for year, kind in ((2016, "Hotel"), (2017, "Hospital")):
        BenchmarkRecordFactory.create(building=high, data_year=year, primary_property_type=kind)
    response = call("/buildings/")
    assert ids(response) == [3, 20]
    assert response.data["next"] is response.data["previous"] is None
    assert response.data["results"][1] == {
        "ose_building_id": 20,
        "property_name": high.property_name,
        "address": high.address,
        "neighborhood": "DOWNTOWN",
        "year_built": 1968,
        "data_year": 2017,
        "building_type": "NonResidential",
        "primary_property_type": "Hospital",
        "gross_floor_area_sqft": 95_000.0,
        "is_synthetic": True,
    }
    assert response.data["results"][0]["data_year"] is None


def test_pages_follow_one_another_and_back() -> None:
    for number in range(1, 6):
        BuildingFactory.create(ose_building_id=number)
    first = call("/buildings/?page_size=2")
    second = call(first.data["next"])
    third = call(second.data["next"])
    assert [ids(page) for page in (first, second, third)] == [[1, 2], [3, 4], [5]]
    assert third.data["next"] is None
    assert ids(call(third.data["previous"])) == [3, 4]
    assert ids(call(second.data["previous"])) == [1, 2]


def test_page_is_50_long_and_200_at_most() -> None:
    for number in range(1, 203):
        BuildingFactory.create(ose_building_id=number)
    assert len(ids(call("/buildings/"))) == 50
    assert len(ids(call("/buildings/?page_size=200"))) == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("primary_property_type=hospital", [1]),
        ("primary_property_type=Hotel", [2]),
        ("building_type=Campus", [2]),
        ("neighborhood=East", [2]),
        ("neighborhood=WEST", []),
        ("neighborhood=", [1, 2, 31]),
        ("search=1", [1, 31]),
        ("search=tower", [2, 31]),
        ("search=PINE", [1]),
        ("search=99999999999", []),
        ("search=tower&neighborhood=EAST&primary_property_type=Hotel", [2]),
    ],
)
def test_filters_narrow_by_the_newest_year(query: str, found: list[int]) -> None:
    first = BuildingFactory.create(ose_building_id=1, property_name="A", address="Pine St")
    second = BuildingFactory.create(
        ose_building_id=2, property_name="Tower B", address="B", neighborhood="EAST"
    )
    BuildingFactory.create(ose_building_id=31, property_name="C", address="Tower Way 1")
    for year, kind in ((2016, "Hotel"), (2017, "Hospital")):
        BenchmarkRecordFactory.create(building=first, data_year=year, primary_property_type=kind)
    BenchmarkRecordFactory.create(building=second, building_type="Campus")
    assert ids(call(f"/buildings/?{query}")) == found


def test_list_takes_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(10):
        BenchmarkRecordFactory.create(uses=2)
    with django_assert_num_queries(1):
        assert len(ids(call("/buildings/"))) == 10


# One building


def test_building_has_its_facts_and_records(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    building = BuildingFactory.create(ose_building_id=7)
    for year in (2016, 2018, 2017):
        BenchmarkRecordFactory.create(building=building, data_year=year, uses=2)
    with django_assert_num_queries(3):
        response = call("/buildings/7/")
    assert response.status_code == 200
    assert response.data["tax_parcel_identification_number"] == (
        building.tax_parcel_identification_number
    )
    records = response.data["records"]
    assert [record["data_year"] for record in records] == [2018, 2017, 2016]
    assert records[0]["site_energy_use_kbtu"] == 7_200_000.0
    assert records[0]["energy_star_score"] == 58
    assert records[0]["is_synthetic"] is True
    assert [use["rank"] for use in records[0]["uses"]] == [1, 2]


def test_examples_have_the_fields_of_the_answers() -> None:
    record = BenchmarkRecordFactory.create(uses=1)
    one = call(reverse("building-detail", args=[record.building.ose_building_id])).data
    assert list(one) == list(examples.BUILDING)
    assert list(one["records"][0]) == list(examples.BUILDING["records"][0])
    assert list(one["records"][0]["uses"][0]) == list(examples.BUILDING["records"][0]["uses"][0])
    assert list(call("/buildings/").data["results"][0]) == list(examples.BUILDING_SUMMARY)


# For other apps' views


def test_list_without_filters_or_pages_knows_no_parameter() -> None:
    view = type("View", (StrictQueryMixin,), {"pagination_class": None})(action="list")
    assert view.known_query_parameters() == []


def test_errors_of_the_data_are_not_blamed_on_the_caller() -> None:
    class Broken:
        def order_by(self, *fields: str) -> None:
            raise ValueError("a defect")

    class Pages(StrictCursorPagination):
        ordering = "id"

    request = Request(APIRequestFactory().get("/"))
    with pytest.raises(ValueError, match="a defect"):
        Pages().paginate_queryset(Broken(), request)


def test_list_without_page_size_parameter_knows_only_the_cursor() -> None:
    pages = type("Fixed", (StrictCursorPagination,), {"page_size_query_param": None})
    view = type("View", (StrictQueryMixin,), {"pagination_class": pages})(action="list")
    assert view.known_query_parameters() == ["cursor"]
