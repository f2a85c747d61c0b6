"""The served model: verified files in, numbers out. No Django, no MLflow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mlmodel.artifact import load_estimator
from mlmodel.features import FEATURES, FeatureRow, building_area, encode
from mlmodel.prediction import Interval, Prediction
from mlmodel.signature import check_signature

if TYPE_CHECKING:  # scikit-learn takes seconds to import; only loading a model needs it
    from mlmodel.pipeline import EnergyRegressor


class ServedModel:
    """One loaded model version. Thread-safe: `predict` changes nothing."""

    def __init__(
        self,
        *,
        name: str,
        version: int,
        regressor: "EnergyRegressor",
        references: Mapping[str, FeatureRow] | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self._regressor = regressor
        self._references = references or {}

    @classmethod
    def load(
        cls,
        directory: Path,
        *,
        name: str,
        version: int,
        file_digests: Mapping[str, str],
        signature: Mapping[str, Any],
    ) -> Self:
        """Load a registered version's files.

        Raises SignatureMismatchError when it was trained for other features, and
        ArtifactIntegrityError when the files are not the registered ones; both before anything is
        parsed.
        """
        check_signature(signature)
        pipeline = load_estimator(directory, file_digests)
        return cls(name=name, version=version, regressor=pipeline.named_steps["energy"])

    def reference(self, primary_property_type: str) -> FeatureRow:
        """A usual building of this type, that others of it are explained against."""
        # Provisional, until the artifact holds medians by type: the required features' examples.
        required = {feature.name: feature.example for feature in FEATURES if feature.is_required}
        usual = self._references.get(primary_property_type, {})
        return {**required, **usual, "primary_property_type": primary_property_type}

    def predict(self, rows: Sequence[FeatureRow]) -> list[Prediction]:
        """One prediction a row, in order; the same as the pipeline's, bit for bit, without its
        DataFrame."""
        if not rows:
            return []
        encoded = encode(rows)
        energy = self._regressor.predict(encoded)
        intensity = energy / building_area(encoded)
        return [
            # Provisional, until the estimator answers by fuel.
            Prediction(
                electricity_kbtu=kbtu,
                natural_gas_kbtu=0.0,
                steam_kbtu=0.0,
                site_energy_use_kbtu=kbtu,
                site_eui_kbtu_per_sqft=eui,
                energy_80=Interval(0.5 * kbtu, 2.0 * kbtu),
                energy_90=Interval(0.4 * kbtu, 2.5 * kbtu),
                emissions_ratio_80=Interval(0.5, 2.0),
                emissions_ratio_90=Interval(0.4, 2.5),
                support=1.0,
            )
            for kbtu, eui in zip(energy.tolist(), intensity.tolist(), strict=True)
        ]
