"""Buildings over HTTP, by the views alone: who calls and how errors are written is not theirs."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.urls import resolve, reverse
from django.urls.exceptions import Resolver404
from pytest_django import DjangoAssertNumQueries
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import exception_handler
from rest_framework.viewsets import GenericViewSet

from buildings.api import examples
from buildings.api.pagination import StrictQueryMixin
from buildings.api.views import BenchmarkViewSet, BuildingViewSet
from buildings.quality import RULES
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    BuildingFactory,
    DatasetImportFactory,
    PublishedRowFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("buildings.api.urls")]


class Alone(GenericViewSet[Any]):
    """DRF's own errors and callers instead of the project's."""

    authentication_classes = ()
    parser_classes = ()

    def get_exception_handler(self) -> Any:
        return exception_handler


class Views(Alone, BuildingViewSet):
    pass


class Benchmarks(Alone, BenchmarkViewSet):
    pass


def call(path: str, *, method: str = "get", is_known: bool = True) -> Response:
    request = APIRequestFactory().generic(method.upper(), path)
    if is_known:
        force_authenticate(request, User(username="caller"))
    match: Any = resolve(request.path)
    views: Any = Benchmarks if match.url_name == "benchmark" else Views
    response = views.as_view(match.func.actions)(request, **match.kwargs)
    assert isinstance(response, Response)
    return response.render()


def ids(response: Response) -> list[int]:
    assert response.status_code == 200, response.data
    return [row["ose_building_id"] for row in response.data["results"]]


# Refusals


@pytest.mark.parametrize("path", ["/buildings/", "/buildings/1/", "/benchmarks/"])
def test_unknown_caller_is_refused(path: str) -> None:
    assert call(path, is_known=False).status_code in {401, 403}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/buildings/", "/buildings/1/", "/benchmarks/"])
def test_nothing_can_be_written(path: str, method: str) -> None:
    assert call(path, method=method).status_code == 405


@pytest.mark.parametrize("ose_building_id", [0, 5, 2**31, 10**30])
def test_building_that_is_not_there_is_404(ose_building_id: int) -> None:
    response = call(f"/buildings/{ose_building_id}/")
    assert response.status_code == 404


@pytest.mark.parametrize("name", ["abc", "-1", "1.5"])
def test_identifier_is_a_whole_number(name: str) -> None:
    with pytest.raises(Resolver404):
        resolve(f"/buildings/{name}/")


def made_up(position: Any, *, digest: str | None = None, is_backward: Any = False) -> str:
    """A cursor of the plain list."""
    digest = digest or hashlib.blake2b(b"", digest_size=6).hexdigest()
    parts = json.dumps([digest, is_backward, position])
    return base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")


#: None is a position of the plain list, which is ordered by one whole number.
POSITIONS: tuple[Any, ...] = (
    *(None, 1, "1", {}, [], ["1"], [None], [True], [1.5], [1, 1], [[1]], [2**63], [10**40]),
    *([float("nan")], [float("inf")]),
)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("naighborhood=EAST", "naighborhood"),
        ("page=2", "page"),
        ("format=csv", "format"),
        ("neighborhood=EAST&neighborhood=WEST", "neighborhood"),
        *(
            (f"search={text}", "search")
            for text in ("", "%20", "ab", "%20ab%20", "%C3%A9", "ab%00c", "---", "x" * 101)
        ),
        *(
            (f"ordering={text}", "ordering")
            for text in ("", "x", "--year_built", "year_built,-year_built", "property_name", "key")
        ),
        *(
            (f"{name}={text}", name)
            for name in ("gross_floor_area_min", "site_eui_max")
            for text in (
                "",
                "x",
                "-1",
                "NaN",
                "inf",
                "1e400",
                "1_0",
                "%D9%A1",
                "0x1",
                "1e",
                "9" * 99,
            )
        ),
        *(
            (f"{name}={text}", name)
            for name in ("year_built_min", "data_year")
            for text in (
                "",
                "x",
                "-1",
                "1_999",
                "1999.0",
                "1e3",
                "%D9%A1",
                "9" * 99,
                "1799",
                "2101",
            )
        ),
        *(
            (f"{name}={text}", name)
            for name in ("is_synthetic", "has_quality_flags")
            for text in ("", "1", "True", "yes", "null")
        ),
        *(
            (f"{name}={text}", name)
            for name in (
                "primary_property_type",
                "building_type",
                "neighborhood",
                "quality_flag",
                "units",
            )
            for text in ("", "Hotle", "%00", "x" * 2000)
        ),
        ("neighborhood=SHARED:%20EAST%20%26%20WEST", "neighborhood"),
        ("neighborhood=EAST%0A", "neighborhood"),
        ("compliance_status=", "compliance_status"),
        ("year_built_min=2000&year_built_max=1999", "year_built_min"),
        ("gross_floor_area_min=2&gross_floor_area_max=1.5", "gross_floor_area_min"),
        ("quality_flag=emissions_differ&has_quality_flags=false", "has_quality_flags"),
        ("site_eui_min=1e2&site_eui_max=1e1&units=si", "site_eui_min"),
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
                "cD0x",  # p=1: a cursor of DRF's own
                "/////w%3D%3D",  # not text
                "é",
                "W1tbW1tb",  # [[[[[[
                "W10",  # []
                "W05hTl0",  # [NaN]
                "x" * 5000,
                made_up([1], is_backward="yes"),
                *(made_up(position) for position in POSITIONS),
            )
        ),
    ],
)
def test_bad_query_is_400_and_named(query: str, name: str) -> None:
    BenchmarkRecordFactory.create()
    response = call(f"/buildings/?{query}")
    assert response.status_code == 400
    assert list(response.data) == [name]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("ordering=site_eui_kbtu_per_sqft&cursor={}", [1e400, 1]),
        ("ordering=site_eui_kbtu_per_sqft&cursor={}", [1.5, 1.5]),
        ("ordering=year_built&cursor={}", [1999.5, 1]),
        ("ordering=year_built&cursor={}", [None, 1]),
    ],
)
def test_position_is_of_the_orderings_types(query: str, name: list[Any]) -> None:
    ordering = query.partition("&")[0]
    digest = hashlib.blake2b(ordering.encode(), digest_size=6).hexdigest()
    response = call(f"/buildings/?{query.format(made_up(name, digest=digest))}")
    assert response.status_code == 400
    assert "not valid" in str(response.data["cursor"])


@pytest.mark.parametrize(
    "change",
    [
        "ordering=-year_built",
        "ordering=year_built&neighborhood=EAST",
        "ordering=year_built&units=si",
        "",
    ],
)
def test_cursor_of_another_list_is_refused_by_name(change: str) -> None:
    for _ in range(3):
        BuildingFactory.create()
    first = call("/buildings/?ordering=year_built&page_size=1")
    cursor = parse_qs(urlsplit(first.data["next"]).query)["cursor"][0]
    assert call(f"/buildings/?ordering=year_built&page_size=2&cursor={cursor}").status_code == 200
    response = call(f"/buildings/?{change}&cursor={cursor}")
    assert response.status_code == 400
    assert "another list" in str(response.data["cursor"])


@pytest.mark.parametrize(
    ("query", "close"),
    [
        ("primary_property_type=Hotle", "`Hotel`"),
        ("building_type=non-residential", "`NonResidential`"),
        ("neighborhood=balard", "`BALLARD`"),
        ("quality_flag=emission_differs", "`emissions_differ`"),
        ("primary_property_type=qqqqqqqq", "`Warehouse`"),
    ],
)
def test_what_was_perhaps_meant_is_said_and_nothing_repeated(query: str, close: str) -> None:
    name, _, given = query.partition("=")
    said = str(call(f"/buildings/?{query}").data[name])
    assert close in said
    assert given not in said


def test_why_a_search_is_too_short_is_said() -> None:
    said = str(call("/buildings/?search=ab").data["search"])
    assert "3 characters" in said


def test_what_is_known_is_said() -> None:
    said = str(call("/buildings/?x=1").data["x"])
    for name in ("primary_property_type", "search", "ordering", "cursor", "page_size"):
        assert name in said


@pytest.mark.parametrize(
    ("query", "name"),
    [("page_size=2", "page_size"), ("include=", "include"), ("units=x", "units")],
)
def test_one_building_knows_its_own_parameters_only(query: str, name: str) -> None:
    building = BuildingFactory.create()
    response = call(f"/buildings/{building.ose_building_id}/?{query}")
    assert response.status_code == 400
    assert list(response.data) == [name]


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
        "latitude": 47.61,
        "longitude": -122.33,
        "year_built": 1968,
        "data_year": 2017,
        "building_type": "NonResidential",
        "primary_property_type": "Hospital",
        "gross_floor_area_sqft": 95_000.0,
        "energy_star_score": 58,
        "site_energy_use_kbtu": 7_200_000.0,
        "site_eui_kbtu_per_sqft": 80.0,
        "total_ghg_emissions_mtco2e": 197.84,
        "compliance_status": "Compliant",
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


@pytest.fixture
def three() -> None:
    """1: a hotel, then a hospital; 2: a flagged hotel of a campus; 31: never reported."""
    first = BuildingFactory.create(ose_building_id=1, property_name="A", address="Pine St")
    second = BuildingFactory.create(
        ose_building_id=2,
        property_name="Tower B",
        address="100 % B_C",
        neighborhood="EAST",
        year_built=1999,
    )
    BuildingFactory.create(
        ose_building_id=31,
        property_name="C é",
        address="Tower Way 100",
        neighborhood="SHARED: CENTRAL & EAST",
        year_built=None,
    )
    for year, kind in ((2016, "Hotel"), (2017, "Hospital")):
        BenchmarkRecordFactory.create(
            building=first,
            data_year=year,
            primary_property_type=kind,
            site_eui_kbtu_per_sqft=float(year),
            property_gfa_total_sqft=50_000.0,
            year_built=year - 100,
            quality_flags=["emissions_differ"] if year == 2016 else [],
        )
    BenchmarkRecordFactory.create(
        building=second,
        data_year=2017,
        building_type="Campus",
        compliance_status="Not Compliant",
        quality_flags=["emissions_differ", "site_eui_differs"],
        dataset_import=DatasetImportFactory.create(is_synthetic=False),
    )


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("primary_property_type=hospital", [1]),
        ("primary_property_type=Hotel", [2]),
        ("building_type=campus", [2]),
        ("neighborhood=East", [2]),
        ("neighborhood=ballard", []),
        ("neighborhood=shared:%20central%20%26%20east", [31]),
        ("compliance_status=not%20compliant", [2]),
        ("compliance_status=Something%20new", []),
        ("is_synthetic=true", [1]),
        ("is_synthetic=false", [2, 31]),
        ("quality_flag=EMISSIONS_DIFFER", [2]),
        ("has_quality_flags=true", [2]),
        ("has_quality_flags=true&quality_flag=emissions_differ", [2]),
        ("has_quality_flags=false", [1, 31]),
        ("year_built_min=1968", [1, 2]),
        ("year_built_min=1969", [2]),
        ("year_built_max=1968", [1]),
        ("gross_floor_area_max=5e4", [1]),
        ("gross_floor_area_min=50000.5", [2]),
        ("site_eui_min=80&site_eui_max=80.0", [2]),
        ("search=1", [1]),
        ("search=10", []),
        ("search=100", [2, 31]),
        ("search=tower", [2, 31]),
        ("search=PINE", [1]),
        ("search=a%20pine", [1]),
        ("search=100%20%25", [2]),
        ("search=100_%25", []),
        ("search=b_c", [2]),
        ("search=C%20%C3%A9", [31]),
        ("search=99999999999", []),
        ("search=2147483648", []),
        ("search=tower&neighborhood=EAST&primary_property_type=Hotel", [2]),
    ],
)
def test_filters_narrow_by_the_newest_year(query: str, found: list[int]) -> None:
    assert ids(call(f"/buildings/?{query}")) == found


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("data_year=2016", [1]),
        ("data_year=2017", [1, 2]),
        ("data_year=2015", []),
        ("data_year=2016&primary_property_type=Hotel", [1]),
        ("data_year=2016&primary_property_type=Hospital", []),
        ("data_year=2016&year_built_max=1916", [1]),
        ("data_year=2016&site_eui_min=2016&site_eui_max=2016", [1]),
        ("data_year=2016&quality_flag=emissions_differ", [1]),
        ("data_year=2016&has_quality_flags=false", []),
        ("data_year=2017&has_quality_flags=false", [1]),
        ("data_year=2017&has_quality_flags=true", [2]),
        ("data_year=2017&is_synthetic=true", [1]),
        ("data_year=2017&search=tower", [2]),
        ("data_year=2017&search=1", [1]),
        ("data_year=2017&neighborhood=east&compliance_status=not%20compliant", [2]),
        ("data_year=2017&ordering=-site_eui_kbtu_per_sqft", [1, 2]),
    ],
)
def test_filters_narrow_by_the_year_asked_for(query: str, found: list[int]) -> None:
    response = call(f"/buildings/?{query}")
    assert ids(response) == found
    year = int(query[10:14])
    assert {row["data_year"] for row in response.data["results"]} <= {year}


@pytest.mark.usefixtures("three")
def test_ordering_leaves_out_buildings_without_the_value() -> None:
    assert ids(call("/buildings/?ordering=year_built")) == [1, 2]
    assert ids(call("/buildings/?ordering=-year_built")) == [2, 1]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "data_year=2016",
        "ordering=-site_eui_kbtu_per_sqft",
        "quality_flag=emissions_differ",
        "search=example&has_quality_flags=true&units=si",
        "data_year=2016&search=example&quality_flag=emissions_differ",
    ],
)
def test_list_takes_one_query(
    query: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(10):
        BenchmarkRecordFactory.create(uses=2, quality_flags=["emissions_differ"])
    with django_assert_num_queries(1) as queries:
        assert len(ids(call(f"/buildings/?{query}"))) == 10
    assert "COUNT(" not in queries.captured_queries[0]["sql"]


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
    assert "as_published" not in records[0]


def test_record_says_where_it_is_from_and_what_is_wrong_with_it() -> None:
    record = BenchmarkRecordFactory.create(
        building__ose_building_id=7, quality_flags=["emissions_differ"], source_line_number=5
    )
    (found,) = call("/buildings/7/").data["records"]
    assert found["provenance"] == {
        "dataset_import_id": record.dataset_import_id,
        "file_name": "sample-benchmarking.csv",
        "sha256": record.dataset_import.sha256,
        "source_line_number": 5,
    }
    assert found["quality_flags"] == [
        {
            "code": "emissions_differ",
            "title": "Emissions are not what the year's factors make of the fuels",
        }
    ]


def test_every_quality_flag_has_a_title() -> None:
    codes = sorted(rule.code for rule in RULES)
    BenchmarkRecordFactory.create(building__ose_building_id=7, quality_flags=codes)
    (found,) = call("/buildings/7/").data["records"]
    assert [flag["code"] for flag in found["quality_flags"]] == codes


def test_row_as_published_comes_if_asked_for(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    building = BuildingFactory.create(ose_building_id=7)
    for year in (2016, 2017):
        record = BenchmarkRecordFactory.create(building=building, data_year=year, uses=1)
        PublishedRowFactory.create(record=record, cells=["7", f"=HYPERLINK({year})"])
    BenchmarkRecordFactory.create(building=building, data_year=2015)
    with django_assert_num_queries(3):
        records = call("/buildings/7/?include=published").data["records"]
    assert [record["as_published"] for record in records] == [
        {"OSEBuildingID": "7", "PropertyName": "=HYPERLINK(2017)"},
        {"OSEBuildingID": "7", "PropertyName": "=HYPERLINK(2016)"},
        None,
    ]


def test_examples_have_the_fields_of_the_answers() -> None:
    record = BenchmarkRecordFactory.create(uses=1, quality_flags=["emissions_differ"])
    one = call(reverse("building-detail", args=[record.building.ose_building_id])).data
    assert list(one) == list(examples.BUILDING)
    assert list(one["records"][0]) == list(examples.BUILDING["records"][0])
    assert list(one["records"][0]["uses"][0]) == list(examples.BUILDING["records"][0]["uses"][0])
    (row,) = call("/buildings/").data["results"]
    assert list(row) == list(examples.BUILDING_SUMMARY)
    (row,) = call("/buildings/?units=si").data["results"]
    assert sorted(row) == sorted(examples.BUILDING_SUMMARY_SI)
    for name in ("gross_floor_area_m2", "site_energy_use_kwh", "site_eui_kwh_per_m2"):
        assert row[name] == examples.BUILDING_SUMMARY_SI[name]
    benchmark = call("/benchmarks/?primary_property_type=Hotel").data
    assert list(benchmark) == list(examples.BENCHMARK)
    assert list(benchmark["site_eui_kbtu_per_sqft"]) == list(
        examples.BENCHMARK["site_eui_kbtu_per_sqft"]
    )


# Units


def test_list_in_si_units() -> None:
    BenchmarkRecordFactory.create()
    (row,) = call("/buildings/?units=si").data["results"]
    assert row["gross_floor_area_m2"] == 8825.7888
    assert row["site_energy_use_kwh"] == 2110111.705
    assert row["site_eui_kwh_per_m2"] == 252.3672596
    assert not [name for name in row if "sqft" in name or "kbtu" in name]


def test_building_in_si_units() -> None:
    record = BenchmarkRecordFactory.create(uses=1, site_eui_wn_kbtu_per_sqft=None)
    (found,) = call(f"/buildings/{record.building.ose_building_id}/?units=si").data["records"]
    names = [*found, *found["uses"][0]]
    assert not [name for name in names if "sqft" in name or "kbtu" in name or "therm" in name]
    assert found["property_gfa_total_m2"] == 8825.7888
    assert found["electricity_kwh"] == record.electricity_kwh
    assert found["natural_gas_kwh"] == 937827.4246
    assert found["ghg_emissions_intensity_kgco2e_per_m2"] == 22.38893367
    assert found["site_eui_wn_kwh_per_m2"] is None
    assert found["uses"][0]["gfa_m2"] == 929.0304


@pytest.mark.parametrize("eui", [80.0, 66.7, 0.1, 123.456789, 1e-7])
@pytest.mark.parametrize("year", ["", "&data_year=2016"])
def test_bound_taken_from_an_answer_in_si_finds_it_again(eui: float, year: str) -> None:
    record = BenchmarkRecordFactory.create(
        site_eui_kbtu_per_sqft=eui, property_gfa_total_sqft=eui * 1000
    )
    (row,) = call(f"/buildings/?units=si{year}").data["results"]
    for name, value in (
        ("site_eui", row["site_eui_kwh_per_m2"]),
        ("gross_floor_area", row["gross_floor_area_m2"]),
    ):
        found = call(f"/buildings/?units=si{year}&{name}_min={value}&{name}_max={value}")
        assert ids(found) == [record.building.ose_building_id]
        assert ids(call(f"/buildings/?units=si{year}&{name}_min={value * 1.001}")) == []


# Benchmarks


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "primary_property_type"),
        ("primary_property_type=Hotle", "primary_property_type"),
        ("primary_property_type=Hotel&site_eui=nan", "site_eui"),
        ("primary_property_type=Hotel&site_eui=1e400", "site_eui"),
        ("primary_property_type=Hotel&site_eui=", "site_eui"),
        ("primary_property_type=Hotel&data_year=16", "data_year"),
        (
            "primary_property_type=Hotel&gross_floor_area_min=2&gross_floor_area_max=1",
            "gross_floor_area_min",
        ),
        ("primary_property_type=Hotel&page_size=1", "page_size"),
        ("primary_property_type=Hotel&is_synthetic=1", "is_synthetic"),
    ],
)
def test_bad_question_about_peers_is_400_and_named(query: str, name: str) -> None:
    response = call(f"/benchmarks/?{query}")
    assert response.status_code == 400
    assert list(response.data) == [name]


def test_no_peers_are_answered_with_nulls() -> None:
    response = call("/benchmarks/?primary_property_type=hotel&site_eui=5")
    assert response.status_code == 200
    assert response.data["count"] == 0
    assert response.data["data_year"] is response.data["is_synthetic"] is None
    assert set(response.data["site_eui_kbtu_per_sqft"].values()) == {None}
    assert response.data["percentile_of_eui"] is response.data["links"]["buildings"] is None
    assert response.data["given_site_eui_kbtu_per_sqft"] == 5.0
    assert "Fewer than 5" in response.data["warning"]


def test_peers_in_both_units(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for eui in (10.0, 20.0, 40.0, 80.0, 160.0):
        BenchmarkRecordFactory.create(site_eui_kbtu_per_sqft=eui)
    with django_assert_num_queries(2):
        published = call("/benchmarks/?primary_property_type=HOTEL&site_eui=80").data
    si = call("/benchmarks/?primary_property_type=HOTEL&units=si&site_eui=252.3672596").data
    assert published["primary_property_type"] == "Hotel"
    assert published["warning"] is None
    assert published["site_eui_kbtu_per_sqft"] == {
        "minimum": 10.0,
        "p10": 14.0,
        "p25": 20.0,
        "median": 40.0,
        "p75": 80.0,
        "p90": 128.0,
        "maximum": 160.0,
        "mean": 62.0,
    }
    assert si["site_eui_kwh_per_m2"]["p75"] == 252.3672596
    assert si["given_site_eui_kwh_per_m2"] == 252.3672596
    assert si["percentile_of_eui"] == published["percentile_of_eui"] == 70.0


@pytest.mark.parametrize(
    "narrowed", ["", "&neighborhood=east", "&gross_floor_area_max=8000&units=si"]
)
def test_link_leads_to_the_peers(narrowed: str) -> None:
    for place, area in (("EAST", 1000.0), ("EAST", 90_000.0), ("NORTH", 2000.0)):
        BenchmarkRecordFactory.create(
            building__neighborhood=place, property_gfa_total_sqft=area, data_year=2017
        )
    BenchmarkRecordFactory.create(site_eui_kbtu_per_sqft=None, data_year=2017)
    BenchmarkRecordFactory.create(compliance_status="Missing Data", data_year=2017)
    BenchmarkRecordFactory.create(data_year=2016)
    benchmark = call(f"/benchmarks/?primary_property_type=Hotel{narrowed}").data
    listed = ids(call(benchmark["links"]["buildings"]))
    assert len(listed) == benchmark["count"] == (2 if narrowed else 3)


# For other apps' views


def test_list_without_filters_or_pages_knows_no_parameter() -> None:
    view = type("View", (StrictQueryMixin,), {"pagination_class": None})(action="list")
    assert view.known_query_parameters() == []
