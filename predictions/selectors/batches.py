"""Batches on the record, and the stored facts of many buildings."""

from collections.abc import Collection
from uuid import UUID

from django.contrib.auth.models import User
from django.utils.translation import gettext

from buildings.models import Building
from buildings.selectors.records import benchmark_records_latest
from mlmodel.errors import IncompleteFactsError
from mlmodel.features import FeatureRow
from mlmodel.selectors import record_features
from predictions.models import PredictionBatch
from predictions.selectors import METRICS_OF_VERSION


def batch_get(*, user: User, request_id: UUID) -> PredictionBatch:
    """A batch that this user may see: one's own; staff see all. With its call and model version.
    Raises PredictionBatch.DoesNotExist. One query."""
    batches = PredictionBatch.objects.select_related("request__model_version")
    batches = batches.defer(METRICS_OF_VERSION)
    if not user.is_staff:
        batches = batches.filter(request__caller=user)
    return batches.get(request_id=request_id)


def buildings_features(
    *, ose_building_ids: Collection[int]
) -> dict[int, tuple[Building, FeatureRow] | IncompleteFactsError]:
    """Buildings and their features as their latest yearly records state them, or why not, by
    identifier; what does not exist is left out. Three queries, however many."""
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
