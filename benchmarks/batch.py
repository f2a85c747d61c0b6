"""How fast a batch is predicted, with every input and output on the record.

    python benchmarks/batch.py
    python benchmarks/batch.py --rows 10000 --repeat 5 --json figures.json

A batch is POSTed as JSON, in process, and its answer read to the end. In turns with it, on the same
tables, emptied before each: the served model alone plus a bare COPY of the very bytes that the
batch left in the tables; bulk_create of the same rows with scikit-learn's pipeline; and the whole
request as a plain Django REST framework view answers it (`benchmarks/peers/plain.py`): parsed,
validated, scored by the pipeline, stored by bulk_create in one table, answered. The medians count.
The server is one of our own, durable as in production, or a database of its own on the one that
DATABASE_URL names (`benchmarks/dataset.py`).
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# Before anything imports NumPy, as the workers do.
for _name in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"

from tqdm import tqdm  # noqa: E402

from benchmarks.dataset import benchmark_database  # noqa: E402
from benchmarks.inference import SHIPPED, buildings, served_model  # noqa: E402
from config.env import VAR_DIR  # noqa: E402
from mlmodel.features import FEATURE_NAMES, FeatureRow, feature_conflicts  # noqa: E402

_PLACE: Final = {"latitude", "longitude"}
_URL: Final = "/api/v1/predictions/batch/"
_GOALS: Final = "goals: 1.5 s for 10,000 rows; 40 % of the second's rate; 3 times bulk_create's"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure how fast a batch is predicted.")
    parser.add_argument("--rows", type=int, default=10_000, help="default: %(default)s, the most")
    parser.add_argument("--repeat", type=int, default=5, help="turns; default: %(default)s")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--directory", type=Path, default=VAR_DIR, help="default: var/")
    options = parser.parse_args(argv)
    if not 1 <= options.rows <= 10_000 or options.repeat < 1:
        parser.error("1 to 10,000 rows, and one turn at least")
    with benchmark_database(options.directory):
        found = _measured(options)
    sys.stdout.write(_report(found) + "\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def rows_valid(count: int) -> list[FeatureRow]:
    """Made-up rows without what contradicts itself."""
    rows: list[FeatureRow] = []
    for row in buildings(count):
        kept = dict(row)
        while conflicts := feature_conflicts(kept):
            for name in conflicts:
                kept.pop(name, None)
            if conflicts.keys() & _PLACE:  # either without the other
                kept = {name: value for name, value in kept.items() if name not in _PLACE}
        rows.append(kept)
    return rows


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    from django.conf import settings
    from django.db import connection
    from rest_framework.test import APIClient, APIRequestFactory

    from benchmarks.loads import timed
    from benchmarks.peers.plain import Exchange, PredictView
    from buildings.services.factors import emission_factor_sets_seed
    from mlmodel.artifact import load_estimator
    from mlmodel.models import ModelVersion
    from predictions.services import serving
    from predictions.services.accounts import api_caller_get_or_create, api_token_create

    manifest = json.loads((SHIPPED / "manifest.json").read_text(encoding="utf-8"))
    model = served_model(SHIPPED / "model", manifest)
    pipeline = load_estimator(SHIPPED / "model", manifest["file_digests"])
    emission_factor_sets_seed()
    settings.RATE_LIMIT_ROWS_PER_MINUTE = 0  # as many as it can
    settings.CONCURRENCY_PER_TOKEN = 0  # no middleware gives a slot of the plain view back
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None  # for the plain view, which has no limit of its own
    version = ModelVersion.objects.create(
        name="site-energy-use",
        version=1,
        artifact_uri="file:///benchmark",
        artifact_digest="0" * 64,
        file_digests={},
        signature={},
        size_bytes=1,
        alias="champion",
    )
    serving._serving = serving.Serving(version, model)
    _, secret = api_token_create(
        user=api_caller_get_or_create(username="benchmark"), name="benchmark"
    )
    authorization = {"Authorization": f"Bearer {secret}"}
    client = APIClient(headers=authorization, SERVER_NAME="localhost")
    with connection.schema_editor() as editor:
        editor.create_model(Exchange)
    rows = rows_valid(options.rows)
    body = json.dumps({"rows": rows})
    record = _Record()
    answered_bytes = 0

    def batch() -> None:
        nonlocal answered_bytes
        answer: Any = client.post(_URL, body, content_type="application/json")
        if answer.status_code != 201:
            raise RuntimeError(f"answered {answer.status_code}: {answer.content[:500]!r}")
        answered_bytes = len(b"".join(answer.streaming_content))

    def plain() -> None:
        body = json.dumps(rows)
        request = APIRequestFactory(headers=authorization).post(
            "/", body, content_type="application/json"
        )
        answer: Any = PredictView.as_view()(request).render()
        if answer.status_code != 201:
            raise RuntimeError(f"plain: {answer.status_code}: {answer.content[:500]!r}")

    plain()  # warm
    record.empty()
    batch()  # warm; and what the others write
    record.copy_out()
    ways: dict[str, Callable[[], object]] = {
        "batch": batch,
        "scoring": lambda: model.predict(rows),
        "copy": record.copy_in,
        "pipeline": lambda: pipeline.predict(rows),
        "bulk_create": record.bulk_create,
        "plain": plain,
    }
    wall_s: dict[str, list[float]] = {name: [] for name in ways}
    cpu_s: dict[str, list[float]] = {name: [] for name in ways}
    for _ in tqdm(range(options.repeat), desc="turns", leave=False, disable=None):
        for name, way in ways.items():
            record.empty()
            Exchange.objects.all().delete()
            with timed() as timing:
                way()
            wall_s[name].append(timing.wall_s)
            cpu_s[name].append(timing.python_cpu_s + (timing.postgres_cpu_s or 0.0))
    found: dict[str, Any] = {
        "rows": options.rows,
        "body_bytes": len(body),
        "answer_bytes": answered_bytes,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
    }
    for kind in ("wall_s", "cpu_s"):
        medians = {name: statistics.median(values) for name, values in found[kind].items()}
        scoring_copy = medians["scoring"] + medians["copy"]
        bulk_create = medians["pipeline"] + medians["bulk_create"]
        found[f"median_{kind}"] = medians
        found[f"of_scoring_and_copy_{kind}"] = scoring_copy / medians["batch"]
        found[f"times_bulk_create_{kind}"] = bulk_create / medians["batch"]
        found[f"times_plain_{kind}"] = medians["plain"] / medians["batch"]
    return found


class _Record:
    """The tables of the record: emptied, copied out, and written again by two other ways."""

    def __init__(self) -> None:
        from predictions.models import (
            PredictionBatch,
            PredictionInput,
            PredictionOutput,
            PredictionRequest,
        )

        self._transactions: tuple[tuple[Any, ...], ...] = (
            (PredictionRequest, PredictionBatch, PredictionInput),
            (PredictionOutput,),
        )
        self._copied: dict[Any, bytes] = {}
        self._rows: dict[Any, list[dict[str, Any]]] = {}

    def empty(self) -> None:
        """The triggers stand back meanwhile: this database is the benchmark's own."""
        from django.db import connection, transaction

        from predictions.models import AUDIT_TABLES, IDEMPOTENCY_TABLES

        tables = (*AUDIT_TABLES, *IDEMPOTENCY_TABLES)

        with transaction.atomic(), connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    def copy_out(self) -> None:
        """Keep what the tables hold, as bytes and as values."""
        import io

        from django.db import connection

        with connection.cursor() as cursor:
            for table in self._tables():
                kept = io.BytesIO()
                cursor.copy_expert(f"COPY {table._meta.db_table} TO STDOUT", kept)
                self._copied[table] = kept.getvalue()
                self._rows[table] = list(table.objects.values())

    def copy_in(self) -> None:
        """The bare COPY of these bytes, committed twice as the door does."""
        import io

        from django.db import connection, transaction

        for tables in self._transactions:
            with transaction.atomic(), connection.cursor() as cursor:
                for table in tables:
                    kept = io.BytesIO(self._copied[table])
                    cursor.copy_expert(f"COPY {table._meta.db_table} FROM STDIN", kept, 1 << 20)

    def bulk_create(self) -> None:
        """The same rows by Django's ORM, from values that are there already."""
        from django.db import transaction

        for tables in self._transactions:
            with transaction.atomic():
                for table in tables:
                    rows = [table(**values) for values in self._rows[table]]
                    table.objects.bulk_create(rows, batch_size=1_000)

    def _tables(self) -> list[Any]:
        return [table for tables in self._transactions for table in tables]


def _report(found: dict[str, Any]) -> str:
    rows = found["rows"]

    def line(name: str, *parts: str) -> str:
        wall_s, cpu_s = (
            sum(found[f"median_{kind}"][part] for part in parts) for kind in ("wall_s", "cpu_s")
        )
        return f"{name:<44}{wall_s:>8.3f}{rows / wall_s:>10,.0f}{cpu_s:>10.3f}"

    return "\n".join(
        [
            f"{rows:,} rows of {len(FEATURE_NAMES)} features: {found['body_bytes']:,} bytes in, "
            f"{found['answer_bytes']:,} out",
            f"{'':<44}{'wall s':>8}{'rows/s':>10}{'CPU s':>10}",
            line("POST, audited and answered", "batch"),
            line("the served model alone + COPY of the bytes", "scoring", "copy"),
            line("  the served model alone", "scoring"),
            line("scikit-learn's pipeline + bulk_create", "pipeline", "bulk_create"),
            line("  scikit-learn's pipeline alone", "pipeline"),
            line("the whole request by a plain view", "plain"),
            "",
            *(
                f"by {name}: {found[f'of_scoring_and_copy_{kind}']:.0%} of the rate of scoring and "
                f"COPY; {found[f'times_bulk_create_{kind}']:.1f} times that of bulk_create, which "
                f"reads, checks and answers nothing; {found[f'times_plain_{kind}']:.1f} times that "
                "of the plain view"
                for name, kind in (("wall clock", "wall_s"), ("processor", "cpu_s"))
            ),
            _GOALS,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
