"""What each feature adds to a prediction, beside that of a usual building. No Django.

Shapley values (Shapley, 1953; Štrumbelj & Kononenko, 2014): walk from the reference to the
building, switching one feature after the other, and average what each switch changes over the
orders. Every walk ends at the building, so whatever orders are taken, the contributions add up.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

import numpy as np

from mlmodel.features import (
    FEATURE_NAMES,
    HAS_FUELS,
    USE_RANKS,
    FeatureRow,
    FeatureValue,
    feature_conflicts,
)

Energies = Callable[[Sequence[FeatureRow]], Sequence[float]]

#: Up to so many switches every set of them is evaluated (at most 2**9 rows): no sampling.
EXACT_UP_TO: Final = 9
ORDERS: Final = 64
SEED: Final = 42

_USES: Final = tuple(f"{rank}_property_use_type" for rank in USE_RANKS)
#: A half of one building's with the other half of another's would mean nothing.
_ALWAYS_TOGETHER: Final = (
    ("latitude", "longitude"),
    *((use, f"{use}_gfa_sqft") for use in _USES),
)
#: (dependent, on): together only where the one building's does not go with the other's.
_TOGETHER_IF_NEEDED: Final = (
    ("parking_gfa_sqft", "gross_floor_area_sqft"),
    *((smaller, larger) for larger, smaller in pairwise(_USES)),
)


@dataclass(frozen=True, slots=True)
class Switched:
    """A feature as the building has it and as the reference has it."""

    feature: str
    value: FeatureValue
    reference_value: FeatureValue


@dataclass(frozen=True, slots=True)
class Contribution(Switched):
    """What a feature adds, kBtu; `together_with` are those that only make sense with it."""

    contribution_kbtu: float
    together_with: tuple[Switched, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """`reference_kbtu` plus every contribution is `prediction_kbtu`, but for rounding.

    The largest contribution comes first. `orders` is how many random orders were averaged over; 0
    means all there are, exactly.
    """

    reference_kbtu: float
    prediction_kbtu: float
    contributions: tuple[Contribution, ...]
    orders: int
    seed: int


def contributions(
    row: FeatureRow,
    reference: FeatureRow,
    energies: Energies,
    *,
    orders: int = ORDERS,
    seed: int = SEED,
) -> Contributions:
    """What leads from the energy of `reference` to that of `row`, feature by feature.

    `energies` answers kBtu, one a row. It is called once, with at most `orders` x (differing
    features) + 2 rows, each of which is free of `feature_conflicts` if `row` and `reference` are.
    Random orders come in pairs, each with its reverse. Same arguments, same answer.

    Raises ValueError for fewer than two orders.
    """
    if orders < 2:
        raise ValueError(f"{orders} orders: two are the fewest")
    groups = _groups(row, reference)
    walks = [] if len(groups) <= EXACT_UP_TO else list(_orders(len(groups), orders, seed))
    masks = _masks_of(walks) if walks else list(range(1 << len(groups)))
    rows = [_mixed(row, reference, groups, mask) for mask in masks]
    energy = dict(zip(masks, (float(value) for value in energies(rows)), strict=True))
    shares = _sampled(walks, energy) if walks else _exact(len(groups), energy)
    found = [
        Contribution(
            group[0],
            row.get(group[0]),
            reference.get(group[0]),
            share,
            tuple(Switched(name, row.get(name), reference.get(name)) for name in group[1:]),
        )
        for group, share in zip(groups, shares, strict=True)
    ]
    found.sort(key=lambda one: -abs(one.contribution_kbtu))
    return Contributions(
        reference_kbtu=energy[0],
        prediction_kbtu=energy[(1 << len(groups)) - 1],
        contributions=tuple(found),
        orders=len(walks),
        seed=seed,
    )


def _groups(row: FeatureRow, reference: FeatureRow) -> list[list[str]]:
    """The features that differ, those that must be switched together in one list."""
    differing = [name for name in FEATURE_NAMES if row.get(name) != reference.get(name)]
    group_of = {name: [name] for name in differing}
    for one, other in _together(row, reference):
        if one in group_of and other in group_of:
            if group_of[one] is group_of[other]:
                continue
            merged = group_of[one] + group_of[other]
            for name in merged:
                group_of[name] = merged
    groups = {id(group): group for group in group_of.values()}
    return [sorted(group, key=FEATURE_NAMES.index) for group in groups.values()]


def _together(row: FeatureRow, reference: FeatureRow) -> Iterator[tuple[str, str]]:
    yield from _ALWAYS_TOGETHER
    for dependent, on in _TOGETHER_IF_NEEDED:
        if _clash(dependent, on, row, reference):
            yield dependent, on
    if all(False in (row.get(fuel), reference.get(fuel)) for fuel in HAS_FUELS):
        yield from combinations(HAS_FUELS, 2)  # a mixture could be denied every fuel


def _clash(dependent: str, on: str, row: FeatureRow, reference: FeatureRow) -> bool:
    return any(
        dependent in feature_conflicts({dependent: one.get(dependent), on: other.get(on)})
        for one, other in ((row, reference), (reference, row))
    )


def _mixed(
    row: FeatureRow, reference: FeatureRow, groups: Sequence[Sequence[str]], mask: int
) -> FeatureRow:
    """The reference, with those groups of the building's whose bit is set."""
    switched = {name for bit, group in enumerate(groups) if mask >> bit & 1 for name in group}
    return {name: (row if name in switched else reference).get(name) for name in FEATURE_NAMES}


def _orders(count: int, orders: int, seed: int) -> Iterator[Sequence[int]]:
    generator = np.random.default_rng(seed)
    for _ in range(orders // 2):
        order = generator.permutation(count).tolist()
        yield order
        yield order[::-1]


def _masks_of(walks: Sequence[Sequence[int]]) -> list[int]:
    """Every set of switches that some walk passes, each once."""
    masks = {0: None}
    for order in walks:
        mask = 0
        for bit in order:
            mask |= 1 << bit
            masks[mask] = None
    return list(masks)


def _sampled(walks: Sequence[Sequence[int]], energy: dict[int, float]) -> list[float]:
    changes: list[list[float]] = [[] for _ in walks[0]]
    for order in walks:
        mask = 0
        for bit in order:
            before, mask = mask, mask | 1 << bit
            changes[bit].append(energy[mask] - energy[before])
    return [math.fsum(each) / len(walks) for each in changes]


def _exact(count: int, energy: dict[int, float]) -> list[float]:
    """The mean over all orders: each set of others weighs as many orders as have it first."""
    shares = []
    for bit in range(count):
        others = [1 << other for other in range(count) if other != bit]
        terms = []
        for size in range(count):
            weight = 1 / (count * math.comb(count - 1, size))
            for chosen in combinations(others, size):
                mask = sum(chosen)
                terms.append(weight * (energy[mask | 1 << bit] - energy[mask]))
        shares.append(math.fsum(terms))
    return shares
