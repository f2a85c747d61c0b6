"""From stored facts to what the model is told: one mapping for training and for predictions."""

from typing import Any

import numpy as np
import pytest

from buildings.services.factors import emission_factor_sets_seed
from mlmodel.errors import IncompleteFactsError, TrainingDataError
from mlmodel.features import FEATURE_NAMES
from mlmodel.selectors import (
    model_version_champion,
    new_building_data,
    record_features,
    training_data,
)
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    BuildingFactory,
    DatasetImportFactory,
    PropertyUseFactory,
)
from tests.predictions.factories import make_model_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def factors() -> None:
    emission_factor_sets_seed()


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


@pytest.mark.usefixtures("factors")
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


@pytest.mark.usefixtures("factors")
def test_a_year_is_trained_on_as_it_was_whatever_later_years_say() -> None:
    records = [record_of(year_built=1950, neighborhood="EAST") for _ in range(50)]
    for record in records:
        BenchmarkRecordFactory.create(building=record.building, data_year=2017, year_built=2017)
        record.building.year_built, record.building.neighborhood = 2017, "NORTH"
        record.building.save()
    data, _ = training_data(data_year=2016)
    assert {(row["year_built"], row["neighborhood"]) for row in data.rows} == {(1950, "EAST")}


@pytest.mark.usefixtures("factors")
def test_without_real_records_the_synthetic_ones_are_taken_and_said_so() -> None:
    synthetic = DatasetImportFactory.create(is_synthetic=True)
    for _ in range(50):
        record_of(dataset_import=synthetic)
    _, fingerprint = training_data()
    assert fingerprint["is_synthetic"] is True


def test_without_emission_factors_there_is_nothing_to_compare_with() -> None:
    for _ in range(50):
        record_of()
    with pytest.raises(TrainingDataError, match="emission factors for 2016"):
        training_data()


@pytest.mark.usefixtures("factors")
def test_fuels_and_emissions_are_as_published_and_unknown_is_not_zero() -> None:
    fuels: dict[str, Any] = {
        "electricity_kbtu": 3e6,
        "natural_gas_kbtu": 0.0,
        "steam_use_kbtu": None,
    }
    first = record_of(**fuels, total_ghg_emissions_mtco2e=20.91)
    record_of(**fuels, total_ghg_emissions_mtco2e=-0.8)
    record_of(**fuels, total_ghg_emissions_mtco2e=None)
    for _ in range(47):
        record_of()
    data, _ = training_data()
    of_first = int(np.flatnonzero(data.ose_building_ids == first.building.ose_building_id)[0])
    assert data.fuels_kbtu[of_first, :2].tolist() == [3e6, 0.0]
    assert np.isnan(data.fuels_kbtu[of_first, 2])
    assert data.ghg_emissions_mtco2e[of_first] == 20.91
    assert np.isnan(data.ghg_emissions_mtco2e[of_first + 1 : of_first + 3]).all()
    assert data.factors_kgco2e_per_mbtu.tolist() == [6.9714, 53.11, 77.188]


def test_without_later_years_there_are_no_new_buildings() -> None:
    record_of()
    assert new_building_data() == {}


@pytest.mark.usefixtures("factors")
def test_new_buildings_are_those_that_no_model_was_trained_on() -> None:
    real = DatasetImportFactory.create(is_synthetic=False)
    metered: dict[str, Any] = {
        "electricity_kbtu": 4e6,
        "natural_gas_kbtu": 1e6,
        "steam_use_kbtu": None,
    }

    def later(building: Any, data_year: int, **values: Any) -> None:
        BenchmarkRecordFactory.create(
            building=building,
            data_year=data_year,
            dataset_import=real,
            primary_property_type="Hotel",
            property_gfa_total_sqft=88434.0,
            compliance_status="Compliant",
            **{"site_energy_use_kbtu": 7e6, **metered, **values},
        )

    known = record_of(dataset_import=real).building
    refused = record_of(dataset_import=real, compliance_status="Not Compliant").building
    in_2017, late, both_late = (BuildingFactory.create(year_built=1990) for _ in range(3))
    for building in (known, refused, in_2017):
        later(building, 2017)
    for building in (known, in_2017, both_late):
        later(building, 2018)
    later(late, 2019, site_energy_use_kbtu=None)
    later(both_late, 2019, electricity_kbtu=5e6)
    groups = new_building_data()

    def ids(group: str) -> list[int]:
        return groups[group].ose_building_ids.tolist()

    def expected(*buildings: Any) -> list[int]:
        return sorted(building.ose_building_id for building in buildings)

    assert list(groups) == ["2017", "2018-2019", "not in the file"]
    assert ids("2017") == expected(refused, in_2017)
    assert ids("2018-2019") == expected(late, both_late)
    assert ids("not in the file") == expected(in_2017, late, both_late)
    # Published in 2017; the sum of the fuels, of the newer record, from 2018 on.
    assert groups["2017"].site_energy_use_kbtu.tolist() == [7e6, 7e6]
    of_late = dict(zip(ids("2018-2019"), groups["2018-2019"].site_energy_use_kbtu, strict=True))
    assert of_late == {late.ose_building_id: 5e6, both_late.ose_building_id: 6e6}
    # Restated with the factors of 2016, whatever was published.
    restated = (4 * 6.9714) + 53.11
    assert groups["2017"].ghg_emissions_mtco2e == pytest.approx([restated, restated])


def test_the_champion_is_the_one_so_called() -> None:
    make_model_version(name="m", alias="challenger")
    assert model_version_champion(name="m") is None
    champion = make_model_version(name="m", alias="champion")
    make_model_version(name="other", alias="champion")
    assert model_version_champion(name="m") == champion
