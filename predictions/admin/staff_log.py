"""What staff did: read by all of them, edited by nobody."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from unfold.decorators import display

from buildings.admin import ReadOnlyAdmin
from predictions.services.staff_log import StaffAction

_WORDS: Final = {action.value: str(action.label) for action in StaffAction}
_COLOURS: Final = {
    **dict.fromkeys(_WORDS.values(), "info"),
    "added": "success",
    "approved": "success",
    "declined": "warning",
    "deleted": "danger",
    "revoked": "danger",
    "tried in vain": "danger",
}


class ActionFilter(admin.SimpleListFilter):
    """By kind of action, ours included."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), _(word)) for value, word in _WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value() or ""
        if chosen in {str(value) for value in _WORDS}:
            return queryset.filter(action_flag=int(chosen))
        return queryset


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """Actions: who did what to which row, when, and in what words."""

    list_display = ("action_time", "user", "action", "content_type", "row", "words")
    list_filter = (
        ActionFilter,
        ("user", admin.RelatedOnlyFieldListFilter),
        ("content_type", admin.RelatedOnlyFieldListFilter),
        "action_time",
    )
    list_select_related = ("user", "content_type")
    show_full_result_count = False
    search_fields = ("user__username", "object_repr", "object_id", "change_message")
    search_help_text = "User, row or words"
    date_hierarchy = "action_time"
    ordering = ("-id",)
    fields = ("action_time", "user", "action", "content_type", "row", "words")

    @display(
        description="action",
        label=_COLOURS,
    )
    def action(self, entry: LogEntry) -> str:
        return _WORDS.get(entry.action_flag, str(entry.action_flag))

    @display(description="row")
    def row(self, entry: LogEntry) -> str:
        if entry.content_type is None or entry.object_id is None:
            return entry.object_repr or "—"
        of = entry.content_type
        try:
            url = reverse(f"admin:{of.app_label}_{of.model}_change", args=[entry.object_id])
        except NoReverseMatch:
            return entry.object_repr
        return format_html('<a href="{}">{}</a>', url, entry.object_repr)

    @display(description="in words")
    def words(self, entry: LogEntry) -> str:
        return entry.get_change_message()
