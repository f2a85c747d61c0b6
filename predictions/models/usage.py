"""What was asked of the service on a day, counted once the day is over."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class UsageDay(models.Model):
    """The calls that were stored on a day (UTC), counted once it was over: the record is
    insert-only, so the counts stay true. Nothing but the record is in it; it may be thrown away and
    is counted anew when it is asked for."""

    day = models.DateField(primary_key=True, help_text="The day, UTC, on which calls were stored.")
    calls = models.PositiveIntegerField(help_text="Calls of the day.")
    predictions = models.PositiveIntegerField(help_text="Inputs of these calls.")
    failed = models.PositiveIntegerField(help_text="Inputs whose output is an error code.")
    without_output = ArrayField(
        models.UUIDField(),
        help_text="Inputs that had no output when the day was counted; a repeat of the call may "
        "have brought one since.",
    )
    rows_received = models.PositiveIntegerField(help_text="Rows of the day's batches, good or bad.")
    rows_refused = models.PositiveIntegerField(help_text="Rows of them that were refused.")
    latency_p50_ms = models.FloatField(
        null=True, help_text="Median of what the model took for a call, ms; none: none answered."
    )
    latency_p95_ms = models.FloatField(null=True, help_text="95th percentile of it, ms.")
    by_version = models.JSONField(help_text="Inputs by the model version's id.")
    by_type = models.JSONField(help_text="Inputs by primary property type.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When the day was counted.")

    class Meta:
        ordering = ("-day",)
        constraints = [
            models.CheckConstraint(
                condition=Q(rows_received__gte=models.F("rows_refused")),
                name="usageday_refused_of_received",
            ),
        ]

    def __str__(self) -> str:
        return self.day.isoformat()
