"""What is read, in which order, and in how many queries."""

import pytest
from pytest_django import DjangoAssertNumQueries

from buildings.models import BenchmarkRecord, Building
from buildings.selectors.buildings import building_get, building_list
from buildings.selectors.imports import dataset_import_latest
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
    assert list(training_records(is_synthetic=None)) == []


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
    facts = ("data_year", "primary_property_type", "gross_floor_area_sqft", "is_synthetic")
    assert [getattr(second_found, name) for name in facts] == [2018, "Hospital", 95_000.0, True]
    assert [getattr(first_found, name) for name in facts] == [None, None, None, None]


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
            for record in training_records(is_synthetic=False)
        ]
    digest = real.sha256
    assert found == [(5, 2016, 1, digest), (5, 2017, 1, digest), (10, 2016, 1, digest)]
    assert list(training_records(is_synthetic=True)) == [made_up]
    assert training_records(is_synthetic=None).count() == BenchmarkRecord.objects.count() == 4


def test_latest_import_is_the_last_one() -> None:
    DatasetImportFactory.create()
    last = DatasetImportFactory.create()
    assert dataset_import_latest() == last
