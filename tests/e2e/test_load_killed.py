"""A load that is killed half-way, and two at once, as processes of their own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from buildings.models import BenchmarkRecord, Building, DatasetImport, EmissionFactorSet
from tests.buildings import csvs
from tests.e2e.test_story import ROOT, url_of_test_database
from tests.processes import untraced

pytestmark = pytest.mark.django_db(transaction=True)

LOAD = """
import os, signal, sys, time
from pathlib import Path
import django
django.setup()
from buildings.models import BenchmarkRecord
from buildings.services import datasets
datasets._CHUNK_ROWS = 10
path, deed = Path(sys.argv[1]), sys.argv[2]
calls = 0

def progress(done, total):
    global calls
    calls += 1
    if deed == "die" and calls == 4:
        assert BenchmarkRecord.objects.count() >= 20
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "dawdle":
        time.sleep(0.05)

imported = datasets.dataset_import(
    path=path, source="test", is_synthetic=False, on_progress=progress
)
print(imported.rows_created, imported.rows_unchanged)
"""


def started(path: Path, deed: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", LOAD, str(path), deed],
        cwd=ROOT,
        env={
            **untraced(),
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": url_of_test_database(),
        },
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return csvs.file(tmp_path, [csvs.row(number) for number in range(101, 201)])


def test_load_that_is_killed_leaves_nothing_and_the_next_takes_all(path: Path) -> None:
    killed = started(path, "die")
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    for table in (Building, BenchmarkRecord, DatasetImport, EmissionFactorSet):
        assert not table._default_manager.exists()
    after = started(path, "load")
    assert after.communicate(timeout=60)[0] == "100 0\n"


def test_two_loads_at_once_follow_one_another(path: Path) -> None:
    both = [started(path, "dawdle"), started(path, "dawdle")]
    said = sorted(load.communicate(timeout=60)[0] for load in both)
    assert said == ["0 100\n", "100 0\n"]
    assert BenchmarkRecord.objects.count() == 100
    assert DatasetImport.objects.count() == 2
