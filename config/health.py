"""`/livez`: the process answers. `/readyz`: it can do its work: database, migrations, served
model."""

import logging
from collections.abc import Callable

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from predictions.services.serving import serving_get

logger = logging.getLogger(__name__)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError("migrations are missing; run `manage.py migrate`")


def _served_model() -> None:
    serving_get()


_CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "migrations": _migrations,
    "served_model": _served_model,
}


@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """200 as long as the process can answer at all."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every part is ready, else 503; says which part is not, and only the log says why."""
    parts: dict[str, str] = {}
    for name, check in _CHECKS.items():
        try:
            check()
            parts[name] = "ok"
        except Exception:
            logger.exception("not ready: %s", name)
            parts[name] = "not ready"
    is_ready = set(parts.values()) == {"ok"}
    body = {"status": "ok" if is_ready else "not ready", **parts}
    return JsonResponse(body, status=200 if is_ready else 503)
