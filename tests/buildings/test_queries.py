"""The ready questions: known answers, the same by SQL and by the ORM, and nothing but reading."""

import math
import os
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from buildings.benchmarking import COLUMNS, YEARS_KNOWN, YEARS_PUBLISHED, header_key
from buildings.errors import QueryError
from buildings.models import (
    BenchmarkRecord,
    Building,
    EmissionFactor,
    EmissionFactorSet,
    PublishedRow,
    RecordRevision,
)
from buildings.queries import QUERIES, Query
from buildings.reading import DigestedLines, survey
from buildings.selectors.queries import QueryResult, query_run, sql_bound
from buildings.services.datasets import Source, datasets_import
from tests.buildings import csvs
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    BuildingFactory,
    DatasetImportFactory,
    PropertyUseFactory,
)

pytestmark = pytest.mark.django_db

REAL_DATA = Path(os.environ.get("REAL_DATA_DIR", settings.PROJECT_DIR.parent / "shared" / "data"))
REAL_FILES = {year: REAL_DATA / "seattle" / f"{year}.csv" for year in YEARS_KNOWN}
needs_real_data = pytest.mark.skipif(
    not all(path.is_file() for path in REAL_FILES.values()), reason="the real files are not here"
)


def is_same(one: Any, other: Any) -> bool:
    """Whether two answers say the same; floats but for the order they were added up in."""
    if one is None or other is None:
        return one is other
    if isinstance(one, str) and isinstance(other, str) and one != other:
        # Numbers of a JSON column as text: 88434 and 88434.0.
        try:
            return float(one) == float(other)
        except ValueError:
            return False
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def answered(name: str, **given: Any) -> list[dict[str, Any]]:
    """The answer by SQL, after a look at whether the ORM says the same."""
    query = QUERIES[name]
    parameters = {parameter.name: parameter.shown for parameter in query.parameters} | given
    result = query_run(sql=query.sql, parameters=parameters)
    assert list(result.columns) == list(query.columns)
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    compare(query, rows, query.orm(**parameters))
    return rows


def compare(query: Query, rows: list[dict[str, Any]], others: Iterable[Mapping[str, Any]]) -> None:
    for row, other in zip(rows, others, strict=True):
        assert set(other) == set(query.columns)
        different = {
            name: (value, other[name])
            for name, value in row.items()
            if not is_same(value, other[name])
        }
        assert not different, query.name


@pytest.fixture
def city(db: None) -> dict[str, Building]:
    """Three hotels and an all-electric office, one to three years each, and a made-up hotel."""
    imported = DatasetImportFactory.create(
        is_synthetic=False,
        header=["OSE Building ID", "SiteEnergyUse(kBtu)", "Colour"],
        data_years=[2016],
    )
    former = DatasetImportFactory.create(is_synthetic=False)
    names = ("Ada", "Bea", "Cyd", "Dan")
    places = {
        name: BuildingFactory.create(
            ose_building_id=number, property_name=name, year_built=1960 + number
        )
        for number, name in enumerate(names, start=1)
    }

    def record(name: str, data_year: int, **facts: Any) -> BenchmarkRecord:
        return BenchmarkRecordFactory.create(
            building=places[name], data_year=data_year, dataset_import=imported, **facts
        )

    record("Ada", 2015, site_energy_use_kbtu=8e6)
    record("Bea", 2015, site_energy_use_kbtu=7.2e6, compliance_status="Not Compliant")
    ada = record("Ada", 2016, site_eui_kbtu_per_sqft=60.0, uses=1)
    record("Bea", 2016, site_eui_kbtu_per_sqft=80.0, site_energy_use_kbtu=9e6)
    record("Cyd", 2016, site_eui_kbtu_per_sqft=100.0, quality_flags=["use_areas_differ"])
    record(
        "Dan",
        2016,
        primary_property_type="Large Office",
        neighborhood="BALLARD",
        year_built=1999,
        site_eui_kbtu_per_sqft=40.0,
        site_energy_use_kbtu=4e6,
        natural_gas_kbtu=0.0,
        total_ghg_emissions_mtco2e=27.9,
        quality_flags=["site_eui_differs", "use_areas_differ"],
    )
    record(
        "Ada",
        2018,
        site_energy_use_kbtu=6.8e6,
        site_energy_use_wn_kbtu=7.2e6,
        quality_flags=["site_energy_exchanged_with_wn"],
        total_ghg_emissions_mtco2e=None,
    )
    BenchmarkRecordFactory.create(
        building__ose_building_id=900_001, site_energy_use_kbtu=1e9, site_eui_kbtu_per_sqft=999.0
    )
    for version, electricity in ((1, 99.0), (2, 7.0)):
        factor_set = EmissionFactorSet.objects.create(
            name="seattle-2016",
            version=version,
            data_year=2016,
            valid_from=date(2016, 1, 1),
            source="test",
            is_derived=False,
        )
        for fuel, factor in (("electricity", electricity), ("natural_gas", 50.0), ("steam", 80.0)):
            EmissionFactor.objects.create(factor_set=factor_set, fuel=fuel, kgco2e_per_mbtu=factor)
    PublishedRow.objects.create(record=ada, cells=["1", "7,200,000", "red"])
    RecordRevision.objects.create(
        record=ada,
        dataset_import=imported,
        former_import=former,
        former_line_number=2,
        former_cells=[],
        changes={"year_built": [None, 1961], "property_name": ["Old", "Ada"]},
    )
    PropertyUseFactory.create(record=ada, rank=4, use_type="Parking", gfa_sqft=None)
    return places


# Known answers


def test_records_per_year(city: dict[str, Building]) -> None:
    rows = answered("records-per-year")
    assert [(row["data_year"], row["compliance_status"], row["buildings"]) for row in rows] == [
        (2015, "Compliant", 1),
        (2015, "Not Compliant", 1),
        (2016, "Compliant", 4),
        (2018, "Compliant", 1),
    ]
    assert rows[0]["share_of_year_percent"] == 50
    assert rows[2]["gross_floor_area_sqft"] == 4 * 95_000


def test_energy_by_fuel(city: dict[str, Building]) -> None:
    rows = [row for row in answered("energy-by-fuel") if row["data_year"] == 2016]
    assert [(row["fuel"], row["energy_kbtu"]) for row in rows] == [
        ("electricity", 16e6),
        ("natural_gas", 9.6e6),
        ("other", 0),
        ("steam", 0),
    ]
    assert rows[0]["share_of_year_percent"] == 62.5
    assert rows[0]["emissions_mtco2e"] == 16 * 7.0, "the highest version is in force"
    assert rows[2]["emissions_mtco2e"] is None
    assert all(
        row["emissions_mtco2e"] is None
        for row in answered("energy-by-fuel")
        if row["data_year"] == 2015
    )


def test_metered_energy(city: dict[str, Building]) -> None:
    rows = {row["data_year"]: row for row in answered("metered-energy")}
    assert rows[2018]["exchanged_records"] == 1
    assert rows[2018]["published_site_energy_kbtu"] == 6.8e6
    assert rows[2018]["metered_energy_kbtu"] == 7.2e6
    assert rows[2016]["metered_energy_kbtu"] == rows[2016]["published_site_energy_kbtu"]


def test_restated_emissions(city: dict[str, Building]) -> None:
    rows = {row["data_year"]: row for row in answered("restated-emissions")}
    assert set(rows) == {2015, 2016}
    assert rows[2016]["own_year_emissions_mtco2e"] == pytest.approx(16 * 7.0 + 9.6 * 50.0)
    assert rows[2016]["restated_change_percent"] == pytest.approx(0, abs=1e-9)
    assert rows[2015]["own_year_emissions_mtco2e"] is None
    assert rows[2015]["restated_emissions_mtco2e"] == pytest.approx(8 * 7.0 + 6.4 * 50.0)
    assert answered("restated-emissions", factor_year=1999) == []


def test_eui_by_type(city: dict[str, Building]) -> None:
    hotels, offices = answered("eui-by-type")
    assert list(hotels.values()) == ["Hotel", 3, 70, 80, 90]
    assert list(offices.values()) == ["Large Office", 1, 40, 40, 40]


def test_eui_by_decade(city: dict[str, Building]) -> None:
    rows = answered("eui-by-decade")
    found = [(row["decade_built"], row["buildings"]) for row in rows]
    assert found == [(1960, 3), (1990, 1)]


def test_fuel_mix_by_type(city: dict[str, Building]) -> None:
    hotels, offices = answered("fuel-mix-by-type")
    assert hotels["electricity_percent"] == pytest.approx(100 * 4 / 7.2)
    assert (hotels["all_electric_percent"], offices["all_electric_percent"]) == (0, 100)


def test_neighborhood_ranking(city: dict[str, Building]) -> None:
    rows = answered("neighborhood-ranking")
    assert [(row["neighborhood"], row["buildings"]) for row in rows] == [
        ("DOWNTOWN", 3),
        ("BALLARD", 1),
    ]
    assert rows[1]["emissions_kgco2e_per_sqft"] == pytest.approx(27_900 / 95_000)


def test_largest_consumers(city: dict[str, Building]) -> None:
    rows = answered("largest-consumers", top=2)
    assert [row["property_name"] for row in rows] == ["Bea", "Cyd"]
    (made_up,) = answered("largest-consumers", is_synthetic=True)
    assert made_up["ose_building_id"] == 900_001


def test_most_improved(city: dict[str, Building]) -> None:
    (row,) = answered("most-improved")
    assert (row["property_name"], row["change_percent"]) == ("Ada", pytest.approx(-10))
    (row,) = answered("most-improved", former_year=2016, data_year=2018)
    assert row["energy_kbtu"] == 7.2e6, "exchanged figures are told by the fuels"
    assert row["change_percent"] == pytest.approx(0)


def test_missing_buildings(city: dict[str, Building]) -> None:
    rows = answered("missing-buildings", former_year=2016, data_year=2018)
    assert [row["property_name"] for row in rows] == ["Bea", "Cyd", "Dan"]
    assert answered("missing-buildings", former_year=2018, data_year=2016) == []


def test_building_history(city: dict[str, Building]) -> None:
    rows = answered("building-history", ose_building_id=1)
    assert [(row["data_year"], row["metered_energy_kbtu"]) for row in rows] == [
        (2015, 8e6),
        (2016, 7.2e6),
        (2018, 7.2e6),
    ]


def test_building_among_peers(city: dict[str, Building]) -> None:
    (row,) = answered("building-among-peers", ose_building_id=3)
    assert (row["peers"], row["peers_median_kbtu_per_sqft"]) == (3, 80)
    assert row["peers_using_less_percent"] == pytest.approx(200 / 3)
    BenchmarkRecord.objects.filter(building=city["Dan"]).update(compliance_status="Missing Data")
    (row,) = answered("building-among-peers", ose_building_id=4)
    assert (row["peers"], row["peers_using_less_percent"]) == (0, None)
    assert answered("building-among-peers", ose_building_id=99) == []


def test_flags_per_year(city: dict[str, Building]) -> None:
    rows = [tuple(row.values()) for row in answered("flags-per-year")]
    assert rows == [
        (2016, "use_areas_differ", 2, 50),
        (2016, "site_eui_differs", 1, 25),
        (2018, "site_energy_exchanged_with_wn", 1, 100),
    ]


def test_imports(city: dict[str, Building]) -> None:
    rows = answered("imports")
    assert [row["data_years"] for row in rows] == ["[2016]"] * 3
    assert rows[0]["dataset_import_id"] > rows[1]["dataset_import_id"]


def test_import_changes(city: dict[str, Building]) -> None:
    changed_by = RecordRevision.objects.get().dataset_import_id
    rows = answered("import-changes", dataset_import_id=changed_by)
    assert [(row["field"], row["value_before"], row["value_after"]) for row in rows] == [
        ("property_name", "Old", "Ada"),
        ("year_built", None, "1961"),
    ]


def test_published_and_understood(city: dict[str, Building]) -> None:
    rows = answered("published-and-understood", ose_building_id=1)
    assert [tuple(row.values()) for row in rows] == [
        ("OSE Building ID", "1", "ose_building_id", "1"),
        ("SiteEnergyUse(kBtu)", "7,200,000", "site_energy_use_kbtu", "7200000"),
        ("Colour", "red", None, None),
    ]
    assert answered("published-and-understood", ose_building_id=99) == []


def test_each_question_has_a_known_answer() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in QUERIES if f"def test_{name.replace('-', '_')}(" not in tests] == []


# The same by SQL and by the ORM, on files


def test_sql_and_orm_agree_on_the_sample(sample: None) -> None:
    values = {"is_synthetic": True, "ose_building_id": 900_001}
    for name, query in QUERIES.items():
        known = {parameter.name for parameter in query.parameters}
        rows = answered(name, **{key: values[key] for key in values.keys() & known})
        assert rows or name in ("most-improved", "import-changes"), name


@pytest.fixture
def sample(db: None) -> None:
    path = settings.PROJECT_DIR / "fixtures" / "sample-benchmarking.csv"
    datasets_import(sources=[Source(path, "sample", is_synthetic=True)])


@needs_real_data
def test_sql_and_orm_agree_on_the_real_files(tmp_path: Path) -> None:
    sources = [Source(path, "test", is_synthetic=False) for path in REAL_FILES.values()]
    datasets_import(sources=sources)
    text = REAL_FILES[2016].read_text(encoding="utf-8-sig")
    changed = tmp_path / "changed.csv"
    changed.write_text(text.replace("Hotel", "Hospital", 1), encoding="utf-8")
    (report,) = datasets_import(sources=[Source(changed, "test", is_synthetic=False)])
    given = {"import-changes": {"dataset_import_id": report.dataset_import.pk}}
    for name in QUERIES:
        assert answered(name, **given.get(name, {})), name
    assert answered("most-improved", former_year=2017, data_year=2018)
    for year in YEARS_KNOWN:
        assert answered("published-and-understood", data_year=year)


@needs_real_data
def test_the_years_of_each_header_are_those_of_the_files() -> None:
    published: dict[str, list[int]] = {}
    for year, path in REAL_FILES.items():
        with path.open("rb") as file:
            for name in survey(DigestedLines(file)).header:
                published.setdefault(header_key(name), []).append(year)
    for column in COLUMNS:
        for name in (column.header, *column.synonyms):
            years = YEARS_PUBLISHED.get(name, YEARS_KNOWN)
            assert list(years) == published.get(header_key(name), []), name


# Reading, and nothing else


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("DELETE FROM buildings_propertyuse RETURNING id", "read-only transaction"),
        (
            "WITH gone AS (DELETE FROM buildings_propertyuse RETURNING id) SELECT * FROM gone",
            "read-only",
        ),
        ("SELECT nextval('buildings_building_id_seq')", "read-only"),
        ("CREATE TABLE loot (id int)", "right would be one SELECT"),
        ("SELECT 1; COMMIT; DELETE FROM buildings_propertyuse", "multi-query"),
        ("COMMIT", "right would be one SELECT"),
        ("SELECT set_config('transaction_read_only', 'off', true)", "read-write mode"),
        ("SELECT nothing FROM buildings_building", 'column "nothing" does not exist .at char'),
        ("SELEC 1", "syntax error"),
        ("", "right would be one SELECT"),
    ],
)
def test_what_is_not_one_query_is_refused(sql: str, problem: str) -> None:
    with pytest.raises(QueryError, match=problem):
        query_run(sql=sql)
    assert query_run(sql="SELECT 1 AS one") == QueryResult(["one"], [(1,)])


def test_a_query_takes_no_longer_than_allowed() -> None:
    with pytest.raises(QueryError, match=r"not answered within 0.05 s"):
        query_run(sql="SELECT pg_sleep(5)", timeout_s=0.05)


@pytest.mark.django_db(transaction=True)
def test_the_connection_writes_again_afterwards() -> None:
    query_run(sql="SELECT 1")
    BuildingFactory()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        assert cursor.fetchone() == ("0",)


def test_no_more_rows_than_asked_for() -> None:
    sql = "SELECT n FROM generate_series(1, 1000) AS n;"
    result = query_run(sql=sql, limit=3)
    assert (result.rows, result.has_more) == ([(1,), (2,), (3,)], True)
    assert not query_run(sql="SELECT 1", limit=1).has_more


def test_parameters_are_quoted_by_the_driver() -> None:
    bound = sql_bound(sql="SELECT %(text)s", parameters={"text": "'; DROP TABLE x; --"})
    assert bound == "SELECT '''; DROP TABLE x; --'"
    assert query_run(sql=bound).rows == [("'; DROP TABLE x; --",)]


@pytest.mark.parametrize(
    "name",
    [
        "largest-consumers",
        "eui-by-type",
        "eui-by-decade",
        "building-among-peers",
        "building-history",
        "import-changes",
        "published-and-understood",
    ],
)
def test_an_index_serves_what_is_asked_most(sample: None, name: str) -> None:
    """Which one, the planner says by the size of the tables; here that there is one at all."""
    query = QUERIES[name]
    parameters = {parameter.name: parameter.shown for parameter in query.parameters}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = query_run(sql=f"EXPLAIN {query.sql}", parameters=parameters).rows
    assert any("Index" in line for (line,) in plan)
    assert not any("Seq Scan on buildings_" in line for (line,) in plan), plan


@pytest.mark.parametrize("query", QUERIES.values(), ids=lambda query: query.name)
def test_each_parameter_is_bound_and_each_unit_is_named(query: Query) -> None:
    for parameter in query.parameters:
        assert f"%({parameter.name})s" in query.sql
        assert parameter.shown is not None
    units = {"_sqft": "ft²", "_kbtu": "kBtu", "_mtco2e": "t CO2e", "_percent": "%"}
    for column, unit in query.columns.items():
        for suffix, expected in units.items():
            if column.endswith(suffix):
                assert expected in unit, column
    assert query.question.endswith("?")
    assert query.question_fr.endswith(" ?")


def test_csvs_header_is_known() -> None:
    known = {header_key(name) for column in COLUMNS for name in (column.header, *column.synonyms)}
    assert {header_key(name) for name in csvs.HEADER} <= known
    assert {header_key(name) for name in YEARS_PUBLISHED} <= known
