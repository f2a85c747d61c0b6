"""The estimator: a use-mix prior for the order of magnitude, boosted trees for what it misses.

One boosting model learns log E over the prior, one the logarithm of the carbon intensity, one the
share of steam in what is not electricity. Whatever optional input a caller may lack is also hidden
from the trees during training, so that one model serves every set-up. Two more learn how far off
the first are (from out-of-fold residuals), which makes the intervals: split conformal prediction
normalised by difficulty (Lei et al., JASA 2018), calibrated by group (Vovk, 2012). No Django;
arrays are encoded by `mlmodel.features.encode`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline

from mlmodel.design import COLUMN_OF, Design
from mlmodel.estimator import (
    GROUPS,
    REFERENCE_FACTORS,
    Estimator,
    fuels_of,
    groups_of,
    is_all_electric,
)
from mlmodel.features import FEATURES, HAS_FUELS, encode
from mlmodel.flat import FlatTrees
from mlmodel.prediction import COVERAGES
from mlmodel.support import Support

Array = NDArray[np.float64]

SCORE: Final = ("energy_star_score",)
#: Which optional inputs a caller lacks in each set-up that is evaluated.
SET_UPS: Final[Mapping[str, tuple[str, ...]]] = {
    "a": SCORE + HAS_FUELS,
    "f": SCORE,
    "b": HAS_FUELS,
    "c": (),
}
#: The barest request: the required inputs and nothing else.
_BARE: Final = tuple(feature.name for feature in FEATURES if not feature.is_required)
_BARE_WEIGHT: Final = 0.5
_INNER_FOLDS: Final = 3
#: Log residuals below this are as good as none.
_SMALLEST_RESIDUAL: Final = 0.05
#: With fewer calibration rows, a group borrows the quantiles of all.
_FEWEST_CALIBRATED: Final = 24


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
    copy[:, [COLUMN_OF[name] for name in names]] = np.nan
    return copy


class EnergyRegressor(RegressorMixin, BaseEstimator):
    """Site energy use by fuel (kBtu a year), with intervals, from encoded features.

    Deterministic: the same rows in the same order and the same seed give the same predictions,
    whatever the number of threads.
    """

    def __init__(self, *, seed: int = 42, max_iter: int = 500, learning_rate: float = 0.03) -> None:
        self.seed = seed
        self.max_iter = max_iter
        self.learning_rate = learning_rate

    def fit(self, X: Array, y: Array) -> Self:  # noqa: N803 -- scikit-learn's names
        """X of shape (rows, len(FEATURES)). y of shape (rows, 4): site energy use, above 0, then
        electricity, natural gas and steam, NaN where unknown; all kBtu."""
        y = np.asarray(y, dtype=np.float64)
        log_energy, fuels = np.log(y[:, 0]), np.clip(y[:, 1:], 0.0, None)
        log_intensity, steam_share = _carbon(fuels)
        log_emissions = log_intensity + np.log(
            np.where(fuels.sum(axis=1) > 0, fuels.sum(axis=1), 1)
        )
        self.design_ = Design.fit(X, log_energy)
        self.support_ = Support.fit(X, self.design_.columns(X)[0])
        # Every building in every view, one view after the other; `building` says which it is.
        views = _views(X)
        encoded = np.vstack(views)
        building = np.tile(np.arange(len(X)), len(views))
        columns, prior = self.design_.columns(encoded)
        weights = np.repeat([1.0] * len(SET_UPS) + [_BARE_WEIGHT], len(X))
        targets = np.column_stack(
            [log_energy[building] - prior, log_intensity[building], steam_share[building]]
        )
        measured = np.column_stack([log_energy, log_emissions])[building]
        part = _inner_parts(len(X), self.seed)[building]
        self.models_ = self._point_models(columns, targets, weights)

        # How far off is a model that has not seen the building?
        residuals = np.empty_like(measured)
        for number in range(_INNER_FOLDS):
            seen, held = part != number, part == number
            models = self._point_models(columns[seen], targets[seen], weights[seen], haste=2)
            raw = np.column_stack([model.predict(columns[held]) for model in models])
            fuels_held = fuels_of(encoded[held], prior[held], raw)
            predicted = np.log([fuels_held.sum(axis=1), fuels_held @ REFERENCE_FACTORS])
            residuals[held] = measured[held] - predicted.T
        groups = groups_of(encoded)
        # Of buildings with one fuel, emissions are as far off as energy.
        residuals[is_all_electric(encoded), 1] = np.nan
        quantiles = []
        for residual in residuals.T:
            known = np.isfinite(residual)
            magnitude = np.log(np.maximum(np.abs(residual), _SMALLEST_RESIDUAL))
            self.models_.append(self._difficulty(columns, magnitude, known))
            # Out of fold too: a difficulty that has seen the residual would explain it too well.
            scale = np.ones(len(residual))
            for number in range(_INNER_FOLDS):
                held = known & (part == number)
                blind = self._difficulty(columns, magnitude, known & (part != number))
                scale[held] = np.exp(blind.predict(columns[held]))
            quantiles.append(_quantiles(residual[known] / scale[known], groups[known]))
        self.energy_quantiles_, self.emissions_quantiles_ = quantiles
        return self

    def predict(self, X: Array) -> Array:  # noqa: N803
        """Shape (rows, 3): electricity, natural gas and steam, kBtu a year."""
        columns, prior = self.design_.columns(X)
        raw = np.column_stack([model.predict(columns) for model in self.models_[:3]])
        return fuels_of(X, prior, raw)

    def to_estimator(self) -> Estimator:
        """The fitted model as plain arrays, without scikit-learn."""
        return Estimator(
            self.design_,
            FlatTrees.of(*self.models_),
            self.support_,
            self.energy_quantiles_,
            self.emissions_quantiles_,
        )

    def _point_models(
        self, columns: Array, targets: Array, weights: Array, *, haste: int = 1
    ) -> list[HistGradientBoostingRegressor]:
        """Energy, intensity and steam share, `targets` of shape (rows, 3), NaN where unknown;
        `haste` divides the trees and multiplies the rate."""
        columns = _binnable(columns)
        sizes = (
            (self.max_iter, 16, self.learning_rate),
            (self.max_iter // 2, 8, 2 * self.learning_rate),
            (self.max_iter // 4, 8, 2 * self.learning_rate),
        )
        models = []
        for target, (trees, leaves, rate) in zip(targets.T, sizes, strict=True):
            known = np.isfinite(target)
            model = self._boosting(max(trees // haste, 1), leaves=leaves, rate=rate * haste)
            models.append(model.fit(columns[known], target[known], sample_weight=weights[known]))
        return models

    def _difficulty(
        self, columns: Array, magnitude: Array, chosen: NDArray[np.bool_]
    ) -> HistGradientBoostingRegressor:
        """How far off, as a logarithm, learnt from the chosen rows."""
        trees = max(min(self.max_iter, 100), 1)
        return self._boosting(trees, leaves=8, rate=0.06).fit(
            _binnable(columns[chosen]), magnitude[chosen]
        )

    def _boosting(self, trees: int, *, leaves: int, rate: float) -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(
            max_iter=trees,
            learning_rate=rate,
            max_leaf_nodes=leaves,
            min_samples_leaf=30,
            l2_regularization=5.0,
            max_features=0.2,
            early_stopping=False,
            random_state=self.seed,
        )


def build_pipeline(*, seed: int = 42, max_iter: int = 500) -> Pipeline:
    """The whole model: human values in, kBtu a year by fuel out."""
    return Pipeline(
        [("encode", FeatureEncoder()), ("energy", EnergyRegressor(seed=seed, max_iter=max_iter))]
    )


def _views(encoded: Array) -> list[Array]:
    return [masked(encoded, names) for names in SET_UPS.values()] + [masked(encoded, _BARE)]


def _inner_parts(count: int, seed: int) -> NDArray[np.intp]:
    """Which inner fold holds each building out: (count,)."""
    part = np.empty(count, dtype=np.intp)
    splitter = KFold(_INNER_FOLDS, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(part)):
        part[held_out] = number
    return part


def _binnable(columns: Array) -> Array:
    """The trees cannot bin a column without any value; a constant is never split on."""
    copy = columns.copy()
    copy[:, np.isnan(copy).all(axis=0)] = 0.0
    return copy


def _carbon(fuels: Array) -> tuple[Array, Array]:
    """Logarithm of kg CO2e per MBtu under the reference factors, and the share of steam in what is
    not electricity; NaN where unknown: (rows,) each."""
    total, burnt = fuels.sum(axis=1), fuels[:, 1:].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_intensity = np.log(fuels @ REFERENCE_FACTORS / total)
        steam_share = fuels[:, 2] / burnt
    return np.where(total > 0, log_intensity, np.nan), np.where(burnt > 0, steam_share, np.nan)


def _quantiles(normalised: Array, groups: NDArray[np.intp]) -> Array:
    """How many difficulties below and above, (GROUPS, coverages, 2): equal tails of each group, or
    of all rows where a group has too few. The answer itself is always inside."""
    out = np.empty((GROUPS, len(COVERAGES), 2))
    for group in range(GROUPS):
        own = normalised[groups == group]
        values = own if len(own) >= _FEWEST_CALIBRATED else normalised
        for i, coverage in enumerate(COVERAGES):
            tail = (1 - coverage / 100) / 2
            # The finite-sample correction of split conformal prediction.
            level = min((1 - tail) * (1 + 1 / len(values)), 1.0)
            out[group, i] = (
                min(float(np.quantile(values, 1 - level)), 0.0),
                max(float(np.quantile(values, level)), 0.0),
            )
    return out
