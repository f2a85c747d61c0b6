"""Files that are not the registered ones are refused before anything in them runs."""

import hashlib
import io
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from mlmodel.artifact import (
    artifact_digest,
    file_digests,
    load_arrays,
    load_estimator,
    read_verified,
    save_arrays,
)
from mlmodel.errors import ArtifactIntegrityError
from mlmodel.runtime import ServedModel
from mlmodel.signature import model_signature


class _Sentinel:
    """Whoever unpickles this leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def pickled(mark: Path) -> bytes:
    return pickle.dumps(_Sentinel(mark))


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def object_array(mark: Path) -> bytes:
    """An npy file that NumPy unpickles if it is let."""
    held = np.empty(1, dtype=object)
    held[0] = _Sentinel(mark)
    buffer = io.BytesIO()
    np.save(buffer, held, allow_pickle=True)
    return buffer.getvalue()


ARRAYS: dict[str, Any] = {
    "trees.values": np.array([[0.5, np.nan, -np.inf], [1.0, 2.0, 3.0]]),
    "trees.leaves": np.array([2, 3], dtype=np.uint8),
    "is_category": np.array([True, False]),
    "nothing": np.empty((0, 4), dtype=np.int32),
    "scale": np.array(2.5),
}


@pytest.fixture
def served(artifact: Path) -> Path:
    """An artifact with both: the pipeline in skops' format, and plain arrays."""
    save_arrays(artifact / "served.npz", ARRAYS)
    return artifact


@pytest.fixture
def mark(served: Path) -> Path:
    """What exists once code out of an artifact has run."""
    return served.parent / "mark"


def _load_model(directory: Path, digests: dict[str, str]) -> ServedModel:
    return ServedModel.load(
        directory, name="test", version=3, file_digests=digests, signature=model_signature()
    )


LOADERS: dict[str, Callable[[Path, dict[str, str]], Any]] = {
    "estimator": load_estimator,
    "arrays": load_arrays,
    "served model": _load_model,
}

every_loader = pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
each_file = pytest.mark.parametrize("file", ["model.skops", "served.npz", "MLmodel"])


@pytest.fixture
def nothing_is_parsed(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From when the artifact has been made."""
    monkeypatch.setattr(skops.io, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_, **__: pytest.fail("it was parsed"))


def test_the_sentinel_would_leave_its_mark(mark: Path) -> None:
    """Otherwise no test here could fail."""
    pickle.loads(pickled(mark))
    assert mark.exists()
    mark.unlink()
    np.load(io.BytesIO(object_array(mark)), allow_pickle=True)
    assert mark.exists()


def test_untouched_files_are_loaded(artifact: Path) -> None:
    for load in LOADERS.values():
        assert load(artifact, file_digests(artifact))


def add_a_file(directory: Path) -> None:
    (directory / "extra" / "deep").mkdir(parents=True)
    code = f"import pathlib; pathlib.Path({str(directory.parent / 'mark')!r}).touch()"
    (directory / "extra" / "deep" / "code.py").write_text(code, encoding="utf-8")


def add_a_pipe(directory: Path) -> None:
    os.mkfifo(directory / "extra")


def link_a_directory(directory: Path) -> None:
    (directory / "extra").symlink_to(directory.parent, target_is_directory=True)


def link_nowhere(directory: Path) -> None:
    (directory / "extra").symlink_to(directory.parent / "nowhere")


def put_pickles(directory: Path) -> None:
    (directory / "extra.pkl").write_bytes(pickled(directory.parent / "mark"))
    (directory / "served.npz").write_bytes(pickled(directory.parent / "mark"))


def switch_the_format(directory: Path) -> None:
    """What MLflow's own loader would follow."""
    (directory / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
        "    model_path: model.pkl\n"
        "  sklearn:\n    pickled_model: model.pkl\n    serialization_format: pickle\n",
        encoding="utf-8",
    )
    (directory / "model.pkl").write_bytes(pickled(directory.parent / "mark"))


@every_loader
@pytest.mark.usefixtures("nothing_is_parsed")
@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (add_a_file, "extra/deep/code.py was added"),
        (add_a_pipe, "extra is neither a file nor a directory"),
        (link_a_directory, "extra is a symbolic link"),
        (link_nowhere, "extra is a symbolic link"),
        (put_pickles, "extra.pkl was added"),
        (switch_the_format, "MLmodel is not the file"),
    ],
)
def test_tampering_is_refused_by_name(
    served: Path,
    mark: Path,
    load: Callable[..., Any],
    tamper: Callable[[Path], None],
    named: str,
) -> None:
    digests = file_digests(served)
    tamper(served)
    with pytest.raises(ArtifactIntegrityError, match=f"^{named}"):
        load(served, digests)
    assert not mark.exists()


@every_loader
@each_file
@pytest.mark.usefixtures("nothing_is_parsed")
@pytest.mark.parametrize("how", ["flipped", "cut", "longer", "pickle", "missing", "linked"])
def test_no_file_may_differ(
    served: Path, mark: Path, load: Callable[..., Any], file: str, how: str
) -> None:
    digests = file_digests(served)
    path = served / file
    content = path.read_bytes()
    if how == "flipped":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif how == "cut":
        path.write_bytes(content[:-1])
    elif how == "longer":
        path.write_bytes(content + b"\0")
    elif how == "pickle":
        path.write_bytes(pickled(mark))
    elif how == "missing":
        path.unlink()
    else:
        path.rename(served.parent / "elsewhere")
        path.symlink_to(served.parent / "elsewhere")
    with pytest.raises(ArtifactIntegrityError, match=f"^{file} is "):
        load(served, digests)
    assert not mark.exists()


@every_loader
@pytest.mark.usefixtures("nothing_is_parsed")
@pytest.mark.parametrize("how", ["swapped", "empty", "without one", "with a way out", "absolute"])
def test_the_digests_must_be_of_these_files(
    served: Path, mark: Path, load: Callable[..., Any], how: str
) -> None:
    digests = file_digests(served)
    mark.with_name("outside.npz").write_bytes(pickled(mark))
    outside = hashlib.sha256(pickled(mark)).hexdigest()
    if how == "swapped":
        skops_digest, npz_digest = digests["model.skops"], digests["served.npz"]
        digests.update({"model.skops": npz_digest, "served.npz": skops_digest})
    elif how == "empty":
        digests.clear()
    elif how == "without one":
        del digests["served.npz"]
    elif how == "with a way out":
        digests["../outside.npz"] = outside
    else:
        digests[str(mark.with_name("outside.npz"))] = outside
    with pytest.raises(ArtifactIntegrityError):
        load(served, digests)
    assert not mark.exists()


def test_another_artifact_with_its_own_digests_is_another_one(served: Path, mark: Path) -> None:
    """Exchanging directory and digests together changes the digest that the version is known by."""
    before = artifact_digest(file_digests(served))
    save_arrays(served / "served.npz", {**ARRAYS, "scale": np.array(3.0)})
    assert artifact_digest(file_digests(served)) != before


@pytest.mark.parametrize("content", ["pickle", "text", "zip with a pickle"])
def test_even_registered_files_are_never_unpickled(
    artifact: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can change the row of digests as well still cannot make the worker run code."""
    mark = artifact.parent / "mark"
    path = artifact / "model.skops"
    if content == "pickle":
        path.write_bytes(pickle.dumps(_Sentinel(mark)))
    elif content == "text":
        path.write_bytes(b"no skops file")
    else:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("schema.json", pickle.dumps(_Sentinel(mark)))
        path.write_bytes(buffer.getvalue())
    with pytest.raises(ArtifactIntegrityError, match="types this code trusts"):
        load_estimator(artifact, file_digests(artifact))
    assert not mark.exists()


def test_a_type_that_is_not_on_our_list_is_refused(artifact: Path) -> None:
    (artifact / "model.skops").write_bytes(skops.io.dumps(_Sentinel(artifact.parent / "mark")))
    with pytest.raises(ArtifactIntegrityError, match="types this code trusts"):
        load_estimator(artifact, file_digests(artifact))


def test_a_trusted_estimator_of_another_kind_is_refused(artifact: Path) -> None:
    (artifact / "model.skops").write_bytes(skops.io.dumps(LinearRegression()))
    with pytest.raises(ArtifactIntegrityError, match="holds no scikit-learn pipeline"):
        load_estimator(artifact, file_digests(artifact))


def test_an_artifact_without_an_estimator_is_refused(artifact: Path) -> None:
    (artifact / "model.skops").unlink()
    with pytest.raises(ArtifactIntegrityError, match="is not among"):
        load_estimator(artifact, file_digests(artifact))


def test_the_digest_is_of_names_and_contents(artifact: Path) -> None:
    before = file_digests(artifact)
    assert list(before) == ["MLmodel", "model.skops", "served.npz"]
    assert read_verified(artifact, before)["MLmodel"] == b"serialization_format: skops\n"
    (artifact / "MLmodel").rename(artifact / "MLmodel2")
    after = file_digests(artifact)
    assert set(after.values()) == set(before.values())
    assert artifact_digest(after) != artifact_digest(before)
    assert artifact_digest(dict(reversed(before.items()))) == artifact_digest(before)


def test_arrays_come_back_as_they_were(served: Path) -> None:
    arrays = load_arrays(served, file_digests(served))
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype
        assert array.shape == ARRAYS[name].shape
        assert array.tobytes() == ARRAYS[name].tobytes()
        assert not array.flags.writeable
    with np.load(served / "served.npz", allow_pickle=False) as archive:
        assert set(archive.files) == ARRAYS.keys()  # a plain npz for anybody else


def test_the_same_arrays_are_the_same_bytes(tmp_path: Path) -> None:
    big_endian = {
        name: np.array(array, dtype=array.dtype.newbyteorder(">"), order="F")
        for name, array in reversed(ARRAYS.items())
    }
    save_arrays(tmp_path / "here", ARRAYS)
    save_arrays(tmp_path / "there", big_endian)
    content = (tmp_path / "here").read_bytes()
    assert (tmp_path / "there").read_bytes() == content
    # Written down, so that another NumPy, Python or system that writes otherwise is noticed.
    assert hashlib.sha256(content).hexdigest() == (
        "a70fcbb78b2661f24000f2429482747e03f4ef0053f58c50e24c5459e1a2e122"
    )


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("objects", np.array([None], dtype=object)),
        ("records", np.zeros(1, dtype=[("a", float)])),
        ("words", np.array(["a"])),
        ("complex", np.zeros(1, dtype=complex)),
        ("../out", np.zeros(1)),
        ("", np.zeros(1)),
        ("Name", np.zeros(1)),
    ],
)
def test_only_plain_numbers_are_saved(tmp_path: Path, name: str, array: Any) -> None:
    with pytest.raises(ValueError, match=r"no name|not of plain numbers"):
        save_arrays(tmp_path / "served.npz", {"a": np.zeros(1), name: array})
    assert not (tmp_path / "served.npz").exists()


def npy_bytes(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def npy_claiming(shape: str, dtype: str = "<f8", *, longer: int = 0) -> bytes:
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + (len(header) + longer).to_bytes(2, "little") + header + bytes(8)


def compressed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy_bytes(np.zeros(1_000_000)))
    return buffer.getvalue()


def twice() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of the second one
        archive.writestr("a.npy", npy_bytes(np.zeros(1)))
        archive.writestr("a.npy", npy_bytes(np.zeros(1)))
    return buffer.getvalue()


def overlapping() -> bytes:
    """A hundred names for the same bytes: each is read, all together are a bomb."""
    content = zipped(**{f"a{number:02}.npy": npy_bytes(np.zeros(1000)) for number in range(100)})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first = archive.infolist()[0]
        directory = archive.start_dir
    head = content[: first.header_offset + 30 + len(first.filename) + first.file_size]
    entries = bytearray(content[directory:])
    for number in range(100):
        entries[number * 53 + 42 : number * 53 + 46] = (0).to_bytes(4, "little")
    entries[-6:-2] = len(head).to_bytes(4, "little")
    return head + bytes(entries)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (pickled, "not a zip file"),
        (lambda mark: b"", "not a zip file"),
        (object_array, "not a zip file"),
        (lambda mark: zipped(**{"values.npy": object_array(mark)}), "no array of plain numbers"),
        (lambda mark: zipped(**{"values.npy": pickled(mark)}), "no array of plain numbers"),
        (lambda mark: zipped(**{"values.pkl": pickled(mark)}), "no name of an array"),
        (lambda mark: zipped(**{"code.py": b"raise SystemExit"}), "no name of an array"),
        (lambda mark: zipped(**{"../a.npy": npy_bytes(np.zeros(1))}), "no name of an array"),
        (lambda mark: zipped(**{"/a.npy": npy_bytes(np.zeros(1))}), "no name of an array"),
        (lambda mark: zipped(**{"a/": b""}), "no name of an array"),
        (lambda mark: zipped(**{"a.npy": npy_bytes(np.array(["a"]))}), "no array of plain"),
        (lambda mark: zipped(**{"a.npy": npy_bytes(np.zeros(1))[:-1]}), "another size"),
        (lambda mark: zipped(**{"a.npy": npy_bytes(np.zeros(1)) + b"0"}), "another size"),
        (lambda mark: zipped(**{"a.npy": npy_bytes(np.zeros((2, 2)).T[:1])[:-8]}), "another size"),
        (lambda mark: zipped(**{"a.npy": npy_claiming("(1000000000000,)")}), "another size"),
        (lambda mark: zipped(**{"a.npy": npy_claiming("(1,)", longer=8)}), "no array of plain"),
        (lambda mark: zipped(**{"a.npy": npy_claiming("(-1, -1)")}), "no array of plain"),
        (lambda mark: zipped(**{"a.npy": npy_claiming("(1,)", "|O8")}), "no array of plain"),
        (lambda mark: zipped(**{"a.npy": npy_claiming("(1,)", ">f8")}), "no array of plain"),
        (lambda mark: zipped(**{"a.npy": npy_claiming("(" * 90)}), "no array of plain"),
        (lambda mark: zipped(**{"a.npy": npy_claiming("(" + "9" * 5000 + ",)")}), "digits"),
        (lambda mark: compressed(), "larger than itself"),
        (lambda mark: zipped(**{"a.npy": npy_bytes(np.zeros(1))})[:-30], "not a zip file"),
        (lambda mark: twice(), "there twice"),
        (lambda mark: overlapping(), "larger than itself"),
    ],
)
def test_registered_arrays_are_plain_or_refused(
    served: Path, mark: Path, content: Callable[[Path], bytes], why: str
) -> None:
    """Whoever can change the row of digests as well still cannot make the worker run code."""
    (served / "served.npz").write_bytes(content(mark))
    with pytest.raises(ArtifactIntegrityError, match=why):
        load_arrays(served, file_digests(served))
    assert not mark.exists()


def test_a_compressed_member_is_refused_however_small(served: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy_bytes(np.random.default_rng(1).normal(size=100)))
        archive.comment = bytes(10_000)
    (served / "served.npz").write_bytes(buffer.getvalue())
    with pytest.raises(ArtifactIntegrityError, match="a is compressed"):
        load_arrays(served, file_digests(served))


@pytest.mark.no_cover  # thousands of times what the tests above go through once
def test_any_damage_to_registered_arrays_is_refused_or_harmless(tmp_path: Path) -> None:
    """Every byte of the file in turn, registered as it then is: an answer or our own error."""
    path = tmp_path / "served.npz"
    save_arrays(path, ARRAYS)
    content = path.read_bytes()
    refused = 0
    for position in range(len(content)):
        for flipped in (0x01, 0x80):
            damaged = bytearray(content)
            damaged[position] ^= flipped
            path.write_bytes(damaged)
            try:
                arrays = load_arrays(tmp_path, file_digests(tmp_path))
            except ArtifactIntegrityError:
                refused += 1
            else:
                assert all(array.dtype.kind in "biuf" for array in arrays.values())
    assert refused > len(content)


def test_an_artifact_without_arrays_is_refused(artifact: Path) -> None:
    (artifact / "served.npz").unlink()
    with pytest.raises(ArtifactIntegrityError, match=r"served\.npz is not among"):
        load_arrays(artifact, file_digests(artifact))
