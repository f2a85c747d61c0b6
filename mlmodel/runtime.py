"""The served model: verified files in, numbers out. No Django, no pandas, no MLflow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlmodel.features import FeatureRow


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer: site energy use in kBtu a year, and by gross floor area (kBtu/ft²/year)."""

    site_energy_use_kbtu: float
    site_eui_kbtu_per_sqft: float


class ServedModel:
    """One loaded model version. Thread-safe: `predict` changes nothing."""

    name: str
    version: int

    @classmethod
    def load(
        cls,
        directory: Path,
        *,
        name: str,
        version: int,
        file_digests: Mapping[str, str],
        signature: Mapping[str, Any],
    ) -> "ServedModel":
        raise NotImplementedError

    def predict(self, rows: Sequence[FeatureRow]) -> list[Prediction]:
        raise NotImplementedError
