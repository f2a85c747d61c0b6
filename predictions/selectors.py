"""What may be read of the record, and by whom."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.contrib.auth.models import Permission, User
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from buildings.models import Building
from buildings.selectors.buildings import building_get
from buildings.selectors.factors import KnownFactors, known_factors_get
from buildings.selectors.records import benchmark_record_latest, benchmark_records_latest
from mlmodel.errors import IncompleteFactsError
from mlmodel.features import FeatureRow
from mlmodel.selectors import record_features
from predictions.errors import EmissionFactorsMissingError, UnknownEmissionFactorSetError
from predictions.models import (
    ApiToken,
    PredictionBatch,
    PredictionExplanation,
    PredictionInput,
)

#: Tens of kB, which no row of a list needs.
METRICS_OF_VERSION: Final = "request__model_version__metrics"


def prediction_list(*, user: User) -> QuerySet[PredictionInput]:
    """Predictions this user may see, newest first: one's own; staff see all. One query."""
    predictions = PredictionInput.objects.select_related(
        "request__model_version", "output__emission_factor_set", "building"
    ).defer(METRICS_OF_VERSION)
    return predictions if user.is_staff else predictions.filter(request__caller=user)


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


def buildings_features(
    *, ose_building_ids: Collection[int]
) -> dict[int, tuple[Building, FeatureRow] | IncompleteFactsError]:
    """The same of many, or why not, by identifier; buildings that do not exist are left out. Three
    queries, however many."""
    found: dict[int, tuple[Building, FeatureRow] | IncompleteFactsError] = {
        number: IncompleteFactsError(
            gettext("Building %(id)d has no yearly record.") % {"id": number}
        )
        for number in Building.objects.filter(ose_building_id__in=ose_building_ids).values_list(
            "ose_building_id", flat=True
        )
    }
    for record in benchmark_records_latest(ose_building_ids=ose_building_ids):
        number = record.building.ose_building_id
        try:
            found[number] = record.building, record_features(record)
        except IncompleteFactsError as error:
            found[number] = error
    return found


def batch_get(*, user: User, request_id: UUID) -> PredictionBatch:
    """A batch that this user may see: one's own; staff see all. With its call, model version and
    batch. Raises PredictionBatch.DoesNotExist. One query."""
    batches = PredictionBatch.objects.select_related("request__model_version")
    batches = batches.defer(METRICS_OF_VERSION)
    if not user.is_staff:
        batches = batches.filter(request__caller=user)
    return batches.get(request_id=request_id)


def api_token_get_valid(*, digest: str) -> ApiToken | None:
    """The unexpired token with this digest whose user is active, or None.

    One query, which also answers `may_predict`: whether the user holds
    predictions.add_predictionrequest.
    """
    permission = Permission.objects.filter(
        Q(user=OuterRef("user")) | Q(group__user=OuterRef("user")),
        codename="add_predictionrequest",
        content_type__app_label="predictions",
    )
    token: ApiToken | None = (
        ApiToken.objects.select_related("user")
        .annotate(
            may_predict=ExpressionWrapper(
                Q(user__is_superuser=True) | Exists(permission), output_field=BooleanField()
            )
        )
        .filter(digest=digest, user__is_active=True)
        .exclude(expiry__lte=timezone.now())
        .first()
    )
    return token
