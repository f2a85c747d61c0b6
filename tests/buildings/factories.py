"""Rows for tests: synthetic buildings, valid as they stand."""

from datetime import UTC, date, datetime
from typing import Any

from factory.declarations import LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from buildings.models import (
    NEWEST_YEAR_FACTS,
    BenchmarkRecord,
    Building,
    DatasetImport,
    EmissionFactor,
    EmissionFactorSet,
    PropertyUse,
    PublishedRow,
    RecordRevision,
)


class DatasetImportFactory(DjangoModelFactory[DatasetImport]):
    class Meta:
        model = DatasetImport

    source = "sample"
    file_name = "sample-benchmarking.csv"
    sha256 = Sequence(lambda n: f"{n:064x}")
    size_bytes = 1000
    is_synthetic = True
    header = LazyFunction(lambda: ["OSEBuildingID", "PropertyName"])
    data_years = LazyFunction(lambda: [2016])
    rows_read = 1
    rows_created = 1
    rows_updated = 0
    rows_unchanged = 0
    rows_rejected = 0
    started_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    finished_at = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


class BuildingFactory(DjangoModelFactory[Building]):
    class Meta:
        model = Building

    ose_building_id = Sequence(lambda n: 900_001 + n)
    property_name = Sequence(lambda n: f"Example Hotel {n}")
    address = Sequence(lambda n: f"{n + 1} Example Street")
    city = "Seattle"
    state = "WA"
    zip_code = "98101"
    tax_parcel_identification_number = Sequence(lambda n: f"{n:010d}")
    council_district_code = 7
    neighborhood = "DOWNTOWN"
    latitude = 47.61
    longitude = -122.33
    year_built = 1968


class BenchmarkRecordFactory(DjangoModelFactory[BenchmarkRecord]):
    """A hotel of 95,000 ft² in 2016, which its building knows of; `uses=2`: so many uses."""

    class Meta:
        model = BenchmarkRecord
        skip_postgeneration_save = True

    building = SubFactory(BuildingFactory)
    data_year = 2016
    dataset_import = SubFactory(DatasetImportFactory)
    source_line_number = 2
    is_synthetic = SelfAttribute("dataset_import.is_synthetic")
    building_type = "NonResidential"
    primary_property_type = "Hotel"
    neighborhood = SelfAttribute("building.neighborhood")
    latitude = SelfAttribute("building.latitude")
    longitude = SelfAttribute("building.longitude")
    year_built = SelfAttribute("building.year_built")
    number_of_buildings = 1
    number_of_floors = 9
    property_gfa_total_sqft = 95_000.0
    property_gfa_parking_sqft = 5_000.0
    property_gfa_buildings_sqft = 90_000.0
    list_of_all_property_use_types = "Hotel, Parking"
    energy_star_score = 58
    site_eui_kbtu_per_sqft = 80.0
    site_energy_use_kbtu = 7_200_000.0
    steam_use_kbtu = 0.0
    electricity_kwh = 1_172_284.0
    electricity_kbtu = 4_000_000.0
    natural_gas_therms = 32_000.0
    natural_gas_kbtu = 3_200_000.0
    total_ghg_emissions_mtco2e = 197.84
    ghg_emissions_intensity_kgco2e_per_sqft = 2.08
    is_default_data = False
    compliance_status = "Compliant"

    @post_generation
    def uses(self, create: bool, extracted: int | None, **kwargs: object) -> None:
        for rank in range(1, (extracted or 0) + 1):
            PropertyUseFactory(record=self, rank=rank)

    @post_generation
    def newest(self, create: bool, extracted: None, **kwargs: object) -> None:
        building: Any = self.building
        if (building.data_year or 0) <= self.data_year:
            for name in NEWEST_YEAR_FACTS:
                setattr(building, name, getattr(self, name))
            building.save(update_fields=NEWEST_YEAR_FACTS)


class PublishedRowFactory(DjangoModelFactory[PublishedRow]):
    """The row that a record was read from; the import's `header` names the cells."""

    class Meta:
        model = PublishedRow

    record = SubFactory(BenchmarkRecordFactory)
    cells = LazyFunction(lambda: ["1", "Example Hotel"])


class PropertyUseFactory(DjangoModelFactory[PropertyUse]):
    class Meta:
        model = PropertyUse

    record = SubFactory(BenchmarkRecordFactory)
    rank = 1
    use_type = Sequence(lambda n: ("Hotel", "Parking", "Restaurant")[n % 3])
    gfa_sqft = 10_000.0


class RecordRevisionFactory(DjangoModelFactory[RecordRevision]):
    """A record whose site energy use an import changed to what it is."""

    class Meta:
        model = RecordRevision

    record = SubFactory(BenchmarkRecordFactory)
    dataset_import = SelfAttribute("record.dataset_import")
    former_import = SubFactory(DatasetImportFactory)
    former_line_number = 7
    former_cells = LazyFunction(list)
    changes = LazyFunction(lambda: {"site_energy_use_kbtu": [7_000_000.5, 7_200_000.0]})


class EmissionFactorSetFactory(DjangoModelFactory[EmissionFactorSet]):
    """The three factors of 2016; `factors={...}`: others, kg CO2e/MBtu by fuel."""

    class Meta:
        model = EmissionFactorSet
        skip_postgeneration_save = True

    name = "seattle-2016"
    version = Sequence(lambda n: n + 1)
    data_year = 2016
    valid_from = date(2016, 1, 1)
    valid_to = date(2016, 12, 31)
    source = "made up for tests"
    is_derived = False

    @post_generation
    def factors(self, create: bool, extracted: dict[str, float] | None, **kwargs: object) -> None:
        factor_set: Any = self
        given = extracted or {"electricity": 6.9714, "natural_gas": 53.11, "steam": 77.188}
        for fuel, factor in given.items():
            EmissionFactor.objects.create(factor_set=factor_set, fuel=fuel, kgco2e_per_mbtu=factor)
