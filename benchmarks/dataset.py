"""The dataset at size: how fast it loads, how fast it answers, how much room it takes.

    python benchmarks/dataset.py --records 1000000

Generates as many building-years (`benchmarks/population.py`), loads them with the project's own
loader and, in turns with it, with a bare COPY of the very same rows into the very same tables;
loads the newest file again, and an edition of it with 1 % of the rows changed; asks the API with
random parameters; and measures the tables. A server of its own, with durable settings as in
production, holds the data meanwhile, or, if DATABASE_URL is set, a database of its own on that
server (`…_benchmark`, which must not exist). Both are gone afterwards, after Ctrl-C too.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from tqdm import tqdm

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.population import DATA_YEARS, DEFAULT_SEED, Population  # noqa: E402
from config.env import VAR_DIR  # noqa: E402 -- reads .env, which may set DATABASE_URL
from config.postgres.server import EmbeddedPostgres  # noqa: E402
from config.postgres.sessions import orderly_exit  # noqa: E402

if TYPE_CHECKING:
    from benchmarks.loads import Timing
    from buildings.services.datasets import Source

REVISED_SHARE: Final = 0.01
_MS_BOUND: Final = 50


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    with benchmark_database(options.directory) as directory:
        found = _measured(options, directory)
    _say(_report(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the dataset at size.")
    parser.add_argument(
        "--records", type=int, default=1_000_000, help="building-years; default: %(default)s"
    )
    parser.add_argument(
        "--repeat", type=int, default=3, help="loads and COPYs, in turns; default: %(default)s"
    )
    parser.add_argument(
        "--requests", type=int, default=100, help="of each kind; default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="default: %(default)s")
    parser.add_argument("--explain", type=Path, help="write every plan to this file")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--directory", type=Path, default=VAR_DIR, help="default: var/")
    options = parser.parse_args(argv)
    if options.records < 5 * len(DATA_YEARS) or options.repeat < 1 or options.requests < 1:
        parser.error("too few to measure")
    return options


# Where it happens


@contextmanager
def benchmark_database(parent: Path) -> Iterator[Path]:
    """Django set up on a migrated database of our own, which is gone afterwards; a directory of our
    own below `parent`."""
    with orderly_exit(), _directory(parent) as directory, _database(directory) as url:
        os.environ["DATABASE_URL"] = url
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        try:
            call_command("migrate", verbosity=0)
            yield directory
        finally:
            connection.close()


@contextmanager
def _directory(parent: Path) -> Iterator[Path]:
    """A directory of our own for files and server, gone afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="benchmark-", dir=parent))
    directory.chmod(0o711)  # the server's account has to pass
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _database(directory: Path) -> Iterator[str]:
    """The URL of an empty database of our own, gone afterwards."""
    url = os.environ.get("DATABASE_URL")
    if url:
        with _database_beside(url) as created:
            yield created
        return
    server = EmbeddedPostgres(directory / "postgres")
    try:
        with server.running() as embedded:
            yield embedded
    finally:
        server.remove()


@contextmanager
def _database_beside(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    name = f"{parts.path.removeprefix('/')}_benchmark"
    server = psycopg2.connect(url)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        with server.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
        server.close()


# What is measured


def _measured(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    from benchmarks import loads

    buildings = options.records // len(DATA_YEARS)
    sources, later = _files(options, directory, buildings)
    found: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "postgresql": loads.server_version(),
        "cores": os.cpu_count(),
        "records": buildings * len(DATA_YEARS),
        "csv_bytes": sum(source.path.stat().st_size for source in sources),
    }
    with loads.autovacuum_off():
        found |= _loads(options, directory, sources)
    found["again"] = _timing(_load(sources[-1:], "the newest file again"))
    found["later"] = _timing(_load([later], f"a later edition, {REVISED_SHARE:.0%} changed"))
    fresh = _queries(options, buildings, "straight after the load", min(options.requests, 20))
    loads.vacuum()
    found["queries"] = _queries(options, buildings, "once vacuumed", options.requests)
    for query, before in zip(found["queries"], fresh, strict=True):
        query["fresh_p95_ms"] = before["p95_ms"]
    found["indexes_served"] = _plans(options, buildings)
    found["sizes"] = loads.sizes()
    return found


def _files(
    options: argparse.Namespace, directory: Path, buildings: int
) -> "tuple[list[Source], Source]":
    """A file a year, and a later edition of the newest."""
    from buildings.services.datasets import Source

    population = Population(buildings, options.seed)
    editions = [*((f"{year}", year, 0.0) for year in DATA_YEARS)]
    editions.append((f"{DATA_YEARS[-1]}-later", DATA_YEARS[-1], REVISED_SHARE))
    sources = []
    with _bar(buildings * len(editions), "generating", "row") as bar:
        for name, year, share in editions:
            path = directory / f"{name}.csv"
            population.file_write(path, year, revised_share=share, on_rows=bar.update)
            sources.append(Source(path, name, is_synthetic=True))
    return sources[:-1], sources[-1]


def _loads(options: argparse.Namespace, directory: Path, sources: "list[Source]") -> dict[str, Any]:
    """Loader and COPY in turns, the loader last: what it wrote is what is asked afterwards."""
    from benchmarks import loads

    with _bar(len(sources), "reading alone", "file") as bar:
        survey_s, reading_s = loads.read(sources, bar.update)
    loader, copy = [_load(sources, "loader")], []
    loads.tables_copy_out(directory)
    for number in range(options.repeat):
        loads.tables_empty()
        with _bar(len(loads.TABLES), f"bare COPY {number + 1}", "table") as bar:
            copy.append(loads.tables_copy_in(directory, loader[0].rows, bar.update))
        loads.tables_empty()
        loader.append(_load(sources, f"loader {number + 1}"))
    loader = loader[1:]  # the first one wrote what COPY copies, and warmed both up
    for table in loads.TABLES:
        (directory / f"{table._meta.db_table}.copy").unlink()
    rates = [statistics.median(run.rows_per_s for run in runs) for runs in (loader, copy)]
    return {
        "loader": [_timing(run) for run in loader],
        "copy": [_timing(run) for run in copy],
        "loader_rows_per_s": rates[0],
        "copy_rows_per_s": rates[1],
        "ratio": rates[0] / rates[1],
        "survey_s": survey_s,
        "reading_s": reading_s,
    }


def _load(sources: "Sequence[Source]", label: str) -> "Timing":
    from benchmarks import loads

    with _bar(None, label, "B", unit_scale=True) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return loads.load(sources, show)


def _timing(run: "Timing") -> dict[str, Any]:
    return {
        "rows": run.rows,
        "rows_per_s": run.rows_per_s,
        "wall_s": run.wall_s,
        "python_cpu_s": run.python_cpu_s,
        "postgres_cpu_s": run.postgres_cpu_s,
    }


def _queries(
    options: argparse.Namespace, buildings: int, label: str, count: int
) -> list[dict[str, Any]]:
    from benchmarks.queries import Caller

    caller = Caller(buildings, DATA_YEARS, options.seed)
    found = []
    for name in tqdm(caller.kinds, desc=f"asking, {label}", unit="kind", leave=False, disable=None):
        times = caller.measure(name, count)
        quantiles = {f"p{share}_ms": times.quantile(share / 100) for share in (50, 95)}
        found.append({"name": name, **quantiles, "max_ms": max(times.times_ms)})
    return found


def _plans(options: argparse.Namespace, buildings: int) -> dict[str, list[str]]:
    """Which index serves which kind of request, by EXPLAIN (ANALYZE, BUFFERS) of some of each."""
    from benchmarks.queries import Caller, QueryTimes, indexes_served

    caller = Caller(buildings, DATA_YEARS, options.seed)
    explained = [QueryTimes(name) for name in caller.kinds]
    for found in tqdm(explained, desc="explaining", unit="kind", leave=False, disable=None):
        caller.explain(found, 8)
    if options.explain:
        plans = [f"-- {found.name}\n{plan}\n" for found in explained for plan in found.plans]
        options.explain.write_text("\n".join(plans), encoding="utf-8")
    return indexes_served(explained)


# What is said


def _report(found: dict[str, Any]) -> str:
    records = found["records"]
    lines = [
        f"{records:,} records, PostgreSQL {found['postgresql']}, {found['cores']} cores, "
        f"{found['date']}; {found['csv_bytes'] / records:,.0f} bytes of CSV a record",
        "",
        f"{'load':<34}{'rows/s':>10}{'s':>9}{'Python s':>10}{'PostgreSQL s':>14}",
        *(_load_line(f"loader {n}", run) for n, run in enumerate(found["loader"], start=1)),
        *(_load_line(f"bare COPY {n}", run) for n, run in enumerate(found["copy"], start=1)),
        _load_line("the newest file again", found["again"]),
        _load_line(f"a later edition, {REVISED_SHARE:.0%} changed", found["later"]),
        f"loader at {found['ratio']:.0%} of the rate of COPY (medians); alone, the survey takes "
        f"{found['survey_s']:.1f} s and reading {found['reading_s']:.1f} s",
        "",
        f"{'API, ms':<50}{'p50':>8}{'p95':>8}{'max':>8}{'p95 before ANALYZE':>20}",
        *(
            f"{query['name']:<50}{query['p50_ms']:>8.1f}{query['p95_ms']:>8.1f}"
            f"{query['max_ms']:>8.1f}{query['fresh_p95_ms']:>20.1f}"
            f"{'  over the bound' if query['p95_ms'] > _MS_BOUND else ''}"
            for query in found["queries"]
        ),
        "",
        f"{'size':<50}{'MB':>10}{'bytes a record':>16}  used by",
        *_size_lines(found["sizes"], records, found["indexes_served"]),
    ]
    return "\n".join(lines)


def _load_line(name: str, run: dict[str, Any]) -> str:
    postgres = run["postgres_cpu_s"]
    shown = f"{postgres:>14.1f}" if postgres is not None else f"{'elsewhere':>14}"
    return (
        f"{name:<34}{run['rows_per_s']:>10,.0f}{run['wall_s']:>9.1f}"
        f"{run['python_cpu_s']:>10.1f}{shown}"
    )


def _size_lines(
    sizes: list[dict[str, Any]], records: int, served: dict[str, list[str]]
) -> Iterator[str]:
    total = 0
    for table in sizes:
        total += table["table_bytes"] + table["indexes_bytes"]
        yield _size_line(table["table"], table["table_bytes"], records)
        for index, size in table["indexes"].items():
            kinds = served.get(index, [])
            yield f"{_size_line(f'  {index}', size, records)}  {len(kinds)} kinds of requests"
    yield _size_line("all", total, records)


def _size_line(name: str, size: int, records: int) -> str:
    return f"{name:<50}{size / 1e6:>10,.1f}{size / records:>16,.0f}"


def _bar(total: int | None, label: str, unit: str, **options: Any) -> "tqdm[Any]":
    return tqdm(total=total, desc=label, unit=unit, leave=False, disable=None, **options)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
