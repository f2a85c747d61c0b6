"""Predictions: facts in, answers out."""

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from unfold.decorators import display

from buildings.admin import ReadOnlyAdmin
from buildings.figures import figure, quantity_said
from mlmodel.features import FEATURES
from mlmodel.prediction import COVERAGES
from predictions.admin.filters import OutcomeFilter
from predictions.admin.shown import (
    COLOURS,
    contributions_table,
    label,
    link,
    measure,
    outcome_of,
    rounded,
    shown,
    table,
)
from predictions.models import PredictionInput, PredictionOutput
from predictions.selectors.outcomes import outcome_list_latest


@admin.register(PredictionInput)
class PredictionInputAdmin(ReadOnlyAdmin):
    """Predictions: the facts as the model saw them and what it answered."""

    list_display = (
        "created_at",
        "id",
        "caller",
        "building",
        "property_type",
        "floor_area",
        "energy",
        "eui",
        "emissions",
        "outcome",
    )
    list_filter = (
        OutcomeFilter,
        "output__emission_factor_set",
        ("what_if_of", admin.EmptyFieldListFilter),
        "request__channel",
        "request__model_version",
        "created_at",
    )
    list_select_related = (
        "request__model_version",
        "output__emission_factor_set",
        "building",
        "explanation",
    )
    search_fields = ("id", "request__id", "request__caller_name", "building__property_name")
    search_help_text = "Prediction id, call id, caller or building"
    date_hierarchy = "created_at"
    ordering = ("-id",)
    fieldsets = (
        ("Answer", {"fields": ("outcome", "energy", "eui", "error", "duration")}),
        ("By fuel, and what it emits", {"fields": ("fuels", "emissions", "factors")}),
        ("How sure that is", {"fields": ("intervals", "support", "cautions")}),
        ("Why", {"fields": ("contributions",)}),
        ("What was measured", {"fields": ("measured",)}),
        ("Facts as the model saw them", {"fields": ("facts",)}),
        ("As they were sent", {"fields": ("units_sent", "members_sent")}),
        (
            "Where it comes from",
            {"fields": ("call", "caller", "model_version", "building", "varies", "position")},
        ),
        ("On the record", {"fields": ("created_at", "answered_at", "id")}),
    )

    @display(description="outcome", label=COLOURS)
    def outcome(self, stored: PredictionInput) -> str:
        return outcome_of(stored)

    @display(description="caller", ordering="request__caller_name")
    def caller(self, stored: PredictionInput) -> str:
        return stored.request.caller_name

    @display(description="model version")
    def model_version(self, stored: PredictionInput) -> str:
        version = stored.request.model_version
        return link("mlmodel_modelversion", version.pk, version)

    @display(description="call")
    def call(self, stored: PredictionInput) -> str:
        return link("predictions_predictionrequest", stored.request_id, stored.request_id)

    @display(description="primary property type")
    def property_type(self, stored: PredictionInput) -> str:
        return str(stored.features.get("primary_property_type"))

    @display(description="floor area (ft²)")
    def floor_area(self, stored: PredictionInput) -> str:
        return rounded(stored.features.get("gross_floor_area_sqft"))

    @display(description="site energy use (kBtu)", ordering="output__site_energy_use_kbtu")
    def energy(self, stored: PredictionInput) -> str:
        return measure(stored, "site_energy_use_kbtu")

    @display(description="site EUI (kBtu/ft²)", ordering="output__site_eui_kbtu_per_sqft")
    def eui(self, stored: PredictionInput) -> str:
        return measure(stored, "site_eui_kbtu_per_sqft", ".1f")

    @display(description="error")
    def error(self, stored: PredictionInput) -> str:
        output = getattr(stored, "output", None)
        return output.get_error_code_display() if output and output.error_code else "—"

    @display(description="duration (ms)")
    def duration(self, stored: PredictionInput) -> str:
        output = getattr(stored, "output", None)
        return "—" if output is None else figure(output.duration_ms, ".1f")

    @display(description="answer stored at")
    def answered_at(self, stored: PredictionInput) -> Any:
        return getattr(getattr(stored, "output", None), "created_at", None)

    @display(description="facts")
    def facts(self, stored: PredictionInput) -> str:
        return table(
            (_(feature.label), " ".join(shown(feature, stored.features.get(feature.name))))
            for feature in FEATURES
        )

    @display(description="units")
    def units_sent(self, stored: PredictionInput) -> str:
        return stored.sent["units"] if stored.sent else _("nothing was sent, or it was not kept")

    @display(description="members")
    def members_sent(self, stored: PredictionInput) -> str:
        if not stored.sent:
            return "—"
        return table(
            (name, "null" if value is None else value)
            for name, value in stored.sent["members"].items()
        )

    @display(description="emissions (t CO2e)", ordering="output__ghg_emissions_mtco2e")
    def emissions(self, stored: PredictionInput) -> str:
        return measure(stored, "ghg_emissions_mtco2e", ",.1f")

    @display(description="emission factors")
    def factors(self, stored: PredictionInput) -> str:
        factor_set = getattr(getattr(stored, "output", None), "emission_factor_set", None)
        if factor_set is None:
            return "—"
        return link("buildings_emissionfactorset", factor_set.pk, factor_set)

    @display(description="energy by fuel (kBtu)")
    def fuels(self, stored: PredictionInput) -> str:
        return table(
            (words, measure(stored, f"{fuel}_kbtu"))
            for fuel, words in (
                ("electricity", _("Electricity")),
                ("natural_gas", _("Natural gas")),
                ("steam", _("District steam")),
            )
        )

    @display(description="intervals")
    def intervals(self, stored: PredictionInput) -> str:
        return table(
            (
                f"{coverage} %",
                _("%(low)s to %(high)s kBtu; %(least)s to %(most)s t CO2e")
                % {
                    "low": rounded(_bound(stored, "low", coverage)),
                    "high": rounded(_bound(stored, "high", coverage)),
                    "least": measure(stored, f"ghg_emissions_low_{coverage}_mtco2e", ",.1f"),
                    "most": measure(stored, f"ghg_emissions_high_{coverage}_mtco2e", ",.1f"),
                },
            )
            for coverage in COVERAGES
        )

    @display(description="support (0 to 1)")
    def support(self, stored: PredictionInput) -> str:
        return measure(stored, "support", ".3f")

    @display(description="cautions")
    def cautions(self, stored: PredictionInput) -> str:
        cautions = getattr(getattr(stored, "output", None), "cautions", None)
        if not cautions:
            return _("none") if cautions == [] else "—"
        return table((label(one["feature"]), one["detail"]) for one in cautions)

    @display(description="contributions")
    def contributions(self, stored: PredictionInput) -> str:
        explanation = getattr(stored, "explanation", None)
        if explanation is None:
            return _("nobody asked for one")
        more = link("predictions_predictionexplanation", explanation.pk, _("peers and reference"))
        return format_html("{}{}", contributions_table(explanation), more)

    @display(description="outcomes")
    def measured(self, stored: PredictionInput) -> str:
        """The latest of each year, and where to enter another."""
        latest = outcome_list_latest().filter(input=stored).order_by("data_year")
        return format_html(
            '{}<a href="{}?input={}">{}</a>',
            table(
                (
                    f"{outcome.data_year}, {outcome.get_source_display()}",
                    link(
                        "predictions_observedoutcome",
                        outcome.pk,
                        quantity_said("site_energy_use_kbtu", outcome.site_energy_use_kbtu),
                    ),
                )
                for outcome in latest
            ),
            reverse("admin:predictions_observedoutcome_add"),
            stored.pk,
            _("enter one"),
        )

    @display(description="what if: varies")
    def varies(self, stored: PredictionInput) -> str:
        original = stored.what_if_of_id
        return "—" if original is None else link("predictions_predictioninput", original, original)


def _bound(stored: PredictionInput, end: str, coverage: int) -> float | None:
    return getattr(getattr(stored, "output", None), f"site_energy_use_{end}_{coverage}_kbtu", None)


@admin.register(PredictionOutput)
class PredictionOutputAdmin(ReadOnlyAdmin):
    """Answers alone: energies, errors and how long they took."""

    list_display = (
        "created_at",
        "input",
        "site_energy_use_kbtu",
        "site_eui_kbtu_per_sqft",
        "ghg_emissions_mtco2e",
        "support",
        "error_code",
        "duration_ms",
    )
    list_filter = (("error_code", admin.AllValuesFieldListFilter), "created_at")
    search_fields = ("input__id",)
    search_help_text = "Prediction id"
    date_hierarchy = "created_at"
    ordering = ("-id",)
