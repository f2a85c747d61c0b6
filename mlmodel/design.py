"""What the trees see of a building: columns made from encoded features. NumPy only.

The order of magnitude comes from a *use-mix prior*, log E ≈ log Σ_u A_u · exp(θ_u): each use's
floor area as reported times that use's intensity, with θ shrunk towards the pooled intensity
(ridge), and from what buildings of the same era of construction, and of better or worse ENERGY STAR
scores, differ by. Everything else is learnt as a residual over it. Housing and other buildings have
each a prior and effects of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from mlmodel.features import (
    BUILDING_TYPES,
    FEATURE_NAMES,
    NEIGHBORHOODS,
    PRIMARY_PROPERTY_TYPES,
    PROPERTY_USE_TYPES,
    USE_RANKS,
    building_area,
)

Array = NDArray[np.float64]

COLUMN_OF: Final[Mapping[str, int]] = {name: i for i, name in enumerate(FEATURE_NAMES)}
_USES: Final = [COLUMN_OF[f"{rank}_property_use_type"] for rank in USE_RANKS]
_USE_AREAS: Final = [COLUMN_OF[f"{rank}_property_use_type_gfa_sqft"] for rank in USE_RANKS]
_N_USES: Final = len(PROPERTY_USE_TYPES)
_N_TYPES: Final = len(PRIMARY_PROPERTY_TYPES)
_PARKING: Final = PROPERTY_USE_TYPES.index("Parking")

#: Portfolio Manager's market sectors, a little finer: of each, its share of the floor area and how
#: many uses are named are columns.
SECTORS: Final[Mapping[str, tuple[str, ...]]] = {
    "office": ("Office", "Financial Office", "Bank Branch", "Courthouse", "Medical Office"),
    "retail": (
        "Retail Store", "Strip Mall", "Enclosed Mall", "Lifestyle Center", "Other - Mall",
        "Wholesale Club/Supercenter", "Automobile Dealership",
    ),
    "food": (
        "Restaurant", "Fast Food Restaurant", "Food Service", "Food Sales", "Bar/Nightclub",
        "Other - Restaurant/Bar", "Supermarket/Grocery Store",
        "Convenience Store without Gas Station",
    ),
    "health": (
        "Hospital (General Medical & Surgical)", "Other/Specialty Hospital",
        "Urgent Care/Clinic/Other Outpatient", "Outpatient Rehabilitation/Physical Therapy",
    ),
    "technology": ("Laboratory", "Data Center", "Other - Technology/Science"),
    "education": (
        "K-12 School", "College/University", "Adult Education", "Vocational School",
        "Pre-school/Daycare", "Other - Education", "Library",
    ),
    "lodging": (
        "Hotel", "Residence Hall/Dormitory", "Senior Care Community", "Residential Care Facility",
        "Other - Lodging/Residential", "Multifamily Housing",
    ),
    "assembly": (
        "Worship Facility", "Social/Meeting Hall", "Museum", "Performing Arts", "Movie Theater",
        "Convention Center", "Stadium (Open)", "Transportation Terminal/Station",
        "Fitness Center/Health Club/Gym", "Swimming Pool", "Other - Recreation",
        "Other - Entertainment/Public Assembly",
    ),
    "storage": (
        "Non-Refrigerated Warehouse", "Distribution Center", "Self-Storage Facility",
        "Mailing Center/Post Office",
    ),
    "cold_storage": ("Refrigerated Warehouse",),
    "industry": (
        "Manufacturing/Industrial Plant", "Energy/Power Station", "Other - Utility",
        "Repair Services (Vehicle, Shoe, Locksmith, etc)",
    ),
}  # fmt: skip
_SECTOR_OF: Final[Array] = np.array(
    [[use in uses for uses in SECTORS.values()] for use in PROPERTY_USE_TYPES], dtype=np.float64
)

#: First years of the eras of construction after the first: CBECS 2018's. Buildings of the last are
#: few among those trained on and what new ones are like; they use less, a quarter if not housing.
_ERAS: Final = (1920, 1946, 1960, 1970, 1980, 1990, 2000, 2013)
#: Categories by which the residual's mean is told, and how many there are of each.
_ENCODED: Final[Mapping[str, int]] = {
    "primary_property_type": _N_TYPES,
    "neighborhood": len(NEIGHBORHOODS),
    "building_type": len(BUILDING_TYPES),
    "largest_property_use_type": _N_USES,
    "construction_era": len(_ERAS) + 1,
}
#: Such a mean is shrunk towards 0 by this many buildings.
_ENCODING_SHRINKAGE: Final = 10.0
_PRIOR_SHRINKAGE: Final = 6.0
#: Logarithms of ratios of areas are kept within this: what is beyond is a slip of the pen.
_RATIO_BOUND: Final = 2.0

#: Housing and all other buildings: what one kind teaches of a use or a place misleads of the other.
KINDS: Final = 2
#: A kind of building with fewer training rows is learnt together with the other kind.
FEWEST_OF_KIND: Final = 40
_TYPE, _BUILDING_TYPE = COLUMN_OF["primary_property_type"], COLUMN_OF["building_type"]
_RESIDENTIAL_TYPES: Final = np.array(["Multifamily" in name for name in PRIMARY_PROPERTY_TYPES])
_RESIDENTIAL_CLASSES: Final = np.array(["Multifamily" in name for name in BUILDING_TYPES])

_PLAIN: Final = (
    "year_built", "number_of_floors", "number_of_buildings", "latitude", "longitude",
    "has_electricity", "has_natural_gas", "has_steam", "energy_star_score",
)  # fmt: skip

COLUMNS: Final[tuple[str, ...]] = (
    *_PLAIN,
    "log_prior_energy",
    "log_prior_intensity",
    "log_type_intensity",
    "log_gross_floor_area",
    "log_building_area",
    "log_area_per_floor",
    "parking_share",
    "parking_use_share",
    "largest_use_of_building",
    "largest_use_of_uses",
    "log_uses_of_building",
    "log_uses_of_gross",
    "log_largest_use_area",
    "number_of_uses",
    *(f"share_{sector}" for sector in SECTORS),
    *(f"uses_{sector}" for sector in SECTORS),
    *(f"effect_{name}" for name in _ENCODED),
)


def is_residential(encoded: Array) -> NDArray[np.bool_]:
    """Multifamily housing by class, or by property type where the class is not known: (rows,)."""
    known = ~np.isnan(encoded[:, _BUILDING_TYPE])
    by_class = _RESIDENTIAL_CLASSES[np.where(known, encoded[:, _BUILDING_TYPE], 0).astype(np.intp)]
    by_type = _RESIDENTIAL_TYPES[encoded[:, _TYPE].astype(np.intp)]
    return np.where(known, by_class, by_type)


@dataclass(frozen=True, slots=True)
class Areas:
    """Floor areas of encoded rows, ft².

    `uses`, (rows, uses), is as reported, without parking, and the whole building where a largest
    use has no area; a row of zeros has no known use. `named`, of the same shape, is 1 for each use
    that is named, even without an area, as swimming pools are. `parking`: (rows,), parking listed
    as a use.
    """

    uses: Array
    named: Array
    parking: Array
    building: Array
    gross: Array


def areas_of(encoded: Array) -> Areas:
    """The floor areas in encoded rows."""
    rows = len(encoded)
    building = building_area(encoded)
    uses, named = np.zeros((rows, _N_USES)), np.zeros((rows, _N_USES))
    for rank, (use_column, area_column) in enumerate(zip(_USES, _USE_AREAS, strict=True)):
        use, area = encoded[:, use_column], encoded[:, area_column]
        known = np.flatnonzero(~np.isnan(use))
        fallback = building[known] if rank == 0 else 0.0
        reported = np.where(np.isnan(area[known]), fallback, area[known])
        codes = use[known].astype(np.intp)
        uses[known, codes] += reported
        named[known, codes] = 1.0
    parking = uses[:, _PARKING].copy()
    uses[:, _PARKING] = 0.0
    return Areas(uses, named, parking, building, encoded[:, COLUMN_OF["gross_floor_area_sqft"]])


@dataclass(frozen=True, slots=True)
class Design:
    """How encoded rows become columns; fitted on training rows. First other buildings, then
    housing.

    `log_intensity`, (KINDS, uses + types): θ, log kBtu/ft². `effects`, (KINDS, entries): the mean
    residual of each category of the encoded features one after the other, with one more entry each
    for unknown. `score_effect`, (KINDS, 2): the residual's slope by the log-odds of the score, and
    where it is 0.
    """

    log_intensity: Array
    effects: Array
    score_effect: Array

    @classmethod
    def fit(cls, encoded: Array, log_energy: Array) -> Self:
        """`encoded`, (rows, features); `log_energy`, (rows,), log kBtu."""
        residential = is_residential(encoded)
        kinds = [np.flatnonzero(residential == kind) for kind in (False, True)]
        if min(map(len, kinds)) < FEWEST_OF_KIND:
            kinds = [np.arange(len(encoded))] * KINDS
        fitted = [_fitted(encoded[chosen], log_energy[chosen]) for chosen in kinds]
        return cls(*map(np.stack, zip(*fitted, strict=True)))

    def columns(self, encoded: Array) -> tuple[Array, Array]:
        """The columns, (rows, COLUMNS), NaN where unknown; and the prior with the effects of era
        and score, log kBtu, (rows,)."""
        areas = areas_of(encoded)
        kind = is_residential(encoded).astype(np.intp)
        prior, log_type_energy = _log_prior(encoded, areas, self.log_intensity, kind)
        building, gross = areas.building, areas.gross
        log_building, log_gross = np.log(building), np.log(gross)
        total = areas.uses.sum(axis=1)
        largest = areas.uses.max(axis=1)
        is_known = total > 0
        some = np.where(is_known, total, 1.0)
        out = np.empty((len(encoded), len(COLUMNS)))
        out[:, : len(_PLAIN)] = encoded[:, _PLAIN_COLUMNS]
        floors = np.fmax(encoded[:, COLUMN_OF["number_of_floors"]], 1.0)
        derived = (
            prior,
            prior - log_building,
            log_type_energy - log_building,
            log_gross,
            log_building,
            log_building - np.log(floors),
            encoded[:, COLUMN_OF["parking_gfa_sqft"]] / gross,
            areas.parking / gross,
            largest / building,
            np.where(is_known, largest / some, 1.0),
            _bounded_log(np.where(is_known, some / building, 1.0)),
            _bounded_log((total + areas.parking + 1.0) / gross),
            np.log1p(largest),
            (areas.uses > 0).sum(axis=1),
        )
        start = len(_PLAIN)
        for offset, values in enumerate(derived):
            out[:, start + offset] = values
        start += len(derived)
        out[:, start : start + len(SECTORS)] = _rowwise(areas.uses, _SECTOR_OF) / some[:, None]
        start += len(SECTORS)
        out[:, start : start + len(SECTORS)] = _rowwise(areas.named, _SECTOR_OF)
        effects = self.effects[kind[:, None], _effect_index(encoded)]
        out[:, -len(_ENCODED) :] = effects
        slope, centre = self.score_effect[kind].T
        by_score = np.nan_to_num(slope * (score_log_odds(encoded) - centre))
        return out, prior + effects[:, _ERA] + by_score

    def to_arrays(self) -> dict[str, Array]:
        """What `from_arrays` needs."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """The design that wrote `arrays`."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


_PLAIN_COLUMNS: Final = [COLUMN_OF[name] for name in _PLAIN]
_ENCODED_COLUMNS: Final = [COLUMN_OF[name] for name in _ENCODED if name in COLUMN_OF]
_ERA: Final = list(_ENCODED).index("construction_era")
_ENCODED_SIZES: Final = np.array(list(_ENCODED.values()))
_ENCODED_STARTS: Final = np.concatenate([[0], np.cumsum(_ENCODED_SIZES + 1)[:-1]])


def score_log_odds(encoded: Array) -> Array:
    """Of the ENERGY STAR score, a percentile whose tails are as long as a ratio's logarithm; NaN
    where unknown: (rows,)."""
    score = encoded[:, COLUMN_OF["energy_star_score"]]
    odds: Array = np.log((score - 0.5) / (100.5 - score))
    return odds


def _bounded_log(ratio: Array) -> Array:
    bounded: Array = np.clip(np.log(ratio), -_RATIO_BOUND, _RATIO_BOUND)
    return bounded


def _codes(encoded: Array) -> Array:
    """Of the categories of `_ENCODED`, NaN where unknown: (rows, categories)."""
    eras = np.searchsorted(_ERAS, encoded[:, COLUMN_OF["year_built"]], side="right")
    return np.column_stack([encoded[:, _ENCODED_COLUMNS], eras])


def _effect_index(encoded: Array) -> NDArray[np.intp]:
    codes = _codes(encoded)
    return _ENCODED_STARTS + np.where(np.isnan(codes), _ENCODED_SIZES, codes).astype(np.intp)


def _effect(codes: Array, residual: Array, size: int) -> Array:
    """Mean residual of each category, (size + 1,), shrunk; 0 for unknown, the last."""
    known = ~np.isnan(codes)
    code = codes[known].astype(np.intp)
    count = np.bincount(code, minlength=size)
    total = np.bincount(code, weights=residual[known] - residual.mean(), minlength=size)
    return np.append(total / (count + _ENCODING_SHRINKAGE), 0.0)


def _rowwise(left: Array, right: Array) -> Array:
    """left @ right, each row the same bit for bit however many there are: BLAS adds up in another
    order for one row than for many."""
    product: Array = np.einsum("ru,uk->rk", left, right)
    return product


def _by_type(encoded: Array, areas: Areas) -> Array:
    types = encoded[:, _TYPE].astype(np.intp)
    by_type = np.zeros((len(encoded), _N_TYPES))
    by_type[np.arange(len(encoded)), types] = areas.building
    return by_type


def _log_prior(
    encoded: Array, areas: Areas, log_intensity: Array, kind: NDArray[np.intp]
) -> tuple[Array, Array]:
    """log kBtu by uses where any is known, else by type; and by type: (rows,) each."""
    intensity = np.exp(log_intensity)
    types = encoded[:, _TYPE].astype(np.intp)
    type_energy = areas.building * intensity[kind, _N_USES + types]
    by_kind = _rowwise(areas.uses, intensity[:, :_N_USES].T)
    use_energy = by_kind[np.arange(len(encoded)), kind]
    log_type_energy = np.log(type_energy)
    prior = np.where(
        use_energy > 0, np.log(np.where(use_energy > 0, use_energy, 1.0)), log_type_energy
    )
    return prior, log_type_energy


def _fitted(encoded: Array, log_energy: Array) -> tuple[Array, Array, Array]:
    """Of one kind of building: θ, effects, and the effect of the score."""
    areas, codes = areas_of(encoded), _codes(encoded)
    log_intensity = _fit_log_intensity(encoded, areas, log_energy)
    kind = np.zeros(len(encoded), dtype=np.intp)
    residual = log_energy - _log_prior(encoded, areas, log_intensity[None], kind)[0]
    effects = [
        _effect(of, residual, size) for of, size in zip(codes.T, _ENCODED.values(), strict=True)
    ]
    residual -= effects[_ERA][codes[:, _ERA].astype(np.intp)]
    return log_intensity, np.concatenate(effects), _score_effect(encoded, residual)


def _score_effect(encoded: Array, residual: Array) -> Array:
    """Slope and centre of the residual by the score's log-odds: (2,)."""
    odds = score_log_odds(encoded)
    known = np.isfinite(odds)
    if known.sum() < FEWEST_OF_KIND:
        return np.zeros(2)
    centre = odds[known].mean()
    off = odds[known] - centre
    return np.array([off @ residual[known] / (off @ off + _ENCODING_SHRINKAGE), centre])


def _fit_log_intensity(encoded: Array, areas: Areas, log_energy: Array) -> Array:
    """Gauss-Newton on log E = log Σ A·exp(θ), uses and types side by side, with a ridge."""
    by_type = _by_type(encoded, areas)
    known = areas.uses.any(axis=1)
    uses = areas.uses[known]
    exposure = np.vstack(
        [
            np.hstack([uses, np.zeros((len(uses), _N_TYPES))]),
            np.hstack([np.zeros_like(areas.uses), by_type]),
        ]
    )
    target = np.concatenate([log_energy[known], log_energy])
    pooled = float(np.median(log_energy - np.log(areas.building)))
    theta = np.full(exposure.shape[1], pooled)
    for _ in range(30):
        weighted = exposure * np.exp(theta)
        total = weighted.sum(axis=1)
        gradient = weighted / total[:, None]
        hessian = gradient.T @ gradient + _PRIOR_SHRINKAGE * np.eye(len(theta))
        step = gradient.T @ (target - np.log(total)) - _PRIOR_SHRINKAGE * (theta - pooled)
        theta = theta + np.linalg.solve(hessian, step)
    return theta
