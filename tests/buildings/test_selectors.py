"""What is read, in which order, and in how many queries."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from buildings.models import BenchmarkRecord, Building
from buildings.selectors.buildings import (
    BuildingFilters,
    building_get,
    building_list,
    building_search,
)
from buildings.selectors.imports import dataset_import_latest
from buildings.selectors.peers import PEERS, PeerCriteria, benchmark_get
from buildings.selectors.records import benchmark_record_latest, training_records
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    BuildingFactory,
    DatasetImportFactory,
)

pytestmark = pytest.mark.django_db


def test_unknown_building_raises() -> None:
    with pytest.raises(Building.DoesNotExist):
        building_get(ose_building_id=1)


def test_nothing_yet_is_none() -> None:
    assert benchmark_record_latest(building=BuildingFactory.create()) is None
    assert dataset_import_latest() is None
    assert list(training_records(data_year=2016, is_synthetic=None)) == []


def test_list_has_the_facts_of_the_newest_year(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    second, first = (
        BuildingFactory.create(ose_building_id=9),
        BuildingFactory.create(ose_building_id=3),
    )
    for year, kind in ((2016, "Hotel"), (2018, "Hospital"), (2017, "Other")):
        BenchmarkRecordFactory.create(building=second, data_year=year, primary_property_type=kind)
    with django_assert_num_queries(1):
        first_found, second_found = building_list()
    assert [first_found, second_found] == [first, second]
    facts = ("data_year", "primary_property_type", "property_gfa_total_sqft", "is_synthetic")
    assert [getattr(second_found, name) for name in facts] == [2018, "Hospital", 95_000.0, True]
    assert [getattr(first_found, name) for name in facts] == [None, "", None, False]


@pytest.mark.parametrize(
    ("year", "kind", "floor_area"), [(None, "Hospital", 2.0), (2016, "Hotel", 1.0)]
)
def test_search_has_the_same_fields_from_either_table(
    year: int | None,
    kind: str,
    floor_area: float,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    building = BuildingFactory.create(ose_building_id=9)
    BuildingFactory.create(ose_building_id=10)
    for number, (data_year, use) in enumerate(((2016, "Hotel"), (2018, "Hospital")), start=1):
        BenchmarkRecordFactory.create(
            building=building,
            data_year=data_year,
            primary_property_type=use,
            property_gfa_total_sqft=number,
        )
    with django_assert_num_queries(1):
        rows = {
            row["ose_building_id"]: row
            for row in building_search(filters=BuildingFilters(data_year=year))
        }
    assert set(rows) == ({9, 10} if year is None else {9})
    assert rows[9]["key"] == building.pk
    assert rows[9]["property_name"] == building.property_name
    assert rows[9]["primary_property_type"] == kind
    assert rows[9]["gross_floor_area_sqft"] == floor_area
    (other,) = building_search(filters=BuildingFilters(data_year=2018))
    assert rows[9].keys() == other.keys()


@pytest.mark.parametrize("year", [None, 2016])
def test_search_too_short_for_a_text_finds_nothing_but_an_id(year: int | None) -> None:
    BenchmarkRecordFactory.create(building__ose_building_id=7, building__property_name="X7")
    found = [
        building_search(filters=BuildingFilters(search=text, data_year=year)).count()
        for text in ("X7", "7", "8", "")
    ]
    assert found == [0, 1, 0, 0]


def test_building_comes_with_its_records_newest_first(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    building = BuildingFactory.create()
    for year in (2016, 2018, 2017):
        BenchmarkRecordFactory.create(building=building, data_year=year, uses=2)
    with django_assert_num_queries(1):
        assert building_get(ose_building_id=building.ose_building_id) == building
    with django_assert_num_queries(3):
        found = building_get(ose_building_id=building.ose_building_id, with_records=True)
        years = [
            (record.data_year, len(record.uses.all()), record.dataset_import.is_synthetic)
            for record in found.records.all()
        ]
    assert years == [(2018, 2, True), (2017, 2, True), (2016, 2, True)]


def test_latest_record_comes_with_building_and_uses(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    building = BuildingFactory.create()
    for year in (2016, 2018, 2017):
        BenchmarkRecordFactory.create(building=building, data_year=year, uses=3)
    BenchmarkRecordFactory.create(data_year=2020)
    with django_assert_num_queries(2):
        record = benchmark_record_latest(building=building)
        assert record is not None
        assert record.data_year == 2018
        assert record.building.property_name == building.property_name
        assert [use.rank for use in record.uses.all()] == [1, 2, 3]


def test_training_records_are_ordered_and_chosen_by_label(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    real = DatasetImportFactory.create(is_synthetic=False)
    high, low = (
        BuildingFactory.create(ose_building_id=10),
        BuildingFactory.create(ose_building_id=5),
    )
    for building, year in ((high, 2016), (low, 2017), (low, 2016)):
        BenchmarkRecordFactory.create(
            building=building, data_year=year, dataset_import=real, uses=1
        )
    made_up = BenchmarkRecordFactory.create(uses=1)

    with django_assert_num_queries(2):
        found = [
            (
                record.building.ose_building_id,
                record.data_year,
                len(record.uses.all()),
                record.dataset_import.sha256,
            )
            for record in training_records(data_year=2016, is_synthetic=False)
        ]
    digest = real.sha256
    assert found == [(5, 2016, 1, digest), (10, 2016, 1, digest)]
    assert list(training_records(data_year=2016, is_synthetic=True)) == [made_up]
    assert training_records(data_year=2016, is_synthetic=None).count() == 3
    assert BenchmarkRecord.objects.count() == 4


def test_latest_import_is_the_last_one() -> None:
    DatasetImportFactory.create()
    last = DatasetImportFactory.create()
    assert dataset_import_latest() == last


# Peers


def peers(*euis: float | None, **facts: object) -> None:
    for eui in euis:
        BenchmarkRecordFactory.create(site_eui_kbtu_per_sqft=eui, **facts)


def hotels(**narrowed: object) -> PeerCriteria:
    return PeerCriteria(primary_property_type="Hotel", **narrowed)  # type: ignore[arg-type]


def test_no_peer_is_a_count_of_zero(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        benchmark = benchmark_get(criteria=hotels(data_year=2016), site_eui=5.0)
    assert (benchmark.count, benchmark.median, benchmark.percentile) == (0, None, None)
    assert benchmark.criteria == hotels(data_year=2016)


def test_only_compliant_records_of_the_use_with_energy_are_peers() -> None:
    peers(10.0, 20.0, 40.0)
    peers(None, 0.0, -5.0)
    peers(1000.0, compliance_status="Not Compliant")
    peers(1000.0, primary_property_type="Hospital")
    peers(1000.0, data_year=2015)
    benchmark = benchmark_get(criteria=hotels())
    assert benchmark.count == 3
    assert benchmark.criteria == hotels(data_year=2016, is_synthetic=True)
    assert (benchmark.minimum, benchmark.maximum) == (10.0, 40.0)


def test_quantiles_are_interpolated(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    peers(10.0, 20.0, 40.0, 80.0)
    with django_assert_num_queries(2):
        found = benchmark_get(criteria=hotels())
    quantiles = (found.p10, found.p25, found.median, found.p75, found.p90)
    assert quantiles == pytest.approx((13.0, 17.5, 30.0, 50.0, 68.0))
    assert found.mean == 37.5
    assert found.percentile is None


@pytest.mark.parametrize(
    ("eui", "percentile"),
    [
        (0.0, 0.0),
        (10.0, 12.5),
        (15.0, 25.0),
        (20.0, 50.0),
        (20.0 * (1 + 1e-12), 50.0),
        (80.0, 87.5),
        (90.0, 100.0),
    ],
)
def test_percentile_counts_ties_half(eui: float, percentile: float) -> None:
    peers(10.0, 20.0, 20.0, 80.0)
    assert benchmark_get(criteria=hotels(), site_eui=eui).percentile == percentile


def test_real_records_come_before_made_up_ones_and_then_the_newest_year() -> None:
    real = DatasetImportFactory.create(is_synthetic=False)
    peers(10.0, data_year=2020)
    peers(20.0, data_year=2019, dataset_import=real)
    peers(30.0, data_year=2018, dataset_import=real)

    def chosen(**narrowed: object) -> tuple[object, object, object]:
        found = benchmark_get(criteria=hotels(**narrowed))
        return found.criteria.data_year, found.criteria.is_synthetic, found.median

    assert chosen() == (2019, False, 20.0)
    assert chosen(data_year=2018) == (2018, False, 30.0)
    assert chosen(data_year=2020) == (2020, True, 10.0)
    assert chosen(is_synthetic=True) == (2020, True, 10.0)
    assert chosen(data_year=2020, is_synthetic=False) == (2020, False, None)


def test_peers_are_narrowed_by_place_and_size() -> None:
    peers(10.0, neighborhood="EAST", property_gfa_total_sqft=100.0)
    peers(20.0, neighborhood="EAST", property_gfa_total_sqft=200.0)
    peers(30.0, neighborhood="NORTH", property_gfa_total_sqft=300.0)

    def count(**narrowed: object) -> int:
        return benchmark_get(criteria=hotels(**narrowed)).count

    assert count(neighborhood="EAST") == 2
    assert count(gross_floor_area_sqft_min=200.0) == 2
    assert count(gross_floor_area_sqft_max=200.0) == 2
    assert count(neighborhood="EAST", gross_floor_area_sqft_min=150.0) == 1
    found = benchmark_get(criteria=hotels(neighborhood="BALLARD"))
    assert (found.count, found.criteria.data_year) == (0, 2016)


def test_peers_can_be_read_from_their_index_alone() -> None:
    """What PostgreSQL makes of it depends on statistics; what it needs does not."""
    peers(10.0)
    criteria = hotels(
        neighborhood="EAST", gross_floor_area_sqft_min=1.0, gross_floor_area_sqft_max=2.0
    )
    with CaptureQueriesContext(connection) as queries:
        benchmark_get(criteria=criteria, site_eui=15.0)
    (index,) = (
        index for index in BenchmarkRecord._meta.indexes if index.name == "benchmarkrecord_peers"
    )
    assert index.condition == PEERS
    asked = {
        column
        for query in queries.captured_queries
        for column in re.findall(r"(?:buildings_benchmark)?record\"?\.\"?(\w+)", query["sql"])
    }
    assert "neighborhood" in asked
    assert asked == {*index.fields, *index.include, "compliance_status"}
