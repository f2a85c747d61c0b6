"""How facts are named and written for people: label, unit, digits."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.contrib import admin
from django.utils.translation import gettext as _

from buildings.figures import NOT_KNOWN, beside, figure


class Fact(NamedTuple):
    """`digits` is None where separators would mislead: names, years, codes."""

    label: str
    unit: str = ""
    digits: int | None = None


FACTS: Final[dict[str, Fact]] = {
    "ose_building_id": Fact("OSE building id"),
    "property_name": Fact("Property name"),
    "address": Fact("Address"),
    "city": Fact("City"),
    "state": Fact("State"),
    "zip_code": Fact("ZIP code"),
    "tax_parcel_identification_number": Fact("Tax parcel number"),
    "council_district_code": Fact("Council district"),
    "neighborhood": Fact("Neighborhood"),
    "latitude": Fact("Latitude", "°"),
    "longitude": Fact("Longitude", "°"),
    "location": Fact("Address and coordinates"),
    "year_built": Fact("Year built"),
    "data_year": Fact("Data year"),
    "is_synthetic": Fact("Synthetic"),
    "use_type": Fact("Use"),
    "building_type": Fact("Building type"),
    "primary_property_type": Fact("Primary property type"),
    "epa_property_type": Fact("Portfolio Manager's property type"),
    "number_of_buildings": Fact("Number of buildings", "", 0),
    "number_of_floors": Fact("Number of floors", "", 0),
    "property_gfa_total_sqft": Fact("Gross floor area", "ft²", 0),
    "property_gfa_parking_sqft": Fact("Parking floor area", "ft²", 0),
    "property_gfa_buildings_sqft": Fact("Floor area of buildings", "ft²", 0),
    "list_of_all_property_use_types": Fact("All property uses"),
    "uses": Fact("Property uses"),
    "gfa_sqft": Fact("Gross floor area", "ft²", 0),
    "largest": Fact("Largest use"),
    "largest_gfa_sqft": Fact("Floor area of the largest use", "ft²", 0),
    "second_largest": Fact("Second largest use"),
    "second_largest_gfa_sqft": Fact("Floor area of the second largest use", "ft²", 0),
    "third_largest": Fact("Third largest use"),
    "third_largest_gfa_sqft": Fact("Floor area of the third largest use", "ft²", 0),
    "years_energy_star_certified": Fact("Years ENERGY STAR certified"),
    "energy_star_score": Fact("ENERGY STAR score", "points", 0),
    "site_eui_kbtu_per_sqft": Fact("Site EUI", "kBtu/ft²", 1),
    "site_eui_wn_kbtu_per_sqft": Fact("Site EUI, WN", "kBtu/ft²", 1),
    "source_eui_kbtu_per_sqft": Fact("Source EUI", "kBtu/ft²", 1),
    "source_eui_wn_kbtu_per_sqft": Fact("Source EUI, WN", "kBtu/ft²", 1),
    "site_energy_use_kbtu": Fact("Site energy use", "kBtu", 0),
    "site_energy_use_wn_kbtu": Fact("Site energy use, WN", "kBtu", 0),
    "steam_use_kbtu": Fact("Steam", "kBtu", 0),
    "electricity_kwh": Fact("Electricity", "kWh", 0),
    "electricity_kbtu": Fact("Electricity", "kBtu", 0),
    "natural_gas_therms": Fact("Natural gas", "therms", 0),
    "natural_gas_kbtu": Fact("Natural gas", "kBtu", 0),
    "other_fuel_use_kbtu": Fact("Other fuels", "kBtu", 0),
    "total_ghg_emissions_mtco2e": Fact("GHG emissions", "t CO2e", 1),
    "ghg_emissions_intensity_kgco2e_per_sqft": Fact("GHG intensity", "kg CO2e/ft²", 2),
    "is_default_data": Fact("Default data"),
    "comments": Fact("Comments"),
    "compliance_status": Fact("Compliance status"),
    "compliance_issue": Fact("Compliance issue"),
    "outlier": Fact("Outlier"),
}


def fact_of(field: str) -> Fact:
    """A field's label and unit; a field of another day goes by its own name."""
    return FACTS.get(field) or Fact(field.replace("_", " ").capitalize())


def value_said(field: str, value: Any) -> str:
    """A value in full, with its unit.

    >>> value_said("site_energy_use_kbtu", 7456910.13)
    '7,456,910.13 kBtu'
    """
    fact = fact_of(field)
    if value is None or value == "":
        return NOT_KNOWN
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return _uses_said(value)
    if isinstance(value, int | float) and fact.digits is not None:
        unit = _(fact.unit) if fact.unit else ""
        said = f"{figure(value, ',.12g')} {unit}".rstrip()
        return said + beside(field, value)
    return f"{value} {fact.unit}" if fact.unit else str(value)


def _uses_said(uses: Any) -> str:
    said = []
    for _rank, use_type, area in uses:
        said.append(use_type if area is None else f"{use_type} ({figure(area, ',.12g')} ft²)")
    return "; ".join(said) or _("none")


def quantity(field: str) -> Callable[[Any, Any], str]:
    """A column that shows a number with thousands separators, its unit in the label; sortable."""
    fact = FACTS[field]

    @admin.display(description=f"{fact.label} ({fact.unit})", ordering=field)
    def shown(_admin: Any, row: Any) -> str:
        value = getattr(row, field)
        if value is None:
            return NOT_KNOWN
        form = f",.{fact.digits}f"
        return f"{figure(value, form)}{beside(field, value, form)}"

    return shown


def text(field: str) -> Callable[[Any, Any], Any]:
    """A column that shows a name, year or code as it is; sortable."""

    @admin.display(description=FACTS[field].label, ordering=field)
    def shown(_admin: Any, row: Any) -> str:
        return value_said(field, getattr(row, field))

    return shown
