"""A model's files: their digests, and reading them only if they are the registered ones. No Django.

MLflow's own loader takes format and trust list from the model's MLmodel file, and flipping that
file to pickle would run code. So nothing here looks into MLmodel: the set of files and each SHA-256
must be the registered ones before anything is parsed, the bytes that were verified are the bytes
that are parsed, and the types that may be built stand in `TRUSTED_TYPES`.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlmodel.errors import ArtifactIntegrityError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

#: The estimator, below the model's directory; where MLflow puts it.
ESTIMATOR_FILE: Final = "model.skops"

#: Types beyond skops' own defaults that an artifact may hold; reviewed: none acts when it is built.
TRUSTED_TYPES: Final = (
    "functools.partial",  # of check_array alone, inside HistGradientBoosting's preprocessor
    "mlmodel.pipeline.EnergyRegressor",
    "mlmodel.pipeline.FeatureEncoder",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
)


def file_digests(directory: Path) -> dict[str, str]:
    """SHA-256 of every file below `directory`, by POSIX path relative to it.

    Raises ArtifactIntegrityError for a symbolic link: what it points to may change.
    """
    return {name: _sha256(content) for name, content in sorted(_contents(directory).items())}


def artifact_digest(digests: Mapping[str, str]) -> str:
    """One SHA-256 for the whole set: over the sorted `name, NUL, digest, newline`."""
    lines = "".join(f"{name}\0{digest}\n" for name, digest in sorted(digests.items()))
    return _sha256(lines.encode())


def read_verified(directory: Path, digests: Mapping[str, str]) -> dict[str, bytes]:
    """Every file's bytes, if the files are exactly the registered ones.

    Raises ArtifactIntegrityError that names the first file that was added, is missing or differs.
    """
    contents = _contents(directory)
    for name in sorted(contents.keys() | digests.keys()):
        if name not in digests:
            raise ArtifactIntegrityError(f"{name} was added to the registered files.")
        if name not in contents:
            raise ArtifactIntegrityError(f"{name} is missing from the registered files.")
        if _sha256(contents[name]) != digests[name]:
            raise ArtifactIntegrityError(f"{name} is not the file that was registered.")
    return contents


def load_estimator(directory: Path, digests: Mapping[str, str]) -> "Pipeline":
    """The pipeline of a verified artifact. Raises ArtifactIntegrityError before anything is
    parsed."""
    contents = read_verified(directory, digests)
    # Imported late: they take seconds, which no other command should pay.
    import skops.io
    from sklearn.pipeline import Pipeline

    if ESTIMATOR_FILE not in contents:
        raise ArtifactIntegrityError(f"{ESTIMATOR_FILE} is not among the registered files.")
    try:
        estimator = skops.io.loads(contents[ESTIMATOR_FILE], trusted=list(TRUSTED_TYPES))
    except Exception as error:
        raise ArtifactIntegrityError(
            f"{ESTIMATOR_FILE} cannot be read with the types this code trusts."
        ) from error
    if not isinstance(estimator, Pipeline):
        raise ArtifactIntegrityError(f"{ESTIMATOR_FILE} holds no scikit-learn pipeline.")
    return estimator


def _contents(directory: Path) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            raise ArtifactIntegrityError(f"{name} is a symbolic link.")
        if path.is_file():
            contents[name] = path.read_bytes()
    return contents


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
