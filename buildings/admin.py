"""Buildings, their records and the imports that brought them, to browse and nothing else."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from buildings.models import BenchmarkRecord, Building, DatasetImport, PropertyUse, RejectedRow
from buildings.selectors.buildings import building_list


class ReadOnlyAdmin(ModelAdmin):
    """Rows can be looked at by who may view them; added, changed or deleted by nobody."""

    actions = None
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline:
    """Mixin for unfold's inlines: the same for rows below another."""

    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def quantity(field: str, label: str, unit: str, digits: int = 0) -> Callable[[Any, Any], str]:
    """A column that shows a number with thousands separators and its unit; sortable."""

    @admin.display(description=f"{label} ({unit})", ordering=field)
    def shown(_admin: Any, row: Any) -> str:
        value = getattr(row, field)
        return "–" if value is None else f"{value:,.{digits}f}"

    return shown


class BenchmarkRecordInline(ReadOnlyInline, TabularInline):
    model = BenchmarkRecord
    show_change_link = True
    fields = (
        "data_year",
        "primary_property_type",
        "floor_area",
        "energy",
        "intensity",
        "compliance_status",
    )
    readonly_fields = fields
    ordering = ("-data_year",)
    floor_area = quantity("property_gfa_total_sqft", "Gross floor area", "ft²")
    energy = quantity("site_energy_use_kbtu", "Site energy use", "kBtu")
    intensity = quantity("site_eui_kbtu_per_sqft", "Site EUI", "kBtu/ft²", 1)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BenchmarkRecord]:
        return BenchmarkRecord.objects.select_related("building").order_by("-data_year")


@admin.register(Building)
class BuildingAdmin(ReadOnlyAdmin):
    list_display = (
        "ose_building_id",
        "property_name",
        "primary_property_type",
        "neighborhood",
        "year_built",
        "floor_area",
        "newest_year",
        "is_synthetic",
    )
    list_display_links = ("ose_building_id", "property_name")
    list_filter = (
        "records__dataset_import__is_synthetic",
        "records__building_type",
        "records__primary_property_type",
        "neighborhood",
    )
    search_fields = (
        "ose_building_id__exact",
        "property_name",
        "address",
        "tax_parcel_identification_number",
    )
    search_help_text = "OSE building id, or part of a name, address or parcel number"
    ordering = ("ose_building_id",)
    fieldsets = (
        (None, {"fields": ("ose_building_id", "property_name", "year_built")}),
        (
            "Place",
            {
                "fields": (
                    "address",
                    "city",
                    "state",
                    "zip_code",
                    "neighborhood",
                    "council_district_code",
                    "tax_parcel_identification_number",
                    "latitude",
                    "longitude",
                )
            },
        ),
    )
    inlines = (BenchmarkRecordInline,)
    floor_area = quantity("gross_floor_area_sqft", "Gross floor area", "ft²")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Building]:
        return building_list()

    @admin.display(description="Primary property type", ordering="primary_property_type")
    def primary_property_type(self, building: Any) -> str | None:
        return str(building.primary_property_type or "") or None

    @admin.display(description="Newest year", ordering="data_year")
    def newest_year(self, building: Any) -> str | None:
        return building.data_year and str(building.data_year)

    @admin.display(description="Synthetic", boolean=True, ordering="is_synthetic")
    def is_synthetic(self, building: Any) -> bool | None:
        return building.is_synthetic


class PropertyUseInline(ReadOnlyInline, TabularInline):
    model = PropertyUse
    fields = ("rank", "use_type", "floor_area")
    readonly_fields = fields
    floor_area = quantity("gfa_sqft", "Gross floor area", "ft²")


@admin.register(BenchmarkRecord)
class BenchmarkRecordAdmin(ReadOnlyAdmin):
    list_display = (
        "building",
        "data_year",
        "primary_property_type",
        "floor_area",
        "energy",
        "intensity",
        "emissions",
        "compliance_status",
        "is_synthetic",
    )
    list_filter = (
        "data_year",
        "dataset_import__is_synthetic",
        "building_type",
        "primary_property_type",
        "compliance_status",
        "outlier",
    )
    list_select_related = ("building", "dataset_import")
    date_hierarchy = "dataset_import__started_at"
    search_fields = ("building__ose_building_id__exact", "building__property_name")
    search_help_text = "OSE building id, or part of a property name"
    ordering = ("building__ose_building_id", "-data_year")
    fieldsets = (
        (None, {"fields": ("building", "data_year", "compliance_status", "outlier")}),
        (
            "Property",
            {
                "fields": (
                    "building_type",
                    "primary_property_type",
                    "list_of_all_property_use_types",
                    "number_of_buildings",
                    "number_of_floors",
                    "floor_area",
                    "parking_area",
                    "buildings_area",
                )
            },
        ),
        (
            "Energy and emissions of the year",
            {
                "fields": (
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
                    "emissions",
                    "emissions_intensity",
                    "energy_star_score",
                    "years_energy_star_certified",
                )
            },
        ),
        (
            "Provenance",
            {"fields": ("dataset_import", "source_line_number", "is_default_data", "comments")},
        ),
    )
    readonly_fields = (
        "floor_area",
        "parking_area",
        "buildings_area",
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
        "emissions",
        "emissions_intensity",
    )
    inlines = (PropertyUseInline,)
    floor_area = quantity("property_gfa_total_sqft", "Gross floor area", "ft²")
    parking_area = quantity("property_gfa_parking_sqft", "Parking floor area", "ft²")
    buildings_area = quantity("property_gfa_buildings_sqft", "Floor area of buildings", "ft²")
    energy = quantity("site_energy_use_kbtu", "Site energy use", "kBtu")
    energy_wn = quantity("site_energy_use_wn_kbtu", "Site energy use, WN", "kBtu")
    intensity = quantity("site_eui_kbtu_per_sqft", "Site EUI", "kBtu/ft²", 1)
    intensity_wn = quantity("site_eui_wn_kbtu_per_sqft", "Site EUI, WN", "kBtu/ft²", 1)
    source_intensity = quantity("source_eui_kbtu_per_sqft", "Source EUI", "kBtu/ft²", 1)
    source_intensity_wn = quantity("source_eui_wn_kbtu_per_sqft", "Source EUI, WN", "kBtu/ft²", 1)
    electricity = quantity("electricity_kbtu", "Electricity", "kBtu")
    electricity_in_kwh = quantity("electricity_kwh", "Electricity", "kWh")
    natural_gas = quantity("natural_gas_kbtu", "Natural gas", "kBtu")
    natural_gas_in_therms = quantity("natural_gas_therms", "Natural gas", "therms")
    steam = quantity("steam_use_kbtu", "Steam", "kBtu")
    emissions = quantity("total_ghg_emissions_mtco2e", "GHG emissions", "t CO2e", 1)
    emissions_intensity = quantity(
        "ghg_emissions_intensity_kgco2e_per_sqft", "GHG intensity", "kg CO2e/ft²", 2
    )

    @admin.display(description="Synthetic", boolean=True, ordering="dataset_import__is_synthetic")
    def is_synthetic(self, record: BenchmarkRecord) -> bool:
        return record.dataset_import.is_synthetic


class RejectedRowInline(ReadOnlyInline, TabularInline):
    model = RejectedRow
    per_page = 25
    fields = ("line_number", "why", "as_published")
    readonly_fields = fields
    ordering = ("line_number",)
    verbose_name_plural = "rejected rows"

    @admin.display(description="Why")
    def why(self, row: RejectedRow) -> SafeString:
        reasons = ((reason["field"], reason["reason"]) for reason in row.reasons)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", reasons))

    @admin.display(description="As published")
    def as_published(self, row: RejectedRow) -> SafeString:
        cells = ((header, text) for header, text in row.row.items() if text)
        return format_html(
            "<details><summary>{} cells</summary><dl>{}</dl></details>",
            len(row.row),
            format_html_join("", "<dt>{}</dt><dd>{}</dd>", cells),
        )


@admin.register(DatasetImport)
class DatasetImportAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "file_name",
        "source",
        "is_synthetic",
        "started_at",
        "rows_read",
        "rows_created",
        "rows_updated",
        "rows_unchanged",
        "rows_rejected",
        "imported_by",
    )
    list_display_links = ("id", "file_name")
    list_filter = ("is_synthetic", "started_at")
    list_select_related = ("imported_by",)
    date_hierarchy = "started_at"
    search_fields = ("file_name", "source", "sha256")
    search_help_text = "Part of a file name, source or SHA-256"
    fieldsets = (
        (None, {"fields": ("source", "file_name", "is_synthetic", "data_years")}),
        ("File", {"fields": ("sha256", "size_bytes")}),
        (
            "Rows",
            {
                "fields": (
                    "rows_read",
                    "rows_created",
                    "rows_updated",
                    "rows_unchanged",
                    "rows_rejected",
                )
            },
        ),
        ("Load", {"fields": ("imported_by", "started_at", "finished_at")}),
    )
    inlines = (RejectedRowInline,)
