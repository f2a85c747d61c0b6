"""Loading files: nothing, all, or again; what is kept of what was refused."""

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from pytest_django import DjangoAssertNumQueries

from buildings import services
from buildings.errors import DatasetFormatError, DatasetUnavailableError
from buildings.models import BenchmarkRecord, Building, DatasetImport, PropertyUse, RejectedRow
from buildings.services import dataset_import
from tests.buildings import csvs

pytestmark = pytest.mark.django_db

REAL_DATA = Path(os.environ.get("REAL_DATA_DIR", settings.PROJECT_DIR.parent / "shared" / "data"))
needs_real_data = pytest.mark.skipif(
    not (REAL_DATA / "seattle" / "2016.csv").is_file(), reason="the real files are not here"
)


def load(path: Path, **options: Any) -> DatasetImport:
    values: dict[str, Any] = {"source": "test", "is_synthetic": False, **options}
    return dataset_import(path=path, **values)


def counts(imported: DatasetImport) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, rejected -- as stored."""
    imported.refresh_from_db()
    found = (
        imported.rows_created,
        imported.rows_updated,
        imported.rows_unchanged,
        imported.rows_rejected,
    )
    assert sum(found) == imported.rows_read
    return found


def everything() -> list[Any]:
    return [
        list(table.objects.order_by("pk").values())
        for table in (Building, BenchmarkRecord, PropertyUse, DatasetImport, RejectedRow)
    ]


# Failures


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnavailableError, match="cannot be read"):
        load(tmp_path / "none.csv")


@pytest.mark.parametrize("tail", ["\0", '103,2016,"open', "\udcff"])
def test_broken_file_changes_nothing(
    tmp_path: Path, tail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_CHUNK_ROWS", 1)
    load(csvs.file(tmp_path, [csvs.row(101)]))
    before = everything()
    content = csvs.text([csvs.row(101, PropertyName="Other"), csvs.row(102)]) + tail
    path = tmp_path / "broken.csv"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DatasetFormatError) as caught:
        load(path)
    assert caught.value.line_number == 4
    assert everything() == before


def test_missing_column_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(csvs.text([csvs.row()], header=csvs.HEADER[:-1]))
    with pytest.raises(DatasetFormatError, match="GHGEmissionsIntensity"):
        load(path)
    assert everything() == [[], [], [], [], []]


# Rejected rows


def test_rejected_rows_are_kept_with_line_reasons_and_text(tmp_path: Path) -> None:
    rows = [
        csvs.row(101, Comments="two\nlines"),
        csvs.row(102, YearBuilt="soon", DataYear="", PropertyName="<script>alert(1)</script>"),
    ]
    imported = load(csvs.file(tmp_path, rows))
    assert counts(imported) == (1, 0, 0, 1)
    (rejected,) = imported.rejected.all()
    assert rejected.line_number == 4
    assert rejected.reasons == [
        {"field": "DataYear", "reason": "missing; every row needs it"},
        {
            "field": "YearBuilt",
            "reason": "'soon' is not a number; right would be 88434 or 88,434.5",
        },
    ]
    assert rejected.row == {name: rows[1].get(name, "") for name in csvs.HEADER}
    assert not Building.objects.filter(ose_building_id=102).exists()


def test_repeated_building_and_year_is_rejected_naming_the_first_line(tmp_path: Path) -> None:
    rows = [csvs.row(101), csvs.row(101, DataYear="2017"), csvs.row(101, YearBuilt="1990")]
    imported = load(csvs.file(tmp_path, rows))
    assert counts(imported) == (2, 0, 0, 1)
    (rejected,) = imported.rejected.all()
    assert rejected.line_number == 4
    assert rejected.reasons == [
        {"field": "OSEBuildingID", "reason": "building 101 in 2016 is on line 2 already"}
    ]
    assert Building.objects.get().year_built == 1968


def test_real_and_synthetic_buildings_keep_apart(tmp_path: Path) -> None:
    path = csvs.file(tmp_path, [csvs.row(900_000), csvs.row(900_001)])
    real, synthetic = load(path), load(path, is_synthetic=True)
    assert [row.line_number for row in real.rejected.all()] == [3]
    assert [row.line_number for row in synthetic.rejected.all()] == [2]
    labels = BenchmarkRecord.objects.order_by("building__ose_building_id").values_list(
        "building__ose_building_id", "dataset_import__is_synthetic"
    )
    assert list(labels) == [(900_000, False), (900_001, True)]


# Good rows


def test_first_load_fills_every_table(tmp_path: Path) -> None:
    path = csvs.file(tmp_path, [csvs.row(101), csvs.row(102, DataYear="2017")])
    user = User.objects.create(username="operator")
    imported = load(path, source="x" * 600, imported_by=user)
    assert counts(imported) == (2, 0, 0, 0)
    assert imported.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert imported.size_bytes == path.stat().st_size
    assert imported.data_years == [2016, 2017]
    assert (imported.file_name, imported.source) == ("rows.csv", "x" * 500)
    assert imported.imported_by == user
    assert imported.started_at <= imported.finished_at

    record = BenchmarkRecord.objects.get(building__ose_building_id=101)
    assert record.dataset_import == imported
    assert record.source_line_number == 2
    assert record.electricity_kwh == 1_172_284.5
    assert record.building.tax_parcel_identification_number == "0000000101"
    assert [(use.rank, use.use_type, use.gfa_sqft) for use in record.uses.all()] == [
        (1, "Hotel", 90_000.0),
        (2, "Parking", 5_000.0),
    ]


def test_second_load_changes_nothing(tmp_path: Path) -> None:
    rows = [csvs.row(101), csvs.row(102, YearBuilt="x"), csvs.row(101, DataYear="2017")]
    path = csvs.file(tmp_path, rows)
    load(path)
    before = everything()
    again = load(path)
    assert counts(again) == (0, 0, 2, 1)
    assert everything()[:3] == before[:3]


def test_rows_in_another_order_are_unchanged(tmp_path: Path) -> None:
    rows = [csvs.row(101), csvs.row(102)]
    load(csvs.file(tmp_path, rows))
    assert counts(load(csvs.file(tmp_path, rows[::-1]))) == (0, 0, 2, 0)


def test_change_is_written_and_says_which_import_brought_it(tmp_path: Path) -> None:
    first = load(csvs.file(tmp_path, [csvs.row(n) for n in (101, 102, 103, 104)]))
    rows = [
        csvs.row(101, **{"SiteEnergyUse(kBtu)": ""}),
        csvs.row(102, LargestPropertyUseTypeGFA="80000"),
        csvs.row(103, PropertyName="Renamed"),
        csvs.row(104),
        csvs.row(105),
    ]
    second = load(csvs.file(tmp_path, rows))
    assert counts(second) == (1, 3, 1, 0)
    records = {
        record.building.ose_building_id: record
        for record in BenchmarkRecord.objects.select_related("building").prefetch_related("uses")
    }
    assert records[101].site_energy_use_kbtu is None
    assert [use.gfa_sqft for use in records[102].uses.all()] == [80_000.0, 5_000.0]
    assert records[103].building.property_name == "Renamed"
    imports = [records[n].dataset_import_id for n in (101, 102, 103, 104, 105)]
    assert imports == [second.pk, second.pk, first.pk, first.pk, second.pk]
    assert PropertyUse.objects.count() == 10


def test_building_keeps_the_facts_of_its_newest_year(tmp_path: Path) -> None:
    new = csvs.row(101, DataYear="2017", PropertyName="New")
    old = csvs.row(101, DataYear="2016", PropertyName="Old")
    older = csvs.row(101, DataYear="2015", PropertyName="Older")
    assert counts(load(csvs.file(tmp_path, [new]))) == (1, 0, 0, 0)
    assert counts(load(csvs.file(tmp_path, [old, older]))) == (2, 0, 0, 0)
    assert Building.objects.get().property_name == "New"
    assert counts(load(csvs.file(tmp_path, [old, new, older]))) == (0, 0, 3, 0)


@pytest.mark.parametrize("chunk", [1, 500])
def test_newest_year_wins_in_whatever_order_it_comes(
    tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_CHUNK_ROWS", chunk)
    rows = [
        csvs.row(101, DataYear=str(year), PropertyName=f"{year}") for year in (2016, 2018, 2017)
    ]
    load(csvs.file(tmp_path, rows))
    assert Building.objects.get().property_name == "2018"
    assert counts(load(csvs.file(tmp_path, rows))) == (0, 0, 3, 0)


def test_progress_ends_at_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_CHUNK_ROWS", 2)
    path = csvs.file(tmp_path, [csvs.row(n) for n in range(101, 106)])
    calls: list[tuple[int, int]] = []
    load(path, on_progress=lambda done, total: calls.append((done, total)))
    size = path.stat().st_size
    assert len(calls) == 3
    assert calls == sorted(calls)
    assert {total for _, total in calls} == {size}
    assert calls[-1] == (size, size)


def test_queries_do_not_grow_with_the_rows(
    tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    few = csvs.file(tmp_path, [csvs.row(101)], "few.csv")
    many = csvs.file(tmp_path, [csvs.row(n) for n in range(101, 301)], "many.csv")
    load(many)
    # savepoint, lock, import; buildings, newest years, records, uses; import; savepoint
    for path in (few, many):
        with django_assert_num_queries(9):
            load(path)


# Two at a time


def test_load_waits_for_the_one_under_way(tmp_path: Path) -> None:
    path = csvs.file(tmp_path, [csvs.row(101)])
    load(path)  # the test's own transaction is still open, and with it this load's
    waited: list[str] = []

    def second() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        try:
            load(path)
        except OperationalError as error:
            waited.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    thread.join(10)
    assert len(waited) == 1
    assert "lock timeout" in waited[0]


# The real files


@needs_real_data
def test_real_file_of_2016_loads_whole_and_again_unchanged() -> None:
    path = REAL_DATA / "seattle" / "2016.csv"
    first = load(path)
    assert counts(first) == (3_376, 0, 0, 0)
    assert first.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert counts(load(path)) == (0, 0, 3_376, 0)
    record = BenchmarkRecord.objects.select_related("building").get(building__ose_building_id=1)
    assert record.property_gfa_total_sqft == 88_434
    assert record.building.year_built == 1927
    assert BenchmarkRecord.objects.filter(number_of_buildings=None).count() == 100
    assert BenchmarkRecord.objects.filter(number_of_floors=None).count() == 17
    assert Building.objects.values("neighborhood").distinct().count() == 13
    assert BenchmarkRecord.objects.values("primary_property_type").distinct().count() == 23
    assert record.site_energy_use_kbtu == pytest.approx(7e6, rel=0.1)
