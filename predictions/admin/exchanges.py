"""Predictions: facts in, answers out."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from buildings.admin import KeysetAdmin
from buildings.admin.base import STYLES, is_one_row
from predictions.admin.filters import (
    AnswerPeriodFilter,
    BuildingFilter,
    CallPeriodFilter,
    ErrorFilter,
    OutcomeFilter,
    PredictionCallerFilter,
    PredictionChannelFilter,
    PredictionTokenFilter,
    PredictionVersionFilter,
    UseTypeFilter,
)
from predictions.admin.search import PredictionSearch
from predictions.admin.shown import (
    COLOURS,
    RECORD_STYLES,
    amount,
    link,
    measure,
    moment,
    outcome_of,
    short_id,
)
from predictions.admin.story import story_of
from predictions.models import PredictionInput, PredictionOutput
from predictions.selectors.exchanges import prediction_listed_list, prediction_shown_list


@admin.register(PredictionInput)
class PredictionInputAdmin(PredictionSearch, KeysetAdmin):
    """Predictions: the facts as the model saw them and what it answered; one reads as a story."""

    class Media:
        css = {"all": (STYLES, RECORD_STYLES)}

    change_form_template = "predictions/admin/exchange.html"
    fields = ("id",)  # the story stands in place of a form
    list_display = (
        "stored_at",
        "short",
        "outcome",
        "caller",
        "property_type",
        "named",
        "floor_area",
        "energy",
        "eui",
        "emissions",
    )
    list_display_links = ("stored_at", "short")
    key = ("request__created_at", "pk")
    path_to_prediction = ""
    list_filter = (
        CallPeriodFilter,
        OutcomeFilter,
        UseTypeFilter,
        PredictionCallerFilter,
        PredictionTokenFilter,
        PredictionVersionFilter,
        PredictionChannelFilter,
        BuildingFilter,
        ("what_if_of", admin.EmptyFieldListFilter),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PredictionInput]:
        return prediction_shown_list() if is_one_row(request) else prediction_listed_list()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["story"] = story_of(kwargs["obj"], user=request.user)
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=_("outcome"), label=COLOURS)
    def outcome(self, stored: PredictionInput) -> str:
        return outcome_of(stored)

    @display(description=_("stored (UTC)"))
    def stored_at(self, stored: PredictionInput) -> str:
        return moment(stored.request.created_at)

    @display(description=_("prediction"))
    def short(self, stored: PredictionInput) -> str:
        return short_id(stored.pk)

    @display(description=_("building"))
    def named(self, stored: PredictionInput) -> str:
        building = stored.building
        return "—" if building is None else f"{building.ose_building_id} {building.property_name}"

    @display(description=_("caller"))
    def caller(self, stored: PredictionInput) -> str:
        return stored.request.caller_name

    @display(description=_("primary property type"))
    def property_type(self, stored: PredictionInput) -> str:
        return str(stored.features.get("primary_property_type"))

    @display(description=_("floor area (ft²)"))
    def floor_area(self, stored: PredictionInput) -> str:
        return amount(stored.features.get("gross_floor_area_sqft"))

    @display(description=_("site energy use (kBtu)"))
    def energy(self, stored: PredictionInput) -> str:
        return measure(stored, "site_energy_use_kbtu")

    @display(description=_("site EUI (kBtu/ft²)"))
    def eui(self, stored: PredictionInput) -> str:
        return measure(stored, "site_eui_kbtu_per_sqft", ".1f")

    @display(description=_("emissions (t CO2e)"))
    def emissions(self, stored: PredictionInput) -> str:
        return measure(stored, "ghg_emissions_mtco2e", ",.1f")


@admin.register(PredictionOutput)
class PredictionOutputAdmin(PredictionSearch, KeysetAdmin):
    """Answers alone: energies, errors and how long they took."""

    list_display = (
        "created_at",
        "prediction",
        "site_energy_use_kbtu",
        "site_eui_kbtu_per_sqft",
        "ghg_emissions_mtco2e",
        "support",
        "error_code",
        "duration_ms",
    )
    key = ("input_id",)  # in the order of the inputs, which are as old as their UUID says
    list_filter = (AnswerPeriodFilter, ErrorFilter)

    @display(description=_("prediction"))
    def prediction(self, output: PredictionOutput) -> str:
        return link("predictions_predictioninput", output.input_id, output.input_id)
