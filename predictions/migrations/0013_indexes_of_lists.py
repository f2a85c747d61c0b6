"""Indexes of what the admin's lists filter and search by. Built without keeping anybody from
writing; PostgreSQL leaves an invalid index behind if that is cut short: drop it and migrate again."""

import django.db.models.fields.json
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("predictions", "0012_sent_of_batches")]

    operations = [
        AddIndexConcurrently(
            model_name="predictionrequest",
            index=models.Index(
                fields=["token_prefix", "created_at"], name="predictionrequest_token"
            ),
        ),
        AddIndexConcurrently(
            model_name="predictionrequest",
            index=models.Index(
                condition=models.Q(("channel", "command")),
                fields=["created_at"],
                name="predictionrequest_by_command",
            ),
        ),
        AddIndexConcurrently(
            model_name="predictioninput",
            index=models.Index(
                django.db.models.fields.json.KeyTextTransform("primary_property_type", "features"),
                name="predictioninput_use_type",
            ),
        ),
        AddIndexConcurrently(
            model_name="predictioninput",
            index=models.Index(
                condition=models.Q(("what_if_of__isnull", False)),
                fields=["what_if_of"],
                name="predictioninput_variation",
            ),
        ),
        AddIndexConcurrently(
            model_name="observedoutcome",
            index=models.Index(fields=["created_at", "id"], name="observedoutcome_created_at"),
        ),
        AddIndexConcurrently(
            model_name="shadowoutput",
            index=models.Index(fields=["created_at", "id"], name="shadowoutput_created_at"),
        ),
    ]
