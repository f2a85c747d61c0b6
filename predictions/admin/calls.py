"""Calls: who asked, and what became of each input."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from unfold.admin import TabularInline
from unfold.decorators import display

from buildings.admin import ReadOnlyAdmin, ReadOnlyInline
from buildings.figures import figure
from predictions.admin.filters import RequestOutcomeFilter
from predictions.admin.shown import ANSWERED, COLOURS, FAILED, NO_OUTPUT, link, measure, outcome_of
from predictions.models import PredictionBatch, PredictionInput, PredictionRequest

#: Skipped rows of a batch that a call's page lists.
_REFUSED_SHOWN: Final = 20


class PredictionInputInline(ReadOnlyInline, TabularInline):
    """The inputs of a call, each with its output."""

    model = PredictionInput
    fields = ("prediction", "position", "building", "energy", "eui", "emissions", "outcome")
    readonly_fields = fields
    ordering = ("position",)
    per_page = 50
    show_count = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[PredictionInput]:
        return super().get_queryset(request).select_related("output", "building")

    @display(description="prediction")
    def prediction(self, stored: PredictionInput) -> str:
        return link("predictions_predictioninput", stored.pk, stored.pk)

    @display(description="site energy use (kBtu)")
    def energy(self, stored: PredictionInput) -> str:
        return measure(stored, "site_energy_use_kbtu")

    @display(description="site EUI (kBtu/ft²)")
    def eui(self, stored: PredictionInput) -> str:
        return measure(stored, "site_eui_kbtu_per_sqft", ".1f")

    @display(description="emissions (t CO2e)")
    def emissions(self, stored: PredictionInput) -> str:
        return measure(stored, "ghg_emissions_mtco2e", ",.1f")

    @display(description="outcome", label=COLOURS)
    def outcome(self, stored: PredictionInput) -> str:
        return outcome_of(stored)


class PredictionBatchInline(ReadOnlyInline, TabularInline):
    """What was sent with a call for many buildings."""

    model = PredictionBatch
    fields = ("format", "rows_received", "refused")
    readonly_fields = fields

    @display(description="rows that were skipped")
    def refused(self, batch: PredictionBatch) -> str:
        shown = batch.refused_rows[:_REFUSED_SHOWN]
        rows = [
            _("row %(number)d: %(detail)s")
            % {"number": row["row"], "detail": row["errors"][0]["detail"]}
            for row in shown
        ]
        more = len(batch.refused_rows) - len(shown)
        if more:
            rows.append(_("and %(count)s more") % {"count": figure(more)})
        return "; ".join(rows) or _("none")


@admin.register(PredictionRequest)
class PredictionRequestAdmin(ReadOnlyAdmin):
    """Calls: who asked, when, through what, of which model version, and how it ended."""

    list_display = (
        "created_at",
        "id",
        "caller_name",
        "token_prefix",
        "channel",
        "row_count",
        "model_version",
        "outcome",
    )
    list_filter = (RequestOutcomeFilter, "channel", "model_version", "created_at")
    list_select_related = ("model_version",)
    search_fields = ("id", "caller_name", "token_prefix", "request_id")
    search_help_text = "Call id, caller, token prefix or X-Request-ID"
    date_hierarchy = "created_at"
    ordering = ("-id",)
    inlines = (PredictionBatchInline, PredictionInputInline)
    fieldsets = (
        ("Who", {"fields": ("caller_name", "caller", "token_prefix", "channel")}),
        ("What", {"fields": ("row_count", "model_version", "body_sha256", "outcome")}),
        ("When", {"fields": ("received_at", "created_at", "request_id", "id")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PredictionRequest]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                missing=Count("inputs", filter=Q(inputs__output__isnull=True)),
                errors=Count("inputs", filter=Q(inputs__output__error_code__isnull=False)),
            )
        )

    @display(description="outcome", label=COLOURS)
    def outcome(self, call: Any) -> str:
        if call.missing:
            return NO_OUTPUT
        return FAILED if call.errors else ANSWERED
