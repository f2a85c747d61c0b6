"""`manage.py create_database`: the database and its four roles, on any PostgreSQL >= 15."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DjangoDatabaseError
from django.db import connection, transaction

from config import variables
from config.roles.envfile import env_file_update
from config.roles.matrix import ROLES, Role
from config.roles.provision import (
    SHORTEST_PASSWORD,
    ProvisionError,
    Provisioning,
    grants_made,
    grants_pending,
)
from config.roles.script import roles_script
from config.roles.statements import Names

_NAME: Final = "futurisys"
_TRIAL: Final = (
    "No --admin-url was given, so the role of DATABASE_URL was asked. That of the embedded "
    "development server may make nothing; a throw-away server, gone afterwards, is for trying:\n"
    "  python -m config.postgres python manage.py create_database --name trial"
)


class Command(BaseCommand):
    help = (
        "Makes the database, its four roles (owner, app, auditor, loader), the tables and each "
        "role's privileges. Run again, it mends what differs and leaves passwords alone."
    )
    requires_system_checks = []  # `migrate` runs them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--admin-url",
            help="who makes them, by CREATEDB and CREATEROLE: postgres://user@host/postgres. "
            "Better in the environment, as ADMIN_DATABASE_URL, if it holds a password",
        )
        parser.add_argument("--name", default=_NAME, help=f"the database ({_NAME})")
        parser.add_argument("--prefix", help="what the roles' names begin with (as the database)")
        parser.add_argument(
            "--env-file",
            type=Path,
            help="write the four URLs to this file (mode 600) and do not print them",
        )
        parser.add_argument(
            "--rotate-passwords", action="store_true", help="new passwords for all four roles"
        )
        parser.add_argument(
            "--no-migrate", action="store_true", help="leave the tables to a later `migrate`"
        )
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--grants-only",
            action="store_true",
            help="only the privileges, after each `migrate`: as the owner that DATABASE_URL names, "
            "or by --admin-url",
        )
        what.add_argument(
            "--sql", action="store_true", help="print a script for psql instead; connects nowhere"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be run, and run nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        admin_url = options["admin_url"] or variables.ADMIN_DATABASE_URL.read()
        try:
            names = Names(options["name"], options["prefix"] or options["name"])
            if options["sql"]:
                self.stdout.write(roles_script(names), ending="")
            elif options["grants_only"] and not admin_url:
                self._grant_as_owner(options["prefix"], is_dry_run=options["dry_run"])
            else:
                self._provision(admin_url, names, options)
        except ValueError as error:
            raise CommandError(str(error)) from None
        except ProvisionError as error:
            hint = f"\n{_TRIAL}" if "it lacks" in str(error) and not admin_url else ""
            raise CommandError(f"{error}{hint}") from error

    def _provision(self, admin_url: str, names: Names, options: dict[str, Any]) -> None:
        env_file: Path | None = options["env_file"]
        provisioning = Provisioning(
            admin_url or variables.DATABASE_URL.read(),
            names,
            say=self._say,
            passwords=_passwords(),
            is_rotation=options["rotate_passwords"],
            is_dry_run=options["dry_run"],
            has_tables=not options["no_migrate"],
        )
        if env_file is not None:
            provisioning.keep = lambda urls: env_file_update(env_file, _variables(urls))
        if options["grants_only"]:
            provisioning.run_grants()
            return
        try:
            provisioning.run()
        finally:
            if provisioning.urls:
                self._tell(provisioning.urls, env_file)

    def _grant_as_owner(self, prefix: str | None, *, is_dry_run: bool) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT current_user")
                (user,) = cursor.fetchone()
                owner = f"{prefix}_{Role.OWNER}" if prefix else user
                if user != owner or not user.endswith(f"_{Role.OWNER}"):
                    raise CommandError(
                        f"DATABASE_URL names the role {user}: let it name the owner "
                        f"({prefix or _NAME}_{Role.OWNER}), or give --admin-url."
                    )
                cursor.execute("SELECT current_database()")
                names = Names(cursor.fetchone()[0], owner.removesuffix(f"_{Role.OWNER}"))
                if is_dry_run:
                    self._say("\n".join(grants_pending(cursor, names)) or "nothing to change")
                else:
                    self._say(f"privileges: {grants_made(cursor, names)}")
        except DjangoDatabaseError as error:
            raise CommandError(f"The database that DATABASE_URL names: {error}") from error

    def _tell(self, urls: dict[Role, str], env_file: Path | None) -> None:
        if env_file is not None:
            self._say(f"The URLs of {', '.join(urls)} are in {env_file}, for its owner's eyes.")
            return
        self._say("\nShown once; nothing of this project keeps them:\n")
        for variable, url in _variables(urls).items():
            self._say(f"{variable}={url}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _variables(urls: dict[Role, str]) -> dict[str, str]:
    return {ROLES[role].variable: url for role, url in urls.items()}


def _passwords() -> dict[Role, str]:
    """Those that the environment gives, in place of made-up ones."""
    found = {}
    for role in Role:
        variable = variables.DATABASE_PASSWORDS[role]
        if password := variable.read():
            if len(password) < SHORTEST_PASSWORD:
                raise CommandError(
                    f"{variable.name} is weak: {SHORTEST_PASSWORD} characters or more are needed; "
                    "unset, a password is made at random."
                )
            found[role] = password
    return found
