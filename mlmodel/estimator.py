"""From what the trees say to energy by fuel with intervals. NumPy only: this is what serves.

The trees of the building's expert answer five numbers: the residual of log energy over the prior,
the logarithm of the carbon intensity under reference factors, the share of steam in what is not
electricity, and the logarithms of how far off energy and emissions usually are for such buildings.
Emissions are then arithmetic on fuels: no pair of energy and emissions can be impossible.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from mlmodel.design import COLUMN_OF, COLUMNS, KINDS, Design, is_residential
from mlmodel.features import HAS_FUELS, PRIMARY_PROPERTY_TYPES
from mlmodel.flat import FlatTrees
from mlmodel.prediction import COVERAGES, Caution, Estimates
from mlmodel.support import Support

Array = NDArray[np.float64]

#: kg CO2e per MBtu of electricity, natural gas and steam (Seattle, 2016): carbon intensity is
#: learnt under these; any other set can be applied to the fuels afterwards.
REFERENCE_FACTORS: Final = np.array([6.9714, 53.11, 77.188])
_FUELS: Final = [COLUMN_OF[name] for name in HAS_FUELS]
_TYPE: Final = COLUMN_OF["primary_property_type"]
_SCORE: Final = COLUMN_OF["energy_star_score"]
_LARGEST_USE: Final = COLUMN_OF["largest_property_use_type"]
#: How much is known of a building: score or not times fuels or not, and no more than the basics.
KNOWLEDGE: Final = 5
#: Of intervals: how much is known, for each property type.
GROUPS: Final = KNOWLEDGE * len(PRIMARY_PROPERTY_TYPES)


#: Sets of trees: of each kind of building, where the score is known and where it is not. With it,
#: all else tells something different.
EXPERTS: Final = 2 * KINDS
#: What each of them answers.
OUTPUTS: Final = 5


def experts_of(encoded: Array) -> NDArray[np.intp]:
    """Which expert answers each row: (rows,)."""
    experts: NDArray[np.intp] = 2 * is_residential(encoded) + np.isnan(encoded[:, _SCORE])
    return experts


def answers_of(
    encoded: Array, columns: Array, experts: Sequence[Callable[[Array], Array]]
) -> Array:
    """What each row's expert says of its columns: (rows, answers of an expert)."""
    expert = experts_of(encoded)
    answers: Array
    if (expert == expert[0]).all():  # one row, mostly
        answers = experts[expert[0]](columns)
        return answers
    rows = [np.flatnonzero(expert == number) for number in range(EXPERTS)]
    said = [ask(columns[own]) for ask, own in zip(experts, rows, strict=True) if len(own)]
    answers = np.empty((len(encoded), said[0].shape[1]))
    answers[np.concatenate(rows)] = np.concatenate(said)
    return answers


def groups_of(encoded: Array) -> NDArray[np.intp]:
    """The calibration group of each row: of its property type, by what is known."""
    no_score = np.isnan(encoded[:, _SCORE])
    no_fuels = np.isnan(encoded[:, _FUELS]).all(axis=1)
    is_bare = no_score & no_fuels & np.isnan(encoded[:, _LARGEST_USE])
    types = encoded[:, _TYPE].astype(np.intp)
    groups: NDArray[np.intp] = types * KNOWLEDGE + 2 * no_score + no_fuels + is_bare
    return groups


def is_all_electric(encoded: Array) -> NDArray[np.bool_]:
    """Rows that are said to have neither natural gas nor steam."""
    answer: NDArray[np.bool_] = (encoded[:, _FUELS[1:]] == 0).all(axis=1)
    return answer


def fuels_of(encoded: Array, prior: Array, raw: Array) -> Array:
    """Electricity, natural gas and steam, kBtu, (rows, 3), from the trees' first three outputs.

    A fuel that the building is said not to have is exactly 0.
    """
    energy = np.exp(prior + raw[:, 0])
    allowed = encoded[:, _FUELS] != 0  # unknown counts as possible
    steam_share = np.clip(raw[:, 2], 0.0, 1.0)
    steam_share = np.where(allowed[:, 2], np.where(allowed[:, 1], steam_share, 1.0), 0.0)
    electric, gas, steam = REFERENCE_FACTORS
    burnt = gas * (1 - steam_share) + steam * steam_share
    share = np.clip((np.exp(raw[:, 1]) - electric) / (burnt - electric), 0.0, 1.0)
    possible = allowed[:, 1] | allowed[:, 2]
    share = np.where(possible, np.where(allowed[:, 0], share, 1.0), 0.0)
    shares = np.column_stack([1 - share, share * (1 - steam_share), share * steam_share])
    fuels: Array = energy[:, None] * shares
    return fuels


@dataclass(frozen=True, slots=True)
class Estimator:
    """A fitted model as plain arrays. Thread-safe.

    `experts`: the trees of each expert, OUTPUTS answers each.
    `energy_quantiles` and `emissions_quantiles`, (GROUPS, coverages, 2): how many difficulties the
    truth lies below and above, as logarithms.
    """

    design: Design
    experts: Sequence[FlatTrees]
    support: Support
    energy_quantiles: Array
    emissions_quantiles: Array

    def estimate(self, encoded: Array) -> Estimates:
        """Estimates of rows of `features.encode`."""
        return self.estimate_with_cautions(encoded)[0]

    def estimate_with_cautions(self, encoded: Array) -> tuple[Estimates, list[tuple[Caution, ...]]]:
        """The same, and what is unusual about each row."""
        columns, prior = self.design.columns(encoded)
        raw = answers_of(encoded, columns, [trees.predict for trees in self.experts])
        fuels = fuels_of(encoded, prior, raw)
        energy = fuels[:, 0] + fuels[:, 1] + fuels[:, 2]
        groups = groups_of(encoded)
        of_energy = np.exp(self.energy_quantiles[groups] * np.exp(raw[:, 3])[:, None, None])
        of_emissions = np.exp(self.emissions_quantiles[groups] * np.exp(raw[:, 4])[:, None, None])
        # Where there is one fuel, emissions are as uncertain as energy, neither more nor less.
        of_emissions = np.where(is_all_electric(encoded)[:, None, None], of_energy, of_emissions)
        unusual = self.support.standardised(encoded, columns)
        estimates = Estimates(
            fuels_kbtu=fuels,
            energy_kbtu=energy,
            energy_intervals={
                coverage: of_energy[:, i] * energy[:, None] for i, coverage in enumerate(COVERAGES)
            },
            emissions_ratios={coverage: of_emissions[:, i] for i, coverage in enumerate(COVERAGES)},
            support=self.support.scores(unusual),
        )
        return estimates, self.support.cautions(encoded, unusual)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything by name, for `artifact.save_arrays`."""
        parts: Mapping[str, Mapping[str, NDArray[Any]]] = {
            "design": self.design.to_arrays(),
            **{f"trees_{i}": trees.to_arrays() for i, trees in enumerate(self.experts)},
            "support": self.support.to_arrays(),
            "quantiles": {
                "energy": self.energy_quantiles,
                "emissions": self.emissions_quantiles,
            },
        }
        return {
            f"{part}.{name}": array
            for part, arrays in parts.items()
            for name, array in arrays.items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The estimator that wrote `arrays`. Raises KeyError or ValueError when something lacks."""

        def part(name: str) -> dict[str, NDArray[Any]]:
            start = f"{name}."
            return {
                key.removeprefix(start): a for key, a in arrays.items() if key.startswith(start)
            }

        quantiles = part("quantiles")
        experts = [FlatTrees.from_arrays(part(f"trees_{i}")) for i in range(EXPERTS)]
        for trees in experts:
            if (trees.columns, trees.outputs) != (len(COLUMNS), OUTPUTS):
                raise ValueError(
                    f"The trees answer {trees.outputs} numbers from {trees.columns} columns, not "
                    f"{OUTPUTS} from {len(COLUMNS)}."
                )
        for name in ("energy", "emissions"):
            if quantiles[name].shape != (GROUPS, len(COVERAGES), 2):
                raise ValueError(f"The quantiles of {name} have shape {quantiles[name].shape}.")
        return cls(
            Design.from_arrays(part("design")),
            experts,
            Support.from_arrays(part("support")),
            quantiles["energy"],
            quantiles["emissions"],
        )
