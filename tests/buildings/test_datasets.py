"""Loading files: nothing, all, or again; what is kept of what was refused."""

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from buildings import reading
from buildings.errors import DatasetFormatError, DatasetUnavailableError, TooManyRejectsError
from buildings.models import (
    NEWEST_YEAR_FACTS,
    BenchmarkRecord,
    Building,
    DatasetImport,
    EmissionFactorSet,
    PropertyUse,
    PublishedRow,
    RecordRevision,
    RejectedRow,
)
from buildings.services import datasets
from buildings.services.datasets import ImportReport, Source, dataset_import, datasets_import
from tests.buildings import csvs

pytestmark = pytest.mark.django_db

REAL_DATA = Path(os.environ.get("REAL_DATA_DIR", settings.PROJECT_DIR.parent / "shared" / "data"))
needs_real_data = pytest.mark.skipif(
    not (REAL_DATA / "seattle" / "2016.csv").is_file(), reason="the real files are not here"
)


def load(path: Path, **options: Any) -> DatasetImport:
    values: dict[str, Any] = {"source": "test", "is_synthetic": False, **options}
    return dataset_import(path=path, **values)


def load_all(*paths: Path, **options: Any) -> list[ImportReport]:
    return datasets_import(sources=[Source(path, path.name, False) for path in paths], **options)


def counts(imported: DatasetImport) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, rejected -- as stored; the others are in `passed_over`."""
    imported.refresh_from_db()
    found = (
        imported.rows_created,
        imported.rows_updated,
        imported.rows_unchanged,
        imported.rows_rejected,
    )
    assert sum(found) + sum(passed_over(imported)) == imported.rows_read
    return found


def passed_over(imported: DatasetImport) -> tuple[int, int]:
    """Blank and duplicate rows."""
    return imported.rows_blank, imported.rows_duplicate


def everything() -> list[Any]:
    return [
        list(table.objects.order_by("pk").values())
        for table in (
            Building,
            BenchmarkRecord,
            PropertyUse,
            PublishedRow,
            RecordRevision,
            DatasetImport,
            RejectedRow,
        )
    ]


# Failures


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnavailableError, match="cannot be read"):
        load(tmp_path / "none.csv")


@pytest.mark.parametrize("tail", ["\0", '103,2016,"open', "\udcff"])
def test_broken_file_changes_nothing(
    tmp_path: Path, tail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "_CHUNK_ROWS", 1)
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
    path.write_text(
        csvs.text([csvs.row()], header=[n for n in csvs.HEADER if n != "ComplianceStatus"])
    )
    with pytest.raises(DatasetFormatError, match=r"rows\.csv, line 1: .*'ComplianceStatus'"):
        load(path)
    assert not any(everything())


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


def test_repeat_with_other_values_is_rejected_naming_the_first_line(tmp_path: Path) -> None:
    rows = [csvs.row(101), csvs.row(101, DataYear="2017"), csvs.row(101, YearBuilt="1990")]
    imported = load(csvs.file(tmp_path, rows))
    assert counts(imported) == (2, 0, 0, 1)
    (rejected,) = imported.rejected.all()
    assert rejected.line_number == 4
    ((reason),) = rejected.reasons
    assert reason["field"] == "OSEBuildingID"
    assert "building 101 in 2016 is on line 2 already, with other values" in reason["reason"]
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
    assert [record.is_synthetic for record in BenchmarkRecord.objects.order_by("pk")] == [
        False,
        True,
    ]
    assert [building.is_synthetic for building in Building.objects.all()] == [False, True]


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
    second = load(csvs.file(tmp_path, rows, "second.csv"))
    assert counts(second) == (1, 3, 1, 0)
    records = {
        record.building.ose_building_id: record
        for record in BenchmarkRecord.objects.select_related("building").prefetch_related("uses")
    }
    assert records[101].site_energy_use_kbtu is None
    assert [use.gfa_sqft for use in records[102].uses.all()] == [80_000.0, 5_000.0]
    assert records[103].building.property_name == "Renamed"
    imports = [records[n].dataset_import_id for n in (101, 102, 103, 104, 105)]
    assert imports == [second.pk, second.pk, second.pk, first.pk, second.pk]
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
    monkeypatch.setattr(datasets, "_CHUNK_ROWS", chunk)
    rows = [
        csvs.row(101, DataYear=str(year), PropertyName=f"{year}") for year in (2016, 2018, 2017)
    ]
    load(csvs.file(tmp_path, rows))
    assert Building.objects.get().property_name == "2018"
    assert counts(load(csvs.file(tmp_path, rows))) == (0, 0, 3, 0)


def test_progress_ends_at_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_CHUNK_ROWS", 2)
    path = csvs.file(tmp_path, [csvs.row(n) for n in range(101, 106)])
    calls: list[tuple[int, int]] = []
    load(path, on_progress=lambda done, total: calls.append((done, total)))
    size = path.stat().st_size
    assert len(calls) == 1 + 3 + 1  # the survey, the chunks, the whole
    assert calls == sorted(calls)
    assert {total for _, total in calls} == {2 * size}
    assert calls[-1] == (2 * size, 2 * size)  # each file is read twice


def test_queries_do_not_grow_with_the_rows(
    tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    few = csvs.file(tmp_path, [csvs.row(101)], "few.csv")
    many = csvs.file(tmp_path, [csvs.row(n) for n in range(101, 301)], "many.csv")
    load(many)
    # savepoint, lock, id; factors seeded, factors found, theirs; buildings, records; role, import;
    # savepoint
    for path in (few, many):
        with django_assert_num_queries(11):
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


# Several files, and none


def test_several_files_are_one_load_newest_first(tmp_path: Path) -> None:
    old = csvs.file(tmp_path, [csvs.row(101, PropertyName="Old")], "2016.csv")
    new = csvs.file(tmp_path, [csvs.row(101, DataYear="2017", PropertyName="New")], "2017.csv")
    reports = load_all(old, new)
    assert [report.dataset_import.file_name for report in reports] == ["2017.csv", "2016.csv"]
    assert Building.objects.get().property_name == "New"
    assert BenchmarkRecord.objects.count() == 2


def test_one_bad_file_among_several_changes_nothing(tmp_path: Path) -> None:
    good = csvs.file(tmp_path, [csvs.row(101, DataYear="2019")], "good.csv")
    bad = csvs.file(tmp_path, [csvs.row(102, YearBuilt="x")], "bad.csv")
    with pytest.raises(TooManyRejectsError) as caught:
        load_all(good, bad, allow_rejects=0)
    said = str(caught.value)
    assert "bad.csv: 1 row cannot be loaded" in said
    assert "line 2: YearBuilt: 'x' is not a number" in said
    assert "--allow-rejects 1" in said
    assert not any(everything())


def test_rejects_are_allowed_up_to_the_bound(tmp_path: Path) -> None:
    rows = [csvs.row(101), *(csvs.row(n, YearBuilt="x") for n in range(102, 110))]
    path = csvs.file(tmp_path, rows)
    with pytest.raises(TooManyRejectsError, match="and 3 more"):
        load_all(path, allow_rejects=7)
    assert not RejectedRow.objects.exists()
    (report,) = load_all(path, allow_rejects=8)
    assert counts(report.dataset_import) == (1, 0, 0, 8)
    assert [row.line_number for row in report.rejects] == list(range(3, 11))


def test_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    path = csvs.file(tmp_path, [csvs.row(101), csvs.row(102, YearBuilt="x"), {}])
    (dry,) = load_all(path, is_dry_run=True)
    assert not any(everything())
    assert not EmissionFactorSet.objects.exists()
    real = load(path)
    for name in ("read", "created", "updated", "unchanged", "rejected", "blank", "duplicate"):
        assert getattr(dry.dataset_import, f"rows_{name}") == getattr(real, f"rows_{name}")
    assert dry.rejects[0].line_number == 3


def test_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csvs.file(tmp_path, [csvs.row(101)])
    surveyed = reading.survey

    def and_then_it_grows(lines: Any) -> Any:
        found = surveyed(lines)
        csvs.file(tmp_path, [csvs.row(101), csvs.row(102)])
        return found

    monkeypatch.setattr(datasets, "survey", and_then_it_grows)
    with pytest.raises(DatasetUnavailableError, match="changed while it was read"):
        load(path)
    assert not any(everything())


def test_failure_half_way_leaves_nothing_and_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "_CHUNK_ROWS", 1)
    path = csvs.file(tmp_path, [csvs.row(n) for n in range(101, 140)])

    def fail(done: int, total: int) -> None:
        if BenchmarkRecord.objects.count() > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        load(path, on_progress=fail)
    assert not any(everything())
    assert not [thread for thread in threading.enumerate() if thread.name == "dataset-reader"]


# Rows that are none


def test_blank_rows_and_repeats_are_counted_and_change_nothing(tmp_path: Path) -> None:
    rows = [csvs.row(101), csvs.row(102)]
    path = tmp_path / "rows.csv"
    content = csvs.text([*rows, *rows]) + ("," * 45 + "\n") * 199 + "\n"
    path.write_text(content, encoding="utf-8")
    imported = load(path)
    assert counts(imported) == (2, 0, 0, 0)
    assert passed_over(imported) == (200, 2)


def test_row_of_another_year_than_the_files_is_rejected(tmp_path: Path) -> None:
    rows = [csvs.row(n) for n in range(101, 141)]
    imported = load(csvs.file(tmp_path, [*rows, csvs.row(141, DataYear="2006")]))
    assert counts(imported) == (40, 0, 0, 1)
    assert imported.data_years == [2016]
    assert imported.rejected.get().reasons == [
        {
            "field": "DataYear",
            "reason": "2006 in a file of 2016 (40 of 41 rows); load other years' rows apart",
        }
    ]


def test_copy_in_another_spelling_changes_nothing(tmp_path: Path) -> None:
    rows = [csvs.row(101), csvs.row(102, **{"SteamUse(kBtu)": "0", "NumberofBuildings": "0"})]
    load(csvs.file(tmp_path, rows))
    before = everything()
    spelt = [
        row
        | {
            "PropertyGFATotal": "95,000",
            "SiteEnergyUse(kBtu)": "7,200,000.0",
            "Neighborhood": " Downtown",
            "PropertyName": "EXAMPLE HOTEL",
            "Address": "1  example street",
            "TaxParcelIdentificationNumber": row["TaxParcelIdentificationNumber"].lstrip("0"),
            "SteamUse(kBtu)": "",
            "NumberofBuildings": "" if row["NumberofBuildings"] == "0" else "1",
            "DefaultData": "FALSE",
            "ThirdLargestPropertyUseType": "NULL",
        }
        for row in rows
    ]
    path = tmp_path / "copy.csv"
    path.write_bytes(("\ufeff" + csvs.text(spelt, line_end="\r\n")).encode())
    again = load(path)
    assert counts(again) == (0, 0, 2, 0)
    assert everything()[:5] == before[:5]


# Provenance and history


def test_published_row_is_kept_verbatim_beside_its_header(tmp_path: Path) -> None:
    row = csvs.row(101, Neighborhood=" Downtown", Comments='a "quote",\t\\ and\na line')
    imported = load(csvs.file(tmp_path, [row]))
    record = BenchmarkRecord.objects.get()
    assert imported.header == list(csvs.HEADER)
    assert dict(zip(imported.header, record.published.cells, strict=True)) == {
        name: row.get(name, "") for name in csvs.HEADER
    }
    assert record.comments == 'a "quote",\t\\ and\na line'
    assert imported.database_role


def test_former_values_are_kept_with_the_import_that_brought_them(tmp_path: Path) -> None:
    before = csvs.row(101)
    first = load(csvs.file(tmp_path, [before]))
    after = csvs.row(
        101,
        PropertyName="Renamed",
        YearBuilt="1970",
        LargestPropertyUseTypeGFA="80000",
        **{"SiteEnergyUse(kBtu)": "7300000"},
    )
    second = load(csvs.file(tmp_path, [after], "second.csv"))
    assert counts(second) == (0, 1, 0, 0)
    record = BenchmarkRecord.objects.get()
    revision = record.revisions.get()
    assert (revision.former_import, revision.dataset_import) == (first, second)
    assert revision.former_line_number == 2
    assert dict(zip(first.header, revision.former_cells, strict=True)) == {
        name: before.get(name, "") for name in csvs.HEADER
    }
    assert revision.changes == {
        "property_name": ["Example Hotel", "Renamed"],
        "year_built": [1968, 1970],
        "site_energy_use_kbtu": [7_200_000.0, 7_300_000.0],
        "uses": [
            [[1, "Hotel", 90_000.0], [2, "Parking", 5_000.0]],
            [[1, "Hotel", 80_000.0], [2, "Parking", 5_000.0]],
        ],
    }
    assert (record.dataset_import, record.site_energy_use_kbtu) == (second, 7_300_000.0)
    assert record.published.cells[csvs.HEADER.index("YearBuilt")] == "1970"
    assert record.uses.get(rank=1).gfa_sqft == 80_000.0

    third = load(csvs.file(tmp_path, [before], "third.csv"))
    assert [row.former_import for row in record.revisions.all()] == [second, first]
    assert RecordRevision.objects.latest("id").changes["year_built"] == [1970, 1968]
    assert counts(third) == (0, 1, 0, 0)


def test_older_years_change_is_history_and_not_the_buildings(tmp_path: Path) -> None:
    rows = [csvs.row(101), csvs.row(101, DataYear="2017", PropertyName="Newest")]
    load(csvs.file(tmp_path, rows))
    rows[0]["PropertyName"] = "Corrected"
    assert counts(load(csvs.file(tmp_path, rows))) == (0, 1, 1, 0)
    assert Building.objects.get().property_name == "Newest"
    assert RecordRevision.objects.get().changes == {"property_name": ["Example Hotel", "Corrected"]}


def test_record_of_version_0_1_is_brought_up_to_date(tmp_path: Path) -> None:
    path = csvs.file(tmp_path, [csvs.row(101)])
    load(path)
    PublishedRow.objects.all().delete()
    BenchmarkRecord.objects.update(values_digest=b"", year_built=None)
    Building.objects.update(data_year=None, primary_property_type="")
    assert counts(load(path)) == (0, 1, 0, 0)
    record = BenchmarkRecord.objects.get()
    assert record.published.cells[0] == "101"
    assert record.revisions.get().changes == {"year_built": [None, 1968]}
    assert record.building.primary_property_type == "Hotel"


def test_building_repeats_the_facts_of_its_newest_year(tmp_path: Path) -> None:
    load(csvs.file(tmp_path, [csvs.row(101), csvs.row(101, DataYear="2018", ENERGYSTARScore="")]))
    building = Building.objects.get()
    newest = building.records.get(data_year=2018)
    for name in NEWEST_YEAR_FACTS:
        assert getattr(building, name) == getattr(newest, name), name


@pytest.mark.parametrize(
    "table", ["datasetimport", "rejectedrow", "recordrevision", "emissionfactorset"]
)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_provenance_is_insert_only(tmp_path: Path, table: str, statement: str) -> None:
    load(csvs.file(tmp_path, [csvs.row(101), csvs.row(102, YearBuilt="x")]))
    load(csvs.file(tmp_path, [csvs.row(101, YearBuilt="1990")]))
    change = statement.format(f"buildings_{table}")
    with (
        pytest.raises(DatabaseError, match=r"insert-only|referenced in a foreign key"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {change}")


# Quality and emission factors


def test_flags_are_stored_and_counted(tmp_path: Path) -> None:
    rows = [csvs.row(101), csvs.row(102, **{"SiteEUI(kBtu/sf)": "60"})]
    imported = load(csvs.file(tmp_path, rows))
    flags = dict(BenchmarkRecord.objects.values_list("building__ose_building_id", "quality_flags"))
    assert flags == {101: [], 102: ["site_eui_differs"]}
    assert imported.quality_flags == {"site_eui_differs": 1}


def test_published_factors_are_seeded_and_emissions_judged_by_them(tmp_path: Path) -> None:
    rows = [csvs.row(101), csvs.row(102, TotalGHGEmissions="210")]
    imported = load(csvs.file(tmp_path, rows))
    assert imported.quality_flags == {"emissions_differ": 1}
    factor_set = EmissionFactorSet.objects.get()
    assert (factor_set.name, factor_set.version, factor_set.is_derived) == (
        "seattle-2016",
        1,
        False,
    )
    assert {factor.fuel: factor.kgco2e_per_mbtu for factor in factor_set.factors.all()} == {
        "electricity": 6.9714,
        "natural_gas": 53.11,
        "steam": 77.188,
    }


def emitting(number: int, factors: tuple[float, float, float], **cells: str) -> dict[str, str]:
    """A row of 2017 whose emissions these factors explain."""
    fuels = (1e6 * number, 3e5 * (number % 7), 2e5 * (number % 3))
    names = ("Electricity(kBtu)", "NaturalGas(kBtu)", "SteamUse(kBtu)")
    emissions = sum(a * b for a, b in zip(fuels, factors, strict=True)) / 1e6
    energy = {name: f"{value}" for name, value in zip(names, fuels, strict=True)}
    other = {"Electricity(kWh)": "", "NaturalGas(therms)": "", "SiteEUI(kBtu/sf)": ""}
    total = {"SiteEnergyUse(kBtu)": f"{sum(fuels)}", "TotalGHGEmissions": f"{emissions:.2f}"}
    return csvs.row(number, DataYear="2017", **energy, **other, **total, **cells)


def test_another_years_factors_are_derived_from_its_file_and_labelled(tmp_path: Path) -> None:
    rows = [emitting(number, (4.14, 53.11, 60.0)) for number in range(101, 401)]
    rows[7]["TotalGHGEmissions"] = "999999"
    imported = load(csvs.file(tmp_path, rows))
    factor_set = EmissionFactorSet.objects.get(data_year=2017)
    assert factor_set.is_derived
    assert factor_set.dataset_import == imported
    assert "rows.csv" in factor_set.source
    assert factor_set.derivation is not None
    assert factor_set.derivation["records"] == 300
    assert factor_set.derivation["share_explained"] == pytest.approx(299 / 300, abs=1e-3)
    found = {factor.fuel: factor.kgco2e_per_mbtu for factor in factor_set.factors.all()}
    assert found == pytest.approx({"electricity": 4.14, "natural_gas": 53.11, "steam": 60.0}, 1e-3)
    assert imported.quality_flags == {"emissions_differ": 1}

    load(csvs.file(tmp_path, rows))
    assert EmissionFactorSet.objects.filter(data_year=2017).count() == 1


def test_rows_that_no_factors_explain_make_no_set(tmp_path: Path) -> None:
    rows = [emitting(number, (5.0 + number % 9 * 10, 53.11, 60.0)) for number in range(101, 301)]
    load(csvs.file(tmp_path, rows))
    assert not EmissionFactorSet.objects.filter(data_year=2017).exists()


def test_made_up_rows_make_no_factors(tmp_path: Path) -> None:
    rows = [emitting(number, (4.14, 53.11, 60.0)) for number in range(900_101, 900_401)]
    load(csvs.file(tmp_path, rows), is_synthetic=True)
    assert not EmissionFactorSet.objects.filter(data_year=2017).exists()


# The real files

#: Rows of each year's file; records flagged as having metered and normalised energy exchanged.
REAL_YEARS = {
    2015: (3_340, 0),
    2016: (3_376, 0),
    2017: (3_461, 0),
    2018: (3_538, 2_920),
    2019: (3_581, 2_785),
}


@needs_real_data
def test_real_files_of_every_year_load_whole_and_again_unchanged() -> None:
    paths = [REAL_DATA / "seattle" / f"{year}.csv" for year in REAL_YEARS]
    reports = load_all(*paths, allow_rejects=0)
    for report in reports:
        imported = report.dataset_import
        (year,) = imported.data_years
        rows, exchanged = REAL_YEARS[year]
        assert counts(imported) == (rows, 0, 0, 0)
        assert passed_over(imported) == (0, 0)
        flagged = imported.quality_flags
        assert flagged.get("site_energy_exchanged_with_wn", 0) == exchanged
        assert flagged.get("emissions_differ", 0) == 0
        assert flagged.get("electricity_units_differ", 0) == 0
    before = everything()[:5]
    for report in load_all(*paths, allow_rejects=0):
        imported = report.dataset_import
        assert counts(imported) == (0, 0, imported.rows_read, 0)
    assert everything()[:5] == before

    found = {
        factor_set.data_year: factor_set.factors.get(fuel="electricity").kgco2e_per_mbtu
        for factor_set in EmissionFactorSet.objects.all()
    }
    assert found == pytest.approx(
        {2015: 6.9711, 2016: 6.9714, 2017: 4.1371, 2018: 2.6695, 2019: 6.1647}, rel=1e-3
    )


@needs_real_data
def test_real_file_of_2016_is_understood() -> None:
    path = REAL_DATA / "seattle" / "2016.csv"
    imported = load(path)
    assert imported.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    record = BenchmarkRecord.objects.select_related("building").get(building__ose_building_id=1)
    assert record.property_gfa_total_sqft == 88_434
    assert record.year_built == record.building.year_built == 1927
    assert record.site_energy_use_kbtu == pytest.approx(7e6, rel=0.1)
    assert BenchmarkRecord.objects.filter(number_of_buildings=None).count() == 100
    assert BenchmarkRecord.objects.filter(number_of_floors=None).count() == 17
    assert Building.objects.values("neighborhood").distinct().count() == 13
    assert BenchmarkRecord.objects.values("primary_property_type").distinct().count() == 23


@needs_real_data
def test_largest_uses_that_the_file_of_2017_cut_off_are_whole() -> None:
    load(REAL_DATA / "seattle" / "2017.csv")
    largest = PropertyUse.objects.filter(rank=1)
    assert largest.filter(use_type="Multifamily Housing").count() > 1_700
    cut = largest.filter(use_type__in=("Multifamily", "Non-Refrige", "Other - Rec", "Worship Fac"))
    assert not cut.exists()
