"""Scopes, networks, limits and a public id for tokens; when each was last used.

The id replaces the digest as primary key, so that no address in the admin or the API holds a
digest. Tokens of before keep working: they may predict and read, as they could.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

ID_FOR_DIGEST = """
ALTER TABLE predictions_apitoken ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE predictions_apitoken ALTER COLUMN id DROP DEFAULT;
ALTER TABLE predictions_apitoken DROP CONSTRAINT predictions_apitoken_pkey;
ALTER TABLE predictions_apitoken ADD PRIMARY KEY (id);
ALTER TABLE predictions_apitoken ADD CONSTRAINT apitoken_digest_unique UNIQUE (digest);
"""

DIGEST_FOR_ID = """
ALTER TABLE predictions_apitoken DROP CONSTRAINT apitoken_digest_unique;
ALTER TABLE predictions_apitoken DROP CONSTRAINT predictions_apitoken_pkey;
ALTER TABLE predictions_apitoken DROP COLUMN id;
ALTER TABLE predictions_apitoken ADD PRIMARY KEY (digest);
"""

# What cannot be cast raises invalid_text_representation; the column goes, and this with it.
NETWORKS_ARE_NETWORKS = """
ALTER TABLE predictions_apitoken ADD CONSTRAINT apitoken_networks_are_networks
    CHECK (networks::cidr[] IS NOT NULL);
"""


class Migration(migrations.Migration):
    dependencies = [("predictions", "0005_idempotency")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(ID_FOR_DIGEST, DIGEST_FOR_ID)],
            state_operations=[
                migrations.AlterField(
                    model_name="apitoken",
                    name="digest",
                    field=models.CharField(
                        help_text="SHA-512 of the secret, which is not stored.",
                        max_length=128,
                        unique=True,
                    ),
                ),
                migrations.AddField(
                    model_name="apitoken",
                    name="id",
                    field=models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="apitoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("predict", "predict: ask the model"),
                        ("read", "read: the record, buildings and models"),
                        ("admin", "admin: make and revoke its owner's tokens"),
                    ],
                    max_length=16,
                ),
                default=["predict", "read"],
                help_text="What it may be used for, within what its user may do.",
                size=None,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="apitoken",
            name="networks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=43),
                blank=True,
                default=list,
                help_text="Where it may be used from, as networks (10.0.0.0/8, 2001:db8::/32); empty: from anywhere. PostgreSQL refuses what is no `cidr` (migration 0006).",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="requests_per_minute",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Instead of RATE_LIMIT_REQUESTS_PER_MINUTE; 0: no limit.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="rows_per_minute",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Instead of RATE_LIMIT_ROWS_PER_MINUTE, rows of batches; 0: no limit.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="revoked_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="Refused from then on, whatever it allows.",
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scopes__contained_by", ["predict", "read", "admin"]), ("scopes__len__gt", 0)
                ),
                name="apitoken_scopes_known",
            ),
        ),
        migrations.RunSQL(NETWORKS_ARE_NETWORKS, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="ApiTokenUse",
            fields=[
                (
                    "token",
                    models.OneToOneField(
                        help_text="The token.",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="use",
                        serialize=False,
                        to="predictions.apitoken",
                    ),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(
                        db_default=Now(), help_text="Stored at most once a minute."
                    ),
                ),
            ],
        ),
    ]
