"""What the platform's tests share: directories the server's account can enter, and programs."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.env import BASE_DIR
from config.postgres.server import EmbeddedPostgres
from tests.processes import untraced


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory everybody may pass; pytest's own are closed to the account that root's
    PostgreSQL runs as."""
    directory = Path(tempfile.mkdtemp(prefix="futurisys-test-")).resolve()
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def run_python() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run Python in the checkout with these variables and, of ours, only PATH and coverage's."""

    def run(
        *arguments: str, is_traced: bool = True, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        ours = os.environ if is_traced else untraced()
        kept = {n: v for n, v in ours.items() if n == "PATH" or n.startswith("COV")}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=BASE_DIR,
            env={**kept, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    """A made cluster, stopped between tests: making one takes most of the time."""
    directory = Path(tempfile.mkdtemp(prefix="futurisys-test-")).resolve()
    directory.chmod(0o755)
    server = EmbeddedPostgres(directory / "var" / "postgres", throw_away=True)
    with server.running():
        pass
    yield server
    server.remove()
    shutil.rmtree(directory)


@pytest.fixture
def new_server(open_dir: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(
        open_dir / "var" / "postgres", throw_away=True, system_dir=open_dir / "system"
    )
    yield server
    server.remove()
