"""Sign-ins that failed, and who is locked out; the tables are django-axes'."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog
from django.conf import settings
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext
from unfold.decorators import display

from buildings.admin import ReadOnlyAdmin
from predictions.services.staff_log import StaffAction, staff_action_log


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(ReadOnlyAdmin):
    """Failed sign-ins, one by one; a name that nobody has is kept as a digest."""

    show_full_result_count = False
    list_display = ("attempt_time", "username", "ip_address", "user_agent", "locked_out")
    list_filter = ("locked_out", "attempt_time")
    search_fields = ("username", "ip_address")
    search_help_text = "User or address"
    date_hierarchy = "attempt_time"
    ordering = ("-id",)


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyAdmin):
    """What is counted now, by user and address; who unlocks takes it away."""

    export_hidden = ("get_data", "post_data")
    show_full_result_count = False
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start", "state")
    list_filter = ("attempt_time",)
    search_fields = ("username", "ip_address")
    search_help_text = "User or address"
    ordering = ("-attempt_time",)
    fields = (
        "attempt_time",
        "username",
        "ip_address",
        "failures_since_start",
        "state",
        "user_agent",
        "path_info",
    )
    actions = ("unlock",)  # type: ignore[assignment]  # the base has none

    def has_unlock_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("axes.delete_accessattempt")

    @display(description="state", label={"locked out": "danger", "counted": "info"})
    def state(self, attempt: AccessAttempt) -> str:
        is_many = attempt.failures_since_start >= settings.AXES_FAILURE_LIMIT
        is_recent = attempt.attempt_time > timezone.now() - settings.AXES_COOLOFF_TIME
        return "locked out" if is_many and is_recent else "counted"

    @admin.action(description="Unlock", permissions=["unlock"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        user: Any = request.user
        count = 0
        for attempt in queryset:
            said = f"{attempt.username} from {attempt.ip_address}"
            staff_action_log(user=user, action=StaffAction.UNLOCKED, target=attempt, said=said)
            attempt.delete()
            count += 1
        said = ngettext(
            "%(count)d count was taken away.", "%(count)d counts were taken away.", count
        )
        self.message_user(request, said % {"count": count})
