"""System checks of the record's safety and of whom it believes; `manage.py check --database
default` runs those on the database."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections

from predictions.models import AUDIT_TABLES, KEPT_AT_LEAST
from predictions.networks import trusted_proxies


@register(Tags.database)
def role_owns_no_audit_table(
    app_configs: Any, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """predictions.W001: whoever owns a table may drop its triggers."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT tablename FROM pg_tables WHERE tablename = ANY(%s) "
                "AND pg_has_role(current_user, tableowner, 'MEMBER') ORDER BY tablename",
                [list(AUDIT_TABLES)],
            )
            owned = [name for (name,) in cursor.fetchall()]
        if owned:
            messages.append(
                checks.Warning(
                    f"The role of database {alias!r} owns {', '.join(owned)}.",
                    hint="Right for migrations; serve with another (`manage.py create_database`).",
                    id="predictions.W001",
                )
            )
    return messages


@register()
def idempotency_keys_are_kept(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """predictions.E001: callers are promised a day in which to repeat a request."""
    if settings.IDEMPOTENCY_TTL >= KEPT_AT_LEAST:
        return []
    return [
        checks.Error(
            "IDEMPOTENCY_TTL is shorter than 24 hours.",
            hint="Set IDEMPOTENCY_TTL_HOURS to 24 or more: PostgreSQL deletes nothing younger.",
            id="predictions.E001",
        )
    ]


@register()
def trusted_proxies_are_known(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """predictions.E002: nobody can tell whose X-Forwarded-For is meant."""
    try:
        trusted_proxies(tuple(settings.TRUSTED_PROXIES))
    except ValueError as error:
        return [
            checks.Error(
                f"TRUSTED_PROXIES is neither a number of proxies nor their networks. {error}",
                hint="Set it to 1, or to 10.1.0.0/16,2001:db8::/32.",
                id="predictions.E002",
            )
        ]
    return []
