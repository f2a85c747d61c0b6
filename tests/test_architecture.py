"""The contracts hold, and each of them bites; every command has a test."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT: Path = settings.PROJECT_DIR
APPS = ("config", "predictions", "mlmodel", "buildings")


def lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", directory)
    ignore = shutil.ignore_patterns("__pycache__", "shipped", "*.pyc")
    for app in APPS:
        shutil.copytree(ROOT / app, directory / app, ignore=ignore)
    return directory


def test_every_contract_holds() -> None:
    answer = lint_imports(ROOT)
    assert answer.returncode == 0, answer.stdout
    assert "6 kept, 0 broken" in answer.stdout


@pytest.mark.parametrize(
    ("module", "breach", "contract"),
    [
        ("buildings/services/datasets.py", "import mlmodel.features", "The tower"),
        ("predictions/selectors/outcomes.py", "import predictions.services", "Inside an app"),
        ("buildings/models/records.py", "import buildings.admin", "Inside an app"),
        ("predictions/api/views.py", "import mlmodel.runtime", "One door"),
        ("config/health.py", "from mlmodel.runtime import ServedModel", "One door"),
        (
            "predictions/services/door.py",
            "import sklearn",
            "scikit-learn, MLflow, pandas and skops",
        ),
        (
            "buildings/services/datasets.py",
            "import pandas",
            "scikit-learn, MLflow, pandas and skops",
        ),
        ("mlmodel/runtime.py", "import django", "The pure part of mlmodel"),
        ("mlmodel/explanation.py", "import django", "The pure part of mlmodel"),
        ("buildings/understanding.py", "import django", "Reading and understanding a file"),
    ],
)
def test_a_breach_is_noticed(copy: Path, module: str, breach: str, contract: str) -> None:
    path = copy / module
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{breach}\n", encoding="utf-8")
    try:
        answer = lint_imports(copy)
    finally:
        path.write_text(before, encoding="utf-8")
    assert answer.returncode == 1
    broken = [line for line in answer.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), answer.stdout


def test_only_the_door_writes_the_record() -> None:
    services = ROOT / "predictions" / "services"
    writers = {
        "PredictionRequest": services / "door.py",
        "PredictionInput": services / "door.py",
        "PredictionOutput": services / "door.py",
        "PredictionExplanation": services / "explanations.py",
        "ObservedOutcome": services / "outcomes.py",
    }
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for table, writer in writers.items():
                if path == writer:
                    continue
                for write in ("objects.create", "objects.bulk_create", "objects.get_or_create"):
                    assert f"{table}.{write}" not in text, path


def test_every_command_has_a_test() -> None:
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )
    ours = [name for name, app in get_commands().items() if app in APPS]
    assert len(ours) >= 10
    assert [name for name in ours if f'"{name}"' not in tests] == []
