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

Array = NDArray[np.float64]

_KBTU_KG_PER_MBTU_T = 1e6  # kBtu * kg/MBtu is 1e-3 kg, a millionth of a ton


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Buildings with their measured energy of a year, in a fixed order; n of them.

    `site_energy_use_kbtu`, shape (n,), is above 0. `fuels_kbtu`, shape (n, 3), are electricity,
    natural gas and steam as published: NaN where the record does not know one, and their sum may
    differ from the energy. `ghg_emissions_mtco2e`, shape (n,), is NaN where it is missing or not
    above 0. `is_residential` marks multifamily housing, which is trained on but not part of the
    headline metrics. `factors_kgco2e_per_mbtu`, shape (3,), are those of the year that the
    emissions are compared under.
    """

    rows: Sequence[FeatureRow]
    ose_building_ids: NDArray[np.int64]
    site_energy_use_kbtu: Array
    fuels_kbtu: Array
    ghg_emissions_mtco2e: Array
    is_residential: NDArray[np.bool_]
    factors_kgco2e_per_mbtu: Array

    def digest(self) -> str:
        """SHA-256 of every value in order: equal digests mean equal training data."""
        content = [
            [
                dict(row),
                int(self.ose_building_ids[i]),
                float(self.site_energy_use_kbtu[i]),
                self.fuels_kbtu[i].tolist(),
                float(self.ghg_emissions_mtco2e[i]),
                bool(self.is_residential[i]),
            ]
            for i, row in enumerate(self.rows)
        ]
        whole = [content, self.factors_kgco2e_per_mbtu.tolist()]
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def emissions_of(fuels_kbtu: Array, factors_kgco2e_per_mbtu: Array) -> Array:
    """What fuels of shape (rows, 3), kBtu, emit: (rows,), t CO2e.

    `buildings.emissions` says the same of one building. It is not asked: this part of mlmodel knows
    nothing but NumPy, so that it runs where there is no Django project.
    """
    emissions: Array = fuels_kbtu @ factors_kgco2e_per_mbtu / _KBTU_KG_PER_MBTU_T
    return emissions


def train(data: TrainingData, *, seed: int = 42, max_iter: int = 400) -> "Pipeline":
    """Fit the pipeline. The same data and seed give the same predictions bit for bit."""
    from mlmodel.pipeline import build_pipeline  # late: scikit-learn takes seconds to import

    measured = np.column_stack([data.site_energy_use_kbtu, data.fuels_kbtu])
    return build_pipeline(seed=seed, max_iter=max_iter).fit(data.rows, measured)
