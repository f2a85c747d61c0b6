"""From stored facts to what the model is told: one mapping for training and for predictions."""

from typing import Any

import pytest

from mlmodel.errors import IncompleteFactsError, TrainingDataError
from mlmodel.features import FEATURE_NAMES
from mlmodel.selectors import model_version_champion, record_features, training_data
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    BuildingFactory,
    DatasetImportFactory,
    PropertyUseFactory,
)
from tests.predictions.factories import make_model_version

pytestmark = pytest.mark.django_db


def record_of(*, building: dict[str, Any] | None = None, **values: Any) -> Any:
    defaults = {
        "primary_property_type": "Hotel",
        "property_gfa_total_sqft": 88434.0,
        "compliance_status": "Compliant",
        "site_energy_use_kbtu": 7e6,
    }
    owner = BuildingFactory.create(**{"year_built": 1927, **(building or {})})
    return BenchmarkRecordFactory.create(building=owner, **{**defaults, **values})


@pytest.mark.parametrize(
    ("values", "building", "named"),
    [
        ({"primary_property_type": ""}, {}, "primary_property_type"),
        ({"property_gfa_total_sqft": 10.0}, {}, "gross_floor_area_sqft"),
        ({}, {"year_built": 1802}, "year_built"),
    ],
)
def test_what_the_model_cannot_do_without_is_named(
    values: dict[str, Any], building: dict[str, Any], named: str
) -> None:
    with pytest.raises(IncompleteFactsError, match=named):
        record_features(record_of(building=building, **values))


def test_a_record_is_told_as_features() -> None:
    record = record_of(
        building={"neighborhood": "DOWNTOWN", "latitude": 47.6, "longitude": -122.3},
        building_type="NonResidential",
        number_of_floors=12,
        energy_star_score=60,
        electricity_kbtu=1.0,
        natural_gas_kbtu=0.0,
        steam_use_kbtu=None,
        property_gfa_parking_sqft=0.0,
    )
    PropertyUseFactory.create(record=record, rank=1, use_type="Hotel", gfa_sqft=80000.0)
    PropertyUseFactory.create(record=record, rank=2, use_type="Moon Base", gfa_sqft=100.0)
    PropertyUseFactory.create(record=record, rank=4, use_type="Parking", gfa_sqft=None)
    features = record_features(record)
    assert tuple(features) == FEATURE_NAMES
    assert features["number_of_floors"] == 12
    assert (features["has_electricity"], features["has_natural_gas"]) == (True, False)
    assert features["has_steam"] is None
    assert features["largest_property_use_type"] == "Hotel"
    assert features["largest_property_use_type_gfa_sqft"] == 80000.0
    assert features["second_largest_property_use_type"] is None
    assert features["third_largest_property_use_type"] is None
    assert features["parking_gfa_sqft"] == 0.0


def test_too_few_records_are_no_training_data() -> None:
    with pytest.raises(TrainingDataError, match="load_dataset"):
        training_data()


def test_only_compliant_measured_usable_records_are_trained_on() -> None:
    real = DatasetImportFactory.create(is_synthetic=False)
    synthetic = DatasetImportFactory.create(is_synthetic=True)
    for _ in range(50):
        record_of(dataset_import=real)
    record_of(dataset_import=real, building_type="Multifamily LR (1-4)")
    record_of(dataset_import=real, compliance_status="Non-Compliant")
    record_of(dataset_import=real, site_energy_use_kbtu=0.0)
    record_of(dataset_import=real, site_energy_use_kbtu=None)
    record_of(dataset_import=real, primary_property_type="")
    record_of(dataset_import=real, data_year=2017)
    record_of(dataset_import=synthetic)
    data, fingerprint = training_data()
    assert len(data.rows) == len(data.site_energy_use_kbtu) == 51
    assert data.is_residential.tolist() == [False] * 50 + [True]
    assert fingerprint == {
        "import_sha256": [real.sha256],
        "is_synthetic": False,
        "row_count": 51,
        "rows_sha256": data.digest(),
    }


def test_a_year_is_trained_on_as_it_was_whatever_later_years_say() -> None:
    records = [record_of(year_built=1950, neighborhood="EAST") for _ in range(50)]
    for record in records:
        BenchmarkRecordFactory.create(building=record.building, data_year=2017, year_built=2017)
        record.building.year_built, record.building.neighborhood = 2017, "NORTH"
        record.building.save()
    data, _ = training_data(data_year=2016)
    assert {(row["year_built"], row["neighborhood"]) for row in data.rows} == {(1950, "EAST")}


def test_without_real_records_the_synthetic_ones_are_taken_and_said_so() -> None:
    synthetic = DatasetImportFactory.create(is_synthetic=True)
    for _ in range(50):
        record_of(dataset_import=synthetic)
    _, fingerprint = training_data()
    assert fingerprint["is_synthetic"] is True


def test_the_champion_is_the_one_so_called() -> None:
    make_model_version(name="m", alias="challenger")
    assert model_version_champion(name="m") is None
    champion = make_model_version(name="m", alias="champion")
    make_model_version(name="other", alias="champion")
    assert model_version_champion(name="m") == champion
