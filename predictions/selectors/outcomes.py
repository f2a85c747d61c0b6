"""What was measured of predicted buildings; of a prediction and year, the latest counts."""

from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from predictions.models import ObservedOutcome, PredictionInput

#: Whether a later outcome of the same prediction and year corrects this one.
_IS_CORRECTED: Final = Exists(
    ObservedOutcome.objects.filter(
        input=OuterRef("input"), data_year=OuterRef("data_year"), pk__gt=OuterRef("pk")
    )
)


def outcome_list(*, prediction: PredictionInput | None = None) -> QuerySet[ObservedOutcome]:
    """Every outcome, of one prediction or of all, newest first; `is_latest` unless a later one
    corrects it. One query."""
    outcomes = ObservedOutcome.objects.annotate(is_latest=~_IS_CORRECTED)
    return outcomes if prediction is None else outcomes.filter(input=prediction)


def outcome_list_latest() -> QuerySet[ObservedOutcome]:
    """The outcomes that count: of each prediction and year the latest. One query."""
    return ObservedOutcome.objects.filter(~_IS_CORRECTED)
