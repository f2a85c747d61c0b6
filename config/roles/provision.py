"""Roles, database, tables and privileges on a server: what `manage.py create_database` does.

The administrator need be no superuser: CREATEDB and CREATEROLE will do, as on managed servers. It
is a member of the owner's role while it works, and not afterwards.
"""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

import psycopg2
from django.db import Error as DjangoDatabaseError
from psycopg2 import errors
from psycopg2.extensions import encrypt_password, make_dsn, parse_dsn

from config.env import BASE_DIR
from config.roles import statements
from config.roles.matrix import Role
from config.roles.statements import Names, Step
from config.setup import OLDEST_POSTGRESQL

#: Of a connection string, what says who comes and where to; the rest (TLS) is kept for the roles.
_WHO_AND_WHERE: Final = frozenset(
    {"user", "password", "passfile", "dbname", "host", "port", "options", "service"}
    | {"application_name", "fallback_application_name", "client_encoding"}
)
SHORTEST_PASSWORD: Final = 16


class ProvisionError(RuntimeError):
    """The server could not be brought to what the matrix says; the message says why."""


@dataclass
class Provisioning:
    """The steps, in order. `urls` fills as passwords are made, also when a later step fails."""

    admin_dsn: str
    names: Names
    #: Called with each line of progress.
    say: Callable[[str], object]
    #: Passwords that are not to be made up.
    passwords: Mapping[Role, str] = field(default_factory=dict)
    is_rotation: bool = False
    is_dry_run: bool = False
    has_tables: bool = True
    #: Keeps new URLs before the server knows their passwords, so that none is ever lost.
    keep: Callable[[dict[Role, str]], object] = lambda _: None
    urls: dict[Role, str] = field(default_factory=dict)

    def run(self) -> None:
        """Take every step; each says what it did or found, and how long it took.

        Raises:
            ProvisionError: A step failed; the message says which and why.
        """
        with closing(_connect(self.admin_dsn)) as admin:
            admin.autocommit = True
            self._step(1, "administrator", lambda: self._check(admin))
            self._step(2, "roles", lambda: self._roles(admin))
            self._step(3, "database", lambda: self._database(admin))
            if self.is_dry_run:
                self._look()
                return
            with self._membership(admin):
                self._step(4, "who may connect", self._close)
                self._step(5, "tables", self._migrate)
                self._step(6, "privileges", self._grant)

    def run_grants(self) -> None:
        """Only what has to follow every migration, as the administrator.

        Raises:
            ProvisionError: As `run`.
        """
        with closing(_connect(self.admin_dsn)) as admin:
            admin.autocommit = True
            if self.is_dry_run:
                self._look()
                return
            with (
                self._membership(admin),
                closing(self._as_owner()) as owner,
                owner,
                owner.cursor() as cursor,
            ):
                self.say(f"privileges: {grants_made(cursor, self.names)}")

    def _step(self, number: int, name: str, do: Callable[[], str]) -> None:
        mark = f"[{number}/6] {name}"
        self.say(f"{mark} …")
        start = time.perf_counter()
        try:
            result = do()
        except psycopg2.Error as error:
            raise ProvisionError(f"{name}: {_sentence(error)}") from error
        self.say(f"{mark}: {result} ({time.perf_counter() - start:.1f} s)")

    # -- as administrator -------------------------------------------------------------------------

    def _check(self, admin: Any) -> str:
        require_version(admin.server_version)
        with admin.cursor() as cursor:
            cursor.execute(
                "SELECT rolname, rolsuper OR rolcreatedb, rolsuper OR rolcreaterole "
                "FROM pg_roles WHERE rolname = current_user"
            )
            name, may_create_databases, may_create_roles = cursor.fetchone()
            lacks = [
                right
                for right, holds in (
                    ("CREATEDB", may_create_databases),
                    ("CREATEROLE", may_create_roles),
                )
                if not holds
            ]
            if lacks:
                raise ProvisionError(
                    f"{name} may not make databases and roles: it lacks {' and '.join(lacks)}. "
                    f"Connect as another role, or let a superuser ALTER ROLE {name} "
                    f"{' '.join(lacks)}."
                )
            _refuse(cursor, statements.unsafe_roles_query(self.names))
            _refuse(cursor, statements.unsafe_database_query(self.names))
        release, patch = divmod(admin.server_version, 10_000)
        return f"{name} at {admin.info.host}:{admin.info.port}, PostgreSQL {release}.{patch}"

    def _roles(self, admin: Any) -> str:
        """All or none, with their passwords."""
        with admin.cursor() as cursor:
            new = {
                role
                for (name,) in _rows(cursor, statements.new_roles_query(self.names))
                for role in Role
                if self.names.of(role) == name
            }
            step = statements.roles_step(self.names)
            if self.is_dry_run:
                return _shown(_pending(cursor, step))
            to_set = [role for role in Role if self.is_rotation or role in new]
            made = {role: self.passwords.get(role) or secrets.token_urlsafe(24) for role in to_set}
            urls = {role: self._role_url(admin, role, made[role]) for role in to_set}
            with admin:  # one transaction, autocommit or not
                _apply(cursor, step)
                for role, password in made.items():
                    name = self.names.of(role)
                    # Only the verifier leaves this process: no log of the server has the password.
                    verifier = encrypt_password(password, name, admin, "scram-sha-256")
                    try:
                        cursor.execute(f"ALTER ROLE {name} PASSWORD %s", [verifier])
                    except errors.InsufficientPrivilege as error:
                        raise _no_say(admin, name, error) from error
                self._keep(urls)
            self.urls.update(urls)
        found = f"{len(new)} created, {len(Role) - len(new)} there already"
        return f"{found}; {f'{len(made)} passwords set' if made else 'passwords left alone'}"

    def _keep(self, urls: dict[Role, str]) -> None:
        try:
            self.keep(urls)
        except OSError as error:
            raise ProvisionError(
                f"{error.filename} cannot be written: {error.strerror}."
            ) from error

    def _role_url(self, admin: Any, role: Role, password: str) -> str:
        """Where the administrator is, for a role; TLS settings are the administrator's."""
        kept = _kept_parameters(self.admin_dsn)
        at = admin.info
        name = self.names.of(role)
        return _url(name, password, at.host, at.port, self.names.database, kept)

    def _database(self, admin: Any) -> str:
        with admin.cursor() as cursor:
            step = statements.database_step(self.names)
            if self.is_dry_run:
                return _shown(
                    _pending(cursor, step) + _pending(cursor, statements.settings_step(self.names))
                )
            with self._membership(admin):
                is_new = bool(_apply(cursor, step))
            _apply(cursor, statements.settings_step(self.names))
        return f"{self.names.database} {'created' if is_new else 'is there already'}"

    @contextmanager
    def _membership(self, admin: Any) -> Iterator[None]:
        """Be a member of the owner's role for a while, unless one is so anyway."""
        with admin.cursor() as cursor:
            try:
                ((is_member,),) = _rows(cursor, statements.is_member_query(self.names))
                if not is_member:
                    ((grant,),) = _rows(cursor, statements.membership_query(self.names))
                    cursor.execute(grant)
            except errors.UndefinedObject:
                raise ProvisionError(
                    f"There is no role {self.names.owner}: run create_database without "
                    "--grants-only first."
                ) from None
            except errors.InsufficientPrivilege as error:
                raise _no_say(admin, self.names.owner, error) from error
            try:
                yield
            finally:
                if not is_member:
                    ((revoke,),) = _rows(cursor, statements.membership_end_query(self.names))
                    cursor.execute(revoke)

    # -- as owner ---------------------------------------------------------------------------------

    def _as_owner(self) -> Any:
        """In the new database: the administrator's login, the owner's rights."""
        return _connect(self.admin_dsn, dbname=self.names.database, options=self._owner_options)

    @property
    def _owner_options(self) -> str:
        given = parse_dsn(self.admin_dsn).get("options", "")
        return f"{given} -c role={self.names.owner}".strip()

    def _close(self) -> str:
        with closing(self._as_owner()) as owner, owner, owner.cursor() as cursor:
            steps = statements.closing_steps(self.names)
            return _counted(sum(len(_apply(cursor, step)) for step in steps))

    def _migrate(self) -> str:
        if not self.has_tables:
            return f"left to you: manage.py migrate as {self.names.owner}, then --grants-only"
        with closing(self._as_owner()) as owner:
            at = owner.info
            parameters = {**_kept_parameters(self.admin_dsn), "options": self._owner_options}
            url = _url(at.user, at.password, at.host, at.port, at.dbname, parameters)
        done = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input"],
            cwd=BASE_DIR,
            env={**os.environ, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ProvisionError(f"migrate failed:\n{(done.stderr or done.stdout)[-2000:].strip()}")
        applied = done.stdout.count("... OK")
        return f"{applied} migrations applied" if applied else "up to date"

    def _grant(self) -> str:
        with closing(self._as_owner()) as owner, owner, owner.cursor() as cursor:
            if not self.has_tables and not _rows(
                cursor, "SELECT 1 WHERE to_regclass('public.django_migrations') IS NOT NULL"
            ):
                return "left until there are tables: manage.py create_database --grants-only"
            return grants_made(cursor, self.names)

    def _look(self) -> None:
        """What would be granted, as far as a database that is left alone can tell."""
        try:
            connection = _connect(self.admin_dsn, dbname=self.names.database)
        except ProvisionError as error:
            self.say(
                f"The rest depends on the database, which cannot be looked into ({error}). "
                "--sql prints it; the owner may look: --grants-only --dry-run."
            )
            return
        with closing(connection), connection.cursor() as cursor:
            steps = [
                *statements.closing_steps(self.names),
                *statements.grant_steps(self.names),
            ]
            for step in steps:
                self.say(f"{step.title}: {_shown(_pending(cursor, step))}")


def grants_made(cursor: Any, names: Names) -> str:
    """Bring all privileges in the cursor's database to what the matrix says; run it as the owner.

    Raises:
        ProvisionError: A table is of somebody else, not classified or missing; nothing is changed.
    """
    try:
        _refuse(cursor, statements.unsafe_tables_query(names))
        steps = [*statements.closing_steps(names), *statements.grant_steps(names)]
        return _counted(sum(len(_apply(cursor, step)) for step in steps))
    except (psycopg2.Error, DjangoDatabaseError) as error:
        raise ProvisionError(f"privileges: {_sentence(error)}") from error


def grants_pending(cursor: Any, names: Names) -> list[str]:
    """The statements that `grants_made` would run."""
    steps = [*statements.closing_steps(names), *statements.grant_steps(names)]
    return [statement for step in steps for statement in _pending(cursor, step)]


def require_version(number: int) -> None:
    """
    Raises:
        ProvisionError: The server (150004 is 15.4) is too old.
    """
    if number < OLDEST_POSTGRESQL * 10_000:
        raise ProvisionError(
            f"The server is PostgreSQL {number // 10_000}: {OLDEST_POSTGRESQL} or later is needed. "
            "Upgrade it, or name another server."
        )


def _connect(dsn: str, **changes: str) -> Any:
    try:
        return psycopg2.connect(make_dsn(dsn, **{"connect_timeout": "10", **changes}))
    except psycopg2.ProgrammingError as error:
        raise ProvisionError(
            f"The administrator's URL is not understood ({_sentence(error)}): "
            "postgres://user:password@host:5432/postgres is one."
        ) from error
    except psycopg2.OperationalError as error:
        raise ProvisionError(f"The administrator cannot connect: {_sentence(error)}") from error


def _no_say(admin: Any, role: str, error: BaseException) -> ProvisionError:
    return ProvisionError(
        f"{admin.info.user} has no say over {role} ({_sentence(error)}): connect as the "
        f"administrator that made the roles, or let a superuser GRANT {role} TO "
        f"{admin.info.user} WITH ADMIN OPTION."
    )


def _kept_parameters(dsn: str) -> dict[str, str]:
    parameters: dict[str, str] = parse_dsn(dsn)
    return {name: value for name, value in parameters.items() if name not in _WHO_AND_WHERE}


def _url(
    user: str, password: str | None, host: str, port: int, name: str, parameters: dict[str, str]
) -> str:
    secret = f":{quote(password, safe='')}" if password else ""
    place = f"[{host}]" if ":" in host else quote(host, safe="")
    query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
    return f"postgres://{quote(user, safe='')}{secret}@{place}:{port}/{name}{query}"


def _rows(cursor: Any, query: str) -> list[tuple[Any, ...]]:
    cursor.execute(query)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _pending(cursor: Any, step: Step) -> list[str]:
    return [statement for (statement,) in _rows(cursor, step.query)]


def _apply(cursor: Any, step: Step) -> list[str]:
    """Run what is missing and look again: PostgreSQL only warns of a GRANT that does nothing."""
    pending = _pending(cursor, step)
    for statement in pending:
        cursor.execute(statement)
    if left := _pending(cursor, step) if pending else []:
        raise ProvisionError(f"{step.title}: without effect, for want of rights: {'; '.join(left)}")
    return pending


def _refuse(cursor: Any, query: str) -> None:
    if sentences := [sentence for (sentence,) in _rows(cursor, query)]:
        raise ProvisionError("\n".join(f"{sentence}." for sentence in sentences))


def _counted(count: int) -> str:
    return f"{count} statements" if count else "nothing to change"


def _shown(pending: list[str]) -> str:
    return "\n    ".join(["would run", *pending]) if pending else "nothing to change"


def _sentence(error: BaseException) -> str:
    return " ".join(str(error).split())
