"""Idempotency keys and their answers; PostgreSQL lets nobody change them, nor delete young ones."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

CREATE_FUNCTION = """
CREATE FUNCTION predictions_refuse_early_purge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.created_at <= now() - interval '24 hours' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % is refused: nothing is changed, and only what is older than 24 hours deleted',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
"""

# Spelt out: a migration is frozen and must not follow later changes of the code.
TABLES = ("predictions_idempotencykey", "predictions_idempotentanswer")


def create_triggers(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION predictions_refuse_early_purge();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION predictions_refuse_early_purge();
"""


def drop_triggers(table: str) -> str:
    return f"""
DROP TRIGGER {table}_kept ON {table};
DROP TRIGGER {table}_no_truncate ON {table};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0004_shadow"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="As sent: 1 to 255 characters of printable ASCII.", max_length=255
                    ),
                ),
                (
                    "fingerprint",
                    models.CharField(
                        help_text="SHA-256 of the request: method, path, query, content type, format, body.",
                        max_length=64,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was used first.",
                    ),
                ),
                (
                    "caller",
                    models.ForeignKey(
                        db_index=False,
                        help_text="Whose key it is; another caller's same key is another key.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "prediction_request",
                    models.OneToOneField(
                        help_text="The call on the record that the request led to, if it asked the model.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="idempotency_key",
                        to="predictions.predictionrequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "idempotency key",
                "ordering": ("-id",),
                "indexes": [
                    models.Index(fields=["created_at"], name="idempotencykey_created_at"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("caller", "key"), name="idempotencykey_caller_key_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "^[ -~]{1,255}$")),
                        name="idempotencykey_key_printable",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("fingerprint__regex", "^[0-9a-f]{64}$")),
                        name="idempotencykey_fingerprint_hex",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IdempotentAnswer",
            fields=[
                (
                    "key",
                    models.OneToOneField(
                        help_text="The key that was answered.",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="answer",
                        serialize=False,
                        to="predictions.idempotencykey",
                    ),
                ),
                ("status", models.PositiveSmallIntegerField(help_text="HTTP status.")),
                (
                    "headers",
                    models.JSONField(help_text="Headers of the answer itself, by name."),
                ),
                (
                    "body",
                    models.BinaryField(help_text="The body's bytes, compressed by zlib."),
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
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__gte", 200), ("status__lt", 600)),
                        name="idempotentanswer_status_final",
                    ),
                ],
            },
        ),
        migrations.RunSQL(CREATE_FUNCTION, "DROP FUNCTION predictions_refuse_early_purge();"),
        *(migrations.RunSQL(create_triggers(table), drop_triggers(table)) for table in TABLES),
    ]
