"""Writing datasets: the one way that rows get into the tables of this app."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from buildings import benchmarking
from buildings.benchmarking import IDENTIFIER_HEADER, BadRow, ParsedRow, Reason
from buildings.errors import DatasetUnavailableError
from buildings.models import BenchmarkRecord, Building, DatasetImport, PropertyUse, RejectedRow
from buildings.parsers import Value

#: Called now and then while a file is loaded: bytes read so far, bytes in all.
Progress = Callable[[int, int], None]

#: Identifiers from here on are kept for synthetic buildings; the city's end near 50,000.
SYNTHETIC_ID_FROM: Final = 900_001

_CHUNK_ROWS: Final = 500
#: Any number will do, as long as nothing else in this database locks by it.
_ADVISORY_LOCK: Final = 2_016_046
_T = TypeVar("_T")
_Row = TypeVar("_Row", Building, BenchmarkRecord)


def dataset_import(
    *,
    path: Path,
    source: str,
    is_synthetic: bool,
    imported_by: User | None = None,
    on_progress: Progress | None = None,
) -> DatasetImport:
    """Load a benchmarking CSV in one transaction, and say what it changed.

    Loading the same file again changes nothing but adds the import's own row. Two loads at the
    same time follow one another. A building keeps the facts of its newest data year. `source` is
    what the file was asked for by; `is_synthetic` labels every row of it, and identifiers tell the
    same: see SYNTHETIC_ID_FROM.

    Raises:
        DatasetUnavailableError: the file cannot be opened.
        DatasetFormatError: it is not the city's CSV. Nothing was changed.
    """
    started_at = timezone.now()
    try:
        file = path.open("rb")
    except OSError as error:
        raise DatasetUnavailableError(f"{path} cannot be read: {error.strerror}") from error
    with file, transaction.atomic():
        _loads_serialised()
        lines = _CountedLines(file)
        total = path.stat().st_size
        imported = DatasetImport.objects.create(
            source=source[:500],
            file_name=path.name[:255],
            sha256="0" * 64,  # the digest, size and counts are known once the file was read
            size_bytes=0,
            is_synthetic=is_synthetic,
            rows_read=0,
            rows_created=0,
            rows_updated=0,
            rows_unchanged=0,
            rows_rejected=0,
            imported_by=imported_by,
            started_at=started_at,
        )
        counts: Counter[str] = Counter()
        years: set[int] = set()
        for rows in _chunks(_rows_judged(lines, is_synthetic=is_synthetic), _CHUNK_ROWS):
            good = [row for row in rows if isinstance(row, ParsedRow)]
            years.update(row.data_year for row in good)
            counts += _rows_write(good, imported)
            counts["rejected"] += _rejected_write(rows, imported)
            if on_progress:
                on_progress(lines.size_bytes, max(total, lines.size_bytes))
        imported.sha256 = lines.sha256.hexdigest()
        imported.size_bytes = lines.size_bytes
        imported.data_years = sorted(years)
        imported.rows_read = counts.total()
        imported.rows_created = counts["created"]
        imported.rows_updated = counts["updated"]
        imported.rows_unchanged = counts["unchanged"]
        imported.rows_rejected = counts["rejected"]
        imported.finished_at = timezone.now()
        imported.save()
    return imported


def _loads_serialised() -> None:
    """Wait until no other load is under way; released with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


class _CountedLines:
    """The lines of a file, with the digest and size of what was read of it so far."""

    def __init__(self, file: BinaryIO) -> None:
        self.sha256 = hashlib.sha256()
        self.size_bytes = 0
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        for line in self._file:
            self.sha256.update(line)
            self.size_bytes += len(line)
            yield line


def _chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _rows_judged(lines: Iterable[bytes], *, is_synthetic: bool) -> Iterator[ParsedRow | BadRow]:
    """The rows of the file, less those that no cell alone can show to be wrong."""
    first_lines: dict[tuple[int, int], int] = {}
    for row in benchmarking.rows_read(lines):
        if isinstance(row, BadRow):
            yield row
            continue
        first = first_lines.setdefault((row.ose_building_id, row.data_year), row.line_number)
        if first != row.line_number:
            reason = f"building {row.ose_building_id} in {row.data_year} is on line {first} already"
            yield _rejected(row, reason)
        elif is_synthetic and row.ose_building_id < SYNTHETIC_ID_FROM:
            yield _rejected(row, f"synthetic buildings have ids from {SYNTHETIC_ID_FROM}")
        elif not is_synthetic and row.ose_building_id >= SYNTHETIC_ID_FROM:
            reason = (
                f"ids from {SYNTHETIC_ID_FROM} are kept for synthetic buildings; load such a file "
                "as synthetic"
            )
            yield _rejected(row, reason)
        else:
            yield row


def _rejected(row: ParsedRow, reason: str) -> BadRow:
    return BadRow(row.line_number, row.cells, (Reason(IDENTIFIER_HEADER, reason),))


def _rejected_write(rows: Iterable[ParsedRow | BadRow], imported: DatasetImport) -> int:
    rejected = [
        RejectedRow(
            dataset_import=imported,
            line_number=row.line_number,
            reasons=[asdict(reason) for reason in row.reasons],
            row=row.cells,
        )
        for row in rows
        if isinstance(row, BadRow)
    ]
    return len(RejectedRow.objects.bulk_create(rejected))


def _rows_write(rows: Sequence[ParsedRow], imported: DatasetImport) -> Counter[str]:
    """Write what is new or changed; rows are compared here, against what is stored, read once."""
    ids = {row.ose_building_id for row in rows}
    buildings = Building.objects.in_bulk(ids, field_name="ose_building_id")
    stored = BenchmarkRecord.objects.filter(building__ose_building_id__in=ids).order_by()
    newest = dict(stored.values_list("building__ose_building_id").annotate(Max("data_year")))
    records = {
        (record.building_id, record.data_year): record
        for record in stored.filter(data_year__in={row.data_year for row in rows}).prefetch_related(
            "uses"
        )
    }
    counts: Counter[str] = Counter()
    new_buildings: list[Building] = []
    changed_buildings: dict[int, Building] = {}
    new_records: list[BenchmarkRecord] = []
    changed_records: list[BenchmarkRecord] = []
    uses: list[PropertyUse] = []
    records_with_new_uses: list[BenchmarkRecord] = []

    for row in rows:
        key = row.ose_building_id
        building = buildings.get(key)
        is_changed = False
        if building is None:
            building = buildings[key] = Building(**row.building)
            new_buildings.append(building)
        elif row.data_year >= newest.get(key, 0) and _assigned(building, row.building):
            is_changed = True
            if building.pk is not None:
                changed_buildings[key] = building
        newest[key] = max(row.data_year, newest.get(key, 0))

        record = records.get((building.pk, row.data_year))
        if record is None:
            record = BenchmarkRecord(
                building=building,
                dataset_import=imported,
                source_line_number=row.line_number,
                **row.record,
            )
            new_records.append(record)
            uses += _uses_made(record, row)
            counts["created"] += 1
            continue
        has_new_uses = row.uses != tuple(
            (use.rank, use.use_type, use.gfa_sqft) for use in record.uses.all()
        )
        if has_new_uses:
            records_with_new_uses.append(record)
            uses += _uses_made(record, row)
        if _assigned(record, row.record) or has_new_uses:
            record.dataset_import = imported
            record.source_line_number = row.line_number
            changed_records.append(record)
            is_changed = True
        counts["updated" if is_changed else "unchanged"] += 1

    Building.objects.bulk_create(new_buildings)
    _rows_update(Building, list(changed_buildings.values()))
    BenchmarkRecord.objects.bulk_create(new_records)
    _rows_update(BenchmarkRecord, changed_records)
    if records_with_new_uses:
        PropertyUse.objects.filter(record__in=records_with_new_uses).delete()
    PropertyUse.objects.bulk_create(uses)
    return counts


def _assigned(row: Building | BenchmarkRecord, values: dict[str, Value]) -> bool:
    """Set what differs; True if anything did."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _uses_made(record: BenchmarkRecord, row: ParsedRow) -> list[PropertyUse]:
    return [
        PropertyUse(record=record, rank=rank, use_type=use_type, gfa_sqft=area)
        for rank, use_type, area in row.uses
    ]


def _rows_update(table: type[_Row], rows: Sequence[_Row]) -> None:
    """Write every field of rows that are stored already.

    An upsert by primary key: one short statement, where bulk_update makes a CASE a field and row
    and takes many times as long for the thirty columns of a record.
    """
    if rows:
        table._default_manager.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[f.name for f in table._meta.concrete_fields if not f.primary_key],
        )
