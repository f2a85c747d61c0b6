"""What was sent with a call for many buildings; PostgreSQL keeps it insert-only."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

CREATE_TRIGGERS = """
CREATE TRIGGER predictions_predictionbatch_insert_only BEFORE UPDATE OR DELETE ON predictions_predictionbatch
    FOR EACH ROW EXECUTE FUNCTION predictions_refuse_change();
CREATE TRIGGER predictions_predictionbatch_no_truncate BEFORE TRUNCATE ON predictions_predictionbatch
    FOR EACH STATEMENT EXECUTE FUNCTION predictions_refuse_change();
"""

DROP_TRIGGERS = """
DROP TRIGGER predictions_predictionbatch_insert_only ON predictions_predictionbatch;
DROP TRIGGER predictions_predictionbatch_no_truncate ON predictions_predictionbatch;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0011_observed_outcome"),
    ]

    operations = [
        migrations.CreateModel(
            name="PredictionBatch",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        help_text="The call; its inputs are the rows that were predicted, in order.",
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="batch",
                        serialize=False,
                        to="predictions.predictionrequest",
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[
                            ("json", "JSON"),
                            ("csv", "CSV"),
                            ("parquet", "Parquet"),
                            ("buildings", "building ids"),
                        ],
                        help_text="What the rows were read from.",
                        max_length=16,
                    ),
                ),
                (
                    "rows_received",
                    models.PositiveIntegerField(help_text="Rows that were sent, good and bad."),
                ),
                (
                    "refused_rows",
                    models.JSONField(
                        help_text="The rows that were skipped and never predicted: a list of {row (from 0), line, errors}. Says what was wrong, not what was sent."
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was stored.",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "prediction batches",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("rows_received__gt", 0)),
                        name="predictionbatch_rows_received_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("format__in", ["json", "csv", "parquet", "buildings"])),
                        name="predictionbatch_format_known",
                    ),
                ],
            },
        ),
        migrations.RunSQL(CREATE_TRIGGERS, DROP_TRIGGERS),
    ]
