"""The estimator under evaluation: the only place of this package that knows which one it is."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlmodel.features import FEATURE_NAMES
from mlmodel.prediction import COVERAGES, Estimates

Array = NDArray[np.float64]


class Subject(Protocol):
    """A fitted model."""

    def estimate(self, encoded: Array) -> Estimates:
        """Estimates for rows of `features.encode`."""
        ...


class Fit(Protocol):
    """How a subject is fitted. Picklable, so that folds can run in other processes."""

    def __call__(
        self,
        encoded: Array,
        site_energy_use_kbtu: Array,
        fuels_kbtu: Array,
        /,
        *,
        seed: int,
        parameters: Mapping[str, Any],
    ) -> Subject:
        """Shapes (rows, features), (rows,), kBtu, and (rows, 3), kBtu, NaN where unknown."""
        ...


def fit_subject(
    encoded: Array,
    site_energy_use_kbtu: Array,
    fuels_kbtu: Array,
    *,
    seed: int,
    parameters: Mapping[str, Any],
) -> Subject:
    """The project's estimator; `parameters` are its own.

    Provisional until it answers by fuel: fuels by mean shares, intervals from residuals in sample.
    """
    from mlmodel.pipeline import EnergyRegressor  # late: scikit-learn takes seconds to import

    model = EnergyRegressor(seed=seed, **parameters)
    return _Provisional(model.fit(encoded, site_energy_use_kbtu), encoded, fuels_kbtu).calibrated(
        site_energy_use_kbtu
    )


class _Provisional:
    """A regressor of energy alone, as a subject."""

    def __init__(self, regressor: Any, encoded: Array, fuels_kbtu: Array) -> None:
        self._regressor = regressor
        self._encoded = encoded
        known = np.clip(np.nan_to_num(fuels_kbtu), 0.0, None)
        total = np.maximum(known.sum(axis=1), 1.0)
        shares = known / total[:, None]
        # Of those that have the fuel.
        self._share = np.array([_mean_of_positive(shares[:, fuel]) for fuel in range(3)])
        self._frequency = (shares > 0).mean(axis=0)
        self._ratios: dict[int, tuple[float, float]] = {}

    def calibrated(self, energy: Array) -> "_Provisional":
        ratio = energy / self._regressor.predict(self._encoded)
        for coverage in COVERAGES:
            tail = (1 - coverage / 100) / 2
            low, high = np.quantile(ratio, [tail, 1 - tail])
            self._ratios[coverage] = (float(low), float(high))
        return self

    def estimate(self, encoded: Array) -> Estimates:
        energy = self._regressor.predict(encoded)
        first = FEATURE_NAMES.index("has_electricity")
        has = encoded[:, first : first + 3]
        weights = np.where(np.isnan(has), self._frequency, has) * self._share
        weights[weights.sum(axis=1) <= 0, 0] = 1.0
        fuels = energy[:, None] * weights / weights.sum(axis=1)[:, None]
        ratios = {
            coverage: np.tile(np.array(pair), (len(energy), 1))
            for coverage, pair in self._ratios.items()
        }
        return Estimates(
            fuels_kbtu=fuels,
            energy_kbtu=energy,
            energy_intervals={
                coverage: pairs * energy[:, None] for coverage, pairs in ratios.items()
            },
            emissions_ratios=ratios,
            support=np.ones(len(energy)),
        )


def _mean_of_positive(shares: Array) -> float:
    return float(shares[shares > 0].mean()) if (shares > 0).any() else 0.0
