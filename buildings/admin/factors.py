"""Emission factor sets: which factors were in force, and where they come from."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import TabularInline
from unfold.decorators import display

from buildings.admin.base import STYLES, NotedInline, ReadOnlyAdmin, link
from buildings.admin.revisions import import_said
from buildings.emissions import ABSOLUTE_TOLERANCE_MTCO2E, RELATIVE_TOLERANCE
from buildings.figures import NOT_KNOWN, figure
from buildings.models import EmissionFactor, EmissionFactorSet
from buildings.quality import KBTU_PER_KWH, KBTU_PER_THERM

DERIVED: Final = "derived by regression"
GIVEN: Final = "from its source"
#: Fuel -> its name, the unit it is billed in, kBtu per that unit.
_FUELS: Final = {
    "electricity": (gettext_lazy("Electricity"), "kWh", KBTU_PER_KWH),
    "natural_gas": (gettext_lazy("Natural gas"), "therm", KBTU_PER_THERM),
    "steam": (gettext_lazy("District steam"), "", 0.0),
}


def derivation_said(factor_set: EmissionFactorSet) -> str:
    """How a derived set was found and how well it explains its records, in a sentence."""
    found: dict[str, Any] = factor_set.derivation or {}
    said = [_("Found by regression on published emissions; published by nobody.")]
    if "records" in found:
        count = found["records"]
        went_in = ngettext("%(count)s record went in.", "%(count)s records went in.", count)
        said.append(went_in % {"count": figure(count)})
    if "share_explained" in found:
        explained = _(
            "The factors explain %(share)s of them: reported and computed emissions differ by no "
            "more than %(relative)s or %(absolute)s t CO2e."
        )
        said.append(
            explained
            % {
                "share": figure(found["share_explained"], ".2%"),
                "relative": figure(RELATIVE_TOLERANCE, ".0%"),
                "absolute": figure(ABSOLUTE_TOLERANCE_MTCO2E, "g"),
            }
        )
    if "median_relative_residual" in found:
        half = figure(found["median_relative_residual"], ".2%")
        said.append(_("Half of them differ by less than %(share)s.") % {"share": half})
    return " ".join(said)


class EmissionFactorInline(NotedInline, TabularInline):
    model = EmissionFactor
    fields = ("fuel_name", "per_mbtu", "per_billed_unit")
    readonly_fields = fields
    ordering = ("fuel",)
    note = "An MBtu is a million Btu, a thousand kBtu, of site energy."
    empty = "This set has no factors."

    @admin.display(description="Fuel")
    def fuel_name(self, factor: EmissionFactor) -> str:
        return str(_FUELS[factor.fuel][0])

    @admin.display(description="Factor (kg CO2e/MBtu)")
    def per_mbtu(self, factor: EmissionFactor) -> str:
        return figure(factor.kgco2e_per_mbtu, ",.4f")

    @admin.display(description="The same per unit billed")
    def per_billed_unit(self, factor: EmissionFactor) -> str:
        _name, unit, kbtu = _FUELS[factor.fuel]
        if not unit:
            return NOT_KNOWN
        per_unit = figure(factor.kgco2e_per_mbtu * kbtu / 1000, ",.5f")
        return f"{per_unit} kg CO2e/{unit}"


@admin.register(EmissionFactorSet)
class EmissionFactorSetAdmin(ReadOnlyAdmin):
    """Each version of each set; a derived one says so wherever it is named."""

    class Media:
        css = {"all": (STYLES,)}

    list_fullwidth = True
    list_display = (
        "__str__",
        "data_year",
        "basis",
        "share",
        "electricity",
        "natural_gas",
        "steam",
    )
    sortable_by = ("data_year",)
    list_filter = ("is_derived",)
    search_fields = ("name", "source")
    search_help_text = "Part of a name or source"
    ordering = ("-data_year", "name", "-version")
    fieldsets = (
        (None, {"fields": (("name", "version"), ("data_year", "origin"))}),
        ("In force", {"fields": (("valid_from", "valid_to"),)}),
        ("Where it comes from", {"fields": ("source", "derived", "derived_from", "created_at")}),
    )
    readonly_fields = ("origin", "derived", "derived_from")
    inlines = (EmissionFactorInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EmissionFactorSet]:
        sets = EmissionFactorSet.objects.select_related("dataset_import")
        return sets.defer("dataset_import__header").prefetch_related("factors")

    @display(description="Basis", label={DERIVED: "warning", GIVEN: "success"})
    def basis(self, factor_set: EmissionFactorSet) -> str:
        return DERIVED if factor_set.is_derived else GIVEN

    @admin.display(description="Basis")
    def origin(self, factor_set: EmissionFactorSet) -> str | SafeString:
        if not factor_set.is_derived:
            return _(GIVEN)
        return format_html('<strong class="pv-flag">{}</strong>', _(DERIVED))

    @admin.display(description="Records explained")
    def share(self, factor_set: EmissionFactorSet) -> str:
        found = factor_set.derivation or {}
        if "share_explained" not in found:
            return NOT_KNOWN
        share, records = found["share_explained"], found.get("records", 0)
        said = {"share": figure(share, ".2%"), "count": figure(records)}
        return _("%(share)s of %(count)s") % said

    @admin.display(description="Derivation")
    def derived(self, factor_set: EmissionFactorSet) -> str:
        if not factor_set.is_derived:
            return _("Not derived from loaded records; the source above tells.")
        return derivation_said(factor_set)

    @admin.display(description="Derived from the rows of")
    def derived_from(self, factor_set: EmissionFactorSet) -> str | SafeString:
        imported = factor_set.dataset_import
        if imported is None:
            return NOT_KNOWN
        return link(imported, f"{import_said(imported.pk)}: {imported}")

    @admin.display(description="Electricity (kg CO2e/MBtu)")
    def electricity(self, factor_set: EmissionFactorSet) -> str:
        return self._factor(factor_set, "electricity")

    @admin.display(description="Natural gas (kg CO2e/MBtu)")
    def natural_gas(self, factor_set: EmissionFactorSet) -> str:
        return self._factor(factor_set, "natural_gas")

    @admin.display(description="Steam (kg CO2e/MBtu)")
    def steam(self, factor_set: EmissionFactorSet) -> str:
        return self._factor(factor_set, "steam")

    @staticmethod
    def _factor(factor_set: EmissionFactorSet, fuel: str) -> str:
        found = {factor.fuel: factor.kgco2e_per_mbtu for factor in factor_set.factors.all()}
        return figure(found[fuel], ",.4f") if fuel in found else NOT_KNOWN
