"""MLflow's registry and the files of model versions. MLflow is imported when it is used: it takes
seconds.

Where no tracking server is named (`MLFLOW_TRACKING_URI` is empty, as in production unless it names
one), versions are registered in PostgreSQL alone, and only their files in the store or shipped with
the code can be had."""

import json
import logging
import os
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from mlmodel.artifact import (
    ARRAYS_FILE,
    ESTIMATOR_FILE,
    TRUSTED_TYPES,
    artifact_digest,
    file_digests,
    save_arrays,
)
from mlmodel.errors import ModelUnavailableError
from mlmodel.features import FEATURES
from mlmodel.models import ModelVersion
from mlmodel.signature import model_signature

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

SHIPPED_DIR: Final[Path] = settings.PROJECT_DIR / "mlmodel" / "shipped"
#: Where the files of a version stand in its MLflow run.
_ARTIFACT_PATH: Final = "model"
_EXPERIMENT: Final = "site-energy-use"


@dataclass(frozen=True, slots=True)
class Registered:
    """What MLflow answered to a registration."""

    run_id: str
    version: int
    artifact_uri: str


def is_used() -> bool:
    """Whether there is an MLflow to register with."""
    return bool(settings.MLFLOW_TRACKING_URI)


def save(pipeline: "Pipeline", directory: Path) -> None:
    """Write an MLflow model directory (skops format, signature, and an example that is no real
    building) with the arrays that are served from beside it."""
    import mlflow.sklearn
    import pandas as pd
    from mlflow.models import ModelSignature

    signature = {side: json.dumps(columns) for side, columns in model_signature().items()}
    example = pd.DataFrame([{feature.name: _example(feature.example) for feature in FEATURES}])
    mlflow.sklearn.save_model(
        pipeline,
        str(directory),
        serialization_format="skops",
        skops_trusted_types=list(TRUSTED_TYPES),
        signature=ModelSignature.from_dict(signature),
        input_example=example,
        pip_requirements=[
            f"{package}=={installed_version(package)}"
            for package in ("mlflow", "numpy", "pandas", "scikit-learn", "skops")
        ],
    )
    _compress(directory / ESTIMATOR_FILE)
    save_arrays(directory / ARRAYS_FILE, pipeline.named_steps["energy"].to_estimator().to_arrays())


def _compress(path: Path) -> None:
    """Deflate a zip file's members, which MLflow has skops store as they are: a quarter is left."""
    with zipfile.ZipFile(path) as stored:
        members = {name: stored.read(name) for name in stored.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _example(value: Any) -> Any:
    # Numbers and yes/no are doubles in the signature.
    return float(value) if isinstance(value, bool | int) else value


def register(
    directory: Path,
    *,
    name: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, Any],
    tags: Mapping[str, str],
) -> Registered:
    """Log a run with these files and register them as a new version."""
    run = _logged(parameters, metrics.get("scores", metrics), tags, directory, _ARTIFACT_PATH)
    client = _mlflow().MlflowClient()
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    uri = f"{run.artifact_uri}/{_ARTIFACT_PATH}"
    registered = client.create_model_version(name, source=uri, run_id=run.run_id)
    return Registered(run.run_id, int(registered.version), uri)


def run_log(
    *,
    parameters: Mapping[str, Any],
    scores: Mapping[str, Any],
    tags: Mapping[str, str],
    files: Path,
) -> str:
    """Log a run that makes no version, with everything in the directory `files`; its run id."""
    return str(_logged(parameters, scores, tags, files).run_id)


def _logged(
    parameters: Mapping[str, Any],
    scores: Mapping[str, Any],
    tags: Mapping[str, str],
    files: Path,
    artifact_path: str | None = None,
) -> Any:
    """MLflow's description of a run with all of these."""
    mlflow = _mlflow()
    with mlflow.start_run(experiment_id=_experiment_id(mlflow.MlflowClient())) as run:
        mlflow.log_params(dict(parameters))
        mlflow.log_metrics(dict(_flat(scores)))
        mlflow.set_tags(dict(tags))
        mlflow.log_artifacts(str(files), artifact_path)
    return run.info


def _flat(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every number with the way to it as its name: `non_residential_energy_a_r2_log`."""
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}_")
        elif isinstance(value, int | float):
            yield f"{prefix}{key}", float(value)


def connect() -> None:
    """Import MLflow if it is used, which takes seconds, before something waits for it."""
    if is_used():
        _mlflow()


def aliases(name: str) -> dict[str, int]:
    """MLflow's aliases of this registered model, with the number of the version of each; none
    where it is not used."""
    if not is_used():
        return {}
    registered = _mlflow().MlflowClient().get_registered_model(name)
    return {alias: int(number) for alias, number in registered.aliases.items()}


def set_aliases(name: str, wanted: Mapping[str, int]) -> None:
    """Let MLflow's aliases of this registered model be exactly these, where it is used."""
    if not is_used():
        return
    client = _mlflow().MlflowClient()
    for alias in aliases(name).keys() - wanted.keys():
        client.delete_registered_model_alias(name, alias)
    for alias, number in wanted.items():
        client.set_registered_model_alias(name, alias, str(number))


def store(directory: Path, digest: str) -> Path:
    """Copy a version's files to where workers find them by digest; nothing half-copied can be
    found."""
    target: Path = settings.MODEL_STORE_DIR / digest
    if not target.exists():
        settings.MODEL_STORE_DIR.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings.MODEL_STORE_DIR) as temporary:
            copy = Path(shutil.copytree(directory, Path(temporary) / "model"))
            copy.chmod(0o755)  # what nobody may write to, as in a read-only image, cannot be moved
            try:
                copy.rename(target)
            except OSError:
                if not target.exists():  # else another process was faster, with the same files
                    raise
    return target


def artifact_directory(version: ModelVersion) -> Path:
    """Where this version's files are: in the store, shipped with the code, or else fetched by
    MLflow.

    Whoever loads them verifies them. Raises ModelUnavailableError when they cannot be had.
    """
    stored: Path = settings.MODEL_STORE_DIR / version.artifact_digest
    if stored.exists():
        return stored
    if shipped_manifest().get("artifact_digest") == version.artifact_digest:
        return SHIPPED_DIR / "model"
    if not (is_used() and version.artifact_uri):
        raise ModelUnavailableError(
            f"The files of {version} are not on this machine, and MLFLOW_TRACKING_URI names no "
            "server that has them."
        )
    try:
        with tempfile.TemporaryDirectory() as temporary:
            files = _mlflow().artifacts.download_artifacts(
                artifact_uri=version.artifact_uri, dst_path=temporary
            )
            digest = artifact_digest(file_digests(Path(files)))
            if digest == version.artifact_digest:
                return store(Path(files), digest)
    except Exception as error:
        raise ModelUnavailableError(f"The files of {version} cannot be fetched.") from error
    raise ModelUnavailableError(f"The files of {version} are not the ones that were registered.")


def shipped_manifest() -> dict[str, Any]:
    """What is known of the shipped version; empty if none ships."""
    path = SHIPPED_DIR / "manifest.json"
    if not path.exists():
        return {}
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def code_version() -> str:
    """The project's version and, in a git checkout, its commit (`+` if there are changes)."""
    text = (settings.PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8")
    release: str = tomllib.loads(text)["project"]["version"]
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = "+" if commit and _git("status", "--porcelain", "--untracked-files=no") else ""
    return f"{release} {commit}{changed}".strip()


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 -- fixed arguments, no shell
            ["git", *arguments],  # noqa: S607 -- whichever git is on the path
            cwd=settings.PROJECT_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _mlflow() -> Any:
    """MLflow, set to our store, without telemetry and without chatter."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    uri = settings.MLFLOW_TRACKING_URI
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(uri)
    return mlflow


def _experiment_id(client: Any) -> str:
    existing = client.get_experiment_by_name(_EXPERIMENT)
    if existing is not None:
        return str(existing.experiment_id)
    uri = settings.MLFLOW_TRACKING_URI
    location = None
    if uri.startswith("sqlite:///"):
        location = (Path(uri.removeprefix("sqlite:///")).parent / "artifacts").as_uri()
    return str(client.create_experiment(_EXPERIMENT, artifact_location=location))
