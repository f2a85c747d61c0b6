"""What was sent beside what was understood of it, and indexes for the filters of the record.

Not atomic: nothing here holds a lock for longer than a moment, however many rows there are. Each
step stands by itself, and one that is repeated after a failure says that it was done.
"""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("mlmodel", "0002_model_promotion"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("predictions", "0007_rate_limits"),
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
        RemoveIndexConcurrently(model_name="predictionrequest", name="predictionrequest_caller"),
        AddIndexConcurrently(
            model_name="predictionrequest",
            index=models.Index(fields=["caller", "created_at"], name="predictionrequest_caller"),
        ),
        AddIndexConcurrently(
            model_name="predictionrequest",
            index=models.Index(
                fields=["model_version", "created_at"], name="predictionrequest_version"
            ),
        ),
        # The new indexes begin with these.
        migrations.AlterField(
            model_name="predictionrequest",
            name="caller",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="prediction_requests",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="predictionrequest",
            name="model_version",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="requests",
                to="mlmodel.modelversion",
            ),
        ),
    ]
