"""A cache of their own for sources, and a local HTTP server to fetch from."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.buildings import csvs
from tests.buildings.fakes import FileServer
from tests.servers import Answering, listening


@pytest.fixture
def file_server() -> Iterator[FileServer]:
    class Handler(Answering):
        def answer(self) -> None:
            served.asked.append(self.path)
            answer = served.answers[self.path]
            time.sleep(answer.pause_before_head_s)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for block in answer.blocks:
                time.sleep(answer.pause_s)
                try:
                    self.wfile.write(block)
                except OSError:
                    return  # the client has had enough

    with listening(Handler) as port:
        served = FileServer(f"http://127.0.0.1:{port}")
        yield served


@pytest.fixture
def cache_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATASET_CACHE_DIR = tmp_path / "cache"
    return tmp_path / "cache"


@pytest.fixture
def sample_file(settings: Settings, tmp_path: Path) -> Path:
    """Stands in for the bundled sample."""
    settings.PROJECT_DIR = tmp_path / "project"
    (tmp_path / "project" / "fixtures").mkdir(parents=True)
    rows = [csvs.row(900_001), csvs.row(900_002)]
    return csvs.file(tmp_path / "project" / "fixtures", rows, "sample-benchmarking.csv")
