"""Where files come from, and what is said when they do not."""

import gzip
from pathlib import Path

import pytest

from buildings import sources
from buildings.errors import DatasetUnavailableError
from buildings.sources import dataset_locate
from tests.buildings import csvs
from tests.buildings.fakes import Answer, FileServer

CONTENT = csvs.text([csvs.row()]).encode()


def refusal(source: str) -> str:
    with pytest.raises(DatasetUnavailableError) as caught:
        dataset_locate(source=source)
    return str(caught.value)


def cached(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


@pytest.fixture
def official(file_server: FileServer, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """The portal, played by the local server."""
    url = f"{file_server.url}/rows.csv"
    monkeypatch.setitem(sources.OFFICIAL_URLS, sources.SEATTLE_2016, url)
    return file_server


# Paths


def test_path_is_taken_as_it_is(tmp_path: Path, sample_file: Path) -> None:
    path = csvs.file(tmp_path, [csvs.row()])
    dataset = dataset_locate(source=str(path))
    assert (dataset.path, dataset.source) == (path, str(path))
    assert not dataset.is_synthetic


def test_missing_path_and_directory_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        said = refusal(str(path))
        assert str(path) in said
        assert "sample" in said


def test_path_that_cannot_be_read_is_refused(sample_file: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetUnavailableError, match="cannot be read"):
        sources._digest(tmp_path / "gone")


@pytest.mark.parametrize("url", ["ftp://example.org/a.csv", "file:///etc/passwd"])
def test_other_schemes_are_refused(url: str) -> None:
    assert "http(s)" in refusal(url)


def test_broken_url_is_refused() -> None:
    assert "not a URL" in refusal("http://[::1/rows.csv")


# The sample


def test_sample_is_synthetic_by_whatever_name(sample_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes(sample_file.read_bytes())
    for source in ("sample", str(sample_file), str(copy)):
        assert dataset_locate(source=source).is_synthetic


# URLs


def test_url_is_downloaded_once_and_again_when_asked(
    file_server: FileServer, cache_dir: Path
) -> None:
    url = file_server.put("/data/2016.csv?x=1", Answer([CONTENT]))
    first = dataset_locate(source=url)
    assert first.path.read_bytes() == CONTENT
    assert first.path.parent == cache_dir
    assert first.path.name.startswith("2016-")
    assert (first.source, first.is_synthetic) == (url, False)

    again = dataset_locate(source=url)
    assert again.path == first.path
    assert "cached" in again.note
    assert len(file_server.asked) == 1

    dataset_locate(source=url, is_refresh=True)
    assert len(file_server.asked) == 2
    assert len(cached(cache_dir)) == 1


def test_compressed_and_chunked_answers_are_read(file_server: FileServer, cache_dir: Path) -> None:
    packed = file_server.put(
        "/packed", Answer([gzip.compress(CONTENT)], headers={"Content-Encoding": "gzip"})
    )
    assert dataset_locate(source=packed).path.read_bytes() == CONTENT
    halves = [CONTENT[:700], CONTENT[700:], b""]
    chunks = [b"%x\r\n%b\r\n" % (len(half), half) for half in halves]
    chunked = file_server.put("/chunks", Answer(chunks, headers={"Transfer-Encoding": "chunked"}))
    assert dataset_locate(source=chunked).path.read_bytes() == CONTENT


def test_name_and_password_are_not_kept(file_server: FileServer, cache_dir: Path) -> None:
    file_server.put("/rows.csv", Answer([CONTENT]))
    file_server.put("/gone.csv", Answer([b""], status=404))
    url = file_server.url.replace("://", "://someone:hunter2@")
    assert "hunter2" not in f"{dataset_locate(source=f'{url}/rows.csv')}"
    assert "hunter2" not in refusal(f"{url}/gone.csv")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer([b"gone"], status=404), "404"),
        (Answer([b"<html>log in</html>"]), "not the city's CSV"),
        (Answer([]), "not the city's CSV"),
        (Answer([CONTENT[:2000]], headers={"Content-Length": "99999"}), "incomplete"),
        (Answer([b"not gzip"], headers={"Content-Encoding": "gzip"}), "gzip"),
        (Answer([b""], status=302, headers={"Location": "/rows.csv"}), "redirects"),
    ],
)
def test_bad_answer_is_refused_and_leaves_nothing(
    file_server: FileServer, cache_dir: Path, answer: Answer, said: str
) -> None:
    url = file_server.put("/rows.csv", answer)
    message = refusal(url)
    assert url in message
    assert said in message.lower() or said in message
    assert cached(cache_dir) == []


def test_too_large_an_answer_is_refused(
    file_server: FileServer, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 100)
    assert "100 bytes" in refusal(file_server.put("/rows.csv", Answer([CONTENT])))
    assert cached(cache_dir) == []


def test_answer_that_drips_is_cut_off(
    file_server: FileServer, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "OVERALL_TIMEOUT_S", 0.2)
    url = file_server.put("/rows.csv", Answer([b"x"] * 100, pause_s=0.05))
    assert "not complete after" in refusal(url)
    assert cached(cache_dir) == []


@pytest.mark.parametrize("answer", [{"pause_s": 0.3}, {"pause_before_head_s": 0.3}])
def test_silent_server_is_given_up(
    file_server: FileServer,
    cache_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, float],
) -> None:
    monkeypatch.setattr(sources, "READ_TIMEOUT_S", 0.05)
    url = file_server.put("/rows.csv", Answer([CONTENT], **answer))  # type: ignore[arg-type]  # floats by name
    said = refusal(url).lower()
    assert "timed out" in said or "no answer in time" in said
    assert cached(cache_dir) == []


def test_cache_that_cannot_be_written_is_said(file_server: FileServer, cache_dir: Path) -> None:
    cache_dir.write_text("a file where the directory should be")
    url = file_server.put("/rows.csv", Answer([CONTENT]))
    assert f"cannot be kept in {cache_dir}" in refusal(url)


def test_failed_refresh_keeps_the_cached_file(file_server: FileServer, cache_dir: Path) -> None:
    url = file_server.put("/rows.csv", Answer([CONTENT]))
    path = dataset_locate(source=url).path
    file_server.put("/rows.csv", Answer([b"broken"], status=500))
    with pytest.raises(DatasetUnavailableError):
        dataset_locate(source=url, is_refresh=True)
    assert path.read_bytes() == CONTENT


# The official file, and auto


def test_official_file_is_cached_under_its_name(official: FileServer, cache_dir: Path) -> None:
    official.put("/rows.csv", Answer([CONTENT]))
    dataset = dataset_locate(source="seattle-2016")
    assert dataset.path == cache_dir / "seattle-2016.csv"
    assert (dataset.source, dataset.is_synthetic) == ("seattle-2016", False)


def test_official_file_that_cannot_be_had_proposes_the_sample(
    official: FileServer, cache_dir: Path
) -> None:
    official.put("/rows.csv", Answer([b""], status=503))
    assert "--source sample" in refusal("seattle-2016")


def test_no_connection_is_said(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sources.OFFICIAL_URLS, "seattle-2016", "http://127.0.0.1:1/rows.csv")
    assert "no connection" in refusal("seattle-2016")


def test_auto_takes_the_official_file(
    official: FileServer, cache_dir: Path, sample_file: Path
) -> None:
    official.put("/rows.csv", Answer([CONTENT]))
    assert dataset_locate(source="auto").source == "seattle-2016"


def test_auto_falls_back_to_the_sample_and_says_why(
    official: FileServer, cache_dir: Path, sample_file: Path
) -> None:
    official.put("/rows.csv", Answer([b""], status=500))
    dataset = dataset_locate(source="auto")
    assert (dataset.path, dataset.source) == (sample_file, "sample")
    assert dataset.is_synthetic
    assert "500" in dataset.note


def test_official_address_is_the_portals() -> None:
    assert sources.OFFICIAL_URLS["seattle-2016"].startswith(
        "https://data.seattle.gov/api/views/2bpz-gwpy/rows.csv"
    )
