"""The teacher: slow learners that only see training, from whose answers the served trees learn.

Of energy, a forest of extremely randomised trees and a support vector machine with a Laplacian
kernel err in different ways, and their mean is better than either; carbon intensity is learnt by
ridge regression with such a kernel. It measures distances in columns that are weighted by what a
forest found important. Each view of the inputs has its own learners, and so do residential and
other buildings, which differ more than one model of both can tell. No Django.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVR
from threadpoolctl import threadpool_limits

from mlmodel.design import (
    COLUMN_OF,
    FEWEST_OF_KIND,
    Design,
    areas_of,
    is_residential,
    score_log_odds,
)
from mlmodel.estimator import is_all_electric
from mlmodel.features import FEATURES_BY_NAME

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_ONE_HOT: Final = ("primary_property_type", "neighborhood", "building_type")
#: A category of fewer training buildings than this is no column of its own.
_FEWEST_OF_CATEGORY: Final = 3
#: Added to the variance of a category's column, so that a rare one does not outweigh all others.
_CATEGORY_VARIANCE: Final = 0.02
_KERNEL_WIDTH: Final = 0.01
_KERNEL_COST: Final = 1.5
_KERNEL_TUBE: Final = 0.1
_RIDGE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Teacher:
    """Energy and carbon intensity of buildings in one view; fitted on training rows.

    `kinds`: what was learnt of other and of residential buildings, which may be the same.
    """

    design: Design
    kinds: tuple["_Kind", "_Kind"]

    @classmethod
    def fit(cls, encoded: Array, targets: Array, design: Design, *, trees: int, seed: int) -> Self:
        """`encoded`, (rows, features), as the view shows it; `targets`, (rows, 2): log kBtu, and
        log kg/MBtu, NaN where unknown."""
        columns, prior = design.columns(encoded)
        residuals = np.column_stack([targets[:, 0] - prior, targets[:, 1]])
        residential = is_residential(encoded)

        def kind(chosen: Mask) -> "_Kind":
            return _Kind.fit(encoded[chosen], columns[chosen], residuals[chosen], trees, seed)

        known = np.isfinite(targets).all(axis=1)
        if min((known & residential).sum(), (known & ~residential).sum()) < FEWEST_OF_KIND:
            both = kind(np.ones(len(encoded), dtype=bool))
            return cls(design, (both, both))
        return cls(design, (kind(~residential), kind(residential)))

    def predict(self, encoded: Array) -> Array:
        """The targets of rows in the same view: (rows, 2)."""
        columns, prior = self.design.columns(encoded)
        residential = is_residential(encoded)
        out = np.empty((len(encoded), 2))
        for kind, chosen in zip(self.kinds, (~residential, residential), strict=True):
            if chosen.any():
                out[chosen] = kind.predict(encoded[chosen], columns[chosen])
        out[:, 0] += prior
        return out


@dataclass(frozen=True, slots=True)
class _Kind:
    """Of one kind of building, a learner for each target."""

    dense: "_Dense"
    learners: Sequence["_Learner"]

    @classmethod
    def fit(cls, encoded: Array, columns: Array, targets: Array, trees: int, seed: int) -> Self:
        dense = _Dense.fit(encoded, columns)
        values = dense.of(encoded, columns)
        known = np.isfinite(targets)
        # The intensity of a building with electricity only is arithmetic, nothing to learn.
        burns = ~is_all_electric(encoded)
        if (known[:, 1] & burns).any():
            known[:, 1] &= burns
        learners = [
            learner.fit(values[of], target[of], trees, seed)
            for learner, target, of in zip(_LEARNERS, targets.T, known.T, strict=True)
        ]
        return cls(dense, learners)

    def predict(self, encoded: Array, columns: Array) -> Array:
        values = self.dense.of(encoded, columns)
        return np.column_stack([learner.predict(values) for learner in self.learners])


@dataclass(frozen=True, slots=True)
class _Dense:
    """Design columns and categories as standardised numbers, the missing at the mean."""

    mean: Array
    deviation: Array
    used: Mask
    is_gappy: Mask

    @classmethod
    def fit(cls, encoded: Array, columns: Array) -> Self:
        is_gappy = np.asarray(np.isnan(columns).any(axis=0))
        numbers, flags = _numbers(encoded, columns, is_gappy), _categories(encoded)
        count = (~np.isnan(numbers)).sum(axis=0)
        mean = np.nansum(numbers, axis=0) / np.maximum(count, 1)
        variance = np.nansum((numbers - mean) ** 2, axis=0) / np.maximum(count, 1)
        used = np.concatenate([variance > 0, (flags != 0).sum(axis=0) >= _FEWEST_OF_CATEGORY])
        return cls(
            np.concatenate([mean, flags.mean(axis=0)]),
            np.sqrt(np.concatenate([variance, flags.var(axis=0) + _CATEGORY_VARIANCE])),
            used,
            is_gappy,
        )

    def of(self, encoded: Array, columns: Array) -> Array:
        """(rows, used columns)."""
        values = np.hstack([_numbers(encoded, columns, self.is_gappy), _categories(encoded)])
        used = self.used
        return np.nan_to_num((values[:, used] - self.mean[used]) / self.deviation[used])


def _numbers(encoded: Array, columns: Array, is_gappy: Mask) -> Array:
    """Design columns, what the score says of efficiency, and which columns are unknown."""
    return np.column_stack([columns, score_log_odds(encoded), np.isnan(columns[:, is_gappy])])


def _categories(encoded: Array) -> Array:
    """Each use's share of the floor area, whether it is named, and each other category."""
    areas = areas_of(encoded)
    total = areas.uses.sum(axis=1, keepdims=True)
    parts = [areas.uses / np.where(total > 0, total, 1.0), areas.named]
    for name in _ONE_HOT:
        codes = np.arange(len(FEATURES_BY_NAME[name].choices))
        parts.append((encoded[:, COLUMN_OF[name], None] == codes).astype(np.float64))
    return np.hstack(parts)


@dataclass(frozen=True, slots=True)
class _Kernel:
    """Likeness of rows to those `seen`, in columns weighted by what a forest found important."""

    weights: Array
    seen: Array

    @classmethod
    def fit(cls, values: Array, forest: ExtraTreesRegressor) -> Self:
        weights = np.sqrt(0.1 + forest.feature_importances_ * values.shape[1])
        weights /= weights.mean()
        return cls(weights, values * weights)

    def of(self, values: Array) -> Array:
        """(rows, rows seen)."""
        # SciPy's loop, not BLAS: the same bits whatever the number of threads.
        distance = cdist(values * self.weights, self.seen, "cityblock")
        likeness: Array = np.exp(-_KERNEL_WIDTH * distance)
        return likeness


class _Learner(Protocol):
    """Learns one target of one kind of building from its dense values."""

    @classmethod
    def fit(cls, values: Array, target: Array, trees: int, seed: int) -> Self: ...

    def predict(self, values: Array) -> Array: ...


@dataclass(frozen=True, slots=True)
class _Energy:
    """A forest and a support vector machine, which answer their mean."""

    forest: ExtraTreesRegressor
    kernel: _Kernel
    machine: SVR

    @classmethod
    def fit(cls, values: Array, target: Array, trees: int, seed: int) -> Self:
        forest = ExtraTreesRegressor(
            trees, min_samples_leaf=3, max_features=0.25, random_state=seed
        ).fit(values, target)
        kernel = _Kernel.fit(values, forest)
        machine = SVR(kernel="precomputed", C=_KERNEL_COST, epsilon=_KERNEL_TUBE)
        return cls(forest, kernel, machine.fit(kernel.of(values), target))

    def predict(self, values: Array) -> Array:
        by_machine = self.machine.predict(self.kernel.of(values))
        mean: Array = (self.forest.predict(values) + by_machine) / 2
        return mean


@dataclass(frozen=True, slots=True)
class _Intensity:
    """Kernel ridge regression. Where fuels are unknown the intensity is one of two heaps, of
    buildings that burn something and of those that do not: their mean is wanted, and a support
    vector machine would answer nearer the larger."""

    kernel: _Kernel
    ridge: KernelRidge
    mean: float

    @classmethod
    def fit(cls, values: Array, target: Array, trees: int, seed: int) -> Self:
        forest = ExtraTreesRegressor(
            trees, min_samples_leaf=8, max_features=0.5, random_state=seed
        ).fit(values, target)
        kernel, mean = _Kernel.fit(values, forest), float(target.mean())
        # One thread: LAPACK's blocks, and so the last bits, depend on how many there are.
        with threadpool_limits(1, user_api="blas"):
            ridge = KernelRidge(kernel="precomputed", alpha=_RIDGE)
            ridge.fit(kernel.of(values), target - mean)
        return cls(kernel, ridge, mean)

    def predict(self, values: Array) -> Array:
        with threadpool_limits(1, user_api="blas"):
            answer: Array = self.ridge.predict(self.kernel.of(values)) + self.mean
        return answer


#: Of log energy over the prior, and of log carbon intensity.
_LEARNERS: Final[tuple[type[_Learner], type[_Learner]]] = (_Energy, _Intensity)
