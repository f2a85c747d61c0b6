"""Examples for the API's documentation. Synthetic: no real building."""

from typing import Any, Final

BUILDING_SUMMARY: Final[dict[str, Any]] = {
    "ose_building_id": 900001,
    "property_name": "Example Hotel",
    "address": "1 Example Street",
    "neighborhood": "DOWNTOWN",
    "year_built": 1968,
    "data_year": 2016,
    "building_type": "NonResidential",
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 95000.0,
    "is_synthetic": True,
}


BUILDING: Final[dict[str, Any]] = {
    "ose_building_id": 900001,
    "property_name": "Example Hotel",
    "address": "1 Example Street",
    "city": "Seattle",
    "state": "WA",
    "zip_code": "98101",
    "tax_parcel_identification_number": "0000900001",
    "council_district_code": 7,
    "neighborhood": "DOWNTOWN",
    "latitude": 47.61,
    "longitude": -122.33,
    "year_built": 1968,
    "records": [
        {
            "data_year": 2016,
            "is_synthetic": True,
            "building_type": "NonResidential",
            "primary_property_type": "Hotel",
            "number_of_buildings": 1,
            "number_of_floors": 9,
            "property_gfa_total_sqft": 95000.0,
            "property_gfa_parking_sqft": 5000.0,
            "property_gfa_buildings_sqft": 90000.0,
            "uses": [
                {"rank": 1, "use_type": "Hotel", "gfa_sqft": 90000.0},
                {"rank": 2, "use_type": "Parking", "gfa_sqft": 5000.0},
            ],
            "years_energy_star_certified": "",
            "energy_star_score": 58,
            "site_eui_kbtu_per_sqft": 80.0,
            "site_eui_wn_kbtu_per_sqft": 82.0,
            "source_eui_kbtu_per_sqft": 178.0,
            "source_eui_wn_kbtu_per_sqft": 181.0,
            "site_energy_use_kbtu": 7200000.0,
            "site_energy_use_wn_kbtu": 7380000.0,
            "steam_use_kbtu": 0.0,
            "electricity_kwh": 1172284.0,
            "electricity_kbtu": 4000000.0,
            "natural_gas_therms": 32000.0,
            "natural_gas_kbtu": 3200000.0,
            "total_ghg_emissions_mtco2e": 197.84,
            "ghg_emissions_intensity_kgco2e_per_sqft": 2.08,
            "is_default_data": False,
            "compliance_status": "Compliant",
            "outlier": "",
        }
    ],
}
