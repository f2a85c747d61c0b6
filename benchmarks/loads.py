"""The rate of the loader beside that of a bare COPY of the very same rows."""

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from django.db import connection, models, transaction

from buildings.models import (
    PROVENANCE_TABLES,
    UPLOAD_TABLES,
    BenchmarkRecord,
    Building,
    DatasetImport,
    PropertyUse,
    PublishedRow,
)
from buildings.reading import DigestedLines, rows_read, survey
from buildings.services.datasets import Source, datasets_import
from mlmodel.models import INSERT_ONLY_TABLES
from predictions.models import AUDIT_TABLES

#: What a load fills, in the order that foreign keys ask for.
TABLES: Final[tuple[type[models.Model], ...]] = (
    DatasetImport,
    Building,
    BenchmarkRecord,
    PublishedRow,
    PropertyUse,
)
_COPY_BLOCK: Final = 1 << 20


@dataclass(slots=True)
class Timing:
    """Seconds of one run: by the clock, and of processor in this process and in PostgreSQL's."""

    rows: int
    wall_s: float
    python_cpu_s: float
    postgres_cpu_s: float | None

    @property
    def rows_per_s(self) -> float:
        return self.rows / self.wall_s


@contextmanager
def timed() -> Iterator[Timing]:
    """Fills in the times on leaving; the rows are the caller's to say."""
    timing = Timing(0, 0.0, 0.0, None)
    backend = _backend()
    backend_before = _cpu_s(backend)
    python_before, started = _own_cpu_s(), time.perf_counter()
    yield timing
    timing.wall_s = time.perf_counter() - started
    timing.python_cpu_s = _own_cpu_s() - python_before
    backend_after = _cpu_s(backend)
    if backend_before is not None and backend_after is not None:
        timing.postgres_cpu_s = backend_after - backend_before


def load(sources: Sequence[Source], on_progress: Callable[[int, int], None]) -> Timing:
    """One load by the project's loader, commit included."""
    with timed() as timing:
        reports = datasets_import(sources=sources, on_progress=on_progress)
    timing.rows = sum(report.dataset_import.rows_read for report in reports)
    rejected = sum(report.dataset_import.rows_rejected for report in reports)
    if rejected:
        raise RuntimeError(f"{rejected:,} rows were rejected: the generator is at fault")
    return timing


def read(sources: Sequence[Source], on_file: Callable[[], object]) -> tuple[float, float]:
    """Seconds that the survey and the reading of the files take on their own."""
    survey_s = reading_s = 0.0
    for source in sources:
        started = time.perf_counter()
        with source.path.open("rb") as file:
            survey(DigestedLines(file))
        survey_s += time.perf_counter() - started
        started = time.perf_counter()
        with source.path.open("rb") as file:
            for _ in rows_read(file):
                pass
        reading_s += time.perf_counter() - started
        on_file()
    return survey_s, reading_s


def tables_empty() -> None:
    """Leave the tables as the migrations made them. The triggers of those that are insert-only
    stand back meanwhile: this database is the benchmark's own."""
    guarded = (*PROVENANCE_TABLES, *UPLOAD_TABLES, *INSERT_ONLY_TABLES, *AUDIT_TABLES)
    names = ", ".join([table._meta.db_table for table in TABLES])
    with transaction.atomic(), connection.cursor() as cursor:
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {names} CASCADE")
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@contextmanager
def autovacuum_off() -> Iterator[None]:
    """Autovacuum comes when it likes: it would slow down one run and not another, and statistics
    that it takes while a table seems empty would make foreign keys slow to check."""
    with connection.cursor() as cursor:
        for table in TABLES:
            name = table._meta.db_table
            cursor.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = false)")
        yield
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table._meta.db_table} RESET (autovacuum_enabled)")


def tables_copy_out(directory: Path) -> None:
    """Write every table to a file of its own, in the form that COPY reads fastest back."""
    for table in TABLES:
        with _file(directory, table).open("wb") as file, connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {_columns(table)} TO STDOUT", file, size=_COPY_BLOCK)


def tables_copy_in(directory: Path, rows: int, on_table: Callable[[], object]) -> Timing:
    """The bare COPY: all tables in one transaction, with every index, constraint and trigger."""
    with timed() as timing, transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            with _file(directory, table).open("rb") as file:
                cursor.copy_expert(f"COPY {_columns(table)} FROM STDIN", file, size=_COPY_BLOCK)
            on_table()
    timing.rows = rows
    return timing


def sizes() -> list[dict[str, Any]]:
    """Bytes of each table and of its indexes, with how often PostgreSQL has used each index."""
    found = []
    with connection.cursor() as cursor:
        for table in TABLES:
            name = table._meta.db_table
            cursor.execute(
                "SELECT pg_table_size(%s::regclass), pg_indexes_size(%s::regclass)", [name, name]
            )
            table_bytes, indexes_bytes = cursor.fetchone()
            cursor.execute(
                "SELECT indexrelname, pg_relation_size(indexrelid) FROM pg_stat_user_indexes "
                "WHERE relname = %s ORDER BY 2 DESC",
                [name],
            )
            found.append(
                {
                    "table": name,
                    "table_bytes": table_bytes,
                    "indexes_bytes": indexes_bytes,
                    "indexes": dict(cursor.fetchall()),
                }
            )
    return found


def vacuum() -> None:
    """What autovacuum does within minutes of a load: statistics, and pages marked all-visible."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM (ANALYZE) {table._meta.db_table}")


def server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _columns(table: type[models.Model]) -> str:
    fields = [field for field in table._meta.concrete_fields if not field.generated]
    return f"{table._meta.db_table} ({', '.join([str(field.column) for field in fields])})"


def _file(directory: Path, table: type[models.Model]) -> Path:
    return directory / f"{table._meta.db_table}.copy"


def _backend() -> psutil.Process | None:
    """The process that serves our connection, if it runs on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (number,) = cursor.fetchone()
    try:
        process = psutil.Process(number)
        return process if process.name() == "postgres" else None
    except psutil.Error:
        return None


def _cpu_s(process: psutil.Process | None) -> float | None:
    if process is None:
        return None
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def _own_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
