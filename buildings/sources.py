"""Where a dataset comes from: a path, a URL, the official portal, or the bundled sample."""

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from django.conf import settings

from buildings.errors import DatasetFormatError, DatasetUnavailableError
from buildings.reading import header_check

SEATTLE_2016: Final = "seattle-2016"
SAMPLE: Final = "sample"
AUTO: Final = "auto"

#: Datasets of the city's open data portal, Building Energy Benchmarking, by data year.
_PORTAL_DATASETS: Final = {
    2015: "h7rm-fz6m",
    2016: "2bpz-gwpy",
    2018: "7rac-kyay",
    2019: "3th6-ticf",
}
#: The official files by name.
OFFICIAL_URLS: Final = {
    f"seattle-{year}": f"https://data.seattle.gov/api/views/{dataset}/rows.csv?accessType=DOWNLOAD"
    for year, dataset in _PORTAL_DATASETS.items()
}
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 15.0
OVERALL_TIMEOUT_S = 60.0
MAX_BYTES = 100 * 1024 * 1024
_BLOCK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Dataset:
    """A file at hand: where it is, what it was asked for by, and whether its rows are made up."""

    path: Path
    source: str
    is_synthetic: bool
    note: str


def sample_path() -> Path:
    """The bundled synthetic sample."""
    return Path(settings.PROJECT_DIR) / "fixtures" / "sample-benchmarking.csv"


def dataset_locate(*, source: str, is_refresh: bool = False) -> Dataset:
    """Find, and if need be download, what `source` names.

    `source` is a path, an http(s) URL, `seattle-2016`, `sample`, or `auto`: the official file if
    it can be had, else the sample. Downloads are kept in DATASET_CACHE_DIR and used again unless
    `is_refresh`.

    Raises DatasetUnavailableError with what to do instead.
    """
    if source == AUTO:
        try:
            return dataset_locate(source=SEATTLE_2016, is_refresh=is_refresh)
        except DatasetUnavailableError as error:
            sample = dataset_locate(source=SAMPLE)
            return Dataset(sample.path, sample.source, is_synthetic=True, note=str(error))
    if source == SAMPLE:
        return _local(sample_path(), source)
    if source in OFFICIAL_URLS:
        try:
            return _downloaded(OFFICIAL_URLS[source], source, f"{source}.csv", is_refresh)
        except DatasetUnavailableError as error:
            raise DatasetUnavailableError(
                f"{error}. Without it, use the bundled synthetic data: --source {SAMPLE}"
            ) from error
    try:
        scheme = urlsplit(source).scheme.lower() if "://" in source else ""
    except ValueError as error:
        raise DatasetUnavailableError(f"{source} is not a URL: {error}") from error
    if scheme in {"http", "https"}:
        return _downloaded(source, _without_user(source), _cache_name(source), is_refresh)
    if scheme:
        raise DatasetUnavailableError(
            f"{scheme}:// is not fetched; right would be an http(s) URL or a path"
        )
    return _local(Path(source).expanduser(), source)


def _local(path: Path, source: str) -> Dataset:
    if not path.is_file():
        raise DatasetUnavailableError(
            f"no file at {path}; right would be the path of a CSV, an http(s) URL, "
            f"{', '.join(OFFICIAL_URLS)} or {SAMPLE}"
        )
    sample = sample_path()
    is_synthetic = source == SAMPLE or (sample.is_file() and _digest(path) == _digest(sample))
    return Dataset(path, source, is_synthetic=is_synthetic, note="")


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise DatasetUnavailableError(f"{path} cannot be read: {error.strerror}") from error


def _cache_name(url: str) -> str:
    name = PurePosixPath(urlsplit(url).path).stem or "dataset"
    readable = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in name)
    return f"{readable[:60]}-{hashlib.sha256(url.encode()).hexdigest()[:16]}.csv"


def _without_user(url: str) -> str:
    """The URL without name and password: what is stored as an import's source."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _downloaded(url: str, source: str, cache_name: str, is_refresh: bool) -> Dataset:  # noqa: FBT001 -- private
    directory = Path(settings.DATASET_CACHE_DIR)
    path = directory / cache_name
    if path.is_file() and not is_refresh:
        return Dataset(path, source, is_synthetic=False, note=f"cached copy {path}")
    shown = _without_user(url)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _fetched_whole(url, path)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise DatasetUnavailableError(f"{shown} cannot be had: {_cause(error)}") from error
    except _RefusedError as error:
        raise DatasetUnavailableError(f"{shown} cannot be had: {error}") from error
    except DatasetFormatError as error:
        raise DatasetUnavailableError(
            f"{shown} answered something that is not the city's CSV: {error}"
        ) from error
    except OSError as error:  # after requests' errors, which are OSErrors too
        raise DatasetUnavailableError(
            f"{shown} cannot be kept in {directory}: {error.strerror}"
        ) from error
    return Dataset(path, source, is_synthetic=False, note=f"downloaded from {shown}")


def _fetched_whole(url: str, path: Path) -> None:
    """Put the file at `path` in one step, once it is complete and begins as the city's CSV."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        partial = Path(file.name)
        try:
            _fetch(url, file)
            file.flush()
            with partial.open("rb") as check:
                header_check(check)
            os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


class _RefusedError(Exception):
    """An answer that we do not want to the end."""


def _fetch(url: str, file: IO[bytes]) -> None:
    """Write the body of `url` to `file`, within the bounds of time and size above."""
    deadline = time.monotonic() + OVERALL_TIMEOUT_S
    timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
    with requests.get(url, timeout=timeout, stream=True) as response:
        response.raise_for_status()
        size = 0
        # read1 returns what has come: a server that drips bytes cannot outstay the deadline.
        while block := response.raw.read1(_BLOCK_BYTES, decode_content=True):
            size += len(block)
            if size > MAX_BYTES:
                raise _RefusedError(f"more than {MAX_BYTES:,} bytes")
            if time.monotonic() > deadline:
                raise _RefusedError(f"not complete after {OVERALL_TIMEOUT_S:.0f} s")
            file.write(block)


def _cause(error: Exception) -> str:
    """The error in a few words; requests' own may repeat the URL, password and all."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)
