"""The rows of one import, written: new ones by COPY, changed ones with what they were before."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any, Final, NamedTuple, TypeAlias

from django.db import connection

from buildings.models import (
    NEWEST_YEAR_FACTS,
    BenchmarkRecord,
    Building,
    DatasetImport,
    PropertyUse,
    PublishedRow,
    RecordRevision,
)
from buildings.reading import ParsedRow, RowReader
from buildings.services.copying import ids_reserve, lines_copy, rows_copy, rows_encoded
from buildings.understanding import Use, Values

_Key: TypeAlias = tuple[int, int]

_json_encoded: Final = json.JSONEncoder(ensure_ascii=False).encode
_USE_FIELDS: Final = ("record", "rank", "use_type", "gfa_sqft")


class Prepared(NamedTuple):
    """A row, and as COPY reads them, without keys: its record, its cells and its uses."""

    row: ParsedRow
    record: str = ""
    cells: str = ""
    uses: Sequence[str] = ()


class Load:
    """Writes the good rows of one file, chunk by chunk, and counts what they change."""

    def __init__(self, import_id: int, *, is_synthetic: bool) -> None:
        self.counts: Counter[str] = Counter()
        self.flags: Counter[str] = Counter()
        self._import_id = import_id
        self._is_synthetic = is_synthetic
        #: Most files bring new rows throughout, or none.
        self._expects_new = True
        self._former_readers: dict[int, RowReader | None] = {}

    def prepare(self, rows: Sequence[ParsedRow]) -> list[Prepared]:
        """What can be done before the database is asked: in the thread that reads, while the last
        rows are being written."""
        return self._encoded(rows) if self._expects_new else [Prepared(row) for row in rows]

    def _encoded(self, rows: Sequence[ParsedRow]) -> list[Prepared]:
        records = rows_encoded([*self._record_values(row).values()] for row in rows)
        cells = rows_encoded([_json_encoded(row.cells)] for row in rows)
        uses = iter(rows_encoded(use for row in rows for use in row.uses))
        return [
            Prepared(row, record, cell, list(islice(uses, len(row.uses))))
            for row, record, cell in zip(rows, records, cells, strict=True)
        ]

    def write(self, prepared: Sequence[Prepared]) -> None:
        """Write what is new or changed of rows that name each building and year once."""
        rows = [each.row for each in prepared]
        buildings = _buildings_stored({row.ose_building_id for row in rows})
        records = _records_stored([pk for pk, _ in buildings.values()], rows)
        new: list[Prepared] = []
        changed: list[tuple[int, ParsedRow]] = []
        for each in prepared:
            row = each.row
            pk, _ = buildings.get(row.ose_building_id, (None, None))
            stored = records.get((pk, row.data_year)) if pk is not None else None
            if stored is None:
                new.append(each)
            elif stored[1] == row.digest:
                self.counts["unchanged"] += 1
            else:
                changed.append((stored[0], row))
        self.counts["created"] += len(new)
        self.counts["updated"] += len(changed)
        written = [*(each.row for each in new), *(row for _, row in changed)]
        self.flags.update(chain.from_iterable(row.flags for row in written))
        keys = self._buildings_write(written, buildings)
        self._records_create(new, keys)
        self._records_change(changed)
        self._expects_new = bool(new)

    def _buildings_write(
        self, rows: Iterable[ParsedRow], stored: dict[int, tuple[int, int]]
    ) -> dict[int, int]:
        """Write each building's newest facts; returns the keys of all, by identifier."""
        newest: dict[int, ParsedRow] = {}
        for row in rows:
            other = newest.get(row.ose_building_id)
            if other is None or other.data_year < row.data_year:
                newest[row.ose_building_id] = row
        new = [row for key, row in newest.items() if key not in stored]
        keys = {key: pk for key, (pk, _) in stored.items()}
        if new:
            ids = ids_reserve(Building, len(new))
            keys |= {row.ose_building_id: pk for row, pk in zip(new, ids, strict=True)}
            fields = ["id", *self._building_values(new[0])]
            rows_copy(
                Building,
                fields,
                ((keys[row.ose_building_id], *self._building_values(row).values()) for row in new),
            )
        self._buildings_change(
            [
                row
                for key, row in newest.items()
                if key in stored and row.data_year >= stored[key][1]
            ]
        )
        return keys

    def _buildings_change(self, rows: Sequence[ParsedRow]) -> None:
        buildings = Building.objects.in_bulk(
            [row.ose_building_id for row in rows], field_name="ose_building_id"
        )
        changed = [
            building
            for row in rows
            if _assigned(building := buildings[row.ose_building_id], self._building_values(row))
        ]
        _rows_update(Building, changed)

    def _building_values(self, row: ParsedRow) -> Values:
        return row.building | {
            name: self._is_synthetic if name == "is_synthetic" else row.record[name]
            for name in NEWEST_YEAR_FACTS
        }

    def _records_create(self, prepared: Sequence[Prepared], keys: dict[int, int]) -> None:
        if not prepared:
            return
        if not all(each.record for each in prepared):
            prepared = self._encoded([each.row for each in prepared])
        numbered = list(zip(ids_reserve(BenchmarkRecord, len(prepared)), prepared, strict=True))
        lines_copy(
            BenchmarkRecord,
            ["id", "building", *self._record_values(prepared[0].row)],
            [f"{pk}\t{keys[each.row.ose_building_id]}\t{each.record}" for pk, each in numbered],
        )
        lines_copy(
            PublishedRow, ("record", "cells"), [f"{pk}\t{each.cells}" for pk, each in numbered]
        )
        lines_copy(
            PropertyUse, _USE_FIELDS, [f"{pk}\t{use}" for pk, each in numbered for use in each.uses]
        )

    def _record_values(self, row: ParsedRow) -> Values:
        return {
            "dataset_import": self._import_id,
            "source_line_number": row.line_number,
            "is_synthetic": self._is_synthetic,
            "values_digest": row.digest,
            "quality_flags": row.flags,
            **row.record,
        }

    def _records_change(self, rows: Sequence[tuple[int, ParsedRow]]) -> None:
        """Write changed records, after what they were; few rows in most files."""
        if not rows:
            return
        stored = BenchmarkRecord.objects.select_related("published").prefetch_related("uses")
        records = stored.in_bulk([pk for pk, _ in rows])
        changed, published, revisions = [], [], []
        new_uses: dict[int, Sequence[Use]] = {}
        for pk, row in rows:
            record = records[pk]
            former = getattr(record, "published", None)
            cells = former.cells if former else []
            uses = [(use.rank, use.use_type, use.gfa_sqft) for use in record.uses.all()]
            changes = {
                name: [getattr(record, name), value]
                for name, value in row.record.items()
                if getattr(record, name) != value
            }
            changes |= self._building_changes(record, cells, row)
            if uses != list(row.uses):
                changes["uses"] = [uses, list(row.uses)]
                new_uses[pk] = row.uses
            revisions.append(
                RecordRevision(
                    record=record,
                    dataset_import_id=self._import_id,
                    former_import_id=record.dataset_import_id,
                    former_line_number=record.source_line_number,
                    former_cells=cells,
                    changes=changes,
                )
            )
            values = self._record_values(row)
            record.dataset_import_id = values.pop("dataset_import")
            _assigned(record, values)
            changed.append(record)
            published.append(PublishedRow(record=record, cells=row.cells))
        RecordRevision.objects.bulk_create(revisions)
        _rows_update(BenchmarkRecord, changed)
        PublishedRow.objects.bulk_create(
            published, update_conflicts=True, unique_fields=["record"], update_fields=["cells"]
        )
        if new_uses:
            PropertyUse.objects.filter(record__in=new_uses).delete()
            rows_copy(
                PropertyUse,
                _USE_FIELDS,
                ((pk, *use) for pk, uses in new_uses.items() for use in uses),
            )

    def _building_changes(
        self, record: BenchmarkRecord, former_cells: list[str], row: ParsedRow
    ) -> Values:
        """What the same row said of the building before; only its published text still tells."""
        reader = self._former_reader(record.dataset_import_id)
        if reader is None or not former_cells:
            return {}
        former = reader.read(record.source_line_number, former_cells)
        if not isinstance(former, ParsedRow):
            return {}
        return {
            name: [former.building[name], value]
            for name, value in row.building.items()
            if former.building[name] != value and name not in row.record
        }

    def _former_reader(self, import_id: int) -> RowReader | None:
        if import_id not in self._former_readers:
            header = DatasetImport.objects.values_list("header", flat=True).get(pk=import_id)
            self._former_readers[import_id] = RowReader(header) if header else None
        return self._former_readers[import_id]


def _buildings_stored(identifiers: set[int]) -> dict[int, tuple[int, int]]:
    """Key and newest data year (0 before any) of each stored building, by identifier."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ose_building_id, id, coalesce(data_year, 0) FROM buildings_building "
            "WHERE ose_building_id = ANY(%s)",
            [list(identifiers)],
        )
        return {identifier: (pk, data_year) for identifier, pk, data_year in cursor.fetchall()}


def _records_stored(
    buildings: Sequence[int], rows: Sequence[ParsedRow]
) -> dict[_Key, tuple[int, bytes]]:
    """Key and digest of each stored record of these years, by building's key and year."""
    if not buildings:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT building_id, data_year, id, values_digest FROM buildings_benchmarkrecord "
            "WHERE building_id = ANY(%s) AND data_year = ANY(%s)",
            [list(buildings), list({row.data_year for row in rows})],
        )
        return {
            (building, data_year): (pk, bytes(digest))
            for building, data_year, pk, digest in cursor.fetchall()
        }


def _assigned(row: Building | BenchmarkRecord, values: Values) -> bool:
    """Set what differs; True if anything did."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _rows_update(table: Any, rows: Sequence[Any]) -> None:
    """Write every field of rows that are stored already.

    An upsert by primary key: one short statement, where bulk_update makes a CASE a field and row
    and takes many times as long for the fields of a record.
    """
    if rows:
        table._default_manager.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[
                f.name for f in table._meta.concrete_fields if not f.primary_key and not f.generated
            ],
        )
