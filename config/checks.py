"""System checks of the settings that the audit rests on."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error


def check_databases(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """config.E001: requests in one transaction; config.E002: not PostgreSQL."""
    errors: list[CheckMessage] = []
    for alias, database in settings.DATABASES.items():
        if database.get("ATOMIC_REQUESTS"):
            errors.append(
                Error(
                    f"ATOMIC_REQUESTS is on for the database '{alias}'.",
                    hint="A failed call would take its own audit trail with it: leave it False.",
                    id="config.E001",
                )
            )
        if database["ENGINE"] != "django.db.backends.postgresql":
            errors.append(
                Error(
                    f"The database '{alias}' is not PostgreSQL but {database['ENGINE']}.",
                    hint="The audit rests on PostgreSQL's triggers and constraints: let "
                    "DATABASE_URL begin with postgres://.",
                    id="config.E002",
                )
            )
    return errors
