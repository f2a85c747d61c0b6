"""Names say their units; conversions that can be exact are."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings.units import SI, US, as_kept, in_si, quantity_of, quantity_of_si

AREA: Any = quantity_of("gross_floor_area_sqft")
ENERGY: Any = quantity_of("site_energy_use_kbtu")


@pytest.mark.parametrize(
    ("name", "si_name", "unit", "si_unit"),
    [
        ("gross_floor_area_sqft", "gross_floor_area_m2", "ft²", "m²"),
        ("site_energy_use_kbtu", "site_energy_use_kwh", "kBtu", "kWh"),
        ("site_eui_kbtu_per_sqft", "site_eui_kwh_per_m2", "kBtu/ft²", "kWh/m²"),
        (
            "ghg_emissions_intensity_kgco2e_per_sqft",
            "ghg_emissions_intensity_kgco2e_per_m2",
            "kg CO2e/ft²",
            "kg CO2e/m²",
        ),
    ],
)
def test_a_name_says_what_it_becomes(name: str, si_name: str, unit: str, si_unit: str) -> None:
    quantity = quantity_of(name)
    assert quantity is not None
    assert quantity_of_si(si_name) == quantity
    assert (quantity.name_in(US), quantity.unit_in(US)) == (name, unit)
    assert (quantity.name_in(SI), quantity.unit_in(SI)) == (si_name, si_unit)


@pytest.mark.parametrize("name", ["ghg_emissions_mtco2e", "year_built", "natural_gas_therms", ""])
def test_what_has_the_same_unit_in_both_is_no_quantity(name: str) -> None:
    assert quantity_of(name) is None
    assert in_si(name, 5) == as_kept(name, 5, units=SI) == 5


def test_the_factors() -> None:
    assert in_si("gross_floor_area_sqft", 1) == 0.09290304
    assert in_si("site_energy_use_kbtu", 3.412141633) == 1.0
    assert in_si("site_eui_kbtu_per_sqft", 80.0) == 252.3672596
    assert in_si("site_energy_use_kbtu", [3.412141633, None]) == [1.0, None]
    assert in_si("gross_floor_area_sqft", None) is None
    assert as_kept("gross_floor_area_sqft", 0.0, units=SI) == 0.0
    assert as_kept("gross_floor_area_sqft", 7.5, units=US) == 7.5


@settings(deadline=None)
@given(st.integers(1, 10**10 - 1), st.integers(-4, 4))
def test_what_was_sent_in_si_reads_back_as_it_was_sent(digits: int, power: int) -> None:
    sent = float(f"{digits}e{power}")
    for quantity in (AREA, ENERGY):
        assert quantity.to_si(quantity.from_si(sent)) == sent


@settings(deadline=None)
@given(st.integers(0, 10**8 - 1), st.integers(-4, 4))
def test_what_was_converted_to_si_comes_back_as_it_was(digits: int, power: int) -> None:
    kept = float(f"{digits}e{power}")
    for quantity in (AREA, ENERGY):
        assert quantity.from_si(quantity.to_si(kept)) == kept


@settings(deadline=None)
@given(st.floats(0, 1e15))
def test_rounding_is_below_one_in_a_thousand_million(sent: float) -> None:
    kept = AREA.from_si(sent)
    assert math.isclose(kept * 0.09290304, sent, rel_tol=1e-9, abs_tol=1e-300)
