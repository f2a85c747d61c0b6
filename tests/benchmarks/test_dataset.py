"""The generator is deterministic, and a small run goes all the way; no time is asserted on."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from benchmarks.population import HEADER_FROM_2018, REVISION, Population
from buildings.reading import DigestedLines, ParsedRow, rows_read
from fixtures.generate_sample import HEADER
from tests.processes import untraced

ROOT: Path = settings.PROJECT_DIR


def written(path: Path, data_year: int, *, seed: int = 7, revised_share: float = 0.0) -> bytes:
    Population(300, seed).file_write(path, data_year, revised_share=revised_share)
    return path.read_bytes()


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path / "first.csv", 2016)
    assert written(tmp_path / "second.csv", 2016) == first
    assert written(tmp_path / "other.csv", 2016, seed=8) != first


@pytest.mark.parametrize(("data_year", "header"), [(2016, HEADER), (2019, HEADER_FROM_2018)])
def test_every_row_can_be_loaded(tmp_path: Path, data_year: int, header: tuple[str, ...]) -> None:
    lines = written(tmp_path / "year.csv", data_year).splitlines(keepends=True)
    assert lines[0].decode().strip().split(",") == list(header)
    rows = [row for row in rows_read(DigestedLines(lines)) if isinstance(row, ParsedRow)]
    assert len({row.ose_building_id for row in rows}) == 300
    assert {row.data_year for row in rows} == {data_year}
    assert sum(bool(row.flags) for row in rows) < 0.1 * len(rows)


def test_a_later_edition_says_a_share_of_the_energies_otherwise(tmp_path: Path) -> None:
    former = list(csv.DictReader(written(tmp_path / "a.csv", 2019).decode().splitlines()))
    later_bytes = written(tmp_path / "b.csv", 2019, revised_share=0.1)
    later = list(csv.DictReader(later_bytes.decode().splitlines()))
    changed = [(a, b) for a, b in zip(former, later, strict=True) if a != b]
    assert 0 < len(changed) < 60
    for before, after in changed:
        if before["Electricity(kWh)"] not in {"0.0", "NA"}:
            ratio = float(after["Electricity(kWh)"]) / float(before["Electricity(kWh)"])
            assert ratio == pytest.approx(REVISION, rel=1e-3)


@pytest.mark.django_db
def test_a_small_run_goes_all_the_way(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [
            sys.executable,
            "benchmarks/dataset.py",
            *("--records", "2000", "--repeat", "1", "--requests", "1"),
            *("--directory", str(tmp_path / "work"), "--json", str(figures)),
        ],
        cwd=ROOT,
        env={**untraced(), "DATABASE_URL": database_url()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "of the rate of COPY" in done.stdout
    found = json.loads(figures.read_text())
    assert found["records"] == 2000
    assert found["loader"][0]["rows"] == found["copy"][0]["rows"] == 2000
    assert found["later"]["rows"] == 400
    assert {"list: first page", "detail", "benchmarks"} <= {q["name"] for q in found["queries"]}
    assert list((tmp_path / "work").iterdir()) == []


def database_url() -> str:
    """Of the database that this test process has to itself: the benchmark's is named after it."""
    known = connection.settings_dict
    return (
        f"postgres://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/"
        f"{known['NAME']}"
    )
