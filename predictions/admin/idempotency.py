"""Which keys callers used, and whether they were answered."""

from django.contrib import admin
from django.utils.translation import gettext as _
from unfold.decorators import display

from buildings.admin import KeysetAdmin
from predictions.admin.filters import PeriodFilter
from predictions.admin.shown import link
from predictions.models import IdempotencyKey


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(KeysetAdmin):
    """Idempotency keys until they are purged; one without an answer was cut short."""

    list_display = ("created_at", "key", "caller", "status", "call")
    list_filter = (PeriodFilter, ("answer", admin.EmptyFieldListFilter))
    list_select_related = ("caller", "answer")
    search_fields = ("key", "caller__username")
    search_help_text = "Key or caller"
    fields = ("key", "caller", "created_at", "fingerprint", "status", "call")

    @display(description="answered")
    def status(self, stored: IdempotencyKey) -> str:
        answer = getattr(stored, "answer", None)
        return _("no answer") if answer is None else str(answer.status)

    @display(description="call")
    def call(self, stored: IdempotencyKey) -> str:
        call_id = stored.prediction_request_id
        return "—" if call_id is None else link("predictions_predictionrequest", call_id, call_id)
