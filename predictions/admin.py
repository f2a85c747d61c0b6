"""The record, as auditors read it: browsable, searchable, never writable."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.admin import TabularInline
from unfold.decorators import display

from buildings.admin import ReadOnlyAdmin, ReadOnlyInline
from mlmodel.features import FEATURES, Feature
from predictions.admin_shadow import ShadowOutputAdmin  # noqa: F401 -- registers itself
from predictions.models import (
    ApiToken,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.services.accounts import api_token_revoke

ANSWERED: Final = "answered"
FAILED: Final = "failed"
NO_OUTPUT: Final = "no output"
_COLOURS: Final = {ANSWERED: "success", FAILED: "danger", NO_OUTPUT: "warning"}


def _outcome_of(prediction: PredictionInput) -> str:
    output = getattr(prediction, "output", None)
    if output is None:
        return NO_OUTPUT
    return FAILED if output.error_code else ANSWERED


def _energy(value: float | None) -> str:
    return "—" if value is None else f"{value:,.0f}"


def _shown(feature: Feature, value: Any) -> tuple[str, str]:
    """A feature's value and unit as one would write them."""
    if value is None:
        return "unknown", ""
    if isinstance(value, bool):
        return "yes" if value else "no", ""
    if feature.unit == "year" or isinstance(value, str):
        return str(value), ""
    return f"{value:,.10g}", feature.unit or ""


def _link(view: str, pk: Any, text: Any) -> str:
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{view}_change", args=[pk]), text)


class OutcomeFilter(admin.SimpleListFilter):
    """Answered, failed, or without any output: the last are calls whose worker died."""

    title = "outcome"
    parameter_name = "outcome"
    #: Path from the listed table to the output.
    output = "output"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(outcome, outcome) for outcome in _COLOURS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "answered":
                return queryset.filter(**{f"{self.output}__error_code__isnull": True}).exclude(
                    **{f"{self.output}__isnull": True}
                )
            case "failed":
                return queryset.filter(**{f"{self.output}__error_code__isnull": False}).distinct()
            case "no output":
                return queryset.filter(**{f"{self.output}__isnull": True}).distinct()
            case _:
                return queryset


class RequestOutcomeFilter(OutcomeFilter):
    """The same for calls: one failed or missing output makes the call so."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "answered":
                return queryset.filter(missing=0, errors=0)
            case "failed":
                return queryset.filter(errors__gt=0)
            case "no output":
                return queryset.filter(missing__gt=0)
            case _:
                return queryset


class PredictionInputInline(ReadOnlyInline, TabularInline):
    """The inputs of a call, each with its output."""

    model = PredictionInput
    fields = ("prediction", "position", "building", "energy", "eui", "outcome")
    readonly_fields = fields
    ordering = ("position",)
    per_page = 50
    show_count = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[PredictionInput]:
        return super().get_queryset(request).select_related("output", "building")

    @display(description="prediction")
    def prediction(self, stored: PredictionInput) -> str:
        return _link("predictions_predictioninput", stored.pk, stored.pk)

    @display(description="site energy use (kBtu)")
    def energy(self, stored: PredictionInput) -> str:
        return _energy(getattr(getattr(stored, "output", None), "site_energy_use_kbtu", None))

    @display(description="site EUI (kBtu/ft²)")
    def eui(self, stored: PredictionInput) -> str:
        value = getattr(getattr(stored, "output", None), "site_eui_kbtu_per_sqft", None)
        return "—" if value is None else f"{value:.1f}"

    @display(description="outcome", label=_COLOURS)
    def outcome(self, stored: PredictionInput) -> str:
        return _outcome_of(stored)


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
    inlines = (PredictionInputInline,)
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

    @display(description="outcome", label=_COLOURS)
    def outcome(self, call: Any) -> str:
        if call.missing:
            return NO_OUTPUT
        return FAILED if call.errors else ANSWERED


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
        "outcome",
    )
    list_filter = (
        OutcomeFilter,
        "request__channel",
        "request__model_version",
        "created_at",
    )
    list_select_related = ("request__model_version", "output", "building")
    search_fields = ("id", "request__id", "request__caller_name", "building__property_name")
    search_help_text = "Prediction id, call id, caller or building"
    date_hierarchy = "created_at"
    ordering = ("-id",)
    fieldsets = (
        ("Answer", {"fields": ("outcome", "energy", "eui", "error", "duration")}),
        ("Facts as the model saw them", {"fields": ("facts",)}),
        (
            "Where it comes from",
            {"fields": ("call", "caller", "model_version", "building", "position")},
        ),
        ("On the record", {"fields": ("created_at", "answered_at", "id")}),
    )

    @display(description="outcome", label=_COLOURS)
    def outcome(self, stored: PredictionInput) -> str:
        return _outcome_of(stored)

    @display(description="caller", ordering="request__caller_name")
    def caller(self, stored: PredictionInput) -> str:
        return stored.request.caller_name

    @display(description="model version")
    def model_version(self, stored: PredictionInput) -> str:
        version = stored.request.model_version
        return _link("mlmodel_modelversion", version.pk, version)

    @display(description="call")
    def call(self, stored: PredictionInput) -> str:
        return _link("predictions_predictionrequest", stored.request_id, stored.request_id)

    @display(description="primary property type")
    def property_type(self, stored: PredictionInput) -> str:
        return str(stored.features.get("primary_property_type"))

    @display(description="floor area (ft²)")
    def floor_area(self, stored: PredictionInput) -> str:
        return _energy(stored.features.get("gross_floor_area_sqft"))

    @display(description="site energy use (kBtu)", ordering="output__site_energy_use_kbtu")
    def energy(self, stored: PredictionInput) -> str:
        return _energy(getattr(getattr(stored, "output", None), "site_energy_use_kbtu", None))

    @display(description="site EUI (kBtu/ft²)", ordering="output__site_eui_kbtu_per_sqft")
    def eui(self, stored: PredictionInput) -> str:
        value = getattr(getattr(stored, "output", None), "site_eui_kbtu_per_sqft", None)
        return "—" if value is None else f"{value:.1f}"

    @display(description="error")
    def error(self, stored: PredictionInput) -> str:
        output = getattr(stored, "output", None)
        return output.get_error_code_display() if output and output.error_code else "—"

    @display(description="duration (ms)")
    def duration(self, stored: PredictionInput) -> str:
        output = getattr(stored, "output", None)
        return "—" if output is None else f"{output.duration_ms:.1f}"

    @display(description="answer stored at")
    def answered_at(self, stored: PredictionInput) -> Any:
        return getattr(getattr(stored, "output", None), "created_at", None)

    @display(description="facts")
    def facts(self, stored: PredictionInput) -> str:
        rows = format_html_join(
            "",
            '<tr><th class="pr-8 text-left font-normal">{}</th><td>{} {}</td></tr>',
            (
                (feature.label, *_shown(feature, stored.features.get(feature.name)))
                for feature in FEATURES
            ),
        )
        return format_html("<table>{}</table>", rows)


@admin.register(PredictionOutput)
class PredictionOutputAdmin(ReadOnlyAdmin):
    """Answers alone: energies, errors and how long they took."""

    list_display = (
        "created_at",
        "input",
        "site_energy_use_kbtu",
        "site_eui_kbtu_per_sqft",
        "error_code",
        "duration_ms",
    )
    list_filter = (("error_code", admin.AllValuesFieldListFilter), "created_at")
    search_fields = ("input__id",)
    search_help_text = "Prediction id"
    date_hierarchy = "created_at"
    ordering = ("-id",)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens by name and first characters; secrets are not stored. They can be revoked, not
    changed."""

    list_display = ("name", "user", "prefix", "created", "expiry", "is_valid")
    list_filter = ("created", "expiry")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "token_key")
    fields = ("name", "user", "prefix", "created", "expiry", "is_valid")
    actions = ("revoke",)  # type: ignore[assignment]  # the base has none

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("predictions.change_apitoken")

    @display(description="starts with")
    def prefix(self, token: ApiToken) -> str:
        return f"{token.token_key[:8]}…"

    @display(description="valid", boolean=True)
    def is_valid(self, token: ApiToken) -> bool:
        return token.expiry is None or token.expiry > timezone.now()

    @admin.action(description="Revoke now", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            api_token_revoke(token=token)
        self.message_user(request, f"Revoked: {queryset.count()}. They are refused from now on.")
