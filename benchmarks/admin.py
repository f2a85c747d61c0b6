"""How long the pages of the admin take on a full record.

    python benchmarks/admin.py --count 200000
    python benchmarks/admin.py --count 1000000 --json figures.json

Makes as many exchanges (`manage.py make_exchanges`) beside the bundled sample's buildings, on a
PostgreSQL of its own, or in a database of its own on the one that DATABASE_URL names
(`benchmarks/dataset.py`), and asks for every list, its filters and searches, the dashboard, one
exchange and the live accuracy: in process, as a superuser, whole pages. The medians count; CPU is
the processor's time of a page, here and in PostgreSQL's session, and holds on a busy machine too.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tqdm import tqdm  # noqa: E402

from benchmarks.dataset import benchmark_database  # noqa: E402
from config.env import VAR_DIR  # noqa: E402

#: Milliseconds, of each page.
BOUND: Final = 300


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure the pages of the admin.")
    parser.add_argument(
        "--count", type=int, default=200_000, help="exchanges; default: %(default)s"
    )
    parser.add_argument("--observed", type=float, default=0.2, help="share with an outcome")
    parser.add_argument("--repeat", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--directory", type=Path, default=VAR_DIR, help="default: var/")
    options = parser.parse_args(argv)
    if options.count < 1_000 or options.repeat < 1:
        parser.error("1,000 exchanges, and one turn at least")
    with benchmark_database(options.directory):
        _fill(options)
        found = pages_measure(options.repeat)
    sys.stdout.write(f"{options.count:,} exchanges\n{report(found)}\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def _fill(options: argparse.Namespace) -> None:
    from django.core.management import call_command

    call_command("load_dataset", source="sample", verbosity=0)
    call_command("register_shipped_model", verbosity=0)
    call_command("make_exchanges", count=options.count, observed=options.observed)


def pages() -> Iterator[tuple[str, str]]:
    """What is asked for: a name and an address."""
    from django.contrib import admin
    from django.urls import reverse

    from mlmodel.models import ModelVersion
    from predictions.models import ApiToken, PredictionInput, PredictionRequest
    from predictions.services.generation import CALLERS

    yield "dashboard", reverse("admin:index")
    yield "dashboard, 90 days", reverse("admin:index") + "?days=90"
    for table in admin.site._registry:
        name = f"{table._meta.app_label}_{table._meta.model_name}"
        yield str(table._meta.verbose_name_plural), reverse(f"admin:{name}_changelist")
    oldest = PredictionInput.objects.order_by("pk")[100]
    middle = PredictionRequest.objects.order_by("created_at")[2_000]
    building: Any = PredictionInput.objects.filter(building__isnull=False).select_related(
        "building"
    )
    token = ApiToken.objects.order_by("created").first()
    version = ModelVersion.objects.order_by("-pk")[0]
    asked = {
        "older": oldest.pk,
        "newer": oldest.pk,
        "since": f"{oldest.created_at:%Y-%m-%d}",
        "until": f"{oldest.created_at:%Y-%m-%d}",
        "outcome=answered": "",
        "outcome=failed": "",
        "outcome=no+output": "",
        "caller": oldest.request.caller_id or 1,
        "token": token.prefix if token else "",
        "version": version.pk,
        "channel=command": "",
        "type=Laboratory": "",
        "type=Warehouse": "",
        "building": building.first().building.ose_building_id,
        "what_if_of__isempty=0": "",
        f"type=Laboratory&version={version.pk}&outcome=failed": "",
        f"q={CALLERS[0]}": "",
        f"q={middle.request_id}": "",
        f"q={oldest.pk}": "",
        "q=nobody+is+called+this": "",
    }
    for view in ("predictioninput", "predictionrequest", "predictionoutput"):
        url = reverse(f"admin:predictions_{view}_changelist")
        for name, value in asked.items():
            known = name.split("=", maxsplit=1)[0]
            if view == "predictionrequest" and known in {"type", "building", "what_if_of__isempty"}:
                continue
            if view == "predictionoutput" and known not in {"since", "until", "q"}:
                continue
            if view == "predictionrequest" and name in {"older", "newer"}:
                value = oldest.request_id  # noqa: PLW2901 -- its own row
            query = name if value == "" else f"{name}={value}"
            yield f"{view} ?{query}", f"{url}?{query}"
    url = reverse("admin:predictions_predictioninput_change", args=[oldest.pk])
    yield "an exchange", url
    yield "a call", reverse("admin:predictions_predictionrequest_change", args=[middle.pk])
    url = reverse("admin:mlmodel_modelversion_performance", args=[version.pk])
    yield "live accuracy", url


def pages_measure(repeat: int) -> list[dict[str, Any]]:
    """Of each page the milliseconds of its first request and of the later ones, and its queries."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client

    from benchmarks.loads import timed

    client = Client(SERVER_NAME="localhost")
    user, _ = User.objects.get_or_create(
        username="benchmark", defaults={"is_staff": True, "is_superuser": True}
    )
    client.force_login(user)
    found = []
    for name, url in tqdm(list(pages()), desc="asking", unit="page", leave=False, disable=None):
        queries: list[str] = []
        with connection.execute_wrapper(_counted(queries)):
            first_ms, *_ = _timed(client, url, 1)
        with timed() as timing:
            times = _timed(client, url, repeat)
        cpu_s = timing.python_cpu_s + (timing.postgres_cpu_s or 0.0)
        found.append(
            {
                "name": name,
                "first_ms": first_ms,
                "median_ms": statistics.median(times),
                "max_ms": max(times),
                "cpu_ms": cpu_s * 1000 / repeat,
                "queries": len(queries),
            }
        )
    return found


def _counted(queries: list[str]) -> Any:
    def wrapper(execute: Any, statement: str, *rest: Any) -> Any:
        queries.append(statement)
        return execute(statement, *rest)

    return wrapper


def _timed(client: Any, url: str, count: int) -> list[float]:
    times = []
    for _ in range(count):
        started = time.perf_counter()
        answer = client.get(url)
        times.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{url} answered {answer.status_code}")
    return times


def report(found: Sequence[dict[str, Any]]) -> str:
    """The table that is printed."""
    lines = [f"{'page, ms':<66}{'first':>8}{'median':>8}{'max':>8}{'CPU':>8}{'queries':>9}"]
    for page in found:
        over = "  over the bound" if page["median_ms"] > BOUND else ""
        lines.append(
            f"{page['name'][:65]:<66}{page['first_ms']:>8.0f}{page['median_ms']:>8.0f}"
            f"{page['max_ms']:>8.0f}{page['cpu_ms']:>8.0f}{page['queries']:>9}{over}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
