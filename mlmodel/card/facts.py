"""What a card states, as language-neutral figures."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from mlmodel.card.page import card_texts
from mlmodel.comparison import SIGNIFICANCE
from mlmodel.evaluation.details import DETAILS
from mlmodel.models import ModelVersion
from mlmodel.selectors import LATER_YEARS, REFERENCE_DATA_YEAR

_FIELDS: Final = (
    "artifact_digest",
    "code_version",
    "data_fingerprint",
    "metrics",
    "parameters",
    "size_bytes",
)
#: Where the data is from.
_SOURCE: Final[Mapping[str, Any]] = {
    "publisher": "City of Seattle, Office of Sustainability & Environment",
    "dataset": "2bpz-gwpy",
    "url": "https://data.seattle.gov/d/2bpz-gwpy",
    "law": "SMC 22.920",
    "reporting_floor_area_sqft": 20_000,
}
#: What stops a version, and what makes one look. Stated before anything has drifted; watching it is
#: not part of this version. PSI: population stability index of a feature against the training rows.
DRIFT: Final[Mapping[str, float]] = {
    "psi_look": 0.1,
    "psi_stop": 0.25,
    "low_support": 0.05,
    "low_support_share_look": 0.1,
    "low_support_share_stop": 0.25,
    "outcomes_needed": 100,
    "coverage_80_stop": 0.72,
    "coverage_90_stop": 0.83,
    "mdape_ratio_stop": 1.25,
    "bias_stop": 0.1,
    "years_without_retraining": 2,
}
#: Taken for granted in the cost of training: what a busy core draws, cooling included.
_WATTS_PER_CORE: Final = 15.0
_KBTU_PER_WH: Final = 3.412141633e-3


def model_card(version: ModelVersion) -> dict[str, Any] | None:
    """A version's facts and texts; None if it was registered without what they are made from."""
    facts = card_facts({field: getattr(version, field) for field in _FIELDS})
    return facts and {"facts": facts, "texts": _texts(json.dumps(facts))}


@lru_cache(maxsize=8)  # of the versions that people look at
def _texts(facts: str) -> dict[str, dict[str, str]]:
    """Rendered once a process: that takes ten times as long as to write the facts down."""
    return card_texts(json.loads(facts))


def headline_metrics(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """A version's metrics without the details that its card is made from."""
    return {name: value for name, value in metrics.items() if name != DETAILS}


def card_facts(version: Mapping[str, Any]) -> dict[str, Any] | None:
    """The facts of a version, given as a manifest gives it; None without the details."""
    details = version["metrics"].get(DETAILS)
    if details is None:
        return None
    fingerprint = version["data_fingerprint"]
    metrics = version["metrics"]
    usual = metrics["scores"]["non_residential"]["energy"][details["set_up"]]
    return {
        "model": {
            "artifact_digest": version["artifact_digest"],
            "code_version": version["code_version"],
            "size_bytes": version["size_bytes"],
            "parameters": version["parameters"],
        },
        "data": {
            **details["data"],
            "data_year": REFERENCE_DATA_YEAR,
            "later_years": list(LATER_YEARS),
            "source": dict(_SOURCE),
            "is_synthetic": fingerprint["is_synthetic"],
            "rows_sha256": fingerprint["rows_sha256"],
            "import_sha256": fingerprint["import_sha256"],
        },
        "protocol": metrics["protocol"],
        "set_up": details["set_up"],
        "scores": metrics["scores"],
        "groups": details["groups"],
        "fairness": {**details["fairness"], "significance": SIGNIFICANCE},
        "new_buildings": details["new_buildings"],
        "yearly_changes": details["yearly_changes"],
        "cost": _cost(details),
        "drift": {**DRIFT, "mdape_stop": round(usual["mdape"] * DRIFT["mdape_ratio_stop"], 3)},
    }


def _cost(details: Mapping[str, Any]) -> dict[str, float]:
    cost = details["cost"]
    energy_wh = cost["cpu_s"] / 3600 * _WATTS_PER_CORE
    factor = details["data"]["emission_factors_kgco2e_per_mbtu"]["electricity"]
    return {
        **cost,
        "assumed_watts_per_core": _WATTS_PER_CORE,
        "energy_wh": float(f"{energy_wh:.2g}"),
        # kg per MBtu is g per kBtu.
        "emissions_gco2e": float(f"{energy_wh * _KBTU_PER_WH * factor:.2g}"),
    }
