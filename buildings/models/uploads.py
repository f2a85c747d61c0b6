"""Files that staff put forward to be loaded, and what became of each."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class DatasetUpload(models.Model):
    """A file, or a source by name, that somebody asks to load. Insert-only: what was asked for is
    on the record with it."""

    source = models.CharField(
        max_length=255, help_text="Name of the file, or of the published source."
    )
    content = models.BinaryField(
        null=True,
        editable=False,
        help_text="The file as it was uploaded; none: the worker fetches the source.",
    )
    size_bytes = models.PositiveBigIntegerField(
        null=True, help_text="Size of the file, bytes; none: not uploaded."
    )
    sha256 = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the file; empty: not uploaded."
    )
    is_synthetic = models.BooleanField(
        default=False, help_text="Whether its buildings are made up: they are labelled so."
    )
    rejects_allowed = models.PositiveIntegerField(
        default=0, help_text="Load it although so many of its rows cannot be loaded."
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The user who put it forward.",
    )
    uploaded_by_name = models.CharField(max_length=150, help_text="That user's name at the time.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was put forward.")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(content__isnull=True, size_bytes__isnull=True, sha256="")
                | Q(content__isnull=False, size_bytes__isnull=False)
                & Q(sha256__regex=r"^[0-9a-f]{64}$"),
                name="datasetupload_file_described",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} ({self.uploaded_by_name})"


class UploadStage(models.TextChoices):
    """How far an upload has come; each stage is reached once, in this order."""

    CHECKED = "checked", "dry run done"
    CONFIRMED = "confirmed", "confirmed"
    LOADED = "loaded", "loaded"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


_IS_DECISION: Final = Q(stage="confirmed") | Q(stage="cancelled")


class DatasetUploadStep(models.Model):
    """A stage that an upload reached. Insert-only."""

    upload = models.ForeignKey(
        DatasetUpload,
        on_delete=models.PROTECT,
        related_name="steps",
        db_index=False,  # datasetuploadstep_stage_unique begins with it
        help_text="The upload.",
    )
    stage = models.CharField(max_length=16, choices=UploadStage, help_text="What it reached.")
    report = models.TextField(
        blank=True, help_text="What the dry run or the load says, as `load_dataset` says it."
    )
    dataset_import = models.OneToOneField(
        "buildings.DatasetImport",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The import that it became, once loaded.",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The user who confirmed or cancelled it; none: the worker.",
    )
    by_name = models.CharField(
        max_length=150, help_text="That user's name at the time, or the worker's database role."
    )
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was reached.")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["upload", "stage"], name="datasetuploadstep_stage_unique"
            ),
            # Loaded, failed or cancelled: one end each.
            models.UniqueConstraint(
                fields=["upload"],
                condition=Q(stage__in=["loaded", "failed", "cancelled"]),
                name="datasetuploadstep_one_end",
            ),
            # Either goes ahead or does not: of two people at once the second is refused.
            models.UniqueConstraint(
                fields=["upload"],
                condition=Q(stage__in=["confirmed", "cancelled"]),
                name="datasetuploadstep_confirmed_or_not",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=UploadStage.values), name="datasetuploadstep_stage_known"
            ),
            models.CheckConstraint(
                condition=_IS_DECISION & Q(by__isnull=False) | ~_IS_DECISION & Q(by__isnull=True),
                name="datasetuploadstep_people_decide",
            ),
            models.CheckConstraint(
                condition=Q(stage="loaded", dataset_import__isnull=False)
                | ~Q(stage="loaded") & Q(dataset_import__isnull=True),
                name="datasetuploadstep_import_if_loaded",
            ),
        ]

    def __str__(self) -> str:
        return self.get_stage_display()
