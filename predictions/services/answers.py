"""What a model's answer is on the record: fuels, emissions, intervals, each checked. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from django.utils.translation import gettext

from buildings.emissions import Factors, emissions_mtco2e
from buildings.models import EmissionFactorSet
from buildings.selectors.factors import KnownFactors
from mlmodel.prediction import COVERAGES, Interval, Prediction
from predictions.errors import PredictionError, UnsuitablePredictionError
from predictions.models import SUM_TOLERANCE, PredictionOutput

#: kBtu. More than mankind uses in a year: a number beyond it is no energy, nor could it be added
#: to another in the database.
ENERGY_MAX_KBTU: Final = 1e15
#: An interval that reaches further than so many times the emissions says nothing.
_RATIO_MAX: Final = 1e9


class InvalidOutputError(PredictionError):
    """The model answered what no building can use; the text says what, without any input."""


def output_values(prediction: Prediction, factors: Factors) -> Mapping[str, Any]:
    """The columns of a PredictionOutput, but for set, times and input: energies kBtu, emissions
    t CO2e by these factors (kg CO2e/MBtu).

    Raises InvalidOutputError when the answer breaks an invariant: every figure finite and not
    negative, energy the sum of the fuels, 90 % interval around 80 % interval around the value,
    support from 0 to 1. What is returned keeps to the table's constraints.
    """
    fuels = {
        "electricity_kbtu": _plain(prediction.electricity_kbtu),
        "natural_gas_kbtu": _plain(prediction.natural_gas_kbtu),
        "steam_kbtu": _plain(prediction.steam_kbtu),
    }
    energy = _plain(prediction.site_energy_use_kbtu)
    eui = _plain(prediction.site_eui_kbtu_per_sqft)
    for name, value in (*fuels.items(), ("site_energy_use_kbtu", energy), ("site_eui", eui)):
        _require(0 <= value <= ENERGY_MAX_KBTU, f"{name} is negative, no number or boundless")
    total = sum(fuels.values())
    _require(
        # Half of what the database tolerates, for its sum may be rounded otherwise.
        abs(energy - total) <= SUM_TOLERANCE / 2 * max(energy, total),
        "site_energy_use_kbtu is not the sum of the fuels",
    )
    energies = {80: prediction.energy_80, 90: prediction.energy_90}
    ratios = {80: prediction.emissions_ratio_80, 90: prediction.emissions_ratio_90}
    _require_nested(energies, energy, ENERGY_MAX_KBTU * _RATIO_MAX, "the energy's intervals")
    _require_nested(ratios, 1.0, _RATIO_MAX, "the emissions' intervals")
    _require(0 <= prediction.support <= 1, "support is not from 0 to 1")
    emissions = prediction_emissions(factors, **fuels)
    _require(math.isfinite(emissions), "emissions are boundless")
    values: dict[str, Any] = {
        **fuels,
        "site_energy_use_kbtu": energy,
        "site_eui_kbtu_per_sqft": eui,
        "ghg_emissions_mtco2e": emissions,
        "support": _plain(prediction.support),
        "cautions": [
            # In the order that JSONB gives them back in.
            {"detail": caution.detail, "feature": caution.feature}
            for caution in prediction.cautions
        ],
    }
    for coverage in COVERAGES:
        low, high = emissions_interval(emissions, ratios[coverage])
        values |= {
            f"site_energy_use_low_{coverage}_kbtu": _plain(energies[coverage].low),
            f"site_energy_use_high_{coverage}_kbtu": _plain(energies[coverage].high),
            f"emissions_ratio_low_{coverage}": _plain(ratios[coverage].low),
            f"emissions_ratio_high_{coverage}": _plain(ratios[coverage].high),
            f"ghg_emissions_low_{coverage}_mtco2e": low,
            f"ghg_emissions_high_{coverage}_mtco2e": high,
        }
    return values


def prediction_emissions(
    factors: Factors, *, electricity_kbtu: float, natural_gas_kbtu: float, steam_kbtu: float
) -> float:
    """What predicted fuels emit, t CO2e."""
    return emissions_mtco2e(
        factors,
        electricity_kbtu=electricity_kbtu,
        natural_gas_kbtu=natural_gas_kbtu,
        steam_use_kbtu=steam_kbtu,
    )


def emissions_interval(emissions_mtco2e: float, ratio: Interval) -> tuple[float, float]:
    """Low and high end, t CO2e, whatever factors made the emissions."""
    return _plain(emissions_mtco2e * ratio.low), _plain(emissions_mtco2e * ratio.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emissions:
    """What an output emits by one set of factors, t CO2e; intervals by nominal coverage, per
    cent."""

    factor_set: EmissionFactorSet
    ghg_emissions_mtco2e: float
    intervals: Mapping[int, tuple[float, float]]
    is_restated: bool


def output_emissions(
    output: PredictionOutput, *, factors: KnownFactors | None = None
) -> Emissions | None:
    """The stored emissions, or by other factors than they were stored with; no model is asked.

    None when the output has none: it was stored before emissions were, or holds an error code.
    Raises UnsuitablePredictionError when such an output is to be restated.
    """
    stored = output.ghg_emissions_mtco2e
    if stored is None or output.emission_factor_set is None:
        if factors is not None:
            raise UnsuitablePredictionError(
                gettext(
                    "This prediction was stored before energies were predicted by fuel, so it has "
                    "no emissions to restate: ask for a new one."
                )
            )
        return None
    if factors is None or factors.factor_set.pk == output.emission_factor_set_id:
        return Emissions(
            factor_set=output.emission_factor_set,
            ghg_emissions_mtco2e=stored,
            intervals={
                coverage: (
                    getattr(output, f"ghg_emissions_low_{coverage}_mtco2e"),
                    getattr(output, f"ghg_emissions_high_{coverage}_mtco2e"),
                )
                for coverage in COVERAGES
            },
            is_restated=False,
        )
    restated = prediction_emissions(
        factors.factors,
        electricity_kbtu=output.electricity_kbtu or 0.0,
        natural_gas_kbtu=output.natural_gas_kbtu or 0.0,
        steam_kbtu=output.steam_kbtu or 0.0,
    )
    ratios = {
        coverage: Interval(
            getattr(output, f"emissions_ratio_low_{coverage}"),
            getattr(output, f"emissions_ratio_high_{coverage}"),
        )
        for coverage in COVERAGES
    }
    return Emissions(
        factor_set=factors.factor_set,
        ghg_emissions_mtco2e=restated,
        intervals={
            coverage: emissions_interval(restated, ratio) for coverage, ratio in ratios.items()
        },
        is_restated=True,
    )


def _plain(value: float) -> float:
    """Python's own float, for the driver knows no other; 0.0 for -0.0."""
    return float(value) + 0.0


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- reads as a sentence
    # NaN compares as false, so it never holds.
    if not holds:
        raise InvalidOutputError(otherwise)


def _require_nested(
    intervals: Mapping[int, Interval], value: float, maximum: float, what: str
) -> None:
    inner, outer = intervals[80], intervals[90]
    bounds = (0.0, outer.low, inner.low, value, inner.high, outer.high, maximum)
    _require(
        all(low <= high for low, high in pairwise(bounds)),
        f"{what} are not nested around the value",
    )
