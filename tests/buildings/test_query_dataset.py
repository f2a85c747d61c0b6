"""`query_dataset`: lists, tables, CSV, JSON, and errors that say what would be right."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from buildings.queries import QUERIES
from tests.buildings.factories import (
    BenchmarkRecordFactory,
    BuildingFactory,
    DatasetImportFactory,
)

pytestmark = pytest.mark.django_db


def asked(*arguments: str, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("query_dataset", *arguments, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def real(db: None) -> None:
    imported = DatasetImportFactory(is_synthetic=False)
    for number in (1, 2, 3):
        BenchmarkRecordFactory(
            building=BuildingFactory(
                ose_building_id=number, property_name=f"=Hotel {number}" + "x" * 60
            ),
            dataset_import=imported,
            site_energy_use_kbtu=1e6 * number,
            energy_star_score=None,
        )


def test_without_a_name_all_are_listed() -> None:
    out, _ = asked()
    for query in QUERIES.values():
        assert query.name in out
        assert query.question in out
        assert query.question_fr in out


def test_a_table_has_units_and_readable_numbers(real: None) -> None:
    out, err = asked("largest-consumers")
    lines = out.splitlines()
    assert lines[0] == "Which buildings use most energy?"
    assert lines[1] == "data_year = 2016, top = 20, is_synthetic = False"
    assert lines[2].split()[0] == "ose_building_id"
    assert "kBtu/ft²" in lines[3].split()
    assert "3,000,000" in lines[5]
    assert "…" in lines[5]
    assert err == ""


def test_a_table_shows_missing_values_and_lists(real: None) -> None:
    out, _ = asked("building-history", "--ose-building-id", "1")
    assert " – " in out
    out, _ = asked(
        "--sql", "SELECT true AS yes, ARRAY['a', 'b'] AS many, NULL AS none, 1.5::float8 AS f"
    )
    assert out.splitlines()[-1].split() == ["yes", "a,", "b", "–", "1.50"]


def test_csv_is_whole_and_runs_no_formula(real: None) -> None:
    out, _ = asked("largest-consumers", "--format", "csv")
    rows = list(csv.DictReader(StringIO(out)))
    assert [float(row["site_energy_use_kbtu"]) for row in rows] == [3e6, 2e6, 1e6]
    assert rows[0]["property_name"].startswith("'=Hotel 3")
    out, _ = asked("building-history", "--ose-building-id", "1", "--format", "csv")
    assert out.splitlines()[1].endswith(",[]")


def test_json_has_parameters_units_and_rows(real: None) -> None:
    out, err = asked("largest-consumers", "--format", "json", "--limit", "1", "--top", "2")
    content = json.loads(out)
    assert content["parameters"] == {"data_year": 2016, "top": 2, "is_synthetic": False}
    assert content["units"]["site_energy_use_kbtu"] == "kBtu"
    assert [row["ose_building_id"] for row in content["rows"]] == [3]
    assert "--limit 0" in err
    assert json.loads(asked("--sql", "SELECT 1 AS one", "--format", "json")[0]) == {
        "rows": [{"one": 1}]
    }


def test_made_up_records_are_taken_only_if_there_are_no_others() -> None:
    BenchmarkRecordFactory()
    out, err = asked("largest-consumers")
    assert "is_synthetic = True" in out
    assert "SYNTHETIC DATA" in err
    out, err = asked("largest-consumers", "--is-synthetic", "no")
    assert "No rows. Data years on record: 2016." in err


def test_no_rows_on_an_empty_database() -> None:
    assert "Data years on record: none; load_dataset loads one." in asked("eui-by-type")[1]


def test_sql_and_orm_are_shown_and_not_run() -> None:
    out, _ = asked("eui-by-type", "--data-year", "2019", "--show-sql")
    assert "WHERE r.data_year = 2019" in out
    assert out.endswith(";\n")
    out, _ = asked("eui-by-type", "--show-orm")
    assert out.startswith("def eui_by_type(")


def test_a_database_without_tables_is_told_from_an_empty_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE buildings_benchmarkrecord RENAME TO elsewhere")
    with pytest.raises(CommandError, match="Is the database migrated"):
        asked("eui-by-type")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["eui-by-typ"], "'eui-by-typ' is none of the questions. Nearest: eui-by-type."),
        (["xyz"], "'xyz' is none of the questions. Without a name, all are listed."),
        (["eui-by-type", "--top", "3"], "has no --top; it takes --data-year, --is-synthetic."),
        (["imports", "--top", "3"], "imports has no --top; it takes no parameters."),
        (["building-history"], "needs --ose-building-id: .* For instance --ose-building-id 1."),
        (["eui-by-type", "--data-year", "soon"], "--data-year: 'soon' is not a whole number"),
        (["eui-by-type", "--data-year", "99999999999"], "is not a whole number from 0 on"),
        (["eui-by-type", "--is-synthetic", "maybe"], "'maybe' is neither true nor false"),
        (["--sql", "DELETE FROM auth_user RETURNING 1"], "only reading is possible here."),
        (["imports", "--sql", "SELECT 1"], "--sql stands alone"),
        (["imports", "--limit", "-1"], "--limit: a number of rows is needed"),
        (["imports", "--timeout", "0"], "--timeout: a number of seconds is needed"),
        (["--sql", "SELECT pg_sleep(5)", "--timeout", "0.05"], "allow more by --timeout"),
    ],
)
def test_errors_say_what_would_be_right(arguments: list[str], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        asked(*arguments)
