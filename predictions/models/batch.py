"""What was sent with a call for many buildings."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from predictions.models.exchange import PredictionRequest


class BatchFormat(models.TextChoices):
    """What the rows of a batch were read from."""

    JSON = "json", "JSON"
    CSV = "csv", "CSV"
    PARQUET = "parquet", "Parquet"
    BUILDINGS = "buildings", "building ids"


class PredictionBatch(models.Model):
    """What was sent with a call for many buildings, beside the inputs that came of it: with these,
    the answer can be written again row by row."""

    request = models.OneToOneField(
        PredictionRequest,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="batch",
        help_text="The call; its inputs are the rows that were predicted, in order.",
    )
    format = models.CharField(
        max_length=16, choices=BatchFormat, help_text="What the rows were read from."
    )
    rows_received = models.PositiveIntegerField(help_text="Rows that were sent, good and bad.")
    refused_rows = models.JSONField(
        help_text="The rows that were skipped and never predicted: a list of {row (from 0), line, "
        "errors}. Says what was wrong, not what was sent."
    )
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was stored.")

    class Meta:
        verbose_name_plural = "prediction batches"
        constraints = [
            models.CheckConstraint(
                condition=Q(rows_received__gt=0), name="predictionbatch_rows_received_positive"
            ),
            models.CheckConstraint(
                condition=Q(format__in=BatchFormat.values), name="predictionbatch_format_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.request_id)
