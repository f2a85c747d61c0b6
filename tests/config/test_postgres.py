"""The embedded PostgreSQL's life, with real servers in temporary directories."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg2
import pytest

from config.env import BASE_DIR
from config.postgres import server as servers
from config.postgres.account import PostgresError
from config.postgres.server import EmbeddedPostgres
from tests.config.clusters import ask, execute, postmaster_pid


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
            "SELECT current_user::text, rolsuper, rolreplication, rolbypassrls,"
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


def test_durable_server_is_the_default_and_tells_where_and_as_whom_it_is_made(
    open_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = EmbeddedPostgres(open_dir / "postgres", system_dir=open_dir / "system")
    sql = (
        "SELECT current_setting('fsync'), current_setting('synchronous_commit'),"
        " current_setting('full_page_writes'), rolcreatedb OR rolcreaterole"
        " FROM pg_roles WHERE rolname = current_user"
    )
    try:
        for _ in range(2):
            with server.running() as url:
                assert ask(url, sql) == ("on", "on", "on", False)
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
