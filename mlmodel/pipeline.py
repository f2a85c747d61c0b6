"""The estimator: a prior for the order of magnitude, boosted trees for what it misses.

One boosting model learns log E over the prior, one the logarithm of the carbon intensity, one the
share of steam in what is not electricity; of each there are experts, by kind of building and by
whether the ENERGY STAR score is known. They learn from a teacher (`mlmodel.teacher`), which is
more accurate and far too slow to serve: it labels the training buildings and variants of them, as
in Hinton et al., 2015, and Breiman and Shang, 1996. Whatever optional input a caller may lack is
hidden in some of these rows, so that one model serves every set-up. Two more models learn how far
off a teacher is that has not seen the building, which makes the intervals: split conformal
prediction normalised by difficulty (Lei et al., JASA 2018), calibrated by group (Vovk, 2012). No
Django; arrays are encoded by `mlmodel.features.encode`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline

from mlmodel.augmentation import lacking, variants
from mlmodel.design import COLUMN_OF, Design
from mlmodel.estimator import (
    EXPERTS,
    GROUPS,
    KNOWLEDGE,
    REFERENCE_FACTORS,
    Estimator,
    answers_of,
    experts_of,
    fuels_of,
    groups_of,
    is_all_electric,
)
from mlmodel.features import FEATURES, HAS_FUELS, encode
from mlmodel.flat import FlatTrees
from mlmodel.prediction import COVERAGES
from mlmodel.support import Support
from mlmodel.teacher import Teacher

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
#: What is learnt from, and calibrated: every set-up, and the barest request with less weight.
_VIEWS: Final[Mapping[str, tuple[str, ...]]] = {**SET_UPS, "bare": _BARE}
_BARE_WEIGHT: Final = 0.5
#: Variants of each building in each set-up, for the teacher to label.
_VARIANTS: Final = 8
#: An expert with fewer rows to learn from learns from everybody's.
_FEWEST_OF_EXPERT: Final = 200
#: Fewer thresholds are smaller tables to serve from, and learn as well from a teacher.
_BINS: Final = 63
_INNER_FOLDS: Final = 4
#: Teachers of all rows miss this part of what those of three quarters of them miss, by the learning
#: curve of decision 0018.
_OF_ALL_ROWS: Final = 0.97
#: Trees in each of the teacher's forests; with half of them it is as far off, within noise.
_FOREST: Final = 80
#: Log residuals below this are as good as none.
_SMALLEST_RESIDUAL: Final = 0.05
#: How the chance to be outside is shared out: this part of it lies below. Errors are longer upwards
#: in kBtu than downwards, so that an even share makes intervals a twentieth wider.
_SHARE_BELOW: Final = 0.4
#: A group's quantiles count as many buildings; those of all types count as this many more.
_QUANTILE_SHRINKAGE: Final = 15
#: Times the finite-sample correction of split conformal prediction (1 is exact): a small group's
#: quantiles are known less well, and each group is to be covered, not only all in the mean.
_CAUTION: Final = 3.5


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

    def __init__(self, *, seed: int = 42, max_iter: int = 400, learning_rate: float = 0.06) -> None:
        self.seed = seed
        self.max_iter = max_iter
        self.learning_rate = learning_rate

    def fit(self, X: Array, y: Array) -> Self:  # noqa: N803 -- scikit-learn's names
        """X of shape (rows, len(FEATURES)). y of shape (rows, 4): site energy use, above 0, then
        electricity, natural gas and steam, NaN where unknown; all kBtu."""
        y = np.asarray(y, dtype=np.float64)
        log_energy, fuels = np.log(y[:, 0]), np.clip(y[:, 1:], 0.0, None)
        log_intensity, steam_share = _carbon(fuels)
        targets = np.column_stack([log_energy, log_intensity])
        self.design_ = Design.fit(X, log_energy)
        self.support_ = Support.fit(X, self.design_.columns(X)[0])
        outputs = self._taught(X, targets, steam_share)

        # How far off is a teacher that has not seen the building? In every view, one after the
        # other; `building` says which it is.
        encoded = np.vstack([masked(X, hidden) for hidden in _VIEWS.values()])
        building = np.tile(np.arange(len(X)), len(_VIEWS))
        part = _inner_parts(len(X), self.seed)
        with np.errstate(divide="ignore"):
            log_emissions = np.log(fuels @ REFERENCE_FACTORS)
        measured = np.column_stack([log_energy, log_emissions])
        residuals = self._residuals(X, targets, measured, part)
        columns, _ = self.design_.columns(encoded)
        expert, groups, part = experts_of(encoded), groups_of(encoded), part[building]
        # Of buildings with one fuel, emissions are as far off as energy.
        residuals[is_all_electric(encoded), 1] = np.nan
        quantiles = []
        for residual in residuals.T:
            known = np.isfinite(residual)
            magnitude = np.log(np.maximum(np.abs(residual), _SMALLEST_RESIDUAL))
            outputs.append(self._difficulty(columns, magnitude, expert))
            # Out of fold too: a difficulty that has seen the residual would explain it too well.
            scale = np.ones(len(residual))
            for number in range(_INNER_FOLDS):
                held = known & (part == number)
                seen = np.where(part == number, np.nan, magnitude)
                blind = _asked([self._difficulty(columns, seen, expert)])
                scale[held] = np.exp(answers_of(encoded[held], columns[held], blind)[:, 0])
            quantiles.append(_quantiles(residual[known] / scale[known], groups[known]))
        self.energy_quantiles_, self.emissions_quantiles_ = quantiles
        self.experts_ = [list(models) for models in zip(*outputs, strict=True)]
        return self

    def predict(self, X: Array) -> Array:  # noqa: N803
        """Shape (rows, 3): electricity, natural gas and steam, kBtu a year."""
        columns, prior = self.design_.columns(X)
        said = _asked(list(zip(*self.experts_, strict=True))[:3])
        return fuels_of(X, prior, answers_of(X, columns, said))

    def to_estimator(self) -> Estimator:
        """The fitted model as plain arrays, without scikit-learn."""
        return Estimator(
            self.design_,
            [FlatTrees.of(*models) for models in self.experts_],
            self.support_,
            self.energy_quantiles_,
            self.emissions_quantiles_,
        )

    def _taught(
        self, encoded: Array, targets: Array, steam_share: Array
    ) -> list[list[HistGradientBoostingRegressor]]:
        """Energy over the prior and intensity, learnt from teachers of all rows, and the share of
        steam as it was measured, by each expert; `targets` as of `Teacher.fit`."""
        generator = np.random.default_rng(self.seed)
        unknown = np.full(len(encoded), np.nan)
        rows, answers, weights = [], [], []
        for view, hidden in _VIEWS.items():
            shown = masked(encoded, hidden)
            teacher = self._teacher(shown, targets, self.design_)
            rows.append(shown)
            answers.append(np.column_stack([teacher.predict(shown), steam_share]))
            weights.append(np.full(len(encoded), _BARE_WEIGHT if view == "bare" else 1.0))
            for _ in range(_VARIANTS if view in SET_UPS else 0):
                variant = masked(variants(encoded, generator), hidden)
                # The teacher knows all of the variant, the trees only a part.
                rows.append(lacking(variant, generator))
                answers.append(np.column_stack([teacher.predict(variant), unknown]))
                weights.append(np.ones(len(encoded)))
        everything, weight = np.vstack(rows), np.concatenate(weights)
        answer = np.vstack(answers)
        columns, prior = self.design_.columns(everything)
        answer[:, 0] -= prior
        # The intensity of electricity alone is arithmetic.
        answer[is_all_electric(everything), 1] = np.nan
        sizes = ((self.max_iter, 31), (self.max_iter // 2, 16), (self.max_iter // 4, 8))
        expert = experts_of(everything)
        return [
            self._experts(
                columns,
                target,
                expert,
                weight,
                max_iter=max(trees, 1),
                learning_rate=self.learning_rate,
                max_leaf_nodes=leaves,
                min_samples_leaf=20,
                l2_regularization=10.0,
                max_features=0.5,
                max_bins=_BINS,
            )
            for target, (trees, leaves) in zip(answer.T, sizes, strict=True)
        ]

    def _experts(
        self,
        columns: Array,
        target: Array,
        expert: NDArray[np.intp],
        weight: Array | None = None,
        **options: Any,
    ) -> list[HistGradientBoostingRegressor]:
        """One model for each expert, of its rows where the target is known."""
        known = np.isfinite(target)
        models = []
        for number in range(EXPERTS):
            chosen = known & (expert == number)
            if chosen.sum() < _FEWEST_OF_EXPERT:
                chosen = known
            model = HistGradientBoostingRegressor(
                early_stopping=False, random_state=self.seed, **options
            )
            of_chosen = None if weight is None else weight[chosen]
            models.append(model.fit(_binnable(columns[chosen]), target[chosen], of_chosen))
        return models

    def _teacher(self, shown: Array, targets: Array, design: Design, *, haste: int = 1) -> Teacher:
        trees = max(min(self.max_iter, _FOREST) // haste, 1)
        return Teacher.fit(shown, targets, design, trees=trees, seed=self.seed)

    def _residuals(
        self, encoded: Array, targets: Array, measured: Array, part: NDArray[np.intp]
    ) -> Array:
        """What teachers miss of log energy and log emissions in the inner fold that they have not
        seen, view after view: (views × rows, 2), NaN where not `measured`, (rows, 2). The trees
        that they teach miss as much."""
        residuals = np.empty((len(_VIEWS), len(encoded), 2))
        for number in range(_INNER_FOLDS):
            seen, held = part != number, part == number
            design = Design.fit(encoded[seen], targets[seen, 0])
            for view, hidden in enumerate(_VIEWS.values()):
                shown = masked(encoded, hidden)
                teacher = self._teacher(shown[seen], targets[seen], design, haste=2)
                log_energy, log_intensity = teacher.predict(shown[held]).T
                predicted = np.column_stack([log_energy, log_energy + log_intensity])
                residuals[view, held] = _OF_ALL_ROWS * (measured[held] - predicted)
        return residuals.reshape(-1, 2)

    def _difficulty(
        self, columns: Array, magnitude: Array, expert: NDArray[np.intp]
    ) -> list[HistGradientBoostingRegressor]:
        """How far off, as a logarithm, learnt by each expert from the rows where it is known."""
        return self._experts(
            columns,
            magnitude,
            expert,
            max_iter=min(self.max_iter, 100),
            learning_rate=0.06,
            max_leaf_nodes=8,
            min_samples_leaf=30,
            l2_regularization=5.0,
            max_features=0.2,
            max_bins=_BINS,
        )


def build_pipeline(*, seed: int = 42, max_iter: int = 400) -> Pipeline:
    """The whole model: human values in, kBtu a year by fuel out."""
    return Pipeline(
        [("encode", FeatureEncoder()), ("energy", EnergyRegressor(seed=seed, max_iter=max_iter))]
    )


def _inner_parts(count: int, seed: int) -> NDArray[np.intp]:
    """Which inner fold holds each building out: (count,)."""
    part = np.empty(count, dtype=np.intp)
    splitter = KFold(_INNER_FOLDS, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(part)):
        part[held_out] = number
    return part


def _asked(
    outputs: Sequence[Sequence[HistGradientBoostingRegressor]],
) -> list[Callable[[Array], Array]]:
    """Of each expert, what its models for these outputs say of columns: (rows, outputs)."""

    def of(models: Sequence[HistGradientBoostingRegressor]) -> Callable[[Array], Array]:
        return lambda columns: np.column_stack([model.predict(columns) for model in models])

    return [of(models) for models in zip(*outputs, strict=True)]


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
    """How many difficulties below and above, (GROUPS, coverages, 2): of each group, shrunk towards
    those of all property types of which as much is known."""
    out = np.empty((GROUPS, len(COVERAGES), 2))
    for group in range(GROUPS):
        own = normalised[groups == group]
        shared = normalised[groups % KNOWLEDGE == group % KNOWLEDGE]
        shared = shared if len(shared) else normalised
        for i, coverage in enumerate(COVERAGES):
            out[group, i] = _bounds(shared, coverage / 100)
            if len(own):
                own_bounds = _bounds(own, coverage / 100)
                shrinkage = _QUANTILE_SHRINKAGE / (len(own) + _QUANTILE_SHRINKAGE)
                out[group, i] = own_bounds + shrinkage * (out[group, i] - own_bounds)
    return out


def _bounds(values: Array, coverage: float) -> Array:
    """Between which bounds this share of the values lies: (2,). 0 is always inside."""
    outside = 1 - min(coverage * (1 + _CAUTION / len(values)), 1.0)
    below = _SHARE_BELOW * outside
    low, high = np.quantile(values, [below, 1 - (outside - below)])
    return np.array([min(low, 0.0), max(high, 0.0)])
