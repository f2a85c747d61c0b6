"""What may be read of the record, and by whom."""

from uuid import UUID

from django.contrib.auth.models import Permission, User
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.utils import timezone

from buildings.models import Building
from buildings.selectors.buildings import building_get
from buildings.selectors.records import benchmark_record_latest
from mlmodel.errors import IncompleteFactsError
from mlmodel.features import FeatureRow
from mlmodel.selectors import record_features
from predictions.models import ApiToken, PredictionInput


def prediction_list(*, user: User) -> QuerySet[PredictionInput]:
    """Predictions this user may see, newest first: one's own; staff see all. One query."""
    predictions = PredictionInput.objects.select_related(
        "request__model_version", "output", "building"
    )
    return predictions if user.is_staff else predictions.filter(request__caller=user)


def prediction_list_by_call(*, request_id: UUID) -> QuerySet[PredictionInput]:
    """The predictions of one call in order, with call, model version and output. One query."""
    return (
        PredictionInput.objects.select_related("request__model_version", "output")
        .filter(request_id=request_id)
        .order_by("position")
    )


def building_features(*, ose_building_id: int) -> tuple[Building, FeatureRow]:
    """A building and its features as its latest yearly record states them. Three queries.

    Raises Building.DoesNotExist, and IncompleteFactsError when a required feature is not on record.
    """
    building = building_get(ose_building_id=ose_building_id)
    record = benchmark_record_latest(building=building)
    if record is None:
        raise IncompleteFactsError(f"Building {ose_building_id} has no yearly record.")
    return building, record_features(record)


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
