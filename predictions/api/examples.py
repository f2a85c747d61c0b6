"""Examples of the OpenAPI document; the figures are made up and go together."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from buildings.units import SI, US
from mlmodel.features import FEATURES
from predictions.batches.answers import columns_in as batch_columns_in
from predictions.exports import formats
from predictions.exports.columns import PATHS, columns_in
from predictions.units import answer_in

_ID: Final = "0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10"
_VARIATION_ID: Final = "0199d3a1-0c44-7d02-8b1e-5d9a4be0c7f2"
_CALL_ID: Final = "0199d3a0-5b1c-7b80-9f02-8a4d5e6c1b33"
_API: Final = "http://127.0.0.1:8000/api/v1"
_URL: Final = f"{_API}/predictions"

FACTS: Final[dict[str, Any]] = {
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 88434,
    "year_built": 1927,
    "number_of_floors": 12,
    "neighborhood": "DOWNTOWN",
}
#: The same building, as `units=si` takes it.
FACTS_SI: Final[dict[str, Any]] = {
    "primary_property_type": "Hotel",
    "gross_floor_area_m2": 8215.787439,
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
    "sent": {"units": US, "members": FACTS},
    "assumptions": [
        {"feature": feature.name, "treatment": feature.absent}
        for feature in FEATURES
        if feature.name not in FACTS
    ],
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
    },
    "warnings": [],
    "error_code": None,
    "links": {
        "self": f"{_URL}/{_ID}/",
        "call": f"{_URL}/?call={_CALL_ID}",
        "explanations": f"{_URL}/{_ID}/explanations/",
        "what_if": f"{_URL}/{_ID}/what-if/",
        "original": None,
        "building": None,
        "model_version": f"{_API}/models/site-energy-use/versions/2/",
        "emission_factor_sets": f"{_API}/emission-factor-sets/",
    },
}
STORED_PREDICTION: Final[dict[str, Any]] = {
    **PREDICTION,
    "ose_building_id": 1,
    "sent": None,
    "links": {**PREDICTION["links"], "building": f"{_API}/buildings/1/"},
}
PREDICTION_SI: Final[dict[str, Any]] = answer_in(
    SI, {**PREDICTION, "sent": {"units": SI, "members": FACTS_SI}}
)
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
        "links": {
            **PREDICTION["links"],
            "self": f"{_URL}/{_VARIATION_ID}/",
            "explanations": f"{_URL}/{_VARIATION_ID}/explanations/",
            "what_if": f"{_URL}/{_VARIATION_ID}/what-if/",
            "original": f"{_URL}/{_ID}/",
        },
        "what_if_of": _ID,
        "features": {**FACTS, "number_of_floors": None, "has_steam": False},
        "sent": {"units": US, "members": CHANGES["changes"]},
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
TOKEN_REQUEST: Final[dict[str, Any]] = {
    "name": "batch job",
    "scopes": ["predict", "read"],
    "networks": ["192.0.2.0/24", "2001:db8::/32"],
    "expires_in_days": 30,
}
_TOKEN_ID: Final = "3f0c5b0a-6a0e-4a53-9d7c-2b8a4c1e5d90"  # noqa: S105 -- a public id
TOKEN: Final[dict[str, Any]] = {
    "id": _TOKEN_ID,
    "url": f"http://127.0.0.1:8000/api/v1/tokens/{_TOKEN_ID}/",
    "name": "batch job",
    "prefix": "5e1f0a9c",
    "state": "active",
    "scopes": ["predict", "read"],
    "networks": ["192.0.2.0/24", "2001:db8::/32"],
    "requests_per_minute": None,
    "rows_per_minute": None,
    "created_at": "2026-11-27T09:00:00Z",
    "expires_at": "2026-12-27T09:00:00Z",
    "revoked_at": None,
    "last_used_at": "2026-11-27T09:41:00Z",
}
NEW_TOKEN: Final[dict[str, Any]] = {
    **TOKEN,
    "last_used_at": None,
    "secret": "5e1f0a9c…64 characters in all…",
}
REVOKED_TOKEN: Final[dict[str, Any]] = {
    **TOKEN,
    "state": "revoked",
    "revoked_at": "2026-11-27T09:45:00Z",
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
BATCH_ROWS_SI: Final[dict[str, Any]] = {"rows": [FACTS_SI]}
BATCH_ROWS_SI_CSV: Final = (
    "Primary property type;Gross floor area (m²);Year built\r\nHotel;8,215.8;1927\r\n"
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
            "warnings": [],
            "error_code": None,
            "errors": [],
        },
        {
            "row": 1,
            "id": None,
            "ose_building_id": None,
            "output": None,
            "warnings": [],
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


BATCH_SI: Final[dict[str, Any]] = answer_in(SI, BATCH)


def _batch_json_lines(units: str) -> str:
    """The first of these rows."""
    return json.dumps(answer_in(units, BATCH["results"][0]), separators=(",", ":")) + "\n"


BATCH_JSON_LINES: Final = _batch_json_lines(US)
BATCH_JSON_LINES_SI: Final = _batch_json_lines(SI)


def _batch_csv(units: str) -> str:
    """The same as a table, by the columns that a batch is written with."""
    output = answer_in(units, PREDICTION["output"])
    cells = {
        "row": "0",
        "prediction_id": _ID,
        **{name: str(value) for name, value in output.items() if isinstance(value, float)},
        "emission_factor_set": output["emission_factor_set"]["id"],
        "warnings": "[]",
    }
    names = [column.name for column in batch_columns_in(units)]
    lines = (names, [cells.get(name, "") for name in names])
    return "".join(",".join(line) + "\r\n" for line in lines)


BATCH_CSV: Final = _batch_csv(US)
BATCH_CSV_SI: Final = _batch_csv(SI)


def _row() -> dict[str, Any]:
    """PREDICTION as an export reads it from the database."""
    output, factor_set = PREDICTION["output"], PREDICTION["output"]["emission_factor_set"]
    created_at = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    row: dict[str, Any] = {
        "id": PREDICTION["id"],
        "request_id": _CALL_ID,
        "position": 0,
        "features": FACTS,
        "sent": PREDICTION["sent"],
        "request__created_at": created_at,
        "request__caller_name": "analyst",
        "request__channel": "api",
        "request__request_id": PREDICTION["request_id"],
        "request__model_version__name": PREDICTION["model"]["name"],
        "request__model_version__version": PREDICTION["model"]["version"],
        "output__emission_factor_set__name": factor_set["name"],
        "output__emission_factor_set__version": factor_set["version"],
        "output__cautions": [],
        "output__duration_ms": 0.4,
        "output__created_at": created_at,
    }
    for name, value in output.items():
        row[f"output__{name}"] = value
    for coverage, interval in output["intervals"].items():
        for (stem, unit), bounds in zip(
            (("site_energy_use", "kbtu"), ("ghg_emissions", "mtco2e")),
            interval.values(),
            strict=True,
        ):
            for end, bound in zip(("low", "high"), bounds, strict=True):
                row[f"output__{stem}_{end}_{coverage}_{unit}"] = bound
    return {path: row.get(path) for path in PATHS}


def _export(write: formats.Write) -> str:
    return b"".join(write([_row()], columns_in(US))).decode()


EXPORT_CSV: Final = _export(formats.write_csv)
EXPORT_JSON_LINES: Final = _export(formats.write_json_lines)
