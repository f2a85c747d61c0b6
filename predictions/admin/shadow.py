"""What challengers would have answered, as auditors and data scientists read it."""

from django.contrib import admin
from unfold.decorators import display

from buildings.admin import KeysetAdmin
from buildings.figures import figure
from predictions.admin.filters import ErrorFilter, PeriodFilter, ShadowVersionFilter
from predictions.admin.search import PredictionSearch
from predictions.models import ShadowOutput


@admin.register(ShadowOutput)
class ShadowOutputAdmin(PredictionSearch, KeysetAdmin):
    """A challenger's answers beside the champion's; none of them was given to a caller."""

    key = ("created_at", "pk")
    list_display = (
        "created_at",
        "input",
        "model_version",
        "site_energy_use_kbtu",
        "served_energy",
        "change",
        "error_code",
        "duration_ms",
    )
    list_filter = (PeriodFilter, ShadowVersionFilter, ErrorFilter)
    list_select_related = ("input__output", "model_version")

    @display(description="served (kBtu)")
    def served_energy(self, shadow: ShadowOutput) -> str:
        served = _served(shadow)
        return "—" if served is None else figure(served)

    @display(description="change")
    def change(self, shadow: ShadowOutput) -> str:
        served, scored = _served(shadow), shadow.site_energy_use_kbtu
        if not served or scored is None:
            return "—"
        return figure(scored / served - 1, "+.1%")


def _served(shadow: ShadowOutput) -> float | None:
    output = getattr(shadow.input, "output", None)
    return None if output is None else output.site_energy_use_kbtu
