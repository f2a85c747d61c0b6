"""One embedded server in one directory, shared by the processes that use it."""

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from config.postgres.account import Account, PostgresError

#: Name of both the application's role and its database.
ROLE: Final = "futurisys"
#: Where a server lives whose account cannot enter the directory asked for.
SYSTEM_DIR: Final = Path("/var/lib/futurisys-energy")
TIMEOUT_S: Final = 60

_HBA: Final = "host all all 127.0.0.1/32 scram-sha-256\n"
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # their paths may be 107 bytes at most; loopback has no limit
    "timezone": "UTC",
    "log_timezone": "UTC",
    "random_page_cost": "1.1",  # as on any disk without a moving head: indexes are taken sooner
    # Values of a failed statement (inputs of a prediction) have no place in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_THROW_AWAY_SETTINGS: Final[Mapping[str, str]] = {
    "fsync": "off",
    "full_page_writes": "off",
    "createrole_self_grant": "set, inherit",  # tests act as the roles they make
}


class _Postmaster(NamedTuple):
    """What a running server says of itself in `postmaster.pid`."""

    process: psutil.Process
    port: int
    status: str


class EmbeddedPostgres:
    """A server of ours; see the package's docstring for what its directory holds.

    `throw_away` makes a cluster that is fast instead of durable and whose role may create
    databases and roles: for tests.
    """

    def __init__(
        self, directory: Path, *, throw_away: bool = False, system_dir: Path = SYSTEM_DIR
    ) -> None:
        self.directory = directory.absolute()
        self.throw_away = throw_away
        self.system_dir = system_dir

    @contextmanager
    def running(self) -> Iterator[str]:
        """Yield the URL of the server; it is started if need be and stopped by its last user.

        Raises:
            PostgresError: It cannot be made or started.
        """
        with ExitStack() as stack:
            with self._exclusively():
                self._settle()
                users = stack.enter_context((self.home / "users.lock").open("a"))
                fcntl.flock(users, fcntl.LOCK_SH)
                stack.callback(self._leave, users.fileno())
                self._start()
            yield self.url

    def remove(self) -> None:
        """Stop the server and delete its directory, wherever that is."""
        with self._exclusively():
            _stop(self.data)
            shutil.rmtree(self.home, ignore_errors=True)
            if self.directory.is_symlink():
                self.directory.unlink()

    @property
    def url(self) -> str:
        """For DATABASE_URL, while the server runs."""
        server = _postmaster(self.data)
        if server is None:
            raise PostgresError(f"No PostgreSQL runs in {self.directory}.")
        password = (self.home / "password").read_text()
        return f"postgres://{ROLE}:{password}@127.0.0.1:{server.port}/{ROLE}"

    @property
    def is_running(self) -> bool:
        return _postmaster(self.data) is not None

    @property
    def home(self) -> Path:
        return self.directory.resolve()

    @property
    def data(self) -> Path:
        return self.home / "data"

    @cached_property
    def account(self) -> Account:
        return Account.for_server(self.data)

    @cached_property
    def binaries(self) -> Path:
        """Directory of `psql`, `pg_dump` and the rest, of the server's own version."""
        return self.account.binaries(self.home)

    # -- who uses it --------------------------------------------------------------------------

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """One process at a time makes, starts or stops the server."""
        lock = self.directory.with_name(f"{self.directory.name}.lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = lock.open("a")
        except PermissionError as error:
            raise PostgresError(
                f"{lock} belongs to another user: work as that user, or in a checkout of your own."
            ) from error
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _leave(self, users: int) -> None:
        # BlockingIOError: somebody else still needs the server.
        with self._exclusively(), suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _stop(self.data)

    # -- where it lives -----------------------------------------------------------------------

    def _settle(self) -> None:
        """See to it that the server's account can enter the directory; once made, it stays."""
        if self.directory.is_symlink() and not self.directory.exists():
            self.directory.unlink()  # what it led to is gone
        self.directory.mkdir(mode=0o700, exist_ok=True)
        if not self.account.switch:
            return
        self._open_to_account(self.home)
        if self.account.can_enter(self.home):
            return
        if self.data.exists():
            raise PostgresError(
                f"{self.account.name}, who owns {self.data}, cannot enter it any longer."
            )
        home = self.system_dir / hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        _stop(home / "data")  # of a checkout at this very place that has been deleted
        shutil.rmtree(home, ignore_errors=True)
        if not self.system_dir.exists():
            self.system_dir.mkdir(parents=True)
            self.system_dir.chmod(0o755)
        home.mkdir()
        self._open_to_account(home)
        if not self.account.can_enter(home):
            raise PostgresError(
                f"{self.account.name} can enter neither {self.directory} nor {home}."
            )
        self.directory.rmdir()
        self.directory.symlink_to(home, target_is_directory=True)

    def _open_to_account(self, home: Path) -> None:
        if home.stat().st_uid == os.geteuid():
            home.chmod(0o711)  # ours: the account may pass, not look

    # -- making and starting it ---------------------------------------------------------------

    def _create(self) -> None:
        """Make the cluster beside its place and move it there last: half a one is never used."""
        if not self.throw_away:
            self._announce()
        new = self.home / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self.account.own(new)
        settings = {**_SETTINGS, **(_THROW_AWAY_SETTINGS if self.throw_away else {})}
        self._run(
            *("initdb", "-D", str(new), "--username=postgres", "--no-instructions"),
            "--auth=trust",  # until pg_hba.conf is written below; no server is started before
            *("--encoding=UTF8", "--locale=C"),  # sorts alike on every machine
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(["--no-sync"] if self.throw_away else []),
            *(f"--set={name}={value}" for name, value in settings.items()),
        )
        (new / "pg_hba.conf").write_text(_HBA)
        password = secrets.token_urlsafe(24)
        may = "CREATEDB CREATEROLE" if self.throw_away else ""
        self._run(
            *("postgres", "--single", "-D", str(new), "-c", "exit_on_error=true", "postgres"),
            text=f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER {may} PASSWORD '{password}'\n"
            f"CREATE DATABASE {ROLE} OWNER {ROLE}\n",
        )
        secret = self.home / "password"
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(password)
        new.rename(self.data)

    def _announce(self) -> None:
        leads = f" -> {self.home}" if self.directory.is_symlink() else ""
        _say(f"Creating an embedded PostgreSQL in {self.directory}{leads}")
        if self.account.switch:
            _say(f"PostgreSQL does not run as root: it runs as the account {self.account.name}.")

    def _run(self, program: str, *arguments: str, text: str | None = None) -> None:
        done = self.account.run(str(self.binaries / program), *arguments, text=text)
        if done.returncode != 0:
            raise PostgresError(f"{program} failed:\n{(done.stderr or done.stdout).strip()}")

    def _start(self) -> None:
        if not self.data.exists():
            self._create()
        # A server that is no longer or not yet ready lost its stopper or its starter.
        _wait_while(lambda: (server := _postmaster(self.data)) and server.status != "ready")
        if self.is_running:
            return
        log = self.data / "server.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        for attempt in range(4):
            # Another program may take the port first; children of a killed server need a moment.
            time.sleep(attempt)
            _forget_stranger(self.data)
            with suppress(PostgresError):
                self._run(
                    *("pg_ctl", "start", "-w", "-t", str(TIMEOUT_S), "-D", str(self.data)),
                    *("-l", str(log), "-o", f"-p {_free_port()}"),
                )
                return
        _stop(self.data)
        tail = log.read_text().splitlines()[-10:] if log.exists() else []
        raise PostgresError("\n".join([f"PostgreSQL does not start in {self.directory}:", *tail]))


def _postmaster(data: Path) -> _Postmaster | None:
    """The server of this cluster; None if its pid file is missing, stale or another program's."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        if str(data) in process.cmdline():
            return _Postmaster(process, int(lines[3]), lines[7].strip() if len(lines) > 7 else "")
    except (FileNotFoundError, ValueError, IndexError, psutil.Error):
        pass
    return None


def _stop(data: Path) -> None:
    """As `pg_ctl stop -m fast` does; it needs neither the programs nor the account."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        if server := _postmaster(data):
            server.process.send_signal(number)
            _wait_while(lambda: _postmaster(data))
    if _postmaster(data):
        raise PostgresError(f"PostgreSQL in {data} does not stop.")


def _forget_stranger(data: Path) -> None:
    """Drop a pid file that a power cut left empty, or whose number is another program's now.

    Any other stale one stays: PostgreSQL finds a killed server's children by it.
    """
    pid_file = data / "postmaster.pid"
    with suppress(FileNotFoundError):
        number = pid_file.read_text().partition("\n")[0]
        if _postmaster(data) is None and (not number.isdigit() or psutil.pid_exists(int(number))):
            pid_file.unlink()


def _wait_while(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _say(message: str) -> None:
    """To stderr: what a command prints on stdout may be read by a program."""
    sys.stderr.write(f"{message}\n")
