"""One small trained artifact, one MLflow store and each evaluation once, for a worker's tests."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import skops.io

from mlmodel.artifact import ARRAYS_FILE, file_digests, save_arrays
from mlmodel.evaluation import Evaluation, Protocol, evaluate
from mlmodel.signature import model_signature
from mlmodel.training import TrainingData, train
from tests.mlmodel.rows import made_up


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a trained pipeline and a file beside it, as an artifact has."""
    directory = tmp_path_factory.mktemp("trained") / "model"
    directory.mkdir()
    pipeline = train(made_up(), max_iter=5)
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
def evaluate_once() -> Callable[..., Evaluation]:
    """`evaluate`, for tests of what is done with its findings: the same is evaluated once.
    test_evaluation holds that it is found again."""
    found: dict[Any, Evaluation] = {}

    def once(
        data: TrainingData,
        *,
        protocol: Protocol,
        new_data: Mapping[str, TrainingData] | None = None,
        parameters: Mapping[str, Any],
        on_step: Callable[[], Any] = lambda: None,
        **rest: Any,
    ) -> Evaluation:
        new = {name: of.digest() for name, of in (new_data or {}).items()}
        asked = repr((data.digest(), protocol, new, parameters))
        if asked not in found:
            found[asked] = evaluate(
                data,
                protocol=protocol,
                new_data=new_data,
                parameters=parameters,
                on_step=on_step,
                **rest,
            )
        else:
            for _ in range(protocol.steps + bool(new)):
                on_step()
        return found[asked]

    return once


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
