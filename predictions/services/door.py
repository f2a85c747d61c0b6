"""THE DOOR: the only code that lets the model see anything, and that writes the audit tables.

The way of a prediction (`prediction_create`): store call and inputs, commit; let the model predict;
store outputs or error codes, commit; answer from what was stored. A process that dies in between
leaves inputs without output, which is visible; nothing that was answered can be missing. A repeat
with the same idempotency key goes on where that process ended.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from buildings.models import Building
from buildings.selectors.factors import KnownFactors
from mlmodel.features import FEATURE_NAMES, FeatureRow
from mlmodel.prediction import Prediction
from mlmodel.runtime import ServedModel
from predictions.metrics import predictions_count
from predictions.models import (
    Channel,
    ErrorCode,
    PredictionBatch,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.selectors import factors_chosen, prediction_list_by_call
from predictions.services.answers import InvalidOutputError, output_values
from predictions.services.idempotency import Claim, idempotency_key_create
from predictions.services.recording import rows_store
from predictions.services.serving import Serving, log_model_failure, serving_get
from predictions.services.versions import serving_of

logger = logging.getLogger(__name__)

#: Rows that the model sees at once: enough to be quick, and a failure is one block's.
_BLOCK: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who asks, how, and with which bytes: what goes on the record beside the inputs. `claim` is of
    the idempotency key that came with it."""

    caller: User | None
    caller_name: str
    channel: Channel
    request_id: str
    received_at: datetime
    token_prefix: str = ""
    body_sha256: str = ""
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One building to predict: its features and, when the facts came from the database, which
    building; of a variation, the prediction that it varies.

    `sent` is kept beside the features: `{"units": "us" | "si", "members": {...}}`, the members as
    the caller sent them.
    """

    features: FeatureRow
    building: Building | None = None
    what_if_of: PredictionInput | None = None
    sent: Mapping[str, Any] | None = None


def prediction_create(
    *,
    call: Call,
    questions: Sequence[Question],
    emission_factor_set: str | None = None,
    serving: Serving | None = None,
    batch: PredictionBatch | None = None,
) -> list[PredictionInput]:
    """Predict, with every input and output on the record. Returns the stored inputs, each with its
    `output`. One question or ten thousand: the statements are as many.

    `batch` says what came with the call of a batch and is stored with it.

    An output holds an energy or an error code; the caller decides what an error code means for its
    channel. Emissions are by the latest emission factors, or by those of the set named
    `emission_factor_set`. The model is the one served, or `serving`'s.

    If the call repeats one that was cut short, its stored inputs are answered and `questions` are
    not asked: by the outputs on the record, or else by the model version that they were stored for.

    Raises ModelUnavailableError (and the other errors of `serving_get`),
    EmissionFactorsMissingError or UnknownEmissionFactorSetError before anything is written, and
    django.db.Error when a write fails: then there is no answer. And VersionGoneError when the model
    version of a call that was cut short can no longer be loaded.
    """
    if call.claim is not None and call.claim.interrupted_id is not None:
        return _prediction_resume(call.claim.interrupted_id, emission_factor_set)
    serving = serving or serving_get()
    factors = factors_chosen(slug=emission_factor_set)
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
            what_if_of=question.what_if_of,
            features={name: question.features.get(name) for name in FEATURE_NAMES},
            sent=question.sent,
        )
        for position, question in enumerate(questions)
    ]
    with transaction.atomic(durable=True):
        request.save(force_insert=True)
        if batch is not None:
            batch.request = request
            batch.save(force_insert=True)
        rows_store(PredictionInput, inputs)
        if call.claim is not None:
            idempotency_key_create(claim=call.claim, prediction_request=request)
    _answer(serving.model, inputs, factors)
    return inputs


def _prediction_resume(request_id: UUID, emission_factor_set: str | None) -> list[PredictionInput]:
    """The call's inputs, each with its output: those that had none are answered now."""
    inputs = list(prediction_list_by_call(request_id=request_id))
    unanswered = [stored for stored in inputs if not hasattr(stored, "output")]
    if unanswered:
        serving = serving_of(version=unanswered[0].request.model_version)
        _answer(serving.model, unanswered, factors_chosen(slug=emission_factor_set))
    return inputs


def _answer(model: ServedModel, inputs: Sequence[PredictionInput], factors: KnownFactors) -> None:
    """Let the model predict what is stored, and store what it answers."""
    outputs = _outputs(model, inputs, factors)
    with transaction.atomic(durable=True):
        rows_store(PredictionOutput, outputs)
    predictions_count(request=inputs[0].request, outputs=outputs)


def _outputs(
    model: ServedModel, inputs: Sequence[PredictionInput], factors: KnownFactors
) -> list[PredictionOutput]:
    """Let the model see the stored features; whatever it does becomes one output an input."""
    started = time.perf_counter()
    predictions: list[Prediction | None] = []
    for at in range(0, len(inputs), _BLOCK):
        block = inputs[at : at + _BLOCK]
        predictions += _predictions(model, block)
    duration_ms = (time.perf_counter() - started) * 1000
    return [
        _output(stored, prediction, factors, duration_ms)
        for stored, prediction in zip(inputs, predictions, strict=True)
    ]


def _predictions(
    model: ServedModel, block: Sequence[PredictionInput]
) -> Sequence[Prediction | None]:
    try:
        predictions = model.predict([stored.features for stored in block])
        if len(predictions) != len(block):
            raise ValueError(f"{len(predictions)} answers to {len(block)} inputs")  # noqa: TRY301
    except Exception as error:  # noqa: BLE001 -- any failure becomes a stored error code
        log_model_failure("the served model", error, prediction_request_id=block[0].request_id)
        return [None] * len(block)
    return predictions


def _output(
    stored: PredictionInput,
    prediction: Prediction | None,
    factors: KnownFactors,
    duration_ms: float,
) -> PredictionOutput:
    error_code: ErrorCode | None = None
    values: Mapping[str, Any] = {}
    if prediction is None:
        error_code = ErrorCode.MODEL_FAILURE
    else:
        try:
            values = output_values(prediction, factors.factors)
        except (InvalidOutputError, TypeError, AttributeError) as error:
            logger.error("the served model answered what cannot be: %s", error)  # noqa: TRY400 -- says what
            error_code = ErrorCode.INVALID_OUTPUT
    return PredictionOutput(
        input=stored,
        error_code=error_code,
        emission_factor_set=None if error_code else factors.factor_set,
        duration_ms=duration_ms,
        **values,
    )
