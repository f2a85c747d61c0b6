"""What was measured of predicted buildings: read, and entered by who may."""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from buildings.admin import KeysetAdmin
from buildings.figures import figure
from predictions.admin.filters import (
    MeasuredVersionFilter,
    MeasuredYearFilter,
    PeriodFilter,
    SourceFilter,
)
from predictions.admin.search import PredictionSearch
from predictions.admin.shown import amount, link
from predictions.errors import UnsuitablePredictionError
from predictions.models import MEASURED_FUELS, ObservedOutcome, OutcomeSource
from predictions.selectors.outcomes import outcome_list
from predictions.services.explanations import prediction_answered
from predictions.services.outcomes import outcome_conflicts, outcome_create

#: What somebody enters; the rest follows from who it is and when.
ENTERED: Final = (
    "data_year",
    "site_energy_use_kbtu",
    *MEASURED_FUELS,
    "ghg_emissions_mtco2e",
    "note",
)


class OutcomeForm(forms.ModelForm):
    """Refuses what the table would, in the words that callers of the API are told."""

    class Meta:
        model = ObservedOutcome
        fields = ("input", *ENTERED)

    def clean_input(self) -> Any:
        prediction = self.cleaned_data["input"]
        try:
            prediction_answered(prediction)
        except UnsuitablePredictionError as error:
            raise forms.ValidationError(str(error)) from None
        return prediction

    def clean(self) -> None:
        super().clean()
        if not self.errors:
            for name, text in outcome_conflicts(self.cleaned_data).items():
                self.add_error(name, text)


@admin.register(ObservedOutcome)
class ObservedOutcomeAdmin(PredictionSearch, KeysetAdmin):
    """Outcomes: entered once, never changed; the latest of a prediction and year counts."""

    form = OutcomeForm
    raw_id_fields = ("input",)
    key = ("created_at", "pk")
    list_display = (
        "created_at",
        "prediction",
        "data_year",
        "energy",
        "predicted",
        "error",
        "source",
        "entered_by_name",
        "counts",
    )
    list_filter = (PeriodFilter, MeasuredYearFilter, SourceFilter, MeasuredVersionFilter)
    list_select_related = ("input__output",)
    fieldsets = (
        ("Which", {"fields": ("prediction", "data_year", "counts")}),
        ("What was measured", {"fields": ("energy", *ENTERED[2:])}),
        ("What was predicted", {"fields": ("predicted", "error")}),
        (
            "Where it is from",
            {"fields": ("source", "record", "entered_by_name", "entered_by", "request_id")},
        ),
        ("On the record", {"fields": ("created_at",)}),
    )
    add_fieldsets = ((None, {"fields": ("input", *ENTERED)}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return ModelAdmin.has_add_permission(self, request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_queryset(self, request: HttpRequest) -> QuerySet[ObservedOutcome]:
        return outcome_list()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        values = {name: form.cleaned_data[name] for name in ENTERED}
        user: Any = request.user
        stored = outcome_create(
            prediction=form.cleaned_data["input"],
            values=values,
            source=OutcomeSource.ADMIN,
            entered_by=user,
        )
        obj.pk = stored.pk

    @display(description="prediction")
    def prediction(self, outcome: ObservedOutcome) -> str:
        return link("predictions_predictioninput", outcome.input_id, outcome.input_id)

    @display(description="measured (kBtu)", ordering="site_energy_use_kbtu")
    def energy(self, outcome: ObservedOutcome) -> str:
        return amount(outcome.site_energy_use_kbtu)

    @display(description="predicted (kBtu)")
    def predicted(self, outcome: ObservedOutcome) -> str:
        return amount(outcome.input.output.site_energy_use_kbtu or 0)

    @display(description="predicted / measured")
    def error(self, outcome: ObservedOutcome) -> str:
        if not outcome.site_energy_use_kbtu:
            return "—"
        predicted = outcome.input.output.site_energy_use_kbtu or 0.0
        return figure(predicted / outcome.site_energy_use_kbtu - 1, "+.1%")

    @display(description="counts", boolean=True)
    def counts(self, outcome: Any) -> bool:
        return bool(outcome.is_latest)
