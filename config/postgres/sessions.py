"""Using the embedded server: for `manage.py`, for the tests, for a single command."""

import fcntl
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from config import variables
from config.env import VAR_DIR
from config.postgres.server import EmbeddedPostgres

#: Commands that never ask the database; for any other one the server is started.
COMMANDS_WITHOUT_DATABASE: Final = frozenset(
    {"", "help", "version", "check", "collectstatic", "diffsettings", "spectacular"}
)
#: Options of `create_database` that name another server, or need none.
_OPTIONS_WITHOUT_DATABASE: Final = frozenset({"--admin-url", "--sql"})
_THROW_AWAY_PREFIX: Final = "futurisys-postgres-"


def embedded_postgres_needed(arguments: Sequence[str]) -> bool:
    """Whether `manage.py` with these arguments needs the embedded server."""
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    if command == "create_database" and (
        variables.ADMIN_DATABASE_URL.read()
        or _OPTIONS_WITHOUT_DATABASE & {argument.partition("=")[0] for argument in arguments}
    ):
        return False
    return (
        not variables.DATABASE_URL.read()
        and variables.DJANGO_SETTINGS_MODULE.read() == "config.settings.local"
        and command not in COMMANDS_WITHOUT_DATABASE
        and not {"-h", "--help", "--version"} & set(arguments)
    )


@contextmanager
def embedded_postgres(directory: Path = VAR_DIR / "postgres") -> Iterator[EmbeddedPostgres]:
    """Have the embedded PostgreSQL in DATABASE_URL, of this process and of its children.

    SIGTERM and SIGHUP end the process in good order, so that the last user stops the server.
    """
    server = EmbeddedPostgres(directory)
    path = os.environ.get("PATH", os.defpath)
    with orderly_exit(), server.running() as url:
        os.environ["DATABASE_URL"] = url
        os.environ["PATH"] = os.pathsep.join([path, str(server.binaries)])  # psql for `dbshell`
        try:
            yield server
        finally:
            del os.environ["DATABASE_URL"]
            os.environ["PATH"] = path


@contextmanager
def throw_away_postgres() -> Iterator[str]:
    """Yield the URL of a new empty server in a temporary directory; both are gone afterwards."""
    _sweep()
    directory = Path(tempfile.mkdtemp(prefix=_THROW_AWAY_PREFIX))
    directory.chmod(0o711)  # the server's account has to pass
    server = EmbeddedPostgres(directory / "postgres", throw_away=True)
    try:
        with server.running() as url:
            yield url
    finally:
        server.remove()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def orderly_exit() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise SystemExit, unless somebody else handles or ignores them."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    ours = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _sweep() -> None:
    """Remove what throw-away servers left behind whose process was killed."""
    for directory in Path(tempfile.gettempdir()).glob(f"{_THROW_AWAY_PREFIX}*"):
        with suppress(OSError):
            if directory.is_symlink() or directory.stat().st_uid != os.geteuid():
                continue
            with (directory / "postgres" / "users.lock").open() as users:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: in use
                EmbeddedPostgres(directory / "postgres", throw_away=True).remove()
                shutil.rmtree(directory)
