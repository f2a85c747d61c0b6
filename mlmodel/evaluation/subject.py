"""The estimator under evaluation: the only place of this package that knows which one it is."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlmodel.prediction import Estimates

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
    """The project's estimator; `parameters` are its own."""
    from mlmodel.pipeline import EnergyRegressor  # late: scikit-learn takes seconds to import

    measured = np.column_stack([site_energy_use_kbtu, fuels_kbtu])
    return EnergyRegressor(seed=seed, **parameters).fit(encoded, measured).to_estimator()
