"""What the database itself refuses."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from buildings.models import BenchmarkRecord
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    BuildingFactory,
    DatasetImportFactory,
    PropertyUseFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("factory", "values", "constraint"),
    [
        (DatasetImportFactory, {"sha256": "A" * 64}, "datasetimport_sha256_hex"),
        (DatasetImportFactory, {"rows_read": 5}, "datasetimport_counts_add_up"),
        (DatasetImportFactory, {"rows_blank": 1}, "datasetimport_counts_add_up"),
        (BuildingFactory, {"neighborhood": "water"}, "building_neighborhood_known"),
        (BuildingFactory, {"neighborhood": "SHARED: NORTH"}, "building_neighborhood_known"),
        (BuildingFactory, {"building_type": "Castle"}, "building_type_known"),
        (BuildingFactory, {"primary_property_type": "Castle"}, "building_primary_type_known"),
        (BenchmarkRecordFactory, {"building_type": "x"}, "benchmarkrecord_type_known"),
        (BenchmarkRecordFactory, {"outlier": "x"}, "benchmarkrecord_outlier_known"),
        (BenchmarkRecordFactory, {"quality_flags": ["x"]}, "benchmarkrecord_flags_known"),
        (BenchmarkRecordFactory, {"data_year": 1999}, "benchmarkrecord_year_plausible"),
        (BenchmarkRecordFactory, {"number_of_floors": 0}, "benchmarkrecord_has_a_floor"),
        (
            BenchmarkRecordFactory,
            {"property_gfa_parking_sqft": -1},
            "benchmarkrecord_parking_positive",
        ),
        (BuildingFactory, {"year_built": 1700}, "building_year_built_plausible"),
        (BuildingFactory, {"latitude": 91}, "building_latitude_range"),
        (BuildingFactory, {"longitude": -181}, "building_longitude_range"),
        (BenchmarkRecordFactory, {"property_gfa_total_sqft": 0}, "benchmarkrecord_gfa_positive"),
        (BenchmarkRecordFactory, {"energy_star_score": 0}, "benchmarkrecord_score_range"),
        (PropertyUseFactory, {"gfa_sqft": -1}, "propertyuse_gfa_positive"),
    ],
)
def test_impossible_value_is_refused(factory: Any, values: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        factory.create(**values)


def test_district_shared_by_two_is_taken() -> None:
    building = BuildingFactory.create(neighborhood="SHARED: LAKE UNION & NORTHWEST")
    building.refresh_from_db()
    assert building.search_text == f"{building.property_name} {building.address}".upper()


def test_second_record_of_a_year_is_refused() -> None:
    record = BenchmarkRecordFactory.create()
    with pytest.raises(IntegrityError, match="benchmarkrecord_one_a_year"), transaction.atomic():
        BenchmarkRecordFactory.create(building=record.building)


def test_rows_say_what_they_are() -> None:
    use = PropertyUseFactory.create(use_type="Hotel")
    record = use.record
    assert str(use) == "Hotel"
    assert str(record) == f"{record.building.ose_building_id} in 2016"
    assert str(BenchmarkRecord.objects.get()) == f"building {record.building_id} in 2016"
    assert str(record.building).startswith(str(record.building.ose_building_id))
    assert str(record.dataset_import).startswith("sample-benchmarking.csv (")
