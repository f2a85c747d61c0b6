"""What a model's answer is on the record: no impossible figure, whatever the model answers."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildings.emissions import Factors
from mlmodel.prediction import Caution, Interval, Prediction
from predictions.services.answers import ENERGY_MAX_KBTU, InvalidOutputError, output_values
from tests.fakes import prediction_of

FACTORS = Factors(6.9714, 53.11, 77.188)
#: Real fuels are 0 or thousands; what is smaller than any double that can be added exactly is no
#: energy.
_ENERGY = st.just(0.0) | st.floats(1e-3, 1e12)
_FACTORS = st.builds(Factors, *[st.just(0.0) | st.floats(1e-3, 1e3)] * 3)
_BELOW, _ABOVE = st.floats(0, 1), st.floats(1, 1e6)


@st.composite
def _answers(draw: st.DrawFn) -> Prediction:
    """Any answer that keeps to what `Prediction` promises."""
    electricity, gas, steam = draw(_ENERGY), draw(_ENERGY), draw(_ENERGY)
    energy = electricity + gas + steam
    lows = sorted([draw(_BELOW), draw(_BELOW)])
    highs = sorted([draw(_ABOVE), draw(_ABOVE)])
    ratio_lows = sorted([draw(_BELOW), draw(_BELOW)])
    ratio_highs = sorted([draw(_ABOVE), draw(_ABOVE)])
    return prediction_of(
        electricity_kbtu=electricity,
        natural_gas_kbtu=gas,
        steam_kbtu=steam,
        energy_80=Interval(energy * lows[1], energy * highs[0]),
        energy_90=Interval(energy * lows[0], energy * highs[1]),
        emissions_ratio_80=Interval(ratio_lows[1], ratio_highs[0]),
        emissions_ratio_90=Interval(ratio_lows[0], ratio_highs[1]),
        support=draw(st.floats(0, 1)),
    )


_ANY = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def _anything(draw: st.DrawFn) -> Prediction:
    """An answer of the right shape and no sense at all."""
    interval = st.builds(Interval, _ANY, _ANY)
    return Prediction(
        electricity_kbtu=draw(_ANY),
        natural_gas_kbtu=draw(_ANY),
        steam_kbtu=draw(_ANY),
        site_energy_use_kbtu=draw(_ANY),
        site_eui_kbtu_per_sqft=draw(_ANY),
        energy_80=draw(interval),
        energy_90=draw(interval),
        emissions_ratio_80=draw(interval),
        emissions_ratio_90=draw(interval),
        support=draw(_ANY),
    )


def check(values: Any) -> None:
    fuels = [values[f"{fuel}_kbtu"] for fuel in ("electricity", "natural_gas", "steam")]
    energy, emissions = values["site_energy_use_kbtu"], values["ghg_emissions_mtco2e"]
    for name, value in values.items():
        if name != "cautions":
            assert type(value) is float
            assert math.isfinite(value)
            assert math.copysign(1, value) == 1, name
    assert energy == pytest.approx(sum(fuels), rel=1e-9)
    assert (emissions == 0) or any(fuels)
    for stem, unit, value in (
        ("site_energy_use", "_kbtu", energy),
        ("ghg_emissions", "_mtco2e", emissions),
        ("emissions_ratio", "", 1.0),
    ):
        ends = [values[f"{stem}_{end}{unit}"] for end in ("low_90", "low_80", "high_80", "high_90")]
        assert sorted([*ends[:2], value, *ends[2:]]) == [*ends[:2], value, *ends[2:]]


@given(_anything(), _FACTORS)
def test_nonsense_is_refused_or_turns_out_to_be_none(answer: Prediction, factors: Factors) -> None:
    try:
        values = output_values(answer, factors)
    except InvalidOutputError:
        return
    check(values)


@given(_answers(), _FACTORS)
def test_what_keeps_its_promises_is_stored_as_it_is(answer: Prediction, factors: Factors) -> None:
    values = output_values(answer, factors)
    check(values)
    assert values["site_energy_use_kbtu"] == answer.site_energy_use_kbtu
    assert values["site_energy_use_low_80_kbtu"] == answer.energy_80.low
    assert values["emissions_ratio_high_90"] == answer.emissions_ratio_90.high


@given(_ENERGY, _FACTORS)
def test_all_electric_emits_exactly_by_the_electric_factor(energy: float, factors: Factors) -> None:
    values = output_values(prediction_of(electricity_kbtu=energy), factors)
    assert values["ghg_emissions_mtco2e"] == factors.electricity * energy / 1e6
    assert values["site_energy_use_kbtu"] == energy


@given(_answers(), _FACTORS, st.floats(1.5, 10))
def test_more_of_a_fuel_never_emits_less(
    answer: Prediction, factors: Factors, times: float
) -> None:
    less = output_values(answer, factors)["ghg_emissions_mtco2e"]
    more = prediction_of(
        electricity_kbtu=answer.electricity_kbtu * times,
        natural_gas_kbtu=answer.natural_gas_kbtu,
        steam_kbtu=answer.steam_kbtu,
    )
    assert output_values(more, factors)["ghg_emissions_mtco2e"] >= less


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"natural_gas_kbtu": -1.0}, "natural_gas_kbtu"),
        ({"steam_kbtu": math.nan}, "steam_kbtu"),
        ({"electricity_kbtu": 2 * ENERGY_MAX_KBTU}, "electricity_kbtu"),
        ({"site_energy_use_kbtu": 101.0}, "sum of the fuels"),
        ({"site_eui_kbtu_per_sqft": -0.1}, "site_eui"),
        ({"energy_80": Interval(101.0, 200.0)}, "energy's intervals"),
        ({"energy_90": Interval(60.0, 400.0)}, "energy's intervals"),
        ({"energy_90": Interval(25.0, math.inf)}, "energy's intervals"),
        ({"emissions_ratio_80": Interval(1.1, 2.0)}, "emissions' intervals"),
        ({"emissions_ratio_90": Interval(-0.1, 4.0)}, "emissions' intervals"),
        ({"support": 1.01}, "support"),
        ({"support": math.nan}, "support"),
    ],
)
def test_each_broken_promise_is_named(changes: dict[str, Any], what: str) -> None:
    answer = prediction_of(**{"electricity_kbtu": 100.0, **changes})
    with pytest.raises(InvalidOutputError, match=what):
        output_values(answer, FACTORS)


def test_boundless_factors_are_no_emissions() -> None:
    with pytest.raises(InvalidOutputError, match="boundless"):
        output_values(prediction_of(electricity_kbtu=1e9), Factors(1e308, 1.0, 1.0))


def test_numpy_numbers_and_cautions_are_stored_as_plain_values() -> None:
    answer = prediction_of(
        electricity_kbtu=np.float64(100.0),  # what a model may well answer
        cautions=(Caution("year_built", "older than any building of the training data"),),
    )
    values = output_values(answer, FACTORS)
    check(values)
    assert values["cautions"] == [
        {"feature": "year_built", "detail": "older than any building of the training data"}
    ]
