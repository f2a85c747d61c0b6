"""What staff took out as files."""

from typing import Final

from django.contrib import admin
from unfold.decorators import display

from buildings.admin import ReadOnlyAdmin
from buildings.admin.revisions import when
from predictions.admin.shown import amount
from predictions.models import Export

FINISHED: Final = "finished"
BROKEN_OFF: Final = "broken off"
NO_END: Final = "running, or cut short"


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Exports: who took which rows, when, in which format, and whether all of them."""

    list_display = (
        "created_at",
        "exported_by_name",
        "list_name",
        "filters",
        "format",
        "rows",
        "ended",
    )
    list_filter = ("list_name", "format", "exported_by_name", "created_at")
    list_select_related = ("end",)
    search_fields = ("exported_by_name", "filters", "request_id")
    search_help_text = "Who, filters or X-Request-ID"
    date_hierarchy = "created_at"
    fieldsets = (
        ("Who", {"fields": ("exported_by_name", "exported_by", "request_id", "created_at")}),
        ("What", {"fields": ("list_name", "filters", "format")}),
        ("How it ended", {"fields": ("ended", "rows", "ended_at")}),
    )

    @display(description="rows")
    def rows(self, export: Export) -> str:
        end = getattr(export, "end", None)
        return amount(None if end is None else end.row_count)

    @display(
        description="end", label={FINISHED: "success", BROKEN_OFF: "danger", NO_END: "warning"}
    )
    def ended(self, export: Export) -> str:
        end = getattr(export, "end", None)
        if end is None:
            return NO_END
        return FINISHED if end.is_finished else BROKEN_OFF

    @display(description="ended at")
    def ended_at(self, export: Export) -> str:
        return when(getattr(getattr(export, "end", None), "created_at", None))
