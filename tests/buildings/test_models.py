"""What the database itself refuses."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

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


def test_second_record_of_a_year_is_refused() -> None:
    record = BenchmarkRecordFactory.create()
    with pytest.raises(IntegrityError, match="benchmarkrecord_one_a_year"), transaction.atomic():
        BenchmarkRecordFactory.create(building=record.building)


def test_rows_say_what_they_are() -> None:
    use = PropertyUseFactory.create(use_type="Hotel")
    record = use.record
    assert str(use) == "Hotel"
    assert str(record) == f"{record.building_id} in 2016"
    assert str(record.building).startswith(str(record.building.ose_building_id))
    assert str(record.dataset_import).startswith("sample-benchmarking.csv (")
