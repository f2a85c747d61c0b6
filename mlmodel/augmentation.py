"""Variants of buildings that might as well exist, for the teacher to label. NumPy only.

A variant takes groups of facts from another building of its property type, is somewhat larger or
smaller, older or newer, and may not know everything: the served trees then learn the teacher's
answer between the training buildings too, and what to say when a fact is missing.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlmodel.design import COLUMN_OF
from mlmodel.features import FEATURES_BY_NAME, HAS_FUELS, USE_RANKS

Array = NDArray[np.float64]

_AREAS: Final = [
    COLUMN_OF[name]
    for name in (
        "gross_floor_area_sqft",
        "parking_gfa_sqft",
        *(f"{rank}_property_use_type_gfa_sqft" for rank in USE_RANKS),
    )
]
_GROSS: Final = COLUMN_OF["gross_floor_area_sqft"]
_USES: Final = [COLUMN_OF[f"{rank}_property_use_type"] for rank in USE_RANKS]
_TYPE: Final = COLUMN_OF["primary_property_type"]
_BUILDING_TYPE: Final = COLUMN_OF["building_type"]


def _columns(*names: str) -> list[int]:
    return [COLUMN_OF[name] for name in names]


#: Facts that go together, from one building to another.
_SWAPPED: Final[Sequence[list[int]]] = (
    _columns("number_of_floors"),
    _columns("number_of_buildings"),
    _columns("neighborhood", "latitude", "longitude"),
    _columns(*HAS_FUELS),
    _columns("energy_star_score"),
    [*_USES, *_AREAS[1:]],
    _columns("year_built"),
)
#: Facts that a caller may lack together, beyond score and fuels, which the views hide.
_LACKING: Final[Sequence[list[int]]] = (
    _columns("building_type"),
    _columns("number_of_floors"),
    _columns("number_of_buildings"),
    _columns("parking_gfa_sqft"),
    [*_USES, *_AREAS[2:]],
    _columns("neighborhood"),
    _columns("latitude", "longitude"),
)
_SWAP_SHARE: Final = 0.3
_LACK_SHARE: Final = 0.1
_LOG_AREA_DEVIATION: Final = 0.25
_YEARS_DEVIATION: Final = 6.0
_SCORE_DEVIATION: Final = 5.0


def variants(encoded: Array, generator: np.random.Generator) -> Array:
    """One variant of each row: (rows, features)."""
    rows = len(encoded)
    out = encoded.copy()
    partner = _partners(encoded, generator)
    for columns in _SWAPPED:
        chosen = np.flatnonzero(generator.random(rows) < _SWAP_SHARE)
        taken = encoded[np.ix_(partner[chosen], columns)]
        scale = encoded[chosen, _GROSS] / encoded[partner[chosen], _GROSS]
        is_area = np.isin(columns, _AREAS)
        taken[:, is_area] *= scale[:, None]
        out[np.ix_(chosen, columns)] = taken
    out[:, _AREAS] *= np.exp(generator.normal(0.0, _LOG_AREA_DEVIATION, rows))[:, None]
    for name, deviation in (
        ("year_built", _YEARS_DEVIATION),
        ("energy_star_score", _SCORE_DEVIATION),
    ):
        feature, column = FEATURES_BY_NAME[name], COLUMN_OF[name]
        moved = np.round(out[:, column] + generator.normal(0.0, deviation, rows))
        out[:, column] = np.clip(moved, feature.minimum, feature.maximum)
    return out


def lacking(encoded: Array, generator: np.random.Generator) -> Array:
    """The same rows, each without some of the facts that are optional: (rows, features)."""
    out = encoded.copy()
    for columns in _LACKING:
        chosen = np.flatnonzero(generator.random(len(encoded)) < _LACK_SHARE)
        out[np.ix_(chosen, columns)] = np.nan
    return out


def _partners(encoded: Array, generator: np.random.Generator) -> NDArray[np.intp]:
    """Of each row, another (or the same) of its property and building type, with equal chances."""
    kinds = encoded[:, _TYPE] * 100 + np.nan_to_num(encoded[:, _BUILDING_TYPE], nan=99)
    partner = np.empty(len(encoded), dtype=np.intp)
    for kind in np.unique(kinds):
        members = np.flatnonzero(kinds == kind)
        partner[members] = generator.choice(members, len(members))
    return partner
