"""The served model: verified files in, numbers out. No Django, no MLflow, no scikit-learn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from mlmodel.artifact import ARRAYS_FILE, load_arrays
from mlmodel.errors import ArtifactIntegrityError
from mlmodel.estimator import Estimator
from mlmodel.features import FeatureRow, building_area, encode
from mlmodel.prediction import COVERAGES, Interval, Prediction
from mlmodel.signature import check_signature


class ServedModel:
    """One loaded model version. Thread-safe: `predict` changes nothing."""

    def __init__(self, *, name: str, version: int, estimator: Estimator) -> None:
        self.name = name
        self.version = version
        self._estimator = estimator

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
        arrays = load_arrays(directory, file_digests)
        try:
            estimator = Estimator.from_arrays(arrays)
        except (KeyError, ValueError) as error:
            raise ArtifactIntegrityError(
                f"{ARRAYS_FILE} does not hold the arrays that this code serves from."
            ) from error
        return cls(name=name, version=version, estimator=estimator)

    def reference(self, primary_property_type: str) -> FeatureRow:
        """A usual building of this type, of which no more is known than must be: what others of it
        are explained against."""
        area, year = self._estimator.support.usual(primary_property_type)
        return {
            "primary_property_type": primary_property_type,
            "gross_floor_area_sqft": area,
            "year_built": year,
        }

    def predict(self, rows: Sequence[FeatureRow]) -> list[Prediction]:
        """One prediction a row, in order; the same as the pipeline's, without scikit-learn."""
        if not rows:
            return []
        encoded = encode(rows)
        estimates, cautions = self._estimator.estimate_with_cautions(encoded)
        energy = estimates.energy_kbtu
        intervals = (
            map(Interval._make, bounds[coverage].tolist())
            for bounds in (estimates.energy_intervals, estimates.emissions_ratios)
            for coverage in COVERAGES
        )
        columns = zip(  # in the order of the fields
            *estimates.fuels_kbtu.T.tolist(),
            energy.tolist(),
            (energy / building_area(encoded)).tolist(),
            *intervals,
            estimates.support.tolist(),
            cautions,
            strict=True,
        )
        return list(map(Prediction._make, columns))
