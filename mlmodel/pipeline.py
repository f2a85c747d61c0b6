"""The estimator: a use-mix prior for the order of magnitude, boosted trees for what it misses.

log E is learnt as a residual over a prior, log E ≈ log Σ_u A_u · exp(θ_u): each use's floor area
times that use's intensity, with θ shrunk towards the pooled intensity (ridge). Whatever optional
input a caller may lack is also hidden from the trees during training, so that one model serves
every set-up. No Django; arrays are encoded by `mlmodel.features.encode`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline

from mlmodel.features import (
    FEATURE_NAMES,
    FEATURES,
    PRIMARY_PROPERTY_TYPES,
    PROPERTY_USE_TYPES,
    building_area,
    encode,
)

Array = NDArray[np.float64]

_COLUMN: Final[Mapping[str, int]] = {name: i for i, name in enumerate(FEATURE_NAMES)}
_RANKS: Final = ("largest", "second_largest", "third_largest")
_USES: Final = [_COLUMN[f"{rank}_property_use_type"] for rank in _RANKS]
_USE_AREAS: Final = [_COLUMN[f"{rank}_property_use_type_gfa_sqft"] for rank in _RANKS]
_PARKING: Final = PROPERTY_USE_TYPES.index("Parking")
_N_USES: Final = len(PROPERTY_USE_TYPES)
_N_TYPES: Final = len(PRIMARY_PROPERTY_TYPES)

SCORE: Final = ("energy_star_score",)
FUELS: Final = ("has_electricity", "has_natural_gas", "has_steam")
#: Which optional inputs a caller lacks in each set-up that is evaluated.
SET_UPS: Final[Mapping[str, tuple[str, ...]]] = {
    "a": SCORE + FUELS,
    "f": SCORE,
    "b": FUELS,
    "c": (),
}
#: The barest request: the required inputs and nothing else.
_BARE: Final = tuple(feature.name for feature in FEATURES if not feature.is_required)
_BARE_WEIGHT: Final = 0.5

# Positions of the categorical columns that `_derived` makes.
_CATEGORICAL: Final = [0, 1, 2, 3]


class FeatureEncoder(TransformerMixin, BaseEstimator):
    """Rows of human values (mappings, or a pandas DataFrame) to the array of `features.encode`."""

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 -- scikit-learn's names
        return self

    def transform(self, X: Any) -> Array:  # noqa: N803
        """Shape (rows, len(FEATURES)). Missing is None or NaN; a missing column is missing in each
        row."""
        rows = X.to_dict(orient="records") if hasattr(X, "to_dict") else X
        return encode([{name: _known(value) for name, value in row.items()} for row in rows])

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def masked(encoded: Array, names: Sequence[str]) -> Array:
    """A copy in which these features are unknown."""
    copy = encoded.copy()
    copy[:, [_COLUMN[name] for name in names]] = np.nan
    return copy


class EnergyRegressor(RegressorMixin, BaseEstimator):
    """Site energy use (kBtu a year) from encoded features.

    Deterministic: the same rows in the same order and the same seed give the same predictions bit
    for bit, whatever the number of threads.
    """

    def __init__(
        self,
        *,
        seed: int = 42,
        max_iter: int = 500,
        learning_rate: float = 0.03,
        shrinkage: float = 6.0,
    ) -> None:
        self.seed = seed
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.shrinkage = shrinkage

    def fit(self, X: Array, y: Array) -> Self:  # noqa: N803
        """X of shape (rows, len(FEATURES)); y of shape (rows,), kBtu, all above 0."""
        log_energy = np.log(np.asarray(y, dtype=np.float64))
        self.log_intensity_ = _fit_prior(X, log_energy, self.shrinkage)
        views = [masked(X, names) for names in SET_UPS.values()] + [masked(X, _BARE)]
        weights = np.repeat([1.0] * len(SET_UPS) + [_BARE_WEIGHT], len(X))
        seen = np.vstack(views)
        derived, prior = _derived(seen, self.log_intensity_)
        # The trees cannot bin a column without any value; a constant is never split on.
        derived[:, np.isnan(derived).all(axis=0)] = 0.0
        self.trees_ = HistGradientBoostingRegressor(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=8,
            min_samples_leaf=25,
            l2_regularization=5.0,
            max_features=0.4,
            categorical_features=_CATEGORICAL,
            early_stopping=False,
            random_state=self.seed,
        ).fit(derived, np.tile(log_energy, len(views)) - prior, sample_weight=weights)
        return self

    def predict(self, X: Array) -> Array:  # noqa: N803
        """Shape (rows,), kBtu a year."""
        derived, prior = _derived(X, self.log_intensity_)
        energy: Array = np.exp(prior + self.trees_.predict(derived))
        return energy


def build_pipeline(*, seed: int = 42, max_iter: int = 500) -> Pipeline:
    """The whole model: human values in, kBtu a year out."""
    return Pipeline(
        [("encode", FeatureEncoder()), ("energy", EnergyRegressor(seed=seed, max_iter=max_iter))]
    )


def _use_areas(encoded: Array) -> tuple[Array, Array]:
    """Floor area by use, scaled to the building's area: (rows, uses); and the building's area:
    (rows,).

    A row of zeros has no known use. A largest use without area is taken to fill the building.
    """
    building = building_area(encoded)
    areas = np.zeros((len(encoded), _N_USES))
    for rank, (use_column, area_column) in enumerate(zip(_USES, _USE_AREAS, strict=True)):
        use, area = encoded[:, use_column], encoded[:, area_column]
        known = np.flatnonzero(~np.isnan(use) & (use != _PARKING))
        fallback = building[known] if rank == 0 else 0.0
        area = np.where(np.isnan(area[known]), fallback, area[known])
        areas[known, use[known].astype(np.intp)] += area
    total = areas.sum(axis=1)
    known = total > 0
    areas[known] *= (building[known] / total[known])[:, None]
    return areas, building


def _exposure(encoded: Array) -> tuple[Array, Array]:
    """Floor areas by use, (rows, uses), zero where none is known, and by type, (rows, types)."""
    areas, building = _use_areas(encoded)
    types = encoded[:, _COLUMN["primary_property_type"]].astype(np.intp)
    by_type = np.zeros((len(encoded), _N_TYPES))
    by_type[np.arange(len(encoded)), types] = building
    return areas, by_type


def _fit_prior(encoded: Array, log_energy: Array, shrinkage: float) -> Array:
    """θ of shape (uses + types,), log kBtu/ft²: Gauss-Newton on log E = log Σ A·exp(θ) with a ridge
    towards the pooled intensity."""
    areas, by_type = _exposure(encoded)
    known = areas.any(axis=1)
    exposure = np.vstack(
        [
            np.hstack([areas[known], np.zeros((int(known.sum()), _N_TYPES))]),
            np.hstack([np.zeros_like(areas), by_type]),
        ]
    )
    target = np.concatenate([log_energy[known], log_energy])
    pooled = float(np.median(log_energy - np.log(by_type.sum(axis=1))))
    theta = np.full(exposure.shape[1], pooled)
    for _ in range(30):
        weighted = exposure * np.exp(theta)
        total = weighted.sum(axis=1)
        gradient = weighted / total[:, None]
        hessian = gradient.T @ gradient + shrinkage * np.eye(len(theta))
        step = gradient.T @ (target - np.log(total)) - shrinkage * (theta - pooled)
        theta = theta + np.linalg.solve(hessian, step)
    return theta


def _derived(encoded: Array, log_intensity: Array) -> tuple[Array, Array]:
    """What the trees see, (rows, columns), categories first; and the prior, log kBtu, (rows,)."""
    areas, by_type = _exposure(encoded)
    building = by_type.sum(axis=1)
    intensity = np.exp(log_intensity)
    known = areas.any(axis=1)
    type_energy = by_type @ intensity[_N_USES:]
    prior = np.log(np.where(known, areas @ intensity[:_N_USES], type_energy))

    def column(name: str) -> Array:
        return encoded[:, _COLUMN[name]]

    total = column("gross_floor_area_sqft")
    derived = np.column_stack(
        [
            column("primary_property_type"),
            column("neighborhood"),
            column("building_type"),
            column("largest_property_use_type"),
            prior,
            prior - np.log(building),
            np.log(type_energy / building),
            np.log(total),
            np.log(building),
            column("year_built"),
            column("number_of_floors"),
            np.log(building / np.fmax(column("number_of_floors"), 1.0)),
            column("number_of_buildings"),
            column("parking_gfa_sqft") / total,
            column("largest_property_use_type_gfa_sqft") / total,
            areas.max(axis=1) / building,
            column("latitude"),
            column("longitude"),
            column("has_electricity"),
            column("has_natural_gas"),
            column("has_steam"),
            column("energy_star_score"),
        ]
    )
    return derived, prior
