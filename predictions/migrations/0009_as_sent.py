"""What was sent beside what was understood of it, and indexes for the filters of the record.

Not atomic: nothing here holds a lock for longer than a moment, however many rows there are. Each
step stands by itself, and one that is repeated after a failure says that it was done.
"""

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("predictions", "0004_shadow"),
    ]

    operations = [
        migrations.AddField(
            model_name="predictioninput",
            name="sent",
            field=models.JSONField(
                help_text="What of it was sent, before it was brought to these units: {units, members}; of a variation the changes; null where nothing was, as with stored facts.",
                null=True,
            ),
        ),
        AddConstraintNotValid(
            model_name="predictioninput",
            constraint=models.CheckConstraint(
                condition=Q(sent__isnull=True)
                | Q(sent__has_keys=["units", "members"], sent__units__in=("us", "si")),
                name="predictioninput_sent_units_known",
            ),
        ),
        ValidateConstraint(model_name="predictioninput", name="predictioninput_sent_units_known"),
        AddIndexConcurrently(
            model_name="predictioninput",
            index=models.Index(fields=["created_at", "id"], name="predictioninput_created_at"),
        ),
        AddIndexConcurrently(
            model_name="predictionoutput",
            index=models.Index(
                condition=Q(error_code__isnull=False),
                fields=["input"],
                name="predictionoutput_failed",
            ),
        ),
        AddIndexConcurrently(
            model_name="predictionrequest",
            index=models.Index(fields=["request_id"], name="predictionrequest_request_id"),
        ),
    ]
