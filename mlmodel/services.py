"""Making, registering, shipping and promoting model versions."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from mlmodel import registry
from mlmodel.artifact import artifact_digest, file_digests, load_estimator, read_verified
from mlmodel.errors import ModelUnavailableError
from mlmodel.models import Alias, ModelVersion
from mlmodel.selectors import model_version_champion, training_data
from mlmodel.signature import check_signature, model_signature
from mlmodel.training import train

#: What a manifest says of a version; its name, number and run belong to a registry.
_MANIFEST_FIELDS: Final = (
    "artifact_digest",
    "code_version",
    "data_fingerprint",
    "file_digests",
    "metrics",
    "parameters",
    "signature",
    "size_bytes",
)


def model_version_train(
    *,
    seed: int = 42,
    folds: int = 5,
    repeats: int = 3,
    max_iter: int = 500,
    jobs: int = 1,
    on_step: Callable[[], Any] = lambda: None,
) -> ModelVersion:
    """Train on the rows in PostgreSQL, cross-validate, and register a new version, which does not
    serve.

    `on_step` is called after each fold of each population, `Protocol.steps` times. Raises
    TrainingDataError.
    """
    # Imported late: scikit-learn takes seconds, which no other command should pay.
    from threadpoolctl import threadpool_limits

    from mlmodel.evaluation import Protocol, evaluate, metrics_of

    data, fingerprint = training_data()
    # One thread: the trees are small, and threads that wait for each other cost more than they
    # give.
    with threadpool_limits(limits=1):
        evaluation = evaluate(
            data,
            protocol=Protocol(seed=seed, folds=folds, repeats=repeats),
            jobs=jobs,
            parameters={"max_iter": max_iter},
            on_step=on_step,
        )
        pipeline = train(data, seed=seed, max_iter=max_iter)
    regressor = pipeline.named_steps["energy"]
    parameters = {
        **regressor.get_params(),
        "folds": folds,
        "repeats": repeats,
        "estimator": type(regressor.trees_).__name__,
    }
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / "model"
        registry.save(pipeline, directory)
        digests = file_digests(directory)
        load_estimator(directory, digests)
        return _register(
            directory,
            {
                "artifact_digest": artifact_digest(digests),
                "code_version": registry.code_version(),
                "data_fingerprint": fingerprint,
                "file_digests": digests,
                "metrics": metrics_of(evaluation),
                "parameters": parameters,
                "signature": model_signature(),
                "size_bytes": sum(
                    path.stat().st_size for path in directory.rglob("*") if path.is_file()
                ),
            },
        )


def model_version_register_shipped() -> tuple[ModelVersion, bool]:
    """Register the version that ships with the code, and make it champion if there is none.

    Returns the version and whether it is new; quick if it is not. Raises ModelUnavailableError when
    nothing ships, ArtifactIntegrityError when the files are not those of the manifest.
    """
    manifest = registry.shipped_manifest()
    if not manifest:
        raise ModelUnavailableError(
            "No model ships with this code; train one with `manage.py train_model`."
        )
    name = settings.SERVED_MODEL_NAME
    version = ModelVersion.objects.filter(
        name=name, artifact_digest=manifest["artifact_digest"]
    ).first()
    is_new = version is None
    if version is None:
        directory = registry.SHIPPED_DIR / "model"
        read_verified(directory, manifest["file_digests"])
        check_signature(manifest["signature"])
        version = _register(directory, manifest)
    if model_version_champion(name=name) is None:
        version = model_version_promote(version=version)
    return version, is_new


def model_version_promote(
    *, version: ModelVersion, alias: Alias = Alias.CHAMPION, promoted_by: User | None = None
) -> ModelVersion:
    """Move an alias to this version, here and in MLflow: both or, when one fails, neither.

    A version that could not be loaded is refused as ArtifactIntegrityError, SignatureMismatchError
    or ModelUnavailableError. Workers serve a new champion after their next reload.
    """
    check_signature(version.signature)
    load_estimator(registry.artifact_directory(version), version.file_digests)
    with transaction.atomic():
        ModelVersion.objects.select_for_update().filter(name=version.name, alias=alias).update(
            alias=None
        )
        version.alias = alias
        version.promoted_at = timezone.now()
        version.promoted_by = promoted_by
        version.save(update_fields=["alias", "promoted_at", "promoted_by"])
        registry.set_alias(version, alias)
    return version


def model_version_ship(*, version: ModelVersion, directory: Path) -> None:
    """Write a version's files and manifest where the next release of the code takes them from."""
    source = registry.artifact_directory(version)
    read_verified(source, version.file_digests)
    shutil.rmtree(directory / "model", ignore_errors=True)
    shutil.copytree(source, directory / "model")
    manifest = {field: getattr(version, field) for field in _MANIFEST_FIELDS}
    text = json.dumps(manifest, indent=2, sort_keys=True)
    (directory / "manifest.json").write_text(f"{text}\n", encoding="utf-8")


def _register(directory: Path, facts: dict[str, Any]) -> ModelVersion:
    name = settings.SERVED_MODEL_NAME
    registry.store(directory, facts["artifact_digest"])
    registered = registry.register(
        directory,
        name=name,
        parameters=facts["parameters"],
        metrics=facts["metrics"],
        tags={
            "artifact_digest": facts["artifact_digest"],
            "code_version": facts["code_version"],
            "rows_sha256": facts["data_fingerprint"]["rows_sha256"],
        },
    )
    return ModelVersion.objects.create(
        name=name,
        version=registered.version,
        run_id=registered.run_id,
        artifact_uri=registered.artifact_uri,
        **{field: facts[field] for field in _MANIFEST_FIELDS},
    )
