"""Whether a version may become the champion: scores on the same folds, and what it would have
answered to those who asked."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.contrib.auth.models import User

from mlmodel.comparison import (
    Change,
    ChangeSummary,
    ScoreComparison,
    compare_scores,
    incomparable,
    summarise_changes,
)
from mlmodel.errors import ModelError, PromotionConflictError, PromotionRefusedError
from mlmodel.features import FEATURE_NAMES, FeatureRow
from mlmodel.models import ModelPromotion, ModelVersion
from mlmodel.runtime import ServedModel
from mlmodel.selectors import model_version_champion
from mlmodel.services import Decision, model_version_promote, model_version_reevaluate
from predictions.models import PredictionInput
from predictions.services.serving import log_model_failure, served_model
from predictions.services.shadow import ShadowSummary, shadow_summary

#: Inputs that are read, and rows that a model is asked about, at once.
_PAGE: Final = 500
_BATCH: Final = 100
#: Read at most this many inputs for each distinct one that is wanted.
_MOST_READ: Final = 50

Metrics = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is replayed, and how much may change.

    The last `replay` distinct inputs; a change counts from `threshold` on (.1 is 10 %), and at most
    `max_changed` of the inputs (.25 is a quarter) may change so much.
    """

    replay: int = 1000
    threshold: float = 0.1
    max_changed: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Both versions' answers to logged inputs. `failed` inputs have the champion's answer alone."""

    changes: ChangeSummary
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Everything that a promotion is decided on; `objections` speak against it.

    Without a champion there is nothing to compare with. `scores_from` says where the scores are
    from.
    """

    candidate: ModelVersion
    champion: ModelVersion | None
    limits: Limits
    scores: tuple[ScoreComparison, ...] = ()
    scores_from: str = ""
    replay: Replay | None = None
    shadow: ShadowSummary | None = None
    objections: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For `ModelPromotion.comparison`; NaN, which JSON has not, is null."""
        facts = {
            "champion": self.champion.version if self.champion else None,
            "limits": asdict(self.limits),
            "scores": [comparison.as_json() for comparison in self.scores],
            "scores_from": self.scores_from,
            "replay": self.replay
            and {"failed": self.replay.failed, **self.replay.changes.as_json()},
            "shadow": self.shadow and self.shadow.as_json(),
            "objections": list(self.objections),
        }
        return {key: _without_nan(value) for key, value in facts.items()}


def promotion_assess(
    *,
    candidate: ModelVersion,
    limits: Limits | None = None,
    is_reevaluated: bool = False,
    reevaluate: Callable[[ModelVersion], Metrics] | None = None,
    on_start: Callable[[int], Any] = lambda _: None,
    on_input: Callable[[], Any] = lambda: None,
) -> Assessment:
    """Compare a version with the champion; changes nothing.

    With `is_reevaluated`, both are cross-validated anew on today's rows where their stored scores
    are not of the same folds: minutes. `on_start` is told how many inputs are replayed, and
    `on_input` is called after each.

    Raises what `served_model` raises when the candidate cannot be loaded: such a version cannot
    serve, whatever speaks for it; and PromotionConflictError when it serves already.
    """
    limits = limits or Limits()
    champion = model_version_champion(name=candidate.name)
    if champion is not None and champion.pk == candidate.pk:
        raise PromotionConflictError(f"{candidate} is the champion already.")
    model = served_model(candidate)
    if champion is None:
        return Assessment(candidate=candidate, champion=None, limits=limits)
    objections: list[str] = []
    scores, scores_from = _scores(
        candidate, champion, is_reevaluated=is_reevaluated, reevaluate=reevaluate
    )
    if not scores:
        objections.append(_how_to_compare(scores_from))
    objections += [
        f"R² of log {comparison.target} is worse in set-up {comparison.set_up}: "
        f"{comparison.candidate:.3f} after {comparison.champion:.3f}"
        for comparison in scores
        if comparison.verdict == "worse"
    ]
    replay = None
    try:
        former = served_model(champion)
    except ModelError as error:
        objections.append(f"{champion} cannot be loaded, so nothing can be replayed: {error}")
    else:
        replay = promotion_replay(
            before=former, after=model, limits=limits, on_start=on_start, on_input=on_input
        )
        objections += _objections_of(replay, limits)
    return Assessment(
        candidate=candidate,
        champion=champion,
        limits=limits,
        scores=tuple(scores),
        scores_from=scores_from,
        replay=replay,
        shadow=_shadow(champion, candidate, limits),
        objections=tuple(objections),
    )


def promotion_make(
    *,
    assessment: Assessment,
    reason: str = "",
    is_forced: bool = False,
    promoted_by: User | None = None,
) -> ModelPromotion:
    """Let the candidate serve, with the assessment on the record.

    Raises PromotionRefusedError when something speaks against it and it is not forced with a
    reason, PromotionConflictError when the champion is not the one it was compared with, and what
    `model_version_promote` raises.
    """
    if assessment.objections and not is_forced:
        raise PromotionRefusedError("; ".join(assessment.objections))
    if is_forced and not reason:
        raise PromotionRefusedError("To force a promotion takes a reason.")
    return model_version_promote(
        version=assessment.candidate,
        decision=Decision(
            reason=reason,
            is_forced=bool(assessment.objections),
            comparison=assessment.as_json(),
            is_against_champion=True,
            champion_id=assessment.champion.pk if assessment.champion else None,
            promoted_by=promoted_by,
        ),
    )


def promotion_replay(
    *,
    before: ServedModel,
    after: ServedModel,
    limits: Limits,
    on_start: Callable[[int], Any] = lambda _: None,
    on_input: Callable[[], Any] = lambda: None,
) -> Replay:
    """Ask both models about the last distinct logged inputs."""
    inputs = logged_inputs(limits.replay)
    on_start(len(inputs))
    changes: list[Change] = []
    failed = 0
    for start in range(0, len(inputs), _BATCH):
        batch = inputs[start : start + _BATCH]
        rows = [features for _, features in batch]
        answers = zip(batch, _energies(before, rows), _energies(after, rows), strict=True)
        for (input_id, _), was, will_be in answers:
            if was is not None and will_be is not None:
                changes.append(Change(input_id, was, will_be))
            failed += was is not None and will_be is None
            on_input()
    return Replay(changes=summarise_changes(changes, threshold=limits.threshold), failed=failed)


def logged_inputs(count: int) -> list[tuple[str, FeatureRow]]:
    """The last `count` inputs that differ, newest first: prediction id and features.

    Reads no more than fifty times as many.
    """
    found: dict[tuple[object, ...], tuple[str, FeatureRow]] = {}
    for number, (input_id, features) in enumerate(_newest_inputs()):
        if len(found) >= count or number >= count * _MOST_READ:
            break
        key = tuple(features.get(name) for name in FEATURE_NAMES)
        found.setdefault(key, (input_id, features))
    return list(found.values())


def _newest_inputs() -> Iterator[tuple[str, FeatureRow]]:
    """Page by page along the key: a server-side cursor would copy the whole table first."""
    inputs = PredictionInput.objects.order_by("-id").values_list("id", "features")
    page = list(inputs[:_PAGE])
    while page:
        for input_id, features in page:
            yield str(input_id), features
        page = list(inputs.filter(id__lt=page[-1][0])[:_PAGE])


def _energies(
    model: ServedModel, rows: Sequence[FeatureRow], *, is_retried: bool = False
) -> list[float | None]:
    """Site energy use of each row, kBtu; None where the model fails or answers no energy.

    A batch that fails is logged once, and its rows are asked one by one.
    """
    try:
        answers = [answer.site_energy_use_kbtu for answer in model.predict(rows)]
        if len(answers) != len(rows):
            raise ValueError(f"{len(answers)} answers to {len(rows)} inputs")  # noqa: TRY301
    except Exception as error:  # noqa: BLE001 -- whatever a model does counts as its failure
        if not is_retried:
            log_model_failure(f"{model.name} {model.version}, replaying {len(rows)} inputs", error)
        if len(rows) == 1:
            return [None]
        return [_energies(model, [row], is_retried=True)[0] for row in rows]
    return [value if math.isfinite(value) and value >= 0 else None for value in answers]


def _objections_of(replay: Replay, limits: Limits) -> list[str]:
    objections = []
    changes = replay.changes
    if replay.failed:
        objections.append(
            f"it has no answer to {replay.failed} logged inputs that the champion has"
        )
    if changes.changed_share > limits.max_changed:
        objections.append(
            f"{changes.changed_share:.1%} of {changes.inputs} logged inputs change by more than "
            f"{limits.threshold:.0%}; {limits.max_changed:.0%} may"
        )
    return objections


def _scores(
    candidate: ModelVersion,
    champion: ModelVersion,
    *,
    is_reevaluated: bool,
    reevaluate: Callable[[ModelVersion], Metrics] | None,
) -> tuple[list[ScoreComparison], str]:
    """The comparison and where its scores are from; or none, and why."""
    why = incomparable(candidate.metrics, champion.metrics)
    if not why:
        return compare_scores(candidate.metrics, champion.metrics), "training, on the same folds"
    if not is_reevaluated:
        return [], why
    measure = reevaluate or (lambda version: model_version_reevaluate(version=version))
    return compare_scores(
        measure(candidate), measure(champion)
    ), "today's rows, cross-validated now"


def _how_to_compare(why: str) -> str:
    return (
        f"the scores cannot be compared: {why} (--reevaluate cross-validates both on today's rows, "
        "in minutes)"
    )


def _shadow(
    champion: ModelVersion, candidate: ModelVersion, limits: Limits
) -> ShadowSummary | None:
    summary = shadow_summary(champion=champion, challenger=candidate, threshold=limits.threshold)
    return summary if summary.changes.inputs or summary.failed else None


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(of) for key, of in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(of) for of in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
