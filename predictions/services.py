"""THE DOOR: the only code that lets the model see anything, and that writes the audit tables.

The way of a prediction (`prediction_create`): store call and inputs, commit; let the model predict;
store outputs or error codes, commit; answer from what was stored. A process that dies in between
leaves inputs without output, which is visible; nothing that was answered can be missing.
"""

import logging
import math
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.utils import timezone

from buildings.models import Building
from mlmodel import registry
from mlmodel.errors import ModelUnavailableError
from mlmodel.features import FEATURE_NAMES, FeatureRow
from mlmodel.models import ModelVersion
from mlmodel.runtime import Prediction, ServedModel
from mlmodel.selectors import model_version_champion
from predictions.models import (
    ApiToken,
    Channel,
    ErrorCode,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)

logger = logging.getLogger(__name__)

#: The group of those who may ask for predictions.
API_CLIENT_GROUP: Final = "api_client"

#: Group -> the models it may view in the admin, as app labels; nobody may change what is logged.
_VIEWING_GROUPS: Final = {
    "auditor": ("buildings", "mlmodel", "predictions"),
    "data_scientist": ("buildings", "mlmodel", "predictions"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who asks, how, and with which bytes: what goes on the record beside the inputs."""

    caller: User | None
    caller_name: str
    channel: Channel
    request_id: str
    received_at: datetime
    token_prefix: str = ""
    body_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One building to predict: its features and, when the facts came from the database, which
    building."""

    features: FeatureRow
    building: Building | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """A loaded model and the row that says which it is; always read and replaced together."""

    version: ModelVersion
    model: ServedModel


_serving: Serving | None = None
_serving_lock = threading.Lock()


def serving_get() -> Serving:
    """The served model of this worker, loaded at first use.

    The champion is resolved to a version first and that version is loaded, so that a promotion in
    between cannot mix the two. A later champion is taken up when the worker is next reloaded.

    Raises ModelUnavailableError when there is no champion or its files cannot be had, and
    ArtifactIntegrityError or SignatureMismatchError when the files are not the registered ones.
    """
    global _serving  # noqa: PLW0603 -- one per process, guarded by the lock
    if _serving is None:
        with _serving_lock:
            if _serving is None:
                version = model_version_champion(name=settings.SERVED_MODEL_NAME)
                if version is None:
                    raise ModelUnavailableError(
                        f"no version of {settings.SERVED_MODEL_NAME} is the champion; "
                        "promote one with `manage.py promote_model`"
                    )
                model = ServedModel.load(
                    registry.artifact_directory(version),
                    name=version.name,
                    version=version.version,
                    file_digests=version.file_digests,
                    signature=version.signature,
                )
                _serving = Serving(version, model)
    return _serving


def serving_reset() -> None:
    """Forget the loaded model; the next call loads the champion."""
    global _serving  # noqa: PLW0603
    with _serving_lock:
        _serving = None


def served_model_warm() -> None:
    """Load the model before the first caller waits for it. A failure is logged: `/readyz` then
    answers 503."""
    try:
        serving_get()
    except Exception:
        logger.exception("the served model could not be loaded")


def prediction_create(*, call: Call, questions: Sequence[Question]) -> list[PredictionInput]:
    """Predict, with every input and output on the record. Returns the stored inputs, each with its
    `output`.

    An output holds an energy or an error code; the caller decides what an error code means for its
    channel.

    Raises ModelUnavailableError (and the other errors of `serving_get`) before anything is written,
    and django.db.Error when a write fails: then there is no answer.
    """
    serving = serving_get()
    request = PredictionRequest(
        caller=call.caller,
        caller_name=call.caller_name,
        token_prefix=call.token_prefix,
        channel=call.channel,
        request_id=call.request_id,
        body_sha256=call.body_sha256,
        row_count=len(questions),
        model_version=serving.version,
        received_at=call.received_at,
    )
    inputs = [
        PredictionInput(
            request=request,
            position=position,
            building=question.building,
            features={name: question.features.get(name) for name in FEATURE_NAMES},
        )
        for position, question in enumerate(questions)
    ]
    with transaction.atomic(durable=True):
        request.save(force_insert=True)
        PredictionInput.objects.bulk_create(inputs)

    outputs = _outputs(serving.model, inputs)
    with transaction.atomic(durable=True):
        PredictionOutput.objects.bulk_create(outputs)
    return inputs


def _outputs(model: ServedModel, inputs: Sequence[PredictionInput]) -> list[PredictionOutput]:
    """Let the model see the stored features; whatever it does becomes one output an input."""
    started = time.perf_counter()
    predictions: Sequence[Prediction | None]
    try:
        predictions = model.predict([stored.features for stored in inputs])
        if len(predictions) != len(inputs):
            raise ValueError(f"{len(predictions)} answers to {len(inputs)} inputs")  # noqa: TRY301
    except Exception as error:  # noqa: BLE001 -- any failure becomes a stored error code
        # Frames only: an exception's text may quote an input.
        logger.error(  # noqa: TRY400
            "the served model failed with %s\n%s",
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        predictions = [None] * len(inputs)
    duration_ms = (time.perf_counter() - started) * 1000
    return [
        _output(stored, prediction, duration_ms)
        for stored, prediction in zip(inputs, predictions, strict=True)
    ]


def _output(
    stored: PredictionInput, prediction: Prediction | None, duration_ms: float
) -> PredictionOutput:
    if prediction is None:
        return PredictionOutput(
            input=stored, error_code=ErrorCode.MODEL_FAILURE, duration_ms=duration_ms
        )
    values = (prediction.site_energy_use_kbtu, prediction.site_eui_kbtu_per_sqft)
    if not all(math.isfinite(value) and value >= 0 for value in values):
        return PredictionOutput(
            input=stored, error_code=ErrorCode.INVALID_OUTPUT, duration_ms=duration_ms
        )
    return PredictionOutput(
        input=stored,
        site_energy_use_kbtu=values[0],
        site_eui_kbtu_per_sqft=values[1],
        duration_ms=duration_ms,
    )


def groups_ensure() -> None:
    """Create the groups `auditor`, `data_scientist` and `api_client` with their permissions;
    idempotent."""
    for name, app_labels in _VIEWING_GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(
            Permission.objects.filter(
                content_type__app_label__in=app_labels, codename__startswith="view_"
            )
        )
    clients, _ = Group.objects.get_or_create(name=API_CLIENT_GROUP)
    clients.permissions.set(
        Permission.objects.filter(
            content_type__app_label="predictions",
            codename__in=["add_predictionrequest", "view_predictionrequest"],
        )
    )


def api_caller_get_or_create(*, username: str) -> User:
    """The user who calls under this name: a service account that can sign in nowhere, in group
    `api_client`."""
    groups_ensure()
    user, _ = User.objects.get_or_create(
        username=username, defaults={"password": make_password(None)}
    )
    user.groups.add(Group.objects.get(name=API_CLIENT_GROUP))
    return user


def api_token_create(
    *, user: User, name: str, expires_in: timedelta | None = None
) -> tuple[ApiToken, str]:
    """A new token of this user and its secret, which is not stored and cannot be shown again.

    It expires after `expires_in`, or after the configured time (`API_TOKEN_TTL_DAYS`).
    """
    options = {} if expires_in is None else {"expiry": expires_in}
    token, secret = ApiToken.objects.create(user=user, name=name, **options)
    return token, secret


def api_token_revoke(*, token: ApiToken) -> None:
    """Make the token expire now; its row stays, so that the record can still say whose prefix it
    was."""
    token.expiry = timezone.now()
    token.save(update_fields=["expiry"])
