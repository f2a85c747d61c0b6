"""Buildings: identity, the facts of the newest year, and every year below."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.admin import TabularInline

from buildings.admin.base import (
    STYLES,
    LongListAdmin,
    NotedInline,
    is_one_row,
    link,
)
from buildings.admin.facts import quantity, text
from buildings.admin.filters import (
    ComplianceFilter,
    DataYearFilter,
    NeighborhoodFilter,
    PropertyTypeFilter,
    SyntheticFilter,
    buildings_matching,
)
from buildings.models import BenchmarkRecord, Building, DatasetImport
from buildings.selectors.buildings import building_list

_LISTED: Final = (
    "ose_building_id",
    "property_name",
    "primary_property_type",
    "neighborhood",
    "year_built",
    "property_gfa_total_sqft",
    "site_energy_use_kbtu",
    "site_eui_kbtu_per_sqft",
    "compliance_status",
    "data_year",
    "is_synthetic",
)


class BenchmarkRecordInline(NotedInline, TabularInline):
    model = BenchmarkRecord
    fields = (
        "year",
        "primary_type",
        "floor_area",
        "energy",
        "intensity",
        "emissions",
        "flags",
        "compliance",
        "import_link",
    )
    readonly_fields = fields
    ordering = ("-data_year",)
    verbose_name_plural = "records, newest first"
    empty = "No year is on record."
    primary_type = text("primary_property_type")
    compliance = text("compliance_status")
    floor_area = quantity("property_gfa_total_sqft")
    energy = quantity("site_energy_use_kbtu")
    intensity = quantity("site_eui_kbtu_per_sqft")
    emissions = quantity("total_ghg_emissions_mtco2e")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BenchmarkRecord]:
        return BenchmarkRecord.objects.order_by("-data_year")

    @admin.display(description="Data year")
    def year(self, record: BenchmarkRecord) -> SafeString:
        return link(record, record.data_year)

    @admin.display(description="Flags")
    def flags(self, record: BenchmarkRecord) -> str:
        return str(len(record.quality_flags) or _("none"))

    @admin.display(description="Import")
    def import_link(self, record: BenchmarkRecord) -> SafeString:
        imported = DatasetImport(pk=record.dataset_import_id)  # all that a link needs: no join
        place = {"import": record.dataset_import_id, "line": record.source_line_number}
        return link(imported, _("%(import)d, line %(line)d") % place)


@admin.register(Building)
class BuildingAdmin(LongListAdmin):
    """Reads one table: a building repeats the facts of its newest year."""

    class Media:
        css = {"all": (STYLES,)}

    list_display = (
        "identifier",
        "property_name",
        "primary_type",
        "district",
        "built",
        "floor_area",
        "energy",
        "intensity",
        "newest_year",
        "compliance",
        "made_up",
    )
    list_display_links = ("identifier", "property_name")
    # What an index gives in order.
    sortable_by = ("identifier", "built", "floor_area", "energy", "intensity")
    list_filter = (
        DataYearFilter,
        PropertyTypeFilter,
        NeighborhoodFilter,
        ComplianceFilter,
        SyntheticFilter,
    )
    search_fields = ("search_text",)  # shows the box; `get_search_results` searches
    search_help_text = "OSE building id, or words of a name or address"
    ordering = ("ose_building_id",)
    fieldsets = (
        (None, {"fields": (("identifier", "name"), ("built", "made_up"))}),
        (
            "Place",
            {
                "fields": (
                    ("street", "town"),
                    ("us_state", "zip"),
                    ("district", "council"),
                    ("lat", "lon"),
                    ("parcel",),
                )
            },
        ),
        (
            "Facts of the newest year",
            {
                "fields": (
                    ("newest_year", "compliance"),
                    ("city_type", "primary_type"),
                    ("floor_area", "score"),
                    ("energy", "intensity"),
                    ("emissions",),
                )
            },
        ),
    )
    readonly_fields = (
        "identifier",
        "name",
        "built",
        "made_up",
        "street",
        "town",
        "us_state",
        "zip",
        "district",
        "council",
        "lat",
        "lon",
        "parcel",
        "newest_year",
        "compliance",
        "city_type",
        "primary_type",
        "floor_area",
        "score",
        "energy",
        "intensity",
        "emissions",
    )
    inlines = (BenchmarkRecordInline,)
    identifier = text("ose_building_id")
    name = text("property_name")
    built = text("year_built")
    made_up = text("is_synthetic")
    street = text("address")
    town = text("city")
    us_state = text("state")
    zip = text("zip_code")
    district = text("neighborhood")
    council = text("council_district_code")
    lat = text("latitude")
    lon = text("longitude")
    parcel = text("tax_parcel_identification_number")
    compliance = text("compliance_status")
    city_type = text("building_type")
    primary_type = text("primary_property_type")
    newest_year = text("data_year")
    floor_area = quantity("property_gfa_total_sqft")
    energy = quantity("site_energy_use_kbtu")
    intensity = quantity("site_eui_kbtu_per_sqft")
    emissions = quantity("total_ghg_emissions_mtco2e")
    score = quantity("energy_star_score")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Building]:
        buildings = building_list()
        return buildings if is_one_row(request) else buildings.only(*_LISTED)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = queryset.filter(buildings_matching(search_term))
        return queryset, False
