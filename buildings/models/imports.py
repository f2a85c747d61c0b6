"""Which file brought what: imports, and rows that were not loaded."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _


class DatasetImport(models.Model):
    """One load of one file: where it came from, its digest, and what it changed. Insert-only."""

    source = models.CharField(
        max_length=500, help_text="Path, URL or name the file was asked for by."
    )
    file_name = models.CharField(max_length=255, help_text="Name of the file that was read.")
    sha256 = models.CharField(
        max_length=64, db_index=True, help_text="SHA-256 of the file's bytes."
    )
    size_bytes = models.PositiveBigIntegerField(help_text="Size of the file.")
    is_synthetic = models.BooleanField(
        default=False, help_text="Generated sample, no real building."
    )
    header = models.JSONField(
        default=list, help_text="The file's header, cell by cell, as published."
    )
    data_years = models.JSONField(default=list, help_text="Data years found in the file.")
    rows_read = models.PositiveIntegerField(help_text="Rows below the header, blank ones included.")
    rows_created = models.PositiveIntegerField(help_text="Rows that became a new record.")
    rows_updated = models.PositiveIntegerField(help_text="Rows that changed a stored record.")
    rows_unchanged = models.PositiveIntegerField(help_text="Rows that are stored already.")
    rows_rejected = models.PositiveIntegerField(help_text="Rows not loaded; see RejectedRow.")
    rows_blank = models.PositiveIntegerField(default=0, help_text="Rows without any value.")
    rows_duplicate = models.PositiveIntegerField(
        default=0, help_text="Rows that repeat an earlier row of the same file."
    )
    quality_flags = models.JSONField(
        default=dict,
        help_text="Data-quality flag -> records that this import created or changed with it.",
    )
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who loaded it in the application; empty for the command line.",
    )
    database_role = models.CharField(
        max_length=63, blank=True, help_text="PostgreSQL role that loaded it."
    )
    started_at = models.DateTimeField(help_text="When the load began.")
    finished_at = models.DateTimeField(db_default=Now(), help_text="When it was complete.")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="datasetimport_sha256_hex"
            ),
            models.CheckConstraint(
                condition=Q(
                    rows_read=F("rows_created")
                    + F("rows_updated")
                    + F("rows_unchanged")
                    + F("rows_rejected")
                    + F("rows_blank")
                    + F("rows_duplicate")
                ),
                name="datasetimport_counts_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.sha256[:12]})"


class RejectedRow(models.Model):
    """A row of a file that was not loaded, as it stood, with every reason. Insert-only."""

    dataset_import = models.ForeignKey(
        DatasetImport,
        on_delete=models.PROTECT,
        related_name="rejected",
        db_index=False,  # rejectedrow_line_unique begins with it
        help_text="The import that rejected it.",
    )
    line_number = models.PositiveIntegerField(help_text="Line in the file; the header is line 1.")
    reasons = models.JSONField(help_text="One {field, reason} for each thing wrong.")
    row = models.JSONField(help_text="The row as published: header -> text.")

    class Meta:
        ordering = ("dataset_import_id", "line_number")
        constraints = [
            models.UniqueConstraint(
                fields=["dataset_import", "line_number"], name="rejectedrow_line_unique"
            ),
        ]

    def __str__(self) -> str:
        return _("line %(number)s") % {"number": self.line_number}
