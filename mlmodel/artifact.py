"""A model's files: their digests, and reading them only if they are the registered ones. No Django.

MLflow's own loader takes format and trust list from the model's MLmodel file, and flipping that
file to pickle would run code. So nothing here looks into MLmodel: the set of files and each SHA-256
must be the registered ones before anything is parsed, the bytes that were verified are the bytes
that are parsed, and the types that may be built stand in `TRUSTED_TYPES`.

An artifact holds the trained pipeline (skops) and, for serving without scikit-learn, plain arrays.
Those are NumPy's npz, read by the little that is needed here: no member is decompressed, no array
holds objects, so there is nothing to unpickle and nothing that grows as it is read.
"""

import hashlib
import io
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from mlmodel.errors import ArtifactIntegrityError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

#: The estimator, below the model's directory; where MLflow puts it.
ESTIMATOR_FILE: Final = "model.skops"

#: Types beyond skops' own defaults that an artifact may hold; reviewed: none acts when it is built.
TRUSTED_TYPES: Final = (
    "mlmodel.design.Design",  # arrays by name
    "mlmodel.pipeline.EnergyRegressor",
    "mlmodel.pipeline.FeatureEncoder",
    "mlmodel.support.Support",  # likewise
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)

#: The plain arrays that are served, beside the estimator.
ARRAYS_FILE: Final = "served.npz"
_ARRAY_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
#: Booleans, integers and floats; never objects, which NumPy pickles.
_PLAIN_KINDS: Final = "biuf"
_ITEM_BYTES_MAX: Final = 8
#: How `numpy.save` begins an array of them. NumPy's own reader evaluates it as Python literals.
_NPY_HEADER: Final = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)"
    rb"\{'descr': '(?P<dtype><[iuf][248]|\|[biu]1)', 'fortran_order': False, "
    rb"'shape': \((?P<shape>|[0-9]+,|[0-9]+(, [0-9]+)+)\), \} *\n",
    re.DOTALL,
)
#: The same on every machine: a zip file knows no earlier moment.
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


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


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as an npz file: the same bytes for the same arrays, on any machine.

    Stored, not compressed: what compression makes depends on the machine's zlib. Raises ValueError
    for an array that `load_arrays` would refuse: of objects or records, or with an odd name.
    """
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w", zipfile.ZIP_STORED) as archive:
        for name, array in sorted(arrays.items()):
            if not _ARRAY_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name for an array.")
            if array.dtype.kind not in _PLAIN_KINDS or array.dtype.itemsize > _ITEM_BYTES_MAX:
                raise ValueError(f"{name} is of {array.dtype}, not of plain numbers.")
            plain = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
            content = io.BytesIO()
            npy.write_array(content, plain, version=(1, 0), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy", _ZIP_TIME)
            member.create_system = 3  # Unix, wherever it is written
            member.external_attr = 0o644 << 16
            archive.writestr(member, content.getvalue())
    path.write_bytes(archived.getvalue())


def load_arrays(directory: Path, digests: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """The arrays of a verified artifact, read-only, by name.

    Raises ArtifactIntegrityError before anything is parsed, and for a file that is not just what
    `save_arrays` writes.
    """
    contents = read_verified(directory, digests)
    if ARRAYS_FILE not in contents:
        raise ArtifactIntegrityError(f"{ARRAYS_FILE} is not among the registered files.")
    try:
        return _parsed_arrays(contents[ARRAYS_FILE])
    # RuntimeError: a member is encrypted; NotImplementedError is one too.
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, RuntimeError) as error:
        raise ArtifactIntegrityError(
            f"{ARRAYS_FILE} holds something else than plain arrays: {error}"
        ) from error


def _parsed_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        # Members that share their bytes can add up to more than the file.
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("its members are larger than itself.")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name == member.filename or not _ARRAY_NAME.fullmatch(name):
                raise ValueError(f"{member.filename!r} is no name of an array.")
            if name in arrays:
                raise ValueError(f"{name} is there twice.")
            if member.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{name} is compressed.")
            arrays[name] = _parsed_array(name, archive.read(member))
    return arrays


def _parsed_array(name: str, content: bytes) -> NDArray[Any]:
    """An array as `numpy.save` writes it; its size is what is there, not what its header claims."""
    header = _NPY_HEADER.match(content)
    if header is None or header.end() != 10 + int.from_bytes(header["length"], "little"):
        raise ValueError(f"{name} is no array of plain numbers.")
    dtype = np.dtype(header["dtype"].decode())
    shape = tuple(int(length) for length in header["shape"].split(b",") if length)
    if math.prod(shape) * dtype.itemsize != len(content) - header.end():
        raise ValueError(f"{name} has another size than its header says.")
    return np.frombuffer(content, dtype, offset=header.end()).reshape(shape)


def _contents(directory: Path) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            raise ArtifactIntegrityError(f"{name} is a symbolic link.")
        if path.is_file():
            contents[name] = path.read_bytes()
        elif not path.is_dir():
            raise ArtifactIntegrityError(f"{name} is neither a file nor a directory.")
    return contents


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
