"""Databases with their four roles on the tests' own server, made by the command and real logins."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import psycopg2
from django.core.management import call_command
from django.db import connection as django_connection
from psycopg2.extensions import make_dsn

from config.env import database_from_url
from config.postgres.account import wheel_package
from config.roles import statements
from config.roles.matrix import ROLES, Role
from config.roles.statements import Names
from tests.processes import children_untraced


@dataclass
class Place:
    """Names that nobody else uses: roles are the server's, which tests share."""

    admin_url: str
    names: Names
    urls: dict[Role, str] = field(default_factory=dict)

    def create(self, *arguments: str, **options: Any) -> str:
        """Run the command, remember the URLs that it prints, and return the rest."""
        return self.call(
            *(f"--name={self.names.database}", f"--prefix={self.names.prefix}"),
            *(f"--admin-url={self.admin_url}", *arguments),
            **options,
        )

    def create_with_tables(self) -> None:
        """`create`, of which migrating takes nearly all of the time: done once a process, and then
        what it had left is put in its place."""
        if not _migrated:
            self.create()
            _migrated.append(_dump(self.urls[Role.OWNER]))
            return
        self.create("--no-migrate")
        rows(self.urls[Role.OWNER], *_migrated)
        self.create("--grants-only")

    def call(self, *arguments: str, **options: Any) -> str:
        out = StringIO()
        try:
            with children_untraced():  # `migrate`
                call_command("create_database", *arguments, stdout=out, **options)
        finally:
            lines = dict(line.split("=", 1) for line in out.getvalue().splitlines() if "=" in line)
            for role in Role:
                if url := lines.get(ROLES[role].variable):
                    self.urls[role] = url
        return out.getvalue()

    def rows(self, role: Role, sql: str) -> list[tuple[Any, ...]]:
        return rows(self.urls[role], sql)

    def login_url(self, user: str, password: str) -> str:
        """Of the database, for anybody."""
        at = urlsplit(self.admin_url)
        place = at.netloc.rpartition("@")[2]
        return f"postgres://{user}:{password}@{place}/{self.names.database}"

    def privileges(self) -> list[tuple[Any, ...]]:
        """Everything that is granted in the database, to anybody."""
        return self.rows(
            Role.OWNER,
            "SELECT relname, unnest(relacl)::text FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace "
            "UNION ALL SELECT attrelid::regclass || '.' || attname, unnest(attacl)::text "
            "FROM pg_attribute "
            "UNION ALL SELECT nspname, unnest(nspacl)::text FROM pg_namespace "
            "WHERE nspname = 'public' "
            "UNION ALL SELECT 'database', unnest(datacl)::text FROM pg_database "
            "WHERE datname = current_database() ORDER BY 1, 2",
        )


def rows(url: str, *statements_: str) -> list[tuple[Any, ...]]:
    """What the last statement answers, as whoever the URL names."""
    with closing(psycopg2.connect(url)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            for statement in statements_:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


#: At most one: all that is in a database that was just migrated, as SQL.
_migrated: list[str] = []


def _dump(url: str) -> str:
    program = wheel_package() / "pginstall" / "bin" / "pg_dump"
    done = subprocess.run(
        [program, "--inserts", "--no-owner", "--no-privileges", url],
        capture_output=True,
        text=True,
        check=True,
    )
    # Neither commands of psql nor what a server before 17 does not know.
    return "".join(
        line
        for line in done.stdout.splitlines(keepends=True)
        if not line.startswith(("\\", "SET transaction_timeout"))
    )


def server_url(name: str = "postgres") -> str:
    """The tests' server, as the role that runs the tests."""
    return str(make_dsn(os.environ["DATABASE_URL"], dbname=name))


@contextmanager
def new_place() -> Iterator[Place]:
    """Names and an administrator without superuser's rights; all of it is gone afterwards.

    As on a managed server, the administrator is no member of the roles it makes, which it would be
    by the setting createrole_self_grant of our throw-away servers.
    """
    mark = uuid4().hex[:16]
    admin, names = f"admin_{mark}", Names(f"place_{mark}", f"role_{mark}")
    rows(server_url(), f"CREATE ROLE {admin} LOGIN CREATEDB CREATEROLE PASSWORD '{mark}'")
    ((version,),) = rows(server_url(), "SELECT current_setting('server_version_num')::int")
    if version >= 160000:
        rows(server_url(), f"ALTER ROLE {admin} SET createrole_self_grant = ''")
    at = psycopg2.extensions.parse_dsn(server_url())
    host = quote(at.get("host", ""), safe="")
    place = Place(f"postgres://{admin}:{mark}@{host}:{at.get('port', 5432)}/postgres", names)
    try:
        yield place
    finally:
        if rows(place.admin_url, f"SELECT to_regrole('{names.owner}')") != [(None,)]:
            ((grant,),) = rows(place.admin_url, statements.membership_query(names))
            rows(place.admin_url, grant)
        rows(place.admin_url, f"DROP DATABASE IF EXISTS {names.database}")
        for role in Role:
            rows(place.admin_url, f"DROP ROLE IF EXISTS {names.of(role)}")
        rows(server_url(), f"DROP ROLE {admin}")


@contextmanager
def django_as(url: str) -> Iterator[None]:
    """Have Django's connection be a real login of another role, in another database."""
    before = django_connection.settings_dict
    django_connection.close()
    django_connection.settings_dict = {**before, **database_from_url(url)}
    try:
        yield
    finally:
        django_connection.close()
        django_connection.settings_dict = before
