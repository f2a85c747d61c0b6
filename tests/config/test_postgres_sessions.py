"""The embedded PostgreSQL for `manage.py`, for tests and for one command."""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from config.postgres import sessions
from config.postgres.server import EmbeddedPostgres
from tests.config.clusters import ask


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings.local")
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["migrate"], True),
        (["makemigrations", "--check"], True),
        (["create_token", "help"], True),
        (["help", "migrate"], False),
        (["migrate", "--help"], False),
        (["check"], False),
        (["collectstatic", "--no-input"], False),
        (["--version"], False),
        ([], False),
    ],
)
def test_only_commands_that_ask_the_database_start_it(arguments: list[str], needed: bool) -> None:
    assert sessions.embedded_postgres_needed(arguments) is needed


@pytest.mark.usefixtures("local")
def test_database_url_or_other_settings_never_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")  # empty is unset
    assert sessions.embedded_postgres_needed(["migrate"])
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/db")
    assert not sessions.embedded_postgres_needed(["migrate"])
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings.production")
    assert not sessions.embedded_postgres_needed(["migrate"])


@pytest.mark.usefixtures("local")
def test_embedded_server_is_in_the_environment_of_children(
    open_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = partial(EmbeddedPostgres, throw_away=True)
    monkeypatch.setattr(sessions, "EmbeddedPostgres", quick)
    path = os.environ["PATH"]
    with sessions.embedded_postgres(open_dir / "postgres") as server:
        assert os.environ["DATABASE_URL"] == server.url
        done = subprocess.run(
            ["psql", server.url, "-Atc", "SELECT current_user"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == "futurisys\n"
    assert "DATABASE_URL" not in os.environ
    assert os.environ["PATH"] == path
    server.remove()


def test_throw_away_server_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch, open_dir: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(open_dir))
    with sessions.throw_away_postgres() as url:
        assert ask(url, "SELECT rolcreatedb, current_setting('fsync') FROM pg_roles"
                   " WHERE rolname = current_user") == (True, "off")  # fmt: skip
        (directory,) = open_dir.iterdir()
        pid = int((directory / "postgres/data/postmaster.pid").read_text().splitlines()[0])
    assert list(open_dir.iterdir()) == []
    with suppress(psutil.NoSuchProcess):
        assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_leftovers_of_killed_runs_are_swept_and_used_ones_are_not(
    monkeypatch: pytest.MonkeyPatch, open_dir: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(open_dir))
    left, used, young = (open_dir / f"{sessions._THROW_AWAY_PREFIX}{n}" for n in "abc")
    for directory in (left, used):
        (directory / "postgres").mkdir(parents=True)
        (directory / "postgres" / "users.lock").touch()
    young.mkdir()
    link = open_dir / f"{sessions._THROW_AWAY_PREFIX}link"
    link.symlink_to(left)
    with (used / "postgres" / "users.lock").open() as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        sessions._sweep()
    assert not left.exists()
    assert used.exists()
    assert young.exists()
    assert link.is_symlink()


def test_sigterm_ends_in_good_order() -> None:
    former = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with pytest.raises(SystemExit) as exit_, sessions.orderly_exit():
        signal.raise_signal(signal.SIGTERM)
    assert exit_.value.code == 128 + signal.SIGTERM
    assert signal.signal(signal.SIGTERM, former) is signal.SIG_DFL


def test_ignored_sighup_stays_ignored() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        with sessions.orderly_exit():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, former)


def test_one_command_on_a_throw_away_server(
    run_python: Callable[..., "subprocess.CompletedProcess[str]"],
) -> None:
    done = run_python(
        *("-m", "config.postgres", sys.executable, "-c"),
        "import os, sys, psycopg2; psycopg2.connect(os.environ['DATABASE_URL']); sys.exit(3)",
        PYTHONWARNINGS="ignore",
    )
    assert done.returncode == 3, done.stderr
    usage = run_python("-m", "config.postgres")
    assert usage.returncode == 2
    assert "usage:" in usage.stderr
