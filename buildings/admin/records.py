"""Records: what a building reported for a year, how it was understood, what it was before."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline

from buildings.admin.base import (
    STYLES,
    LongListAdmin,
    NotedInline,
    is_one_row,
    link,
)
from buildings.admin.facts import FACTS, quantity, text
from buildings.admin.filters import (
    ComplianceFilter,
    CreatedByFilter,
    DataYearFilter,
    ImportFilter,
    NeighborhoodFilter,
    PropertyTypeFilter,
    QualityFlagFilter,
    SyntheticFilter,
    buildings_found,
    titles_of,
)
from buildings.admin.published import cells_understood
from buildings.admin.revisions import RecordRevisionInline, import_said, when, who
from buildings.figures import with_separators
from buildings.models import BenchmarkRecord, EmissionFactorSet, PropertyUse
from buildings.quality import Detail, Facts, findings
from buildings.selectors.factors import emission_factor_set_latest, factors_of

_LISTED: Final = (
    "data_year",
    "is_synthetic",
    "primary_property_type",
    "neighborhood",
    "property_gfa_total_sqft",
    "site_energy_use_kbtu",
    "site_eui_kbtu_per_sqft",
    "total_ghg_emissions_mtco2e",
    "compliance_status",
    "quality_flags",
    "building__ose_building_id",
    "building__property_name",
)


class PropertyUseInline(NotedInline, TabularInline):
    model = PropertyUse
    fields = ("rank", "use", "floor_area")
    readonly_fields = fields
    ordering = ("rank",)
    note = "Areas are published for the three largest uses only."
    empty = "No use was published."
    use = text("use_type")
    floor_area = quantity("gfa_sqft")


def facts_judged(record: BenchmarkRecord, factor_set: EmissionFactorSet | None) -> Facts:
    """What the data-quality rules saw; needs uses, and the set's factors, read before."""
    return Facts(
        values={name: getattr(record, name) for name in FACTS if hasattr(record, name)},
        uses=[(use.rank, use.use_type, use.gfa_sqft) for use in record.uses.all()],
        factors=factors_of(factor_set) if factor_set else None,
    )


def _detail_said(detail: Detail | None) -> str:
    if detail is None:
        return _("Noted while the row was read.")
    written = {name: with_separators(number) for name, number in detail.figures.items()}
    return _(detail.template) % written


@admin.register(BenchmarkRecord)
class BenchmarkRecordAdmin(LongListAdmin):
    """A list that reads no heavy column, and a page that leaves nothing out."""

    class Media:
        css = {"all": (STYLES,)}

    change_form_template = "buildings/admin/record.html"
    list_display = (
        "building",
        "data_year",
        "flags",
        "primary_type",
        "floor_area",
        "energy",
        "intensity",
        "emissions",
        "compliance",
        "district",
        "made_up",
    )
    list_filter = (
        DataYearFilter,
        PropertyTypeFilter,
        NeighborhoodFilter,
        QualityFlagFilter,
        ComplianceFilter,
        ImportFilter,
        CreatedByFilter,
        SyntheticFilter,
    )
    list_select_related = ("building",)
    search_fields = ("building__search_text",)  # shows the box; `get_search_results` searches
    search_help_text = "OSE building id, or words of a name or address"
    ordering = ("building_id", "-data_year")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("building_link", "year"),
                    ("compliance", "issue"),
                    ("outlier_mark", "default_data"),
                    ("made_up",),
                )
            },
        ),
        ("Provenance", {"fields": (("written_by", "loaded"), ("source_line_number",))}),
        ("Data quality", {"fields": ("quality",)}),
        (
            "Property",
            {
                "fields": (
                    ("city_type", "primary_type"),
                    ("epa_type", "all_uses"),
                    ("floor_area", "parking_area"),
                    ("buildings_area", "building_count"),
                    ("floors", "built"),
                    ("district", "coordinates"),
                )
            },
        ),
        (
            "Energy and emissions of the year",
            {
                "fields": (
                    ("energy", "energy_wn"),
                    ("intensity", "intensity_wn"),
                    ("source_intensity", "source_intensity_wn"),
                    ("electricity", "electricity_in_kwh"),
                    ("natural_gas", "natural_gas_in_therms"),
                    ("steam", "other_fuels"),
                    ("emissions", "emissions_intensity"),
                    ("score", "certified"),
                    ("remarks",),
                )
            },
        ),
    )
    readonly_fields = (
        "building_link",
        "year",
        "compliance",
        "issue",
        "outlier_mark",
        "default_data",
        "made_up",
        "city_type",
        "primary_type",
        "epa_type",
        "all_uses",
        "building_count",
        "floors",
        "district",
        "certified",
        "remarks",
        "floor_area",
        "parking_area",
        "buildings_area",
        "built",
        "coordinates",
        "energy",
        "energy_wn",
        "intensity",
        "intensity_wn",
        "source_intensity",
        "source_intensity_wn",
        "electricity",
        "electricity_in_kwh",
        "natural_gas",
        "natural_gas_in_therms",
        "steam",
        "other_fuels",
        "emissions",
        "emissions_intensity",
        "score",
        "quality",
        "written_by",
        "loaded",
    )
    inlines = (PropertyUseInline, RecordRevisionInline)
    floor_area = quantity("property_gfa_total_sqft")
    parking_area = quantity("property_gfa_parking_sqft")
    buildings_area = quantity("property_gfa_buildings_sqft")
    energy = quantity("site_energy_use_kbtu")
    energy_wn = quantity("site_energy_use_wn_kbtu")
    intensity = quantity("site_eui_kbtu_per_sqft")
    intensity_wn = quantity("site_eui_wn_kbtu_per_sqft")
    source_intensity = quantity("source_eui_kbtu_per_sqft")
    source_intensity_wn = quantity("source_eui_wn_kbtu_per_sqft")
    electricity = quantity("electricity_kbtu")
    electricity_in_kwh = quantity("electricity_kwh")
    natural_gas = quantity("natural_gas_kbtu")
    natural_gas_in_therms = quantity("natural_gas_therms")
    steam = quantity("steam_use_kbtu")
    other_fuels = quantity("other_fuel_use_kbtu")
    emissions = quantity("total_ghg_emissions_mtco2e")
    emissions_intensity = quantity("ghg_emissions_intensity_kgco2e_per_sqft")
    score = quantity("energy_star_score")
    built = text("year_built")
    year = text("data_year")
    compliance = text("compliance_status")
    issue = text("compliance_issue")
    outlier_mark = text("outlier")
    default_data = text("is_default_data")
    made_up = text("is_synthetic")
    city_type = text("building_type")
    primary_type = text("primary_property_type")
    epa_type = text("epa_property_type")
    all_uses = text("list_of_all_property_use_types")
    building_count = text("number_of_buildings")
    floors = text("number_of_floors")
    district = text("neighborhood")
    certified = text("years_energy_star_certified")
    remarks = text("comments")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BenchmarkRecord]:
        records = BenchmarkRecord.objects.all()
        if not is_one_row(request):
            return records.select_related("building").only(*_LISTED)
        records = records.select_related("building", "dataset_import__imported_by", "published")
        return records.prefetch_related("uses")

    def get_sortable_by(self, request: HttpRequest) -> tuple[str, ...]:
        """What an index gives in order: quantities within a year."""
        return ("floor_area", "energy", "intensity") if "data_year" in request.GET else ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = queryset.filter(building__in=buildings_found(search_term))
        return queryset, False

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 -- Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Model | None = None,
    ) -> HttpResponse:
        if isinstance(obj, BenchmarkRecord):
            cells = cells_understood(obj)
            context |= {"cells": cells, "differing": sum(bool(cell.note) for cell in cells)}
        response: HttpResponse = super().render_change_form(
            request, context, add, change, form_url, obj
        )
        return response

    @admin.display(description="Building")
    def building_link(self, record: BenchmarkRecord) -> SafeString:
        return link(record.building, record.building)

    @admin.display(description="Latitude, longitude (°)")
    def coordinates(self, record: BenchmarkRecord) -> str | None:
        if record.latitude is None or record.longitude is None:
            return None
        return f"{record.latitude}, {record.longitude}"

    @admin.display(description="Flags")
    def flags(self, record: BenchmarkRecord) -> str | SafeString:
        if not record.quality_flags:
            return _("none")
        titles = "; ".join(titles_of(record.quality_flags))
        count = len(record.quality_flags)
        said = ngettext("%(count)d flag", "%(count)d flags", count) % {"count": count}
        return format_html('<span class="pv-flag" title="{}">{}</span>', titles, said)

    @admin.display(description="What contradicts itself")
    def quality(self, record: BenchmarkRecord) -> str | SafeString:
        if not record.quality_flags:
            return _("No data-quality rule is broken.")
        factor_set = emission_factor_set_latest(data_year=record.data_year)
        found = findings(facts_judged(record, factor_set), record.quality_flags)
        rows = (
            (
                _(rule.title),
                _detail_said(detail),
                _("Tolerance: %(tolerance)s.") % {"tolerance": _(rule.tolerance)},
                rule.code,
            )
            for rule, detail in found
        )
        return format_html(
            '<ul class="pv-findings">{}</ul>{}',
            format_html_join(
                "",
                "<li><strong>{}</strong><br>{}<br>"
                '<span class="pv-muted">{} <code>{}</code></span></li>',
                rows,
            ),
            self._factors_said(record, factor_set),
        )

    @staticmethod
    def _factors_said(
        record: BenchmarkRecord, factor_set: EmissionFactorSet | None
    ) -> str | SafeString:
        if "emissions_differ" not in record.quality_flags:
            return ""
        if factor_set is None:
            return _("No emission factors are on record for this year any more.")
        return format_html("{} {}.", _("The year’s factors:"), link(factor_set, factor_set))

    @admin.display(description="Created or last changed by")
    def written_by(self, record: BenchmarkRecord) -> SafeString:
        imported = record.dataset_import
        return link(imported, f"{import_said(imported.pk)}: {imported}")

    @admin.display(description="Loaded")
    def loaded(self, record: BenchmarkRecord) -> str:
        imported = record.dataset_import
        return _("%(when)s by %(who)s") % {"when": when(imported.finished_at), "who": who(imported)}
