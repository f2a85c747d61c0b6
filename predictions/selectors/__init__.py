"""What may be read of the record, and by whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext

from buildings.models import Building
from buildings.selectors.buildings import building_get
from buildings.selectors.factors import KnownFactors, known_factors_get
from buildings.selectors.records import benchmark_record_latest
from mlmodel.errors import IncompleteFactsError
from mlmodel.features import FeatureRow
from mlmodel.models import ModelVersion
from mlmodel.selectors import record_features
from predictions.errors import EmissionFactorsMissingError, UnknownEmissionFactorSetError
from predictions.models import ApiToken, PredictionExplanation, PredictionInput

#: Rows that a cursor fetches at once.
_CHUNK_ROWS: Final = 2_000
#: Tens of kB, which no row of a list needs.
METRICS_OF_VERSION: Final = "request__model_version__metrics"


class Outcome(StrEnum):
    """What became of an input."""

    ANSWERED = "answered"
    FAILED = "failed"
    NO_OUTPUT = "no-output"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionFilters:
    """What narrows the record; None does not. Times are of storing the call: from the first, to
    before the second."""

    created_after: datetime | None = None
    created_before: datetime | None = None
    model_version: int | None = None
    ose_building_id: int | None = None
    outcome: str | None = None
    channel: str | None = None
    call: UUID | None = None
    request_id: str | None = None

    def condition(self) -> Q:
        """On PredictionInput. An index serves each, but for the channel, which has two values, and
        for what is missing: `no-output` looks at all that the other filters leave."""
        asked = {
            "request__created_at__gte": self.created_after,
            "request__created_at__lt": self.created_before,
            "request__channel": self.channel,
            "request_id": self.call,
            "request__request_id": self.request_id,
        }
        condition = Q(**{path: value for path, value in asked.items() if value is not None})
        # By keys that are found first (of versions in a query of its own): a constant lets the
        # planner read an index in order, or know how few there are.
        if self.model_version is not None:
            versions = ModelVersion.objects.filter(version=self.model_version)
            condition &= Q(request__model_version__in=list(versions.values_list("pk", flat=True)))
        if self.ose_building_id is not None:
            building = Building.objects.filter(ose_building_id=self.ose_building_id)
            condition &= Q(building=Subquery(building.values("pk")))
        match self.outcome:
            # Energy or error code, never both, never neither: the table sees to it.
            case Outcome.ANSWERED:
                condition &= Q(output__site_energy_use_kbtu__isnull=False)
            case Outcome.FAILED:
                condition &= Q(output__error_code__isnull=False)
            case Outcome.NO_OUTPUT:
                condition &= Q(output__isnull=True)
        return condition


def prediction_list(
    *, user: User, filters: PredictionFilters = PredictionFilters()
) -> QuerySet[PredictionInput]:
    """Predictions this user may see: one's own; staff see all. One query, and one for a model
    version."""
    predictions = PredictionInput.objects.select_related(
        "request__model_version", "output__emission_factor_set", "building"
    )
    predictions = predictions.filter(filters.condition()).defer(METRICS_OF_VERSION)
    return predictions if user.is_staff else predictions.filter(request__caller=user)


def prediction_rows(
    *, user: User, filters: PredictionFilters, paths: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """The same, newest first, as value by path. One query, whose result stays in PostgreSQL (a
    cursor that outlives its transaction) and is fetched 2,000 rows at a time."""
    predictions = prediction_list(user=user, filters=filters).order_by(
        "-request__created_at", "-id"
    )
    rows: Iterator[dict[str, Any]] = predictions.values(*paths).iterator(chunk_size=_CHUNK_ROWS)
    return rows


def prediction_list_by_call(*, request_id: UUID) -> QuerySet[PredictionInput]:
    """The predictions of one call in order, with call, model version, building and output. One
    query."""
    return (
        PredictionInput.objects.select_related(
            "request__model_version", "output__emission_factor_set", "building"
        )
        .defer(METRICS_OF_VERSION)
        .filter(request_id=request_id)
        .order_by("position")
    )


def explanation_get(*, prediction: PredictionInput) -> PredictionExplanation | None:
    """A prediction's stored explanation, or None. One query."""
    return PredictionExplanation.objects.filter(input=prediction).first()


def factors_chosen(*, slug: str | None) -> KnownFactors:
    """The emission factors of this name, or else the latest. One query.

    Raises UnknownEmissionFactorSetError, or EmissionFactorsMissingError when there are none at all.
    """
    factors = known_factors_get(slug=slug)
    if factors is None and slug is not None:
        raise UnknownEmissionFactorSetError(
            gettext(
                "There is no such set of emission factors; `emission-factor-sets/` lists those "
                "there are."
            )
        )
    if factors is None:
        raise EmissionFactorsMissingError(
            "no emission factors are stored; `manage.py register_shipped_model` or `load_dataset` "
            "stores those of Seattle 2016"
        )
    return factors


def building_features(*, ose_building_id: int) -> tuple[Building, FeatureRow]:
    """A building and its features as its latest yearly record states them. Three queries.

    Raises Building.DoesNotExist, and IncompleteFactsError when a required feature is not on record.
    """
    building = building_get(ose_building_id=ose_building_id)
    record = benchmark_record_latest(building=building)
    if record is None:
        raise IncompleteFactsError(
            gettext("Building %(id)d has no yearly record.") % {"id": ose_building_id}
        )
    return building, record_features(record)


def api_token_list(*, user: User) -> QuerySet[ApiToken]:
    """The user's tokens with their last use, newest first, over ones too. One query."""
    tokens: QuerySet[ApiToken] = ApiToken.objects.filter(user=user).select_related("use")
    return tokens.order_by("-created")


def api_token_owner_list(*, maker: User) -> QuerySet[User]:
    """For whom this user may make tokens in the admin: for active callers and oneself; superusers
    for anybody active. So nobody reads through a token what only other staff may."""
    users = User.objects.filter(is_active=True).order_by("username")
    if maker.is_superuser:
        return users
    return users.filter(Q(pk=maker.pk) | Q(is_staff=False, is_superuser=False))


def api_token_count_active(*, user: User) -> int:
    """How many tokens of the user may be used now. One query."""
    tokens: QuerySet[ApiToken] = ApiToken.objects.filter(user=user, revoked_at=None)
    return tokens.exclude(expiry__lte=timezone.now()).count()
