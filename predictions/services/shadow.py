"""Shadow mode: a challenger scores a share of the logged inputs, off the request path.

A process of its own follows the record. Which inputs are drawn depends on their ids alone, so that
reruns and restarts agree; what was scored is found in the table, so that a restart goes on after
it.
"""

import hashlib
import logging
import math
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import django.db
from django.conf import settings
from django.utils import timezone

from mlmodel.comparison import Change, ChangeSummary, summarise_changes
from mlmodel.errors import ModelError
from mlmodel.features import FeatureRow
from mlmodel.models import Alias, ModelVersion
from mlmodel.runtime import ServedModel
from mlmodel.selectors import model_version_with_alias
from predictions.models import SHADOW_FIELDS, ErrorCode, PredictionInput, ShadowOutput
from predictions.services.serving import log_model_failure, served_model

logger = logging.getLogger(__name__)

#: Ids that are read at once, and rows that are written at once.
_PAGE: Final = 2_000
_CHUNK: Final = 50
_LONGEST_PAUSE_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPass:
    """What one look at the record came to: inputs seen, drawn and scored, and those of them that
    the challenger had no answer to."""

    challenger: ModelVersion | None
    seen: int = 0
    scored: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowSummary:
    """Challenger against champion on what both answered.

    `failed` inputs were answered by the champion alone. The durations are medians in ms over the
    inputs that were a call of their own, for the champion's is of a whole call and the challenger's
    of one input; None when there was no such call.
    """

    changes: ChangeSummary
    failed: int
    champion_ms: float | None
    challenger_ms: float | None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "changes": self.changes.as_json()}


def is_drawn(input_id: UUID, *, share: float) -> bool:
    """Whether an input is among the `share` (0 to 1) that a challenger scores.

    A larger share draws the same inputs and more.
    """
    place = int.from_bytes(hashlib.sha256(input_id.bytes).digest()[:8])
    return place < share * 2**64


class Shadow:
    """Follows the record for whichever version is the challenger.

    Inputs younger than `settle_s` wait: another call's, stored a little later, may have a smaller
    id. It should be longer than a call may take to store its inputs.
    """

    def __init__(self, *, share: float, settle_s: float, stopping: threading.Event) -> None:
        self.share = share
        self.settle_s = settle_s
        self.stopping = stopping
        self._challenger_id: int | None = None
        self._seen_until: UUID | None = None

    def look(self) -> ShadowPass:
        """Score what came in since the last look; until told to stop, in which case what is scored
        is stored.

        Raises what `served_model` raises when the challenger cannot be loaded.
        """
        challenger = model_version_with_alias(
            name=settings.SERVED_MODEL_NAME, alias=Alias.CHALLENGER
        )
        if challenger is None:
            return ShadowPass(challenger=None)
        model = served_model(challenger)
        if challenger.pk != self._challenger_id or self._seen_until is None:
            self._challenger_id, self._seen_until = challenger.pk, _begin(challenger)
        seen = scored = failed = 0
        for ids in self._pages():
            drawn = [input_id for input_id in ids if is_drawn(input_id, share=self.share)]
            for start in range(0, len(drawn), _CHUNK):
                if self.stopping.is_set():
                    return ShadowPass(
                        challenger=challenger, seen=seen, scored=scored, failed=failed
                    )
                rows = _score(model, challenger, drawn[start : start + _CHUNK])
                scored += len(rows)
                failed += sum(row.error_code is not None for row in rows)
            seen += len(ids)
            self._seen_until = ids[-1]
        return ShadowPass(challenger=challenger, seen=seen, scored=scored, failed=failed)

    def _pages(self) -> Iterator[list[UUID]]:
        inputs = PredictionInput.objects.order_by("id").values_list("id", flat=True)
        if self.settle_s > 0:
            settled = timezone.now() - timedelta(seconds=self.settle_s)
            inputs = inputs.filter(id__lt=_first_id(settled))
        while ids := list(inputs.filter(id__gt=self._seen_until)[:_PAGE]):
            yield ids


def shadow_run(
    *,
    shadow: Shadow,
    pause_s: float,
    on_pass: Callable[[ShadowPass], Any],
) -> None:
    """Look again and again until told to stop; rest while there is nothing.

    A challenger that does not load and a database that does not answer are logged once and tried
    again after ever longer pauses.
    """
    wait_s, failure = pause_s, ""
    while not shadow.stopping.is_set():
        try:
            result = shadow.look()
        except (django.db.Error, ModelError) as error:
            if isinstance(error, django.db.Error):
                django.db.connection.close()  # the next look opens another
            # A database's error may quote where it is; ours say what is wrong with which file.
            said = str(error) if isinstance(error, ModelError) else type(error).__name__
            if said != failure:
                logger.error("no input can be scored: %s", said)  # noqa: TRY400 -- no traceback
            failure, wait_s = said, min(2 * wait_s, _LONGEST_PAUSE_S)
        else:
            failure, wait_s = "", pause_s
            on_pass(result)
            if result.seen >= _PAGE:
                continue
        shadow.stopping.wait(wait_s)


def shadow_summary(
    *, champion: ModelVersion, challenger: ModelVersion, threshold: float, last: int = 10_000
) -> ShadowSummary:
    """Compare what both answered to the inputs that the challenger scored last."""
    rows = (
        ShadowOutput.objects.filter(
            model_version=challenger,
            input__request__model_version=champion,
            input__output__error_code__isnull=True,
            input__output__isnull=False,
        )
        .order_by("-input_id")
        .values_list(
            "input_id",
            "input__output__site_energy_use_kbtu",
            "site_energy_use_kbtu",
            "input__output__duration_ms",
            "duration_ms",
            "input__request__row_count",
        )[:last]
    )
    answered = [row for row in rows if row[2] is not None]
    changes = [
        Change(str(input_id), before, after)
        for input_id, before, after, *_ in answered
        if before is not None and after is not None
    ]
    alone = [(champion_ms, own_ms) for *_, champion_ms, own_ms, count in answered if count == 1]
    return ShadowSummary(
        changes=summarise_changes(changes, threshold=threshold),
        failed=len(rows) - len(answered),
        champion_ms=statistics.median(ms for ms, _ in alone) if alone else None,
        challenger_ms=statistics.median(ms for _, ms in alone) if alone else None,
    )


def _begin(challenger: ModelVersion) -> UUID:
    """The id after which this version goes on, or begins: with what came in since it is the
    challenger."""
    last = (
        ShadowOutput.objects.filter(model_version=challenger)
        .order_by("-input_id")
        .values_list("input_id", flat=True)
        .first()
    )
    return last or _first_id(challenger.promoted_at or challenger.created_at)


def _first_id(moment: datetime) -> UUID:
    """What every UUIDv7 of this millisecond and later ones comes after."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _score(model: ServedModel, challenger: ModelVersion, ids: Sequence[UUID]) -> list[ShadowOutput]:
    """Score and store; one by one, as requests mostly come, so that a failure is one input's."""
    inputs = (
        PredictionInput.objects.filter(id__in=ids)
        .exclude(shadow_outputs__model_version=challenger)
        .order_by("id")
        .values_list("id", "features")
    )
    rows = [_output(model, challenger, input_id, features) for input_id, features in inputs]
    # Another process may have been faster: then its row stands.
    ShadowOutput.objects.bulk_create(rows, ignore_conflicts=True)
    return rows


def _output(
    model: ServedModel, challenger: ModelVersion, input_id: UUID, features: FeatureRow
) -> ShadowOutput:
    started = time.perf_counter()
    values: dict[str, float] = {}
    error_code: ErrorCode | None = None
    try:
        (answer,) = model.predict([features])
        values = {field: float(getattr(answer, field)) for field in SHADOW_FIELDS}
    except Exception as error:  # noqa: BLE001 -- any failure becomes a stored error code
        log_model_failure("the challenger", error)
        error_code = ErrorCode.MODEL_FAILURE
    duration_ms = (time.perf_counter() - started) * 1000
    if not all(math.isfinite(value) and value >= 0 for value in values.values()):
        values, error_code = {}, ErrorCode.INVALID_OUTPUT
    return ShadowOutput(
        input_id=input_id,
        model_version=challenger,
        error_code=error_code,
        duration_ms=duration_ms,
        **values,
    )
