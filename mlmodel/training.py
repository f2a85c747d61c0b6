"""Training: rows in, fitted pipeline out. No Django."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlmodel.features import FeatureRow

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Buildings with their measured energy, in a fixed order.

    `site_energy_use_kbtu` has shape (rows,), all above 0; `is_residential` marks multifamily
    housing, which is trained on but not part of the headline metrics.
    """

    rows: Sequence[FeatureRow]
    site_energy_use_kbtu: NDArray[np.float64]
    is_residential: NDArray[np.bool_]

    def digest(self) -> str:
        """SHA-256 of every value in order: equal digests mean equal training data."""
        content = [
            [dict(row), energy, residential]
            for row, energy, residential in zip(
                self.rows,
                self.site_energy_use_kbtu.tolist(),
                self.is_residential.tolist(),
                strict=True,
            )
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def train(data: TrainingData, *, seed: int = 42, max_iter: int = 500) -> "Pipeline":
    """Fit the pipeline. The same data and seed give the same predictions bit for bit."""
    from mlmodel.pipeline import build_pipeline  # late: scikit-learn takes seconds to import

    return build_pipeline(seed=seed, max_iter=max_iter).fit(data.rows, data.site_energy_use_kbtu)
