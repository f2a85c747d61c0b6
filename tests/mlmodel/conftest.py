"""One small trained artifact and one MLflow store for a worker's tests."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skops.io

from mlmodel.artifact import ARRAYS_FILE, file_digests, save_arrays
from mlmodel.signature import model_signature
from tests.mlmodel.once import evaluate_once, once, train_once
from tests.mlmodel.rows import FEW_TREES, made_up

__all__ = ["evaluate_once", "once", "train_once"]  # fixtures


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, train_once: Callable[..., Any]) -> Path:
    """A directory with a trained pipeline and a file beside it, as an artifact has."""
    directory = tmp_path_factory.mktemp("trained") / "model"
    directory.mkdir()
    pipeline = train_once(made_up(), **FEW_TREES)
    (directory / "model.skops").write_bytes(skops.io.dumps(pipeline))
    arrays = pipeline.named_steps["energy"].to_estimator().to_arrays()
    save_arrays(directory / ARRAYS_FILE, arrays)
    (directory / "MLmodel").write_text("serialization_format: skops\n", encoding="utf-8")
    return directory


@pytest.fixture
def artifact(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained artifact that a test may tamper with."""
    return Path(shutil.copytree(trained, tmp_path / "model"))


@pytest.fixture
def registered(trained: Path) -> dict[str, Any]:
    """What was registered of the trained artifact."""
    return {
        "name": "test",
        "version": 3,
        "file_digests": file_digests(trained),
        "signature": model_signature(),
    }


@pytest.fixture(scope="session")
def mlflow_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One MLflow store a worker: making its tables takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture
def model_store(settings: Any, tmp_path: Path, mlflow_uri: str) -> Path:
    """Settings that keep models and runs of a test out of the project's own."""
    settings.MODEL_STORE_DIR = tmp_path / "store"
    settings.MLFLOW_TRACKING_URI = mlflow_uri
    return settings.MODEL_STORE_DIR
