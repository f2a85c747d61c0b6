"""What a row's cells mean together."""

from collections.abc import Sequence

import pytest

from buildings.choices import PRIMARY_PROPERTY_TYPES, PROPERTY_USE_TYPES
from buildings.reading import ParsedRow, RowReader
from buildings.understanding import LARGE_OFFICE_FROM_SQFT
from mlmodel import features
from tests.buildings import csvs

FUELS = (
    "SteamUse(kBtu)",
    "Electricity(kWh)",
    "Electricity(kBtu)",
    "NaturalGas(therms)",
    "NaturalGas(kBtu)",
)
EMISSIONS = ("TotalGHGEmissions", "GHGEmissionsIntensity")
ENERGIES = ("SiteEUI(kBtu/sf)", "SiteEnergyUse(kBtu)", *FUELS, *EMISSIONS)


def read_below(header: Sequence[str], cells: dict[str, str]) -> ParsedRow:
    row = csvs.row() | cells
    found = RowReader(header).read(2, [row.get(name, "") for name in header])
    assert isinstance(found, ParsedRow), found
    return found


def read(**cells: str) -> ParsedRow:
    """A row with these cells; columns that the 2016 file does not have are added to its header."""
    return read_below([*csvs.HEADER, *(name for name in cells if name not in csvs.HEADER)], cells)


def without(column: str, **cells: str) -> ParsedRow:
    """The same in a file that lacks one column."""
    header = [name for name in (*csvs.HEADER, *cells) if name != column]
    return read_below(list(dict.fromkeys(header)), cells)


# Energy: nothing used, or nothing known


@pytest.mark.parametrize("written", ["0", ""])
def test_energy_that_was_not_reported_is_unknown_however_it_is_written(written: str) -> None:
    row = read(**dict.fromkeys(ENERGIES, written))
    assert row.flags == ["energy_missing"]
    for name in (
        "site_energy_use_kbtu",
        "electricity_kbtu",
        "electricity_kwh",
        "natural_gas_kbtu",
        "steam_use_kbtu",
        "total_ghg_emissions_mtco2e",
        "site_eui_kbtu_per_sqft",
    ):
        assert row.record[name] is None


@pytest.mark.parametrize("written", ["0", ""])
def test_site_energy_without_fuels_leaves_the_fuels_unknown(written: str) -> None:
    row = read(**dict.fromkeys(FUELS, written), TotalGHGEmissions=written)
    assert "fuels_missing" in row.flags
    assert row.record["site_energy_use_kbtu"] == 7_200_000.0
    assert row.record["natural_gas_kbtu"] is None
    assert row.record["total_ghg_emissions_mtco2e"] is None


def test_blank_fuel_is_none_used_where_the_others_make_the_site_energy() -> None:
    blank = read(**{"SteamUse(kBtu)": ""})
    assert blank.record["steam_use_kbtu"] == 0.0
    assert blank.digest == read(**{"SteamUse(kBtu)": "0"}).digest


def test_blank_fuel_stays_unknown_where_the_others_do_not() -> None:
    row = read(**{"SteamUse(kBtu)": "", "SiteEnergyUse(kBtu)": "9000000"})
    assert row.record["steam_use_kbtu"] is None
    assert "fuels_differ_from_site_energy" in row.flags


def test_total_of_zero_beside_a_used_fuel_is_a_missing_one() -> None:
    row = read(**{"SiteEnergyUseWN(kBtu)": "0", "SourceEUI(kBtu/sf)": "0"})
    assert row.record["site_energy_use_wn_kbtu"] is None
    assert row.record["source_eui_kbtu_per_sqft"] is None
    assert row.flags == []


def test_zero_fuel_of_a_building_with_energy_is_zero() -> None:
    assert read().record["steam_use_kbtu"] == 0.0


@pytest.mark.parametrize(
    ("blank", "field", "value"),
    [
        ("Electricity(kBtu)", "electricity_kbtu", 1_172_284.5 * 3.412141633),
        ("Electricity(kWh)", "electricity_kwh", 4_000_000 / 3.412141633),
        ("NaturalGas(kBtu)", "natural_gas_kbtu", 3_200_000.0),
        ("NaturalGas(therms)", "natural_gas_therms", 32_000.0),
    ],
)
def test_one_unit_tells_the_other(blank: str, field: str, value: float) -> None:
    assert read(**{blank: ""}).record[field] == pytest.approx(value, abs=0.001)


def test_file_may_have_one_unit_only() -> None:
    row = without("Electricity(kBtu)")
    assert row.record["electricity_kbtu"] == pytest.approx(1_172_284.5 * 3.412141633, abs=0.001)


# Types


@pytest.mark.parametrize(
    ("published", "cells", "understood"),
    [
        ("Office", {"PropertyGFATotal": str(LARGE_OFFICE_FROM_SQFT)}, "Large Office"),
        (
            "Office",
            {"PropertyGFATotal": str(LARGE_OFFICE_FROM_SQFT - 1)},
            "Small- and Mid-Sized Office",
        ),
        ("Multifamily LR (1-4)", {}, "Low-Rise Multifamily"),
        (
            "Multifamily Housing",
            {"BuildingType": "Multifamily HR (10+)"},
            "High-Rise Multifamily",
        ),
        ("Multifamily Housing", {"NumberofFloors": "3"}, "Low-Rise Multifamily"),
        ("Multifamily Housing", {"NumberofFloors": "7"}, "Mid-Rise Multifamily"),
        ("Multifamily Housing", {"NumberofFloors": "11"}, "High-Rise Multifamily"),
        ("Multifamily Housing", {"NumberofFloors": ""}, "Low-Rise Multifamily"),
        ("Hospital (General Medical & Surgical)", {}, "Hospital"),
        ("Non-Refrigerated Warehouse", {}, "Warehouse"),
        ("SUPERMARKET/GROCERY STORE", {}, "Supermarket / Grocery Store"),
        ("College/University", {}, "University"),
        ("Library", {}, "Other"),
        ("Large Office", {}, "Large Office"),
        ("NA", {}, ""),
    ],
)
def test_primary_type_is_the_citys_grouping(
    published: str, cells: dict[str, str], understood: str
) -> None:
    row = read(PrimaryPropertyType=published, **cells)
    assert row.record["primary_property_type"] == understood
    assert "unknown_category" not in row.flags


def test_without_a_column_of_its_own_the_type_is_portfolio_managers() -> None:
    row = without("PrimaryPropertyType", EPAPropertyType="Hotel")
    assert row.record["primary_property_type"] == row.record["epa_property_type"] == "Hotel"


def test_vocabularies_hold_what_the_model_knows() -> None:
    assert set(features.PRIMARY_PROPERTY_TYPES) == set(PRIMARY_PROPERTY_TYPES)
    assert set(features.PROPERTY_USE_TYPES) <= set(PROPERTY_USE_TYPES)


# Places, areas, compliance


def test_location_fills_what_no_column_says() -> None:
    cell = "411 W REPUBLICAN ST\nSEATTLE, WA 98119\n(47.62, -122.36)"
    row = read(Location=cell, Address="", City="", State="", ZipCode="", Latitude="")
    assert row.building["address"] == "411 W REPUBLICAN ST"
    assert (row.building["zip_code"], row.building["latitude"]) == ("98119", 47.62)
    assert row.building["longitude"] == -122.33  # the column's own
    assert row.record["latitude"] == 47.62


@pytest.mark.parametrize(
    ("cells", "parking", "buildings"),
    [
        ({"PropertyGFAParking": ""}, 5_000.0, 90_000.0),
        ({"PropertyGFABuilding(s)": ""}, 5_000.0, 90_000.0),
        ({"PropertyGFAParking": "", "PropertyGFABuilding(s)": ""}, None, None),
        ({"PropertyGFAParking": "", "PropertyGFABuilding(s)": "96000"}, None, 96_000.0),
    ],
)
def test_missing_part_of_the_floor_area_is_the_rest(
    cells: dict[str, str], parking: float | None, buildings: float | None
) -> None:
    record = read(**cells).record
    assert record["property_gfa_parking_sqft"] == parking
    assert record["property_gfa_buildings_sqft"] == buildings


@pytest.mark.parametrize(
    ("issue", "is_default", "outlier"),
    [
        ("No Issue", False, ""),
        ("Default Data", True, ""),
        ("Default Data and Low Outlier - EUI", True, "Low outlier"),
        ("High Outlier - EUI", False, "High outlier"),
    ],
)
def test_compliance_issue_says_what_two_columns_said_before(
    issue: str, is_default: bool, outlier: str
) -> None:
    record = read(DefaultData="", Outlier="", **{"Compliance Issue": issue}).record
    assert (record["is_default_data"], record["outlier"]) == (is_default, outlier)
    assert record["compliance_issue"] == issue


def test_without_that_column_default_data_is_not_known() -> None:
    assert read(DefaultData="").record["is_default_data"] is None
