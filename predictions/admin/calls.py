"""Calls: who asked, and what became of each input."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from buildings.admin import KeysetAdmin, ReadOnlyInline
from buildings.figures import figure
from predictions.admin.filters import (
    CallerFilter,
    CallOutcomeFilter,
    ChannelFilter,
    PeriodFilter,
    TokenFilter,
    VersionFilter,
)
from predictions.admin.shown import (
    COLOURS,
    OUTCOMES,
    RECORD_STYLES,
    SEARCHED,
    link,
    measure,
    moment,
    outcome_of,
    short_id,
)
from predictions.models import PredictionBatch, PredictionInput, PredictionRequest
from predictions.selectors.exchanges import HEAVY_OF_VERSION, call_found, call_outcomes

_WORDS: Final = {outcome: word for word, outcome in OUTCOMES.items()}
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
            gettext("row %(number)d: %(detail)s")
            % {"number": row["row"], "detail": row["errors"][0]["detail"]}
            for row in shown
        ]
        more = len(batch.refused_rows) - len(shown)
        if more:
            rows.append(gettext("and %(count)s more") % {"count": figure(more)})
        return "; ".join(rows) or gettext("none")


@admin.register(PredictionRequest)
class PredictionRequestAdmin(KeysetAdmin):
    """Calls: who asked, when, through what, of which model version, and how it ended."""

    class Media:
        css = {"all": (RECORD_STYLES,)}

    list_display = (
        "stored_at",
        "short",
        "outcome",
        "caller_name",
        "token_prefix",
        "channel",
        "row_count",
        "model_version",
    )
    list_display_links = ("stored_at", "short")
    key = ("created_at", "pk")
    list_filter = (
        PeriodFilter,
        CallOutcomeFilter,
        CallerFilter,
        TokenFilter,
        VersionFilter,
        ChannelFilter,
    )
    list_select_related = ("model_version",)
    search_fields = ("id",)  # shows the box; `get_search_results` searches
    search_help_text = SEARCHED
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
            .defer(*(f"model_version__{name}" for name in HEAVY_OF_VERSION))
        )

    def page_complete(self, rows: list[Any]) -> list[Any]:
        outcomes = call_outcomes([call.pk for call in rows])
        for call in rows:
            call.became = outcomes[call.pk]
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = queryset.filter(call_found(search_term))
        return queryset, False

    @display(description=_("stored (UTC)"))
    def stored_at(self, call: PredictionRequest) -> str:
        return moment(call.created_at)

    @display(description=_("call"))
    def short(self, call: PredictionRequest) -> str:
        return short_id(call.pk)

    @display(description="outcome", label=COLOURS)
    def outcome(self, call: Any) -> str:
        if not hasattr(call, "became"):  # on its own page
            call.became = call_outcomes([call.pk])[call.pk]
        return _WORDS[call.became]
