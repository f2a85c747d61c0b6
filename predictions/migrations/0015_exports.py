"""Exports of staff; and what staff did, which PostgreSQL keeps insert-only from now on."""

import django.contrib.auth.models
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

#: The last two are Django's own and of django-axes.
TABLES = (
    "predictions_export",
    "predictions_exportend",
    "django_admin_log",
    "axes_accessfailurelog",
)


def create_triggers(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION predictions_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION predictions_refuse_change();
"""


def drop_triggers(table: str) -> str:
    return f"""
DROP TRIGGER {table}_insert_only ON {table};
DROP TRIGGER {table}_no_truncate ON {table};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("axes", "0010_accessattemptexpiration"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("predictions", "0014_usage_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "list_name",
                    models.CharField(
                        help_text="The list, as app label and model: predictions.predictioninput.",
                        max_length=100,
                    ),
                ),
                (
                    "filters",
                    models.TextField(
                        blank=True,
                        help_text="Filters and search, as the list's address had them; empty: all rows.",
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "csv"), ("jsonl", "jsonl"), ("parquet", "parquet")],
                        help_text="Of the file.",
                        max_length=8,
                    ),
                ),
                (
                    "exported_by_name",
                    models.CharField(help_text="That user's name at the time.", max_length=150),
                ),
                (
                    "request_id",
                    models.CharField(
                        blank=True, help_text="X-Request-ID of the request.", max_length=64
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was asked for.",
                    ),
                ),
                (
                    "exported_by",
                    models.ForeignKey(
                        help_text="The user who asked for it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "permissions": [("export_lists", "Can export lists of the record as files")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Caller",
            fields=[],
            options={
                "proxy": True,
                "default_permissions": ("add", "view"),
                "indexes": [],
                "constraints": [],
            },
            bases=("auth.user",),
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="ExportEnd",
            fields=[
                (
                    "export",
                    models.OneToOneField(
                        help_text="The export that ended.",
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="end",
                        serialize=False,
                        to="predictions.export",
                    ),
                ),
                (
                    "row_count",
                    models.PositiveBigIntegerField(
                        help_text="Rows that were handed to the browser."
                    ),
                ),
                (
                    "is_finished",
                    models.BooleanField(
                        help_text="Whether it came to its last row; else it failed or was broken off."
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it ended.",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(("format__in", ("csv", "jsonl", "parquet"))),
                name="export_format_known",
            ),
        ),
        *(migrations.RunSQL(create_triggers(table), drop_triggers(table)) for table in TABLES),
    ]
