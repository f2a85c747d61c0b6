"""Writing datasets: the one way that rows get into the tables of this app."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from buildings.emissions import Factors
from buildings.errors import DatasetFormatError, DatasetUnavailableError, TooManyRejectsError
from buildings.models import DatasetImport, RejectedRow
from buildings.reading import (
    BadRow,
    DigestedLines,
    ParsedRow,
    Survey,
    row_named,
    rows_read,
    survey,
)
from buildings.selectors.factors import factors_of_years
from buildings.services.ahead import ahead, chunks
from buildings.services.copying import ids_reserve
from buildings.services.factors import emission_factor_sets_derive, emission_factor_sets_seed
from buildings.services.interpreter import interpreter_tuned
from buildings.services.judging import Judge
from buildings.services.loading import Load, Prepared

#: Called now and then while files are loaded: bytes read so far, bytes in all. Each file is read
#: twice.
Progress = Callable[[int, int], None]

_CHUNK_ROWS: Final = 2_000
#: After each wait for PostgreSQL, the thread that reads must let go of the interpreter soon.
_SWITCH_INTERVAL_S: Final = 0.000_1
_REJECTS_SHOWN: Final = 20
#: Any number will do, as long as nothing else in this database locks by it.
_ADVISORY_LOCK: Final = 2_016_046


@dataclass(frozen=True, slots=True)
class Source:
    """One file to load: where it is, what it was asked for by, whether its rows are made up."""

    path: Path
    name: str
    is_synthetic: bool


@dataclass(slots=True)
class ImportReport:
    """What a load did, or would do: its row (unsaved after a dry run) and the first rejects."""

    dataset_import: DatasetImport
    rejects: list[BadRow] = field(default_factory=list)


def dataset_import(
    *,
    path: Path,
    source: str,
    is_synthetic: bool,
    imported_by: User | None = None,
    on_progress: Progress | None = None,
) -> DatasetImport:
    """Load one benchmarking CSV, whatever it has to reject; see `datasets_import`."""
    reports = datasets_import(
        sources=[Source(path, source, is_synthetic)],
        imported_by=imported_by,
        on_progress=on_progress,
    )
    return reports[0].dataset_import


def datasets_import(
    *,
    sources: Sequence[Source],
    imported_by: User | None = None,
    allow_rejects: int | None = None,
    is_dry_run: bool = False,
    on_progress: Progress | None = None,
) -> list[ImportReport]:
    """Load benchmarking CSVs in one transaction, newest year first, and say what each changed.

    All of them or nothing. Loading a file again changes nothing but adds the import's own row; a
    later file of the same year changes what differs, and the former values are kept. Two loads at
    the same time follow one another. A building keeps the facts of its newest data year.
    `is_synthetic` labels every row of a file, and identifiers tell the same (see
    `judging.SYNTHETIC_ID_FROM`). `allow_rejects` bounds the rejected rows of each file; None: any
    number. A dry run does all of it and takes it back.

    Raises:
        DatasetUnavailableError: a file cannot be opened.
        DatasetFormatError: it is not the city's CSV.
        TooManyRejectsError: more rows than allowed cannot be loaded.
    """
    progress = _Progress(sources, on_progress)
    surveyed = [(source, _surveyed(source, progress)) for source in sources]
    surveyed.sort(key=lambda pair: max(pair[1].years, default=0), reverse=True)
    with transaction.atomic(), interpreter_tuned(switch_interval_s=_SWITCH_INTERVAL_S):
        _loads_serialised()
        reports = [
            _file_load(source, found, imported_by, allow_rejects, progress)
            for source, found in surveyed
        ]
        if not is_dry_run and any(_is_change(report.dataset_import) for report in reports):
            _statistics_refresh()
        transaction.set_rollback(is_dry_run)
    return reports


def _is_change(imported: DatasetImport) -> bool:
    return bool(imported.rows_created or imported.rows_updated)


def _statistics_refresh() -> None:
    """Tell the planner of the new rows before foreign keys are checked, which is at the commit.

    Statistics that autovacuum takes during a load see none of its rows; if the tables were empty
    before, each check may then read a whole index. Whoever may not ANALYZE gets a warning only.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE (SKIP_LOCKED) "
            "buildings_building, buildings_benchmarkrecord, buildings_propertyuse"
        )


class _Progress:
    """Bytes read of all files, of which each is read twice."""

    def __init__(self, sources: Sequence[Source], on_progress: Progress | None) -> None:
        self.call = on_progress
        self.done = 0
        self.total = 2 * sum(
            source.path.stat().st_size for source in sources if source.path.is_file()
        )

    def file_read(self, size_bytes: int) -> None:
        self.done += size_bytes
        self.show(0)

    def show(self, of_this_file: int) -> None:
        if self.call:
            self.call(self.done + of_this_file, max(self.total, self.done + of_this_file))


def _surveyed(source: Source, progress: _Progress) -> Survey:
    try:
        with source.path.open("rb") as file:
            found = survey(DigestedLines(file))
    except OSError as error:
        raise DatasetUnavailableError(f"{source.path} cannot be read: {error.strerror}") from error
    except DatasetFormatError as error:
        raise error.in_file(source.path.name) from error
    progress.file_read(found.size_bytes)
    return found


def _loads_serialised() -> None:
    """Wait until no other load is under way; released with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


def _file_load(
    source: Source,
    found: Survey,
    imported_by: User | None,
    allow_rejects: int | None,
    progress: _Progress,
) -> ImportReport:
    started_at = timezone.now()
    (import_id,) = ids_reserve(DatasetImport, 1)
    factors = _factors(source, found, import_id)
    load = Load(import_id, is_synthetic=source.is_synthetic)
    counts: Counter[str] = Counter()
    rejects: list[BadRow] = []
    allowed = found.rows if allow_rejects is None else allow_rejects
    with source.path.open("rb") as file:
        lines = DigestedLines(file)
        rows = Judge(found, counts, is_synthetic=source.is_synthetic).judged(
            rows_read(lines, factors)
        )
        prepared = (_prepared(load, chunk) for chunk in chunks(rows, _CHUNK_ROWS))
        with closing(ahead(prepared)) as made:
            for good, bad in made:
                load.write(good)
                counts["rejected"] += len(bad)
                rejects += bad[: _REJECTS_SHOWN - len(rejects)]
                if counts["rejected"] <= allowed:
                    _rejected_write(bad, found.header, import_id)
                progress.show(lines.size_bytes)
    if lines.sha256 != found.sha256:
        raise DatasetUnavailableError(f"{source.path} changed while it was read")
    if counts["rejected"] > allowed:
        raise TooManyRejectsError(_rejects_said(source, counts["rejected"], rejects))
    progress.file_read(lines.size_bytes)
    counts += load.counts
    imported = DatasetImport(
        id=import_id,
        source=source.name[:500],
        file_name=source.path.name[:255],
        sha256=found.sha256,
        size_bytes=found.size_bytes,
        is_synthetic=source.is_synthetic,
        header=found.header,
        data_years=sorted(found.data_years),
        rows_read=counts.total(),
        rows_created=counts["created"],
        rows_updated=counts["updated"],
        rows_unchanged=counts["unchanged"],
        rows_rejected=counts["rejected"],
        rows_blank=counts["blank"],
        rows_duplicate=counts["duplicate"],
        quality_flags=dict(sorted(load.flags.items())),
        imported_by=imported_by,
        database_role=_current_role(),
        started_at=started_at,
        finished_at=timezone.now(),
    )
    imported.save(force_insert=True)
    return ImportReport(imported, rejects)


def _prepared(
    load: Load, rows: Sequence[ParsedRow | BadRow]
) -> tuple[list[Prepared], list[BadRow]]:
    good = [row for row in rows if isinstance(row, ParsedRow)]
    return load.prepare(good), [row for row in rows if isinstance(row, BadRow)]


def _factors(source: Source, found: Survey, import_id: int) -> dict[int, Factors]:
    """Each year's emission factors; what is not on record yet is derived from the file itself."""
    years = found.data_years
    emission_factor_sets_seed()
    known = factors_of_years(data_years=years)
    if not source.is_synthetic:
        known |= emission_factor_sets_derive(
            {year: found.energies[year] for year in years - known.keys() if year in found.energies},
            file_name=source.path.name,
            import_id=import_id,
        )
    return known


def _current_role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def _rejected_write(rows: Sequence[BadRow], header: Sequence[str], import_id: int) -> None:
    RejectedRow.objects.bulk_create(
        RejectedRow(
            dataset_import_id=import_id,
            line_number=row.line_number,
            reasons=[asdict(reason) for reason in row.reasons],
            row=row_named(header, row.cells),
        )
        for row in rows
    )


def _rejects_said(source: Source, count: int, rejects: Sequence[BadRow]) -> str:
    lines = [f"  {reject_said(row)}" for row in rejects[:5]]
    if count > len(lines):
        lines.append(f"  and {count - len(lines):,} more")
    listed = "\n".join(lines)
    noun = "row" if count == 1 else "rows"
    return (
        f"{source.path.name}: {count:,} {noun} cannot be loaded:\n{listed}\n"
        f"Mend the file, or load the others with --allow-rejects {count}"
    )


def reject_said(row: BadRow) -> str:
    """One rejected row in a line: where it is, and every reason."""
    reasons = "; ".join(f"{reason.field}: {reason.reason}" for reason in row.reasons)
    return f"line {row.line_number}: {reasons}"
