"""What staff took out of the record as files."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

#: As `predictions.exports.formats` calls them.
EXPORT_FORMATS: Final = ("csv", "jsonl", "parquet")

#: Codename of the permission to take lists out as files.
EXPORT_LISTS: Final = "export_lists"


class Export(models.Model):
    """One file that was asked for: who, when, which rows. Insert-only, and stored before the first
    row is read; how it ended is its ExportEnd."""

    list_name = models.CharField(
        max_length=100, help_text="The list, as app label and model: predictions.predictioninput."
    )
    filters = models.TextField(
        blank=True, help_text="Filters and search, as the list's address had them; empty: all rows."
    )
    format = models.CharField(
        max_length=8, choices=[(each, each) for each in EXPORT_FORMATS], help_text="Of the file."
    )
    exported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The user who asked for it.",
    )
    exported_by_name = models.CharField(max_length=150, help_text="That user's name at the time.")
    request_id = models.CharField(
        max_length=64, blank=True, help_text="X-Request-ID of the request."
    )
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was asked for.")

    class Meta:
        ordering = ("-id",)
        default_permissions = ("view",)
        permissions = [(EXPORT_LISTS, "Can export lists of the record as files")]
        constraints = [
            models.CheckConstraint(
                condition=Q(format__in=EXPORT_FORMATS), name="export_format_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.list_name}.{self.format}"


class ExportEnd(models.Model):
    """How an export ended. Insert-only; an export without one was cut short by the end of its
    process."""

    export = models.OneToOneField(
        Export,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="end",
        help_text="The export that ended.",
    )
    row_count = models.PositiveBigIntegerField(help_text="Rows that were handed to the browser.")
    is_finished = models.BooleanField(
        help_text="Whether it came to its last row; else it failed or was broken off."
    )
    created_at = models.DateTimeField(db_default=Now(), help_text="When it ended.")

    def __str__(self) -> str:
        return f"{self.row_count} rows"
