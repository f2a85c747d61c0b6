"""Exchanges on the record, narrowed and searched by what an index finds.

Keys are looked up in small tables first: with constants, PostgreSQL knows how few rows there are,
or reads an index in the order of the list and stops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform

from buildings.models import BenchmarkRecord, Building
from buildings.selectors.buildings import OSE_BUILDING_ID_MAX
from predictions.models import (
    ApiToken,
    Channel,
    ObservedOutcome,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.selectors import Outcome
from predictions.selectors.dashboard import inputs_without_output
from predictions.selectors.outcomes import outcome_list_latest

#: Of a model version, tens of kB that neither a list nor an exchange shows.
HEAVY_OF_VERSION: Final = (
    "metrics",
    "signature",
    "file_digests",
    "parameters",
    "data_fingerprint",
)
#: So many keys are named one by one; more are left to the planner.
_FEW: Final = 2_000
#: Callers and buildings that one search stands for.
_NAMED: Final = 200
#: Primary property type of an input, as its index has it.
USE_TYPE: Final = KeyTextTransform("primary_property_type", "features", output_field=TextField())

_FAILED: Final = PredictionOutput.objects.filter(error_code__isnull=False)


def prediction_listed_list() -> QuerySet[PredictionInput]:
    """Predictions with what a line of a list shows of them. One query."""
    return PredictionInput.objects.select_related("request", "output", "building").only(
        *("created_at", "features", "request__created_at", "request__caller_name"),
        *("output__site_energy_use_kbtu", "output__site_eui_kbtu_per_sqft"),
        *("output__ghg_emissions_mtco2e", "output__error_code"),
        *("building__ose_building_id", "building__property_name"),
    )


def prediction_shown_list() -> QuerySet[PredictionInput]:
    """Predictions with all that belongs to each. One query."""
    return PredictionInput.objects.select_related(
        *("request__model_version", "request__batch", "output__emission_factor_set"),
        *("building", "explanation"),
    ).defer(*(f"request__model_version__{name}" for name in HEAVY_OF_VERSION))


def of_use_type(predictions: QuerySet[Any], use_type: str) -> QuerySet[Any]:
    """Those of a primary property type."""
    return predictions.alias(use_type=USE_TYPE).filter(use_type=use_type)


def predictions_by_outcome(
    predictions: QuerySet[PredictionInput], *, outcome: str
) -> QuerySet[PredictionInput]:
    """Those that were answered, that failed, or that have no output. One query ahead for those."""
    match outcome:
        case Outcome.FAILED:
            return predictions.filter(output__error_code__isnull=False)
        case Outcome.NO_OUTPUT:
            # Looked for before they are put in order, which would be by far more work.
            found = inputs_without_output(limit=_FEW + 1)
            if len(found) > _FEW:
                return predictions.filter(output__isnull=True)
            return predictions.filter(pk__in=found)
        case _:
            return predictions.filter(output__site_energy_use_kbtu__isnull=False)


def calls_by_outcome(
    calls: QuerySet[PredictionRequest], *, outcome: str
) -> QuerySet[PredictionRequest]:
    """The same for calls: one failed or missing output makes the call so."""
    match outcome:
        case Outcome.NO_OUTPUT:
            found = inputs_without_output(limit=_FEW + 1)
            missing = PredictionInput.objects.order_by().values("request")
            if len(found) > _FEW:
                return calls.filter(pk__in=missing.filter(output__isnull=True))
            return calls.filter(pk__in=missing.filter(pk__in=found))
        case _:
            failed = _FAILED.order_by().values_list("input__request", flat=True)
            few = set(failed[: _FEW + 1])
            condition = (
                Q(pk__in=few)
                if len(few) <= _FEW
                else Q(Exists(_FAILED.filter(input__request=OuterRef("pk"))))
            )
            if outcome == Outcome.FAILED:
                return calls.filter(condition)
            # All outputs of a call are stored at once: its first input tells of all.
            answered = calls.filter(inputs__position=0, inputs__output__isnull=False)
            return answered.exclude(condition)


def call_outcomes(call_ids: Sequence[UUID]) -> dict[UUID, Outcome]:
    """What became of these calls; one failed output makes the call so. Two queries."""
    answered = PredictionOutput.objects.order_by().filter(
        input__request__in=call_ids, input__position=0
    )
    failed = _FAILED.order_by().filter(input__request__in=call_ids)
    found = dict.fromkeys(call_ids, Outcome.NO_OUTPUT)
    for outputs, outcome in ((answered, Outcome.ANSWERED), (failed, Outcome.FAILED)):
        calls: Any = outputs.values_list("input__request", flat=True)
        found |= dict.fromkeys(calls, outcome)
    return found


# Searching


def prediction_found(term: str, *, path: str = "") -> Q:
    """Condition on PredictionInput, or on a table that leads to it by `path`: the first that the
    term is of prediction or call id, OSE building id, token prefix, X-Request-ID, caller, and words
    of a building's name or address. Six queries at most, each by an index or of a small table."""
    words = term.strip()
    if (uuid := _uuid(words)) is not None:
        named = Q(pk=uuid) | Q(request=uuid)
        found_ids = PredictionInput.objects.order_by().filter(named).values_list("pk", flat=True)
        return named if not path else Q((f"{path}pk__in", list(found_ids[:_FEW])))
    if words.isascii() and words.isdecimal() and int(words[:11]) <= OSE_BUILDING_ID_MAX:
        buildings = Building.objects.filter(ose_building_id=int(words[:11]))
        if found := list(buildings.values_list("pk", flat=True)):
            return Q((f"{path}building__in", found))
    called = _called(words)
    if called is not None:
        return Q(*((f"{path}request__{name}", value) for name, value in called))
    return Q((f"{path}building__in", _buildings(words)))


def call_found(term: str) -> Q:
    """The same on PredictionRequest: calls, and those with such a prediction."""
    words = term.strip()
    called = None if _uuid(words) else _called(words)
    if called is not None:
        return Q(*called)
    inputs = PredictionInput.objects.order_by().filter(prediction_found(words))
    return Q(pk__in=inputs.values("request"))


def _called(words: str) -> Sequence[tuple[str, Any]] | None:
    """What is said of calls that this may be."""
    if ApiToken.objects.filter(token_key=words).exists():
        return [("token_prefix", words)]
    if PredictionRequest.objects.order_by().filter(request_id=words).exists():
        return [("request_id", words)]
    callers = User.objects.filter(username__icontains=words).order_by("pk")
    if found := list(callers.values_list("pk", flat=True)[:_NAMED]):
        return [("caller__in", found)]
    by_command = [("channel", Channel.COMMAND), ("caller_name", words)]
    is_known = PredictionRequest.objects.order_by().filter(*map(Q, by_command)).exists()
    return by_command if is_known else None


def _buildings(words: str) -> list[int]:
    condition = Q()
    for word in words.upper().split():
        condition &= Q(search_text__contains=word)
    return list(Building.objects.order_by().filter(condition).values_list("pk", flat=True)[:_NAMED])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# Around one exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What belongs to a prediction or to its building."""

    outcomes: Sequence[ObservedOutcome]
    variations: Sequence[PredictionInput]
    #: Other predictions of the building, the newest.
    of_building: Sequence[PredictionInput]
    #: The building's yearly records, the newest.
    records: Sequence[BenchmarkRecord]


def prediction_neighbours(
    *, prediction: PredictionInput, with_outcomes: bool, with_records: bool, limit: int = 5
) -> Neighbours:
    """What was measured of a prediction, what varies it, and what else is known of its building.
    Four queries; of a building that nobody named, two."""
    outcomes = outcome_list_latest().filter(input=prediction).order_by("data_year")
    variations = PredictionInput.objects.filter(what_if_of=prediction).only("created_at")
    others: list[PredictionInput] = []
    records: list[BenchmarkRecord] = []
    if prediction.building_id is not None:
        same = prediction_listed_list().filter(building=prediction.building_id)
        others = list(same.exclude(pk=prediction.pk).order_by("-pk")[:limit])
        if with_records:
            of_building = BenchmarkRecord.objects.filter(building=prediction.building_id)
            records = list(
                of_building.only("data_year", "site_energy_use_kbtu", "building").order_by(
                    "-data_year"
                )[:limit]
            )
    return Neighbours(
        outcomes=list(outcomes) if with_outcomes else [],
        variations=list(variations.order_by("-pk")[:limit]),
        of_building=others,
        records=records,
    )
