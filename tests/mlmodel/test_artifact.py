"""Files that are not the registered ones are refused before anything in them runs."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from mlmodel.artifact import artifact_digest, file_digests, load_estimator, read_verified
from mlmodel.errors import ArtifactIntegrityError
from mlmodel.runtime import ServedModel


class _Sentinel:
    """Whoever unpickles this leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def flip_a_byte(directory: Path) -> None:
    path = directory / "model.skops"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def add_a_file(directory: Path) -> None:
    (directory / "extra" / "deep").mkdir(parents=True)
    (directory / "extra" / "deep" / "code.py").write_text("raise SystemExit", encoding="utf-8")


def remove_a_file(directory: Path) -> None:
    (directory / "MLmodel").unlink()


def link_a_file(directory: Path) -> None:
    path = directory / "model.skops"
    path.rename(directory.parent / "elsewhere")
    path.symlink_to(directory.parent / "elsewhere")


def link_a_directory(directory: Path) -> None:
    (directory / "extra").symlink_to(directory.parent)


def put_a_pickle(directory: Path) -> None:
    (directory / "model.skops").write_bytes(pickle.dumps(_Sentinel(directory.parent / "mark")))


def switch_the_format(directory: Path) -> None:
    (directory / "model.pkl").write_bytes(pickle.dumps(_Sentinel(directory.parent / "mark")))
    (directory / "MLmodel").write_text("serialization_format: pickle\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (flip_a_byte, "model.skops"),
        (add_a_file, "extra/deep/code.py"),
        (remove_a_file, "MLmodel"),
        (link_a_file, "model.skops"),
        (link_a_directory, "extra"),
        (put_a_pickle, "model.skops"),
        (switch_the_format, "MLmodel"),
    ],
)
def test_tampering_is_refused_by_name(
    artifact: Path,
    registered: dict[str, Any],
    tamper: Callable[[Path], None],
    named: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tamper(artifact)
    monkeypatch.setattr(skops.io, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(ArtifactIntegrityError, match=f"^{named} "):
        ServedModel.load(artifact, **registered)
    assert not (artifact.parent / "mark").exists()


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
    assert list(before) == ["MLmodel", "model.skops"]
    assert read_verified(artifact, before)["MLmodel"] == b"serialization_format: skops\n"
    (artifact / "MLmodel").rename(artifact / "MLmodel2")
    after = file_digests(artifact)
    assert set(after.values()) == set(before.values())
    assert artifact_digest(after) != artifact_digest(before)
    assert artifact_digest(dict(reversed(before.items()))) == artifact_digest(before)
