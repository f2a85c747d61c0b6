"""Which contradictions are flagged, and which differences are none."""

from typing import Any

import pytest

from buildings.emissions import Factors
from buildings.quality import RULES, Facts, findings, flags_of

SEATTLE_2016 = Factors(6.9714, 53.11, 77.188)
CONSISTENT: dict[str, Any] = {
    "property_gfa_total_sqft": 95_000.0,
    "property_gfa_parking_sqft": 5_000.0,
    "property_gfa_buildings_sqft": 90_000.0,
    "site_eui_kbtu_per_sqft": 80.0,
    "site_energy_use_kbtu": 7_200_000.0,
    "site_energy_use_wn_kbtu": 7_300_000.0,
    "steam_use_kbtu": 0.0,
    "electricity_kwh": 4_000_000 / 3.412141633,
    "electricity_kbtu": 4_000_000.0,
    "natural_gas_therms": 32_000.0,
    "natural_gas_kbtu": 3_200_000.0,
    "other_fuel_use_kbtu": None,
    "total_ghg_emissions_mtco2e": 197.84,
}
USES = ((1, "Hotel", 90_000.0), (2, "Parking", 5_000.0))


def facts(uses: Any = USES, **values: Any) -> Facts:
    return Facts(CONSISTENT | values, uses, SEATTLE_2016)


def test_consistent_record_has_no_flag() -> None:
    assert flags_of(facts()) == []


@pytest.mark.parametrize(
    ("values", "flag"),
    [
        ({"electricity_kwh": 1_190_000.0}, "electricity_units_differ"),
        ({"natural_gas_therms": 33_000.0}, "natural_gas_units_differ"),
        ({"site_energy_use_kbtu": 7_300_000.0}, "fuels_differ_from_site_energy"),
        (
            {"site_energy_use_kbtu": 7_300_000.0, "site_energy_use_wn_kbtu": 7_200_000.0},
            "site_energy_exchanged_with_wn",
        ),
        ({"site_eui_kbtu_per_sqft": 60.0}, "site_eui_differs"),
        ({"property_gfa_parking_sqft": 9_000.0}, "floor_areas_differ"),
        ({"uses": ((1, "Hotel", 60_000.0),)}, "use_areas_differ"),
        ({"total_ghg_emissions_mtco2e": 200.0}, "emissions_differ"),
    ],
)
def test_contradiction_is_flagged_alone_and_said_in_numbers(
    values: dict[str, Any], flag: str
) -> None:
    found = facts(**values)
    assert flags_of(found) == [flag]
    ((rule, said),) = findings(found, [flag])
    assert rule.code == flag
    assert any(character.isdigit() for character in str(said))


@pytest.mark.parametrize(
    "values",
    [
        {"electricity_kwh": 1_180_000.0},
        {"site_energy_use_kbtu": 7_260_000.0},
        {"site_eui_kbtu_per_sqft": 7_200_000 / 95_000},
        {"site_eui_kbtu_per_sqft": 82.0},
        {"uses": ((1, "Hotel", 80_000.0),)},
        {"uses": ()},
        {"total_ghg_emissions_mtco2e": 199.0},
        {"property_gfa_parking_sqft": None},
    ],
)
def test_difference_within_the_tolerance_is_none(values: dict[str, Any]) -> None:
    assert flags_of(facts(**values)) == []


@pytest.mark.parametrize("eui", [0.5, 757_644.5])
def test_intensity_beyond_any_building_is_flagged(eui: float) -> None:
    assert "site_eui_implausible" in flags_of(facts(site_eui_kbtu_per_sqft=eui))


@pytest.mark.parametrize("name", sorted(set(CONSISTENT) - {"property_gfa_total_sqft"}))
def test_what_is_not_known_contradicts_nothing(name: str) -> None:
    allowed = {"fuels_differ_from_site_energy", "emissions_differ"}
    assert set(flags_of(facts(**{name: None}))) <= allowed


def test_nothing_known_at_all_is_no_contradiction() -> None:
    empty = dict.fromkeys(CONSISTENT)
    empty["property_gfa_total_sqft"] = 95_000.0
    assert flags_of(Facts(empty)) == []


def test_without_factors_emissions_are_not_judged() -> None:
    values = CONSISTENT | {"total_ghg_emissions_mtco2e": 500.0}
    assert flags_of(Facts(values, USES)) == []


def test_few_kbtu_are_a_matter_of_rounding() -> None:
    values = dict.fromkeys(CONSISTENT, None) | {
        "property_gfa_total_sqft": 95_000.0,
        "electricity_kwh": 20.0,
        "electricity_kbtu": 0.0,
    }
    assert flags_of(Facts(values)) == []


def test_what_was_noted_while_reading_is_kept_once_and_sorted() -> None:
    found = flags_of(facts(site_eui_kbtu_per_sqft=60.0), ["unknown_category", "unknown_category"])
    assert found == ["site_eui_differs", "unknown_category"]
    assert [said for _, said in findings(facts(), ["unknown_category"])] == [None]


def test_codes_fit_the_table_and_are_told_apart() -> None:
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)
    assert max(map(len, codes)) <= 40
    assert all(rule.title and rule.tolerance for rule in RULES)
