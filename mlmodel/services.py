"""Making, registering, shipping and promoting model versions."""

import getpass
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from mlmodel import registry
from mlmodel.artifact import artifact_digest, file_digests, load_estimator, read_verified
from mlmodel.errors import (
    ModelError,
    ModelUnavailableError,
    PromotionConflictError,
    PromotionRefusedError,
    ShippedModelDiffersError,
)
from mlmodel.models import (
    Alias,
    ModelPromotion,
    ModelVersion,
    PromotionDecision,
    PromotionKind,
)
from mlmodel.runtime import ServedModel
from mlmodel.selectors import (
    model_version_champion,
    model_version_former_champion,
    new_building_data,
    training_data,
    yearly_changes,
)
from mlmodel.signature import check_signature, model_signature
from mlmodel.training import train

logger = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What goes on the record with the move of an alias.

    With `is_against_champion` it holds only while the version with primary key `champion_id` (None:
    no version) is the champion. `promoted_by_name` is asked of user or operating system if empty.
    `approval` is the decision of two people that it carries out, if it does.
    """

    reason: str = ""
    is_forced: bool = False
    comparison: dict[str, Any] = field(default_factory=dict)
    is_against_champion: bool = False
    champion_id: int | None = None
    promoted_by: User | None = None
    promoted_by_name: str = ""
    approval: PromotionDecision | None = None


def model_version_train(
    *,
    seed: int = 42,
    folds: int = 5,
    repeats: int = 3,
    max_iter: int = 400,
    jobs: int = 1,
    on_step: Callable[[], Any] = lambda: None,
) -> ModelVersion:
    """Train on the rows in PostgreSQL, cross-validate, and register a new version, which does not
    serve.

    `on_step` is called after each fold of each population, `Protocol.steps` times, and once more
    where there are buildings that were not trained on. Raises TrainingDataError.
    """
    # Imported late: scikit-learn takes seconds, which no other command should pay.
    from threadpoolctl import threadpool_limits

    from mlmodel.evaluation import Protocol, evaluate
    from mlmodel.evaluation.details import metrics_with_details

    data, fingerprint = training_data()
    evaluation = evaluate(
        data,
        protocol=Protocol(seed=seed, folds=folds, repeats=repeats),
        new_data=new_building_data(),
        jobs=jobs,
        parameters={"max_iter": max_iter},
        on_step=on_step,
    )
    # One thread: the trees are small, and threads that wait for each other cost more than they
    # give.
    with threadpool_limits(limits=1):
        pipeline = train(data, seed=seed, max_iter=max_iter)
    regressor = pipeline.named_steps["energy"]
    parameters = {
        **regressor.get_params(),
        "folds": folds,
        "repeats": repeats,
        "estimator": type(regressor.experts_[0][0]).__name__,
    }
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / "model"
        registry.save(pipeline, directory)
        digests = file_digests(directory)
        _check_loads(directory, file_digests=digests, signature=model_signature())
        return _register(
            directory,
            {
                "artifact_digest": artifact_digest(digests),
                "code_version": registry.code_version(),
                "data_fingerprint": fingerprint,
                "file_digests": digests,
                "metrics": metrics_with_details(evaluation, yearly_changes=yearly_changes()),
                "parameters": parameters,
                "signature": model_signature(),
                "size_bytes": sum(
                    path.stat().st_size for path in directory.rglob("*") if path.is_file()
                ),
            },
        )


def model_version_register_shipped() -> tuple[ModelVersion, bool]:
    """Register the version that ships with the code, and make it champion if there is none, or none
    that this code can load.

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
    if reason := _reason_to_promote_shipped(version, is_new=is_new):
        model_version_promote(version=version, decision=Decision(reason=reason))
    return version, is_new


def _reason_to_promote_shipped(version: ModelVersion, *, is_new: bool) -> str:
    """Why the shipped version must serve, or ""."""
    champion = model_version_champion(name=version.name)
    if champion is None:
        return "The shipped version, for there was no champion."
    # Loading takes seconds. An old champion meets new code once: when the code's own version is
    # new here.
    if not is_new or champion.pk == version.pk:
        return ""
    try:
        _check_version_loads(champion)
    except ModelError as error:
        return f"The shipped version, for this code cannot load {champion}: {error}"
    return ""


def model_version_promote(
    *,
    version: ModelVersion,
    alias: Alias = Alias.CHAMPION,
    kind: PromotionKind = PromotionKind.PROMOTION,
    decision: Decision | None = None,
) -> ModelPromotion:
    """Move an alias to this version, here and in MLflow: both or, when one fails, neither.

    Whatever the decision rests on is put on the record as it is; judging is the caller's part. Of
    two promotions at once the second waits for the first, and fails if it was decided against
    another champion. Workers take a new champion up by themselves.

    A version that could not be loaded is refused as ArtifactIntegrityError, SignatureMismatchError
    or ModelUnavailableError; PromotionConflictError says that meanwhile the champion is another or
    that the version plays a part that it must keep.
    """
    decision = decision or Decision()
    if alias == Alias.CHALLENGER:
        kind = PromotionKind.CHALLENGE
    _check_version_loads(version)
    registry.connect()  # takes seconds: before others wait for the lock
    if registry.is_used():
        _register_late(version.name)
    former: dict[str, int] | None = None
    try:
        with transaction.atomic():
            locked = ModelVersion.objects.select_for_update().filter(name=version.name)
            versions = {row.pk: row for row in locked.order_by("pk")}
            by_alias = {row.alias: row for row in versions.values() if row.alias}
            _check_unmoved(versions[version.pk], alias, by_alias, decision)
            replaced = by_alias.get(alias)
            if replaced is not None:
                ModelVersion.objects.filter(pk=replaced.pk).update(alias=None)
            ModelVersion.objects.filter(pk=version.pk).update(
                alias=alias, promoted_at=timezone.now(), promoted_by=decision.promoted_by
            )
            event = ModelPromotion.objects.create(
                version=version,
                replaced_version=replaced,
                alias=alias,
                kind=kind,
                reason=decision.reason,
                is_forced=decision.is_forced,
                comparison=decision.comparison,
                promoted_by=decision.promoted_by,
                promoted_by_name=decision.promoted_by_name or operator_name(decision.promoted_by),
                decision=decision.approval,
                proposed_by_name=decision.approval.proposal.proposed_by_name
                if decision.approval
                else "",
            )
            parts = ModelVersion.objects.filter(name=version.name, alias__isnull=False)
            ours = {str(row.alias): row.version for row in parts}
            former = registry.aliases(version.name)
            others = {key: of for key, of in former.items() if key not in Alias.values}
            registry.set_aliases(version.name, {**others, **ours})
    except Exception:
        if former is not None:
            _restore_aliases(version.name, former)
        raise
    version.refresh_from_db(fields=["alias", "promoted_at", "promoted_by"])
    return event


def _check_unmoved(
    version: ModelVersion, alias: Alias, by_alias: dict[str, ModelVersion], decision: Decision
) -> None:
    """Whether the decision is still about the versions as they are; called under the lock."""
    champion = by_alias.get(Alias.CHAMPION)
    if version.alias == alias:
        raise PromotionConflictError(f"{version} is the {alias.label} already.")
    if champion is not None and version.pk == champion.pk:
        raise PromotionConflictError(
            f"{version} is the champion, which serves; make another version the champion first."
        )
    if decision.is_against_champion:
        expected = decision.champion_id
        if (champion.pk if champion else None) != expected:
            raise PromotionConflictError(
                f"Meanwhile {champion or 'no version'} has become the champion; compare "
                f"{version} with that one."
            )


def _restore_aliases(name: str, former: dict[str, int]) -> None:
    try:
        registry.set_aliases(name, former)
    except Exception:
        # What failed first is what the caller must see.
        logger.exception("the aliases of %s in MLflow could not be put back to %s", name, former)


def operator_name(user: User | None = None) -> str:
    """The user's name, or else the operating system's name of who runs this process."""
    if user is not None:
        return user.get_username()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number and no name
        return f"uid {os.getuid()}"


def model_version_rollback(
    *, name: str, reason: str, promoted_by: User | None = None
) -> ModelPromotion:
    """Make the former champion the champion again, verified and recorded as a rollback.

    Raises PromotionRefusedError when the history knows no former champion, and what
    `model_version_promote` raises.
    """
    champion = model_version_champion(name=name)
    former = model_version_former_champion(name=name)
    if champion is None or former is None:
        raise PromotionRefusedError(
            f"The history knows no champion of {name} before {champion or 'this'}; "
            "promote a version with `manage.py promote_model`."
        )
    return model_version_promote(
        version=former,
        kind=PromotionKind.ROLLBACK,
        decision=Decision(
            reason=reason,
            champion_id=champion.pk,
            is_against_champion=True,
            promoted_by=promoted_by,
        ),
    )


def model_version_reevaluate(*, version: ModelVersion) -> dict[str, Any]:
    """Cross-validate a version's procedure anew on today's rows: today's code with the version's
    own parameters, by the protocol's folds, whatever it was measured with before.

    Returns what `ModelVersion.metrics` holds, stores nothing, and takes minutes. Raises
    TrainingDataError.
    """
    from mlmodel.evaluation import Protocol, evaluate, metrics_of

    data, _ = training_data()
    known = {key: version.parameters[key] for key in ("max_iter",) if key in version.parameters}
    return metrics_of(evaluate(data, protocol=Protocol(), parameters=known))


def model_version_ship(*, version: ModelVersion, directory: Path) -> None:
    """Write a version's files and manifest where the next release of the code takes them from."""
    source = registry.artifact_directory(version)
    read_verified(source, version.file_digests)
    shutil.rmtree(directory / "model", ignore_errors=True)
    shutil.copytree(source, directory / "model")
    manifest = {field: getattr(version, field) for field in _MANIFEST_FIELDS}
    _manifest_write(manifest, directory / "manifest.json")


def shipped_metrics_write(*, metrics: Mapping[str, Any], directory: Path) -> None:
    """Put an evaluation's metrics into the manifest of the version that ships.

    Raises ShippedModelDiffersError when they are of another model: of other rows, another protocol
    or other scores than the version was registered with.
    """
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for part in ("protocol", "scores"):
        if manifest["metrics"][part] != metrics[part]:
            raise ShippedModelDiffersError(
                f"The shipped version was registered with other {part}: this code or these rows "
                "make another model. Train it (`train_model`) and ship it (`ship_model`)."
            )
    _manifest_write({**manifest, "metrics": dict(metrics)}, path)


def _manifest_write(manifest: Mapping[str, Any], path: Path) -> None:
    text = json.dumps(manifest, indent=2, sort_keys=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def _check_version_loads(version: ModelVersion) -> None:
    """Whether this code can serve a version and read its pipeline. Raises SignatureMismatchError,
    ArtifactIntegrityError or ModelUnavailableError."""
    check_signature(version.signature)  # before files are fetched in vain
    _check_loads(
        registry.artifact_directory(version),
        file_digests=version.file_digests,
        signature=version.signature,
    )


def _check_loads(
    directory: Path, *, file_digests: Mapping[str, str], signature: Mapping[str, Any]
) -> None:
    """Both forms of a version: what is served from and, where it can be read, the pipeline."""
    if find_spec("sklearn"):  # a container that only serves has none
        load_estimator(directory, file_digests)
    ServedModel.load(directory, name="", version=0, file_digests=file_digests, signature=signature)


def _register(directory: Path, facts: dict[str, Any]) -> ModelVersion:
    name = settings.SERVED_MODEL_NAME
    registry.store(directory, facts["artifact_digest"])
    if registry.is_used():
        _register_late(name)
        registered = _registered(directory, facts)
    else:
        newest = ModelVersion.objects.filter(name=name).aggregate(Max("version"))["version__max"]
        registered = registry.Registered(run_id="", version=(newest or 0) + 1, artifact_uri="")
    return ModelVersion.objects.create(
        name=name,
        version=registered.version,
        run_id=registered.run_id,
        artifact_uri=registered.artifact_uri,
        **{field: facts[field] for field in _MANIFEST_FIELDS},
    )


def _register_late(name: str) -> None:
    """Make MLflow know the versions that were registered where it was not used: in their order, so
    that each has the same number there."""
    for version in ModelVersion.objects.filter(name=name, artifact_uri="").order_by("version"):
        facts = {field: getattr(version, field) for field in _MANIFEST_FIELDS}
        registered = _registered(registry.artifact_directory(version), facts)
        if registered.version != version.version:
            raise ModelUnavailableError(
                f"MLflow has other versions than PostgreSQL: it calls {version} version "
                f"{registered.version}. Name the tracking server that has the others."
            )
        ModelVersion.objects.filter(pk=version.pk).update(
            run_id=registered.run_id, artifact_uri=registered.artifact_uri
        )


def _registered(directory: Path, facts: Mapping[str, Any]) -> registry.Registered:
    return registry.register(
        directory,
        name=settings.SERVED_MODEL_NAME,
        parameters=facts["parameters"],
        metrics=facts["metrics"],
        tags={
            "artifact_digest": facts["artifact_digest"],
            "code_version": facts["code_version"],
            "rows_sha256": facts["data_fingerprint"]["rows_sha256"],
        },
    )
