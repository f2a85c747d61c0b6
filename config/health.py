"""`/livez`: the process answers. `/readyz`: it can do its work: database, migrations, served
model, emission factors."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from predictions.selectors import factors_chosen
from predictions.services.serving import serving_get, serving_is_former

logger = logging.getLogger(__name__)


#: A part does its work, but not as it should; the log says why.
_OK, _DEGRADED, _NOT_READY = "ok", "degraded", "not ready"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return _OK


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError("migrations are missing; run `manage.py migrate`")
    return _OK


def _served_model() -> str:
    """A champion that cannot be taken up leaves the former one serving: no reason to take the
    worker out of service, and one to look into the log."""
    serving_get()
    return _DEGRADED if serving_is_former() else _OK


def _emission_factors() -> str:
    """Without any, each prediction is refused."""
    factors_chosen(slug=None)
    return _OK


_CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "served_model": _served_model,
    "emission_factors": _emission_factors,
}


@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """200 as long as the process can answer at all; says which release it is, if it was told."""
    return JsonResponse({"status": "ok", "release": settings.RELEASE})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every part does its work, else 503; says which part does not, or only in a degraded
    way, and only the log says why."""
    parts: dict[str, str] = {}
    for name, check in _CHECKS.items():
        try:
            parts[name] = check()
        except Exception:
            logger.exception("not ready: %s", name)
            parts[name] = _NOT_READY
    worst = max(parts.values(), key=(_OK, _DEGRADED, _NOT_READY).index)
    return JsonResponse({"status": worst, **parts}, status=503 if worst == _NOT_READY else 200)
