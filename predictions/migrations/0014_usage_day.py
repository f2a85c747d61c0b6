"""Days that are over, counted once for the first page of the admin."""

import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0013_indexes_of_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsageDay",
            fields=[
                (
                    "day",
                    models.DateField(
                        help_text="The day, UTC, on which calls were stored.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("calls", models.PositiveIntegerField(help_text="Calls of the day.")),
                ("predictions", models.PositiveIntegerField(help_text="Inputs of these calls.")),
                (
                    "failed",
                    models.PositiveIntegerField(help_text="Inputs whose output is an error code."),
                ),
                (
                    "without_output",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        help_text="Inputs that had no output when the day was counted; a repeat of the call may have brought one since.",
                        size=None,
                    ),
                ),
                (
                    "rows_received",
                    models.PositiveIntegerField(
                        help_text="Rows of the day's batches, good or bad."
                    ),
                ),
                (
                    "rows_refused",
                    models.PositiveIntegerField(help_text="Rows of them that were refused."),
                ),
                (
                    "latency_p50_ms",
                    models.FloatField(
                        help_text="Median of what the model took for a call, ms; none: none answered.",
                        null=True,
                    ),
                ),
                (
                    "latency_p95_ms",
                    models.FloatField(help_text="95th percentile of it, ms.", null=True),
                ),
                ("by_version", models.JSONField(help_text="Inputs by the model version's id.")),
                ("by_type", models.JSONField(help_text="Inputs by primary property type.")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When the day was counted.",
                    ),
                ),
            ],
            options={
                "ordering": ("-day",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("rows_received__gte", models.F("rows_refused"))),
                        name="usageday_refused_of_received",
                    )
                ],
            },
        ),
    ]
