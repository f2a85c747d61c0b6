"""Examples for the API's documentation. Synthetic: no real building."""

from typing import Any, Final

_NEXT: Final = "http://127.0.0.1:8000/api/v1/buildings/?cursor=WyI5YzFkIixmYWxzZSxbOTAwMDAxXV0"

BUILDING_SUMMARY: Final[dict[str, Any]] = {
    "ose_building_id": 900001,
    "property_name": "Example Hotel",
    "address": "1 Example Street",
    "neighborhood": "DOWNTOWN",
    "latitude": 47.61,
    "longitude": -122.33,
    "year_built": 1968,
    "data_year": 2016,
    "building_type": "NonResidential",
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 95000.0,
    "energy_star_score": 58,
    "site_energy_use_kbtu": 7200000.0,
    "site_eui_kbtu_per_sqft": 80.0,
    "total_ghg_emissions_mtco2e": 197.84,
    "compliance_status": "Compliant",
    "is_synthetic": True,
}

#: The same, as `units=si` gives it.
BUILDING_SUMMARY_SI: Final[dict[str, Any]] = {
    **{
        name: value
        for name, value in BUILDING_SUMMARY.items()
        if not name.endswith(("_sqft", "_kbtu"))
    },
    "gross_floor_area_m2": 8825.7888,
    "site_energy_use_kwh": 2110111.705,
    "site_eui_kwh_per_m2": 252.3672596,
}

FEATURE_COLLECTION: Final[dict[str, Any]] = {
    "type": "FeatureCollection",
    "next": _NEXT,
    "previous": None,
    "features": [
        {
            "type": "Feature",
            "id": 900001,
            "geometry": {"type": "Point", "coordinates": [-122.33, 47.61]},
            "properties": BUILDING_SUMMARY,
        }
    ],
}

CSV: Final = (
    ",".join(BUILDING_SUMMARY)
    + "\r\n900001,Example Hotel,1 Example Street,DOWNTOWN,47.61,-122.33,1968,2016,NonResidential,"
    "Hotel,95000.0,58,7200000.0,80.0,197.84,Compliant,true\r\n"
)


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
            "epa_property_type": "Hotel",
            "neighborhood": "DOWNTOWN",
            "year_built": 1968,
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
            "other_fuel_use_kbtu": None,
            "total_ghg_emissions_mtco2e": 197.84,
            "ghg_emissions_intensity_kgco2e_per_sqft": 2.08,
            "is_default_data": False,
            "compliance_status": "Compliant",
            "compliance_issue": "No Issue",
            "outlier": "",
            "quality_flags": [
                {
                    "code": "emissions_differ",
                    "title": "Emissions are not what the year's factors make of the fuels",
                }
            ],
            "provenance": {
                "dataset_import_id": 1,
                "file_name": "sample-benchmarking.csv",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "source_line_number": 2,
            },
        }
    ],
}

BENCHMARK: Final[dict[str, Any]] = {
    "primary_property_type": "Hotel",
    "data_year": 2016,
    "is_synthetic": True,
    "neighborhood": None,
    "definition": (
        "Records of the same use type and data year whose report is `Compliant` and whose site "
        "energy use intensity is above 0."
    ),
    "count": 73,
    "site_eui_kbtu_per_sqft": {
        "minimum": 28.1,
        "p10": 54.3,
        "p25": 65.2,
        "median": 79.4,
        "p75": 101.9,
        "p90": 124.6,
        "maximum": 231.7,
        "mean": 87.1,
    },
    "given_site_eui_kbtu_per_sqft": 80.0,
    "percentile_of_eui": 51.4,
    "warning": None,
    "links": {
        "buildings": (
            "http://127.0.0.1:8000/api/v1/buildings/?primary_property_type=Hotel&data_year=2016"
            "&is_synthetic=true&compliance_status=Compliant"
        )
    },
}
