"""Emissions as arithmetic, and the factors that published emissions imply."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildings import emissions
from buildings.emissions import FEWEST_RECORDS, Factors, derive, emissions_mtco2e, is_explained

_ENERGY = st.floats(0, 1e9, allow_nan=False)
_FACTORS = st.builds(Factors, *[st.floats(1, 100)] * 3)


def records(count: int, seed: int = 1) -> np.ndarray:
    """Electricity everywhere, gas in two of three buildings, steam in one of five; kBtu."""
    generator = np.random.default_rng(seed)
    fuels = generator.lognormal(14, 1, (count, 3))
    fuels[generator.random(count) < 1 / 3, 1] = 0
    fuels[generator.random(count) < 4 / 5, 2] = 0
    return fuels


def reported(factors: Factors, fuels: np.ndarray) -> np.ndarray:
    return np.round(fuels @ np.array(factors) / 1e6, 2)


def test_published_example() -> None:
    assert doctest.testmod(emissions).failed == 0


@given(_FACTORS, _ENERGY, _ENERGY, _ENERGY)
def test_emissions_are_none_without_fuel_and_never_negative(
    factors: Factors, electricity: float, gas: float, steam: float
) -> None:
    def emitted(electricity: float, gas: float, steam: float) -> float:
        return emissions_mtco2e(
            factors, electricity_kbtu=electricity, natural_gas_kbtu=gas, steam_use_kbtu=steam
        )

    total = emitted(electricity, gas, steam)
    assert total >= 0
    assert emitted(0, 0, 0) == 0
    parts = emitted(electricity, 0, 0) + emitted(0, gas, 0) + emitted(0, 0, steam)
    assert total == pytest.approx(parts)


@given(_FACTORS, st.integers(0, 10))
def test_factors_are_found_again_from_rounded_emissions(factors: Factors, seed: int) -> None:
    fuels = records(600, seed)
    found = derive(fuels, reported(factors, fuels))
    assert found is not None
    assert found.factors == pytest.approx(factors, rel=0.002)
    assert found.share_explained > 0.98


def test_what_a_tenth_misreported_does_not_move_the_factors() -> None:
    factors = Factors(6.9714, 53.11, 77.188)
    fuels = records(2_000)
    emitted = reported(factors, fuels)
    emitted[::10] *= 3
    found = derive(fuels, emitted)
    assert found is not None
    assert found.factors == pytest.approx(factors, rel=0.001)
    assert found.share_explained == pytest.approx(0.9, abs=0.01)


def test_too_few_records_or_an_unused_fuel_tell_nothing() -> None:
    factors = Factors(6.9714, 53.11, 77.188)
    few = records(FEWEST_RECORDS - 1)
    assert derive(few, reported(factors, few)) is None
    without_steam = records(600)
    without_steam[:, 2] = 0
    assert derive(without_steam, reported(factors, without_steam)) is None
    silent = records(600)
    assert derive(silent, np.zeros(600)) is None


def test_factor_below_zero_is_no_factor() -> None:
    fuels = records(600)
    backwards = fuels @ np.array([10.0, 50.0, -5.0]) / 1e6
    assert derive(fuels, np.maximum(backwards, 0)) is None


def test_rounding_and_a_hundredth_are_explained() -> None:
    assert is_explained(0.0, 0.1)
    assert is_explained(100.0, 101.0)
    assert not is_explained(100.0, 101.1)
    assert not is_explained(0.0, 0.2)
