"""Files put forward to be loaded; PostgreSQL keeps them insert-only."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

TABLES = ("buildings_datasetupload", "buildings_datasetuploadstep")


def create_triggers(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION buildings_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION buildings_refuse_change();
"""


def drop_triggers(table: str) -> str:
    return f"""
DROP TRIGGER {table}_insert_only ON {table};
DROP TRIGGER {table}_no_truncate ON {table};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("buildings", "0003_insert_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DatasetUpload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        help_text="Name of the file, or of the published source.", max_length=255
                    ),
                ),
                (
                    "content",
                    models.BinaryField(
                        help_text="The file as it was uploaded; none: the worker fetches the source.",
                        null=True,
                    ),
                ),
                (
                    "size_bytes",
                    models.PositiveBigIntegerField(
                        help_text="Size of the file, bytes; none: not uploaded.", null=True
                    ),
                ),
                (
                    "sha256",
                    models.CharField(
                        blank=True,
                        help_text="SHA-256 of the file; empty: not uploaded.",
                        max_length=64,
                    ),
                ),
                (
                    "is_synthetic",
                    models.BooleanField(
                        default=False,
                        help_text="Whether its buildings are made up: they are labelled so.",
                    ),
                ),
                (
                    "rejects_allowed",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Load it although so many of its rows cannot be loaded.",
                    ),
                ),
                (
                    "uploaded_by_name",
                    models.CharField(help_text="That user's name at the time.", max_length=150),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was put forward.",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        help_text="The user who put it forward.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="DatasetUploadStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("checked", "dry run done"),
                            ("confirmed", "confirmed"),
                            ("loaded", "loaded"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        help_text="What it reached.",
                        max_length=16,
                    ),
                ),
                (
                    "report",
                    models.TextField(
                        blank=True,
                        help_text="What the dry run or the load says, as `load_dataset` says it.",
                    ),
                ),
                (
                    "by_name",
                    models.CharField(
                        help_text="That user's name at the time, or the worker's database role.",
                        max_length=150,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was reached.",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        help_text="The user who confirmed or cancelled it; none: the worker.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dataset_import",
                    models.OneToOneField(
                        blank=True,
                        help_text="The import that it became, once loaded.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="buildings.datasetimport",
                    ),
                ),
                (
                    "upload",
                    models.ForeignKey(
                        db_index=False,
                        help_text="The upload.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="buildings.datasetupload",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.AddConstraint(
            model_name="datasetupload",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("content__isnull", True), ("sha256", ""), ("size_bytes__isnull", True)
                    ),
                    models.Q(
                        ("content__isnull", False),
                        ("size_bytes__isnull", False),
                        ("sha256__regex", "^[0-9a-f]{64}$"),
                    ),
                    _connector="OR",
                ),
                name="datasetupload_file_described",
            ),
        ),
        migrations.AddConstraint(
            model_name="datasetuploadstep",
            constraint=models.UniqueConstraint(
                fields=("upload", "stage"), name="datasetuploadstep_stage_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="datasetuploadstep",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stage__in", ["loaded", "failed", "cancelled"])),
                fields=("upload",),
                name="datasetuploadstep_one_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="datasetuploadstep",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stage__in", ["confirmed", "cancelled"])),
                fields=("upload",),
                name="datasetuploadstep_confirmed_or_not",
            ),
        ),
        migrations.AddConstraint(
            model_name="datasetuploadstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stage__in", ["checked", "confirmed", "loaded", "failed", "cancelled"])
                ),
                name="datasetuploadstep_stage_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="datasetuploadstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("stage", "confirmed"), ("stage", "cancelled"), _connector="OR"),
                        ("by__isnull", False),
                    ),
                    models.Q(
                        models.Q(
                            ("stage", "confirmed"),
                            ("stage", "cancelled"),
                            _connector="OR",
                            _negated=True,
                        ),
                        ("by__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="datasetuploadstep_people_decide",
            ),
        ),
        migrations.AddConstraint(
            model_name="datasetuploadstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dataset_import__isnull", False), ("stage", "loaded")),
                    models.Q(
                        models.Q(("stage", "loaded"), _negated=True),
                        ("dataset_import__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="datasetuploadstep_import_if_loaded",
            ),
        ),
        *(migrations.RunSQL(create_triggers(table), drop_triggers(table)) for table in TABLES),
    ]
