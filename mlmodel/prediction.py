"""What the model answers: about one building as plain values, about many as columns. No Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Nominal coverages of the intervals, per cent.
COVERAGES: Final = (80, 90)
#: A measured coverage may fall below its nominal one by this much before it is said to.
SHORTFALL: Final = 0.05


class Interval(NamedTuple):
    """Between which values the truth lies with the nominal probability; low <= high."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Caution:
    """Why a prediction deserves less trust: the feature at fault, and what is unusual about it."""

    feature: str
    detail: str


class Prediction(NamedTuple):
    """One answer, of a year. A named tuple, for a batch makes thousands: a data class takes longer.

    Energies are kBtu, never negative; `site_energy_use_kbtu` is the sum of the three fuels, added
    from left to right. `site_eui_kbtu_per_sqft` is by building area without parking. Emissions are
    arithmetic on the fuels and not part of the answer: their intervals are ratios, to be multiplied
    by whatever emissions a factor set makes of the fuels.

    `support` is the share of the training buildings that are at least as unusual as this one: 1 is
    as ordinary as can be, 0 is unlike anything the model learnt from.
    """

    electricity_kbtu: float
    natural_gas_kbtu: float
    steam_kbtu: float
    site_energy_use_kbtu: float
    site_eui_kbtu_per_sqft: float
    energy_80: Interval
    energy_90: Interval
    emissions_ratio_80: Interval
    emissions_ratio_90: Interval
    support: float
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimates:
    """The same as columns, one entry a building; units as in `Prediction`.

    `fuels_kbtu` has shape (rows, 3): electricity, natural gas, steam. The intervals go from nominal
    coverage (per cent) to shape (rows, 2), low and high: of energy in kBtu, of emissions as ratios.
    """

    fuels_kbtu: Array
    energy_kbtu: Array
    energy_intervals: Mapping[int, Array]
    emissions_ratios: Mapping[int, Array]
    support: Array
