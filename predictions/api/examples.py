"""Examples of the OpenAPI document; the figures are made up and go together."""

from typing import Any, Final

_ID: Final = "0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10"
_VARIATION_ID: Final = "0199d3a1-0c44-7d02-8b1e-5d9a4be0c7f2"
_CALL_ID: Final = "0199d3a2-11b1-7d0a-8f4e-6c1d9b7a5e30"
_URL: Final = "http://127.0.0.1:8000/api/v1/predictions"

FACTS: Final[dict[str, Any]] = {
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 88434,
    "year_built": 1927,
    "number_of_floors": 12,
    "neighborhood": "DOWNTOWN",
}
_FACTOR_SET: Final = {
    "id": "seattle-2016-v1",
    "name": "seattle-2016",
    "version": 1,
    "data_year": 2016,
}
PREDICTION: Final[dict[str, Any]] = {
    "id": _ID,
    "url": f"{_URL}/{_ID}/",
    "created_at": "2026-11-24T09:30:00.123456Z",
    "request_id": "0199d3a0-5b1b-7f10-8c55-6a7f3c0e9b21",
    "model": {"name": "site-energy-use", "version": 2},
    "ose_building_id": None,
    "what_if_of": None,
    "features": FACTS,
    "output": {
        "site_energy_use_kbtu": 7_000_000.0,
        "site_eui_kbtu_per_sqft": 79.16,
        "electricity_kbtu": 4_000_000.0,
        "natural_gas_kbtu": 2_000_000.0,
        "steam_kbtu": 1_000_000.0,
        "ghg_emissions_mtco2e": 211.2936,
        "intervals": {
            "80": {
                "site_energy_use_kbtu": [5_250_000.0, 9_100_000.0],
                "ghg_emissions_mtco2e": [147.9, 295.8],
            },
            "90": {
                "site_energy_use_kbtu": [4_550_000.0, 10_500_000.0],
                "ghg_emissions_mtco2e": [126.8, 359.2],
            },
        },
        "emission_factor_set": _FACTOR_SET,
        "is_restated": False,
        "support": 0.84,
        "cautions": [],
    },
    "error_code": None,
}
STORED_PREDICTION: Final[dict[str, Any]] = {**PREDICTION, "ose_building_id": 1}
EMISSION_FACTOR_SET: Final[dict[str, Any]] = {
    **_FACTOR_SET,
    "valid_from": "2016-01-01",
    "valid_to": "2016-12-31",
    "kgco2e_per_mbtu": {"electricity": 6.9714, "natural_gas": 53.11, "steam": 77.188},
    "source": "City of Seattle, Office of Sustainability & Environment.",
    "is_derived": False,
}
EXPLANATION: Final[dict[str, Any]] = {
    "prediction_id": _ID,
    "created_at": "2026-11-24T09:31:00.123456Z",
    "site_energy_use_kbtu": 7_000_000.0,
    "reference_kbtu": 5_600_000.0,
    "reference": {
        "primary_property_type": "Hotel",
        "gross_floor_area_sqft": 72_000,
        "year_built": 1968,
    },
    "contributions": [
        {
            "feature": "gross_floor_area_sqft",
            "value": 88434,
            "reference_value": 72_000,
            "contribution_kbtu": 1_250_000.0,
            "together_with": [],
        },
        {
            "feature": "year_built",
            "value": 1927,
            "reference_value": 1968,
            "contribution_kbtu": 150_000.0,
            "together_with": [],
        },
    ],
    "orders": 0,
    "seed": 42,
    "peers": {
        "data_year": 2016,
        "is_synthetic": True,
        "count": 75,
        "percentile": 48.7,
        "nearest": [
            {
                "ose_building_id": 900001,
                "property_name": "Example Hotel 1",
                "gross_floor_area_sqft": 90_000.0,
                "year_built": 1930,
                "site_eui_kbtu_per_sqft": 82.1,
                "distance": 0.1453,
            }
        ],
    },
}
CHANGES: Final[dict[str, Any]] = {"changes": {"has_steam": False, "number_of_floors": None}}
WHAT_IF: Final[dict[str, Any]] = {
    "original": PREDICTION,
    "variation": {
        **PREDICTION,
        "id": _VARIATION_ID,
        "url": f"{_URL}/{_VARIATION_ID}/",
        "what_if_of": _ID,
        "features": {**FACTS, "number_of_floors": None, "has_steam": False},
        "output": {
            **PREDICTION["output"],
            "site_energy_use_kbtu": 6_300_000.0,
            "site_eui_kbtu_per_sqft": 71.24,
            "steam_kbtu": 0.0,
            "natural_gas_kbtu": 2_300_000.0,
            "ghg_emissions_mtco2e": 150.0386,
            "intervals": {
                "80": {
                    "site_energy_use_kbtu": [4_725_000.0, 8_190_000.0],
                    "ghg_emissions_mtco2e": [105.0, 210.1],
                },
                "90": {
                    "site_energy_use_kbtu": [4_095_000.0, 9_450_000.0],
                    "ghg_emissions_mtco2e": [90.0, 255.1],
                },
            },
        },
    },
    "difference": {
        "site_energy_use_kbtu": -700_000.0,
        "site_energy_use_percent": -10.0,
        "ghg_emissions_mtco2e": -61.255,
        "ghg_emissions_percent": -28.99,
    },
}
MODEL_VERSION: Final[dict[str, Any]] = {
    "name": "site-energy-use",
    "version": 1,
    "alias": "champion",
    "created_at": "2026-11-24T09:00:00Z",
    "promoted_at": "2026-11-24T09:00:01Z",
    "artifact_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "size_bytes": 8_170_000,
    "signature": {"inputs": [], "outputs": []},
    "parameters": {"seed": 42},
    "metrics": {
        "scores": {"non_residential": {"energy": {"f": {"r2_log": 0.779, "mdape": 0.335}}}}
    },
    "data_fingerprint": {"is_synthetic": False, "row_count": 3211},
    "code_version": "0.1.0",
    "url": "http://127.0.0.1:8000/api/v1/models/site-energy-use/versions/1/",
}
MODEL_VERSION_DETAIL: Final[dict[str, Any]] = {
    **MODEL_VERSION,
    "file_digests": {
        "served.npz": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"
    },
    "promotions": [
        {
            "created_at": "2026-11-24T09:00:01Z",
            "kind": "promotion",
            "alias": "champion",
            "replaced_version": None,
            "is_forced": False,
        }
    ],
    "card": {
        "facts": {
            "set_up": "f",
            "data": {"rows": 3211, "data_year": 2016, "non_residential": 1548},
            "fairness": {"non_residential": {"bias_p_value": 0.83}},
            "drift": {"coverage_80_stop": 0.72, "mdape_stop": 0.419},
        },
        "texts": {
            "en": {"out_of_scope": "- **Not a substitute for a meter**: …"},
            "fr": {"out_of_scope": "- **Ne remplace pas un compteur** : …"},
        },
    },
}
BATCH_ROWS: Final[dict[str, Any]] = {
    "rows": [
        FACTS,
        {
            "primary_property_type": "Warehouse",
            "gross_floor_area_sqft": 50_000,
            "year_built": 1980,
        },
    ]
}
BATCH_ROWS_CSV: Final = (
    "Primary property type;Gross floor area (sqft);Year built\r\nHotel;88,434;1927\r\n"
)
BATCH: Final[dict[str, Any]] = {
    "id": _CALL_ID,
    "url": f"{_URL}/batch/{_CALL_ID}/",
    "created_at": "2026-11-24T09:32:00.123456Z",
    "request_id": "0199d3a2-11b0-7e4f-9a0c-2f6b8d1c3e57",
    "model": {"name": "site-energy-use", "version": 2},
    "format": "csv",
    "row_counts": {"received": 2, "predicted": 1, "failed": 0, "unanswered": 0, "refused": 1},
    "results": [
        {
            "row": 0,
            "id": _ID,
            "ose_building_id": None,
            "output": PREDICTION["output"],
            "error_code": None,
            "errors": [],
        },
        {
            "row": 1,
            "id": None,
            "ose_building_id": None,
            "output": None,
            "error_code": None,
            "errors": [
                {
                    "in": "body",
                    "pointer": "/rows/1/year_built",
                    "detail": "Must be from 1850 to 2050.",
                    "code": "out-of-range",
                    "line": 3,
                }
            ],
        },
    ],
}
BATCH_CSV: Final = (
    f"row,prediction_id,ose_building_id,site_energy_use_kbtu,…\r\n0,{_ID},,7000000.0,…\r\n"
)
