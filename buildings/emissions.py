"""Emissions as arithmetic: fuels times factors, and the factors that published emissions imply.

Energies are kBtu, factors kg CO2e per MBtu (a million Btu), emissions metric tons CO2e. No Django.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Below this many buildings a regression says little.
FEWEST_RECORDS: Final = 100
#: A record is explained when reported and computed emissions differ by no more than this share …
RELATIVE_TOLERANCE: Final = 0.01
#: … or by this many t CO2e: files from 2018 on round to 0.1 t.
ABSOLUTE_TOLERANCE_MTCO2E: Final = 0.1
_KBTU_KG_PER_MBTU_T: Final = 1e6  # kBtu * kg/MBtu is 1e-3 kg, a millionth of a ton
_ROUNDS: Final = 60


class Factors(NamedTuple):
    """kg CO2e per MBtu of each fuel."""

    electricity: float
    natural_gas: float
    steam: float


@dataclass(frozen=True, slots=True)
class Derivation:
    """Factors found by regression, and how well they explain the emissions they come from."""

    factors: Factors
    records: int
    share_explained: float
    median_relative_residual: float


def emissions_mtco2e(
    factors: Factors, *, electricity_kbtu: float, natural_gas_kbtu: float, steam_use_kbtu: float
) -> float:
    """What these fuels emit, t CO2e.

    >>> round(emissions_mtco2e(Factors(6.9714, 53.11, 77.188), electricity_kbtu=3946027,
    ...     natural_gas_kbtu=1276453, steam_use_kbtu=2003882), 2)
    249.98
    """
    return (
        factors.electricity * electricity_kbtu
        + factors.natural_gas * natural_gas_kbtu
        + factors.steam * steam_use_kbtu
    ) / _KBTU_KG_PER_MBTU_T


def is_explained(reported: float, computed: float) -> bool:
    """Whether both figures (t CO2e) say the same, within the tolerances above."""
    tolerance = max(RELATIVE_TOLERANCE * abs(reported), ABSOLUTE_TOLERANCE_MTCO2E)
    return abs(reported - computed) <= tolerance


def derive(
    fuels_kbtu: NDArray[np.float64], reported_mtco2e: NDArray[np.float64]
) -> Derivation | None:
    """The factors that explain reported emissions best, or None when the records do not tell.

    Least absolute relative residuals, by iteratively reweighted least squares (Holland & Welsch,
    1977): what most buildings agree on, whatever a few misreported. `fuels_kbtu`, of shape
    (records, 3), are electricity, natural gas and steam; `reported_mtco2e` has shape (records,).
    Records without energy or emissions are left out.
    """
    is_usable = (reported_mtco2e > 0) & (fuels_kbtu >= 0).all(axis=1) & (fuels_kbtu.sum(axis=1) > 0)
    fuels, reported = fuels_kbtu[is_usable] / _KBTU_KG_PER_MBTU_T, reported_mtco2e[is_usable]
    is_used_enough = (fuels > 0).sum(axis=0) >= min(FEWEST_RECORDS, 20)
    if len(reported) < FEWEST_RECORDS or not is_used_enough.all():
        return None
    factors = _least_absolute(fuels / reported[:, None])
    residuals = np.abs(fuels @ factors - reported)
    tolerance = np.maximum(RELATIVE_TOLERANCE * reported, ABSOLUTE_TOLERANCE_MTCO2E)
    if (factors < 0).any():
        return None
    return Derivation(
        Factors(*(round(float(factor), 4) for factor in factors)),
        records=len(reported),
        share_explained=round(float((residuals <= tolerance).mean()), 4),
        median_relative_residual=float(f"{np.median(residuals / reported):.2g}"),
    )


def _least_absolute(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """x that minimises Σ|shares·x - 1|."""
    weights = np.ones(len(shares))
    solution: NDArray[Any] = np.zeros(shares.shape[1])
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)
        solution, *_ = np.linalg.lstsq(shares * root[:, None], root, rcond=None)
        weights = 1 / np.maximum(np.abs(shares @ solution - 1), 1e-6)
    return solution
