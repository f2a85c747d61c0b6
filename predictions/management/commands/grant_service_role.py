"""`manage.py grant_service_role ROLE`: what the role that serves requests may do, and no more."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection, transaction
from psycopg2 import sql

from predictions.models import AUDIT_TABLES

#: Tables that signing in, the admin and tokens write to; everything else is only read, or inserted
#: to.
_WRITABLE: Final = (
    "auth_group",
    "auth_group_permissions",
    "auth_user",
    "auth_user_groups",
    "auth_user_user_permissions",
    "django_admin_log",
    "django_session",
    "predictions_apitoken",
)


class Command(BaseCommand):
    help = (
        "Grants an existing PostgreSQL role what the web process needs: SELECT everywhere, INSERT "
        "(never UPDATE, DELETE or TRUNCATE) on the audit tables. Run it as the tables' owner "
        "after `migrate`; then let DATABASE_URL of the web process name this role."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="an existing role that owns none of the tables")

    def handle(self, *args: Any, **options: Any) -> None:
        role = sql.Identifier(options["role"])
        statements = [
            sql.SQL("GRANT USAGE ON SCHEMA public TO {role}"),
            sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"),
            sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"),
            sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {audit} FROM {role}"),
            sql.SQL("GRANT INSERT ON {audit} TO {role}"),
            sql.SQL("GRANT INSERT, UPDATE, DELETE ON {writable} TO {role}"),
        ]
        tables = {
            "audit": sql.SQL(", ").join(map(sql.Identifier, AUDIT_TABLES)),
            "writable": sql.SQL(", ").join(map(sql.Identifier, _WRITABLE)),
        }
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement.format(role=role, **tables))
        except ProgrammingError as error:
            raise CommandError(
                f"{str(error).strip()}\nCreate the role first, for instance: "
                f"CREATE ROLE {options['role']} LOGIN PASSWORD '…'"
            ) from None
        self.stdout.write(
            f"{options['role']} may now serve requests; it can change nothing logged."
        )
