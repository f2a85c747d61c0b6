"""What goes into a batch and what comes out, for the schema and for the query."""

from typing import Any

from rest_framework import serializers

from buildings.selectors.buildings import OSE_BUILDING_ID_MAX
from predictions.api.serializers import (
    FeaturesSerializer,
    ModelReferenceSerializer,
    PredictionOutputSerializer,
    ProblemErrorSerializer,
    StrictSerializer,
    WarningSerializer,
)
from predictions.api.versions import PredictionQuerySerializer
from predictions.batches.rows import ROWS_MAX
from predictions.models import BatchFormat, ErrorCode


class BatchQuerySerializer(PredictionQuerySerializer):
    """How a batch is predicted."""

    on_error = serializers.ChoiceField(
        choices=("refuse", "skip"),
        default="refuse",
        help_text="What a row that is not valid does: `refuse` the whole batch, so that nothing is "
        "stored, or `skip` that row, which is then reported in its place.",
        error_messages={"invalid_choice": "Must be `refuse` or `skip`."},
    )


class BatchRowsSerializer(StrictSerializer):
    """Either of the two."""

    bounds = {"minProperties": 1, "maxProperties": 1}

    rows = serializers.ListField(
        child=FeaturesSerializer(),
        required=False,
        min_length=1,
        max_length=ROWS_MAX,
        help_text=f"1 to {ROWS_MAX:,} buildings, each as for one.",
    )
    ose_building_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=OSE_BUILDING_ID_MAX),
        required=False,
        min_length=1,
        max_length=ROWS_MAX,
        help_text="Buildings whose stored facts are used.",
    )


class RowCountsSerializer(serializers.Serializer[Any]):
    """What became of the rows; `received` is the sum of the others."""

    received = serializers.IntegerField()
    predicted = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="The model had no answer: `error_code` says why.")
    unanswered = serializers.IntegerField(
        help_text="On the record without an answer: the server stopped in between."
    )
    refused = serializers.IntegerField(help_text="Skipped, and never predicted.")


class BatchRowSerializer(serializers.Serializer[Any]):
    """A row's answer, or why it has none."""

    row = serializers.IntegerField(help_text="Which of the rows that were sent, from 0.")
    id = serializers.UUIDField(
        allow_null=True, help_text="The prediction's, as below `predictions/`; null: skipped."
    )
    ose_building_id = serializers.IntegerField(allow_null=True)
    output = PredictionOutputSerializer(allow_null=True)
    warnings = WarningSerializer(many=True)
    error_code = serializers.ChoiceField(choices=ErrorCode.choices, allow_null=True)
    errors = ProblemErrorSerializer(  # type: ignore[assignment]  # a row's errors, not the serializer's
        many=True, help_text="What was wrong with a row that was skipped; at most five."
    )


class BatchSerializer(serializers.Serializer[Any]):
    """A call for many buildings, and every row's answer in the order of the rows."""

    id = serializers.UUIDField()
    url = serializers.URLField(help_text="Where to read it again, in any of the formats.")
    created_at = serializers.DateTimeField()
    request_id = serializers.CharField(help_text="X-Request-ID of the call.")
    model = ModelReferenceSerializer()
    format = serializers.ChoiceField(choices=BatchFormat.choices)
    row_counts = RowCountsSerializer()
    results = BatchRowSerializer(many=True)
