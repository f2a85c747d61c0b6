"""A small run goes all the way; no time is asserted on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from benchmarks.batch import rows_valid
from buildings.units import US
from predictions.units import row_check_in
from tests.benchmarks.test_dataset import database_url
from tests.processes import untraced


def test_the_rows_are_valid() -> None:
    assert [faults for _, faults in map(row_check_in(US), rows_valid(500)) if faults] == []


@pytest.mark.django_db
def test_a_small_run_goes_all_the_way(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [
            *(sys.executable, "benchmarks/batch.py", "--rows", "150", "--repeat", "1"),
            *("--directory", str(tmp_path / "work"), "--json", str(figures)),
        ],
        cwd=settings.PROJECT_DIR,
        env={**untraced(), "DATABASE_URL": database_url()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["rows"] == 150
    assert found["answer_bytes"] > 150 * 500
    assert all(found["median_wall_s"].values())
    assert "of the rate of scoring and COPY" in done.stdout
    assert list((tmp_path / "work").iterdir()) == []
