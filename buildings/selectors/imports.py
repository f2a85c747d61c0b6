"""Imports: which there were, what they changed, and how two of them differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, Func, IntegerField, OuterRef, Q, TextField
from django.db.models.functions import Cast

from buildings.benchmarking import columns_known, header_key
from buildings.models import BenchmarkRecord, DatasetImport, RecordRevision
from buildings.quality import RULES

#: Beyond so many changed records, those of one former import are not counted.
MOST_COUNTED: Final = 10_000
#: Counts of an import, in the order they are read in.
COUNTS: Final = (
    "rows_read",
    "rows_created",
    "rows_updated",
    "rows_unchanged",
    "rows_rejected",
    "rows_blank",
    "rows_duplicate",
)


def dataset_import_latest() -> DatasetImport | None:
    """The last import, or None before the first. One query."""
    return DatasetImport.objects.order_by("-id").first()


def dataset_import_before(*, dataset_import: DatasetImport) -> DatasetImport | None:
    """The last import before this one that shares a data year with it, or None. One query."""
    same_years = _of_years(dataset_import.data_years)
    earlier = DatasetImport.objects.filter(same_years, pk__lt=dataset_import.pk)
    return earlier.order_by("-id").first()


def dataset_imports_comparable(
    *, dataset_import: DatasetImport, limit: int = 50
) -> list[DatasetImport]:
    """The newest other imports, without their headers. One query."""
    others = DatasetImport.objects.exclude(pk=dataset_import.pk)
    return list(others.only("file_name", "data_years", "started_at").order_by("-id")[:limit])


def data_years_imported() -> list[int]:
    """Every data year that any import has brought, newest first. One query, on imports alone."""
    year = Cast(
        Func("data_years", function="jsonb_array_elements_text", output_field=TextField()),
        IntegerField(),
    )
    years = DatasetImport.objects.order_by().annotate(year=year).values_list("year", flat=True)
    return list(years.distinct().order_by("-year"))


def created_by(*, import_id: int, few: int = 2_000) -> Q:
    """Condition on records: this import was the first to bring them. One query.

    An import touches a record once: it wrote what the record is or has been, and did so without
    changing anything. `few` records are named by their keys, so that they are found without
    reading all others; of more, a list finds its first soon enough.
    """
    keys = _keys_created(import_id, 0, few + 1)
    if len(keys) <= few:
        return Q(pk__in=keys)
    revisions = RecordRevision.objects.order_by()
    has_been = revisions.filter(former_import=import_id).values("record")
    changed = revisions.filter(record=OuterRef("pk"), dataset_import=import_id)
    return (Q(dataset_import=import_id) | Q(pk__in=has_been)) & Q(~Exists(changed))


def _keys_created(import_id: int, start: int, stop: int) -> list[int]:
    """The same as sets of keys: each has its index, however few of all records they hold."""
    revisions = RecordRevision.objects.order_by().values_list("record", flat=True)
    is_now = BenchmarkRecord.objects.order_by().filter(dataset_import=import_id)
    written = is_now.values_list("pk", flat=True).union(revisions.filter(former_import=import_id))
    created = written.difference(revisions.filter(dataset_import=import_id))
    return list(created.order_by("pk")[start:stop])


def records_created(
    *, dataset_import: DatasetImport, start: int, stop: int
) -> list[BenchmarkRecord]:
    """A slice of the records that the import was the first to bring, with building; how many
    there are is its `rows_created`. Two queries."""
    keys = _keys_created(dataset_import.pk, start, stop)
    records = BenchmarkRecord.objects.filter(pk__in=keys).select_related("building")
    return list(
        records.only(
            "data_year",
            "primary_property_type",
            "property_gfa_total_sqft",
            "building__ose_building_id",
            "building__property_name",
        ).order_by("pk")
    )


def revisions_made(*, dataset_import: DatasetImport, start: int, stop: int) -> list[RecordRevision]:
    """A slice of what the import changed, with record and building; how many there are is its
    `rows_updated`. Two queries."""
    # Keys first: an index alone skips what is before the slice.
    revisions = RecordRevision.objects.filter(dataset_import=dataset_import).order_by("pk")
    keys = list(revisions.values_list("pk", flat=True)[start:stop])
    read = RecordRevision.objects.filter(pk__in=keys).select_related("record__building")
    return list(
        read.only(
            "former_import_id",
            "former_line_number",
            "changes",
            "record__data_year",
            "record__building__ose_building_id",
            "record__building__property_name",
        ).order_by("pk")
    )


@dataclass(frozen=True, slots=True)
class HeaderComparison:
    """What became of the columns; renamed: (before, after) of one column."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    unchanged: int


@dataclass(frozen=True, slots=True)
class CountComparison:
    """One count of both imports."""

    name: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class ImportComparison:
    """Two imports side by side; `before` is the earlier one."""

    before: DatasetImport
    after: DatasetImport
    header: HeaderComparison
    counts: tuple[CountComparison, ...]
    flags: tuple[CountComparison, ...]
    #: Of the records that `after` changed, those that `before` had written; None: too many to
    #: count while somebody waits.
    changed_of_before: int | None

    @property
    def is_same_file(self) -> bool:
        return self.before.sha256 == self.after.sha256

    @property
    def years_shared(self) -> list[int]:
        return sorted(set(self.before.data_years) & set(self.after.data_years))


def dataset_import_comparison(
    *, before: DatasetImport, after: DatasetImport, with_changes: bool = True
) -> ImportComparison:
    """How two imports differ. One query at most; the lists of records are `revisions_made` and
    `records_created`."""
    changed = RecordRevision.objects.filter(dataset_import=after, former_import=before)
    is_counted = with_changes and after.rows_updated <= MOST_COUNTED
    return ImportComparison(
        before=before,
        after=after,
        header=headers_compared(before.header, after.header),
        counts=tuple(
            CountComparison(name, getattr(before, name), getattr(after, name)) for name in COUNTS
        ),
        flags=_flags_compared(before.quality_flags, after.quality_flags),
        changed_of_before=changed.count() if is_counted else None,
    )


def headers_compared(before: Sequence[str], after: Sequence[str]) -> HeaderComparison:
    """Columns by what they mean: a known column under another name is renamed, not replaced.

    >>> headers_compared(["PropertyName", "Outlier"], ["BuildingName", "Remark"])
    ... # doctest: +NORMALIZE_WHITESPACE
    HeaderComparison(added=('Remark',), removed=('Outlier',),
        renamed=(('PropertyName', 'BuildingName'),), unchanged=0)
    """
    old, new = _by_meaning(before), _by_meaning(after)
    shared = [(old[key], name) for key, name in new.items() if key in old]
    return HeaderComparison(
        added=tuple(name for key, name in new.items() if key not in old),
        removed=tuple(name for key, name in old.items() if key not in new),
        renamed=tuple(pair for pair in shared if pair[0] != pair[1]),
        unchanged=sum(first == second for first, second in shared),
    )


def _by_meaning(header: Sequence[str]) -> dict[tuple[str, int], str]:
    """Each name by its column, counted: an unknown name may stand twice."""
    columns = columns_known(header)
    seen: dict[str, int] = {}
    found = {}
    for name in header:
        meaning = columns[name].header if name in columns else f"?{header_key(name)}"
        seen[meaning] = seen.get(meaning, 0) + 1
        found[meaning, seen[meaning]] = name
    return found


def _flags_compared(
    before: Mapping[str, int], after: Mapping[str, int]
) -> tuple[CountComparison, ...]:
    codes = [rule.code for rule in RULES]
    codes += sorted({*before, *after} - set(codes))
    return tuple(
        CountComparison(code, before.get(code, 0), after.get(code, 0))
        for code in codes
        if code in before or code in after
    )


def _of_years(data_years: Sequence[int]) -> Q:
    """Condition on imports: they share one of these years; none shares what is not known."""
    shared = Q(pk__in=[])
    for year in data_years:
        shared |= Q(data_years__contains=[year])
    return shared
