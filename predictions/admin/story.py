"""One exchange as a story: who asked what, of which model, what it answered, what was measured."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from buildings.admin.base import list_url
from buildings.figures import beside, quantity_said
from buildings.units import US
from mlmodel.features import FEATURES
from mlmodel.prediction import COVERAGES
from predictions.admin.shown import amount, label, outcome_of, shown
from predictions.models import (
    ApiToken,
    PredictionExplanation,
    PredictionInput,
    PredictionOutput,
)
from predictions.selectors.exchanges import prediction_neighbours
from predictions.units import features_in

_WIDTH: Final = 480
_MARGIN: Final = 14
_FUELS: Final = (
    ("electricity", gettext_noop("Electricity"), "ex-electricity"),
    ("natural_gas", gettext_noop("Natural gas"), "ex-gas"),
    ("steam", gettext_noop("District steam"), "ex-steam"),
)


def story_of(stored: PredictionInput, *, user: AbstractBaseUser | AnonymousUser) -> dict[str, Any]:
    """What the template tells, and of it only what the user may view. Six queries at most."""
    may: Any = user
    call = stored.request
    output = getattr(stored, "output", None)
    explanation = getattr(stored, "explanation", None)
    if not may.has_perm("predictions.view_predictionexplanation"):
        explanation = None
    around = prediction_neighbours(
        prediction=stored,
        with_outcomes=may.has_perm("predictions.view_observedoutcome"),
        with_records=may.has_perm("buildings.view_benchmarkrecord"),
    )
    facts = _facts(stored)
    token = None
    if call.token_prefix and may.has_perm("predictions.view_apitoken"):
        tokens = ApiToken.objects.filter(user=call.caller_id, token_key=call.token_prefix)
        token = tokens.only("name").first()
    return {
        "prediction": stored,
        "call": call,
        "batch": getattr(call, "batch", None),
        "token": token,
        "version": call.model_version,
        "became": outcome_of(stored),
        "facts": [fact for fact in facts if fact["sent"] or not fact["is_unknown"]],
        "unknown": [fact["name"] for fact in facts if fact["is_unknown"] and not fact["sent"]],
        "units": stored.sent["units"] if stored.sent else None,
        "output": output,
        "answer": _answer(output),
        "chart": _interval(output, explanation, around.outcomes),
        "explanation": explanation,
        "contributions": _contributions(explanation),
        "outcomes": [_measured(outcome, output) for outcome in around.outcomes],
        "enter_url": _enter_url(stored, output, may),
        "building": stored.building if may.has_perm("buildings.view_building") else None,
        "records": around.records,
        "others": [(other, outcome_of(other)) for other in around.of_building],
        "others_url": stored.building
        and list_url(PredictionInput, building=stored.building.ose_building_id),
        "variations": around.variations,
        "call_url": list_url(PredictionInput, q=call.pk),
        "raw": _raw(stored, output, explanation),
    }


def _enter_url(stored: PredictionInput, output: PredictionOutput | None, may: Any) -> str:
    """Where what was measured is entered, by who may, of what was answered."""
    is_answered = output is not None and output.error_code is None
    if not is_answered or not may.has_perm("predictions.add_observedoutcome"):
        return ""
    return f"{reverse('admin:predictions_observedoutcome_add')}?input={stored.pk}"


def _facts(stored: PredictionInput) -> list[dict[str, Any]]:
    """Every feature: as it was sent, in its units, and as the model saw it."""
    sent = stored.sent or {}
    members: Mapping[str, Any] = sent.get("members", {})
    named = features_in(sent.get("units", US))
    facts: list[dict[str, Any]] = []
    for feature, as_sent in zip(FEATURES, named, strict=True):
        used = " ".join(shown(feature, stored.features.get(feature.name))).strip()
        if as_sent.name in members:
            value = members[as_sent.name]
            told = "null" if value is None else " ".join(shown(as_sent, value)).strip()
        else:
            told = ""
        facts.append(
            {
                "name": _(feature.label),
                "sent": told,
                "used": used,
                "is_unknown": stored.features.get(feature.name) is None,
                "is_converted": bool(told) and as_sent.unit != feature.unit,
            }
        )
    known = {one.name for one in named}
    facts += [
        {"name": name, "sent": str(value), "used": "", "is_unknown": False, "is_converted": False}
        for name, value in members.items()
        if name not in known
    ]
    return facts


def _answer(output: PredictionOutput | None) -> dict[str, Any] | None:
    if output is None or output.error_code:
        return None
    total = output.site_energy_use_kbtu or 0.0
    return {
        "energy": amount(output.site_energy_use_kbtu),
        "beside": beside("site_energy_use_kbtu", total, ",.0f"),
        "eui": quantity_said("site_eui_kbtu_per_sqft", output.site_eui_kbtu_per_sqft, ",.1f"),
        "emissions": amount(output.ghg_emissions_mtco2e, 1),
        "support": amount(output.support, 3),
        "fuels": [
            {
                "name": _(name),
                "css": css,
                "energy": amount(getattr(output, f"{fuel}_kbtu")),
                "share": amount(100 * (getattr(output, f"{fuel}_kbtu") or 0) / (total or 1), 1),
                "width": round(_WIDTH * (getattr(output, f"{fuel}_kbtu") or 0) / (total or 1), 1),
            }
            for fuel, name, css in _FUELS
        ],
        "intervals": [
            {
                "coverage": coverage,
                "energy": _range(output, "site_energy_use", coverage, "kbtu", 0),
                "emissions": _range(output, "ghg_emissions", coverage, "mtco2e", 1),
            }
            for coverage in COVERAGES
        ],
        "cautions": [(label(one["feature"]), one["detail"]) for one in output.cautions or []],
    }


def _range(
    output: PredictionOutput, name: str, coverage: int, unit: str, digits: int
) -> tuple[str, str]:
    low = getattr(output, f"{name}_low_{coverage}_{unit}")
    high = getattr(output, f"{name}_high_{coverage}_{unit}")
    return amount(low, digits), amount(high, digits)


def _interval(
    output: PredictionOutput | None,
    explanation: PredictionExplanation | None,
    outcomes: Sequence[Any],
) -> dict[str, Any] | None:
    """The intervals on one line, with what was measured and where the peers would be."""
    if output is None or output.site_energy_use_low_90_kbtu is None:
        return None
    energy, eui = output.site_energy_use_kbtu, output.site_eui_kbtu_per_sqft
    if not energy or not eui:
        return None
    peers = [
        {"kbtu": peer["site_eui_kbtu_per_sqft"] * energy / eui, "name": peer["property_name"]}
        for peer in (explanation.peers if explanation else [])
    ]
    measured = [{"kbtu": o.site_energy_use_kbtu, "name": str(o.data_year)} for o in outcomes]
    ends = [
        output.site_energy_use_low_90_kbtu,
        output.site_energy_use_high_90_kbtu,
        *(one["kbtu"] for one in (*peers, *measured)),
    ]
    lowest, highest = min(ends), max(ends)
    span = highest - lowest or 1.0

    def x(value: float | None) -> float:
        share = ((value or 0.0) - lowest) / span
        return round(_MARGIN + (_WIDTH - 2 * _MARGIN) * share, 1)

    bands = [
        {
            "css": f"ex-band-{coverage}",
            "x": x(getattr(output, f"site_energy_use_low_{coverage}_kbtu")),
            "width": round(
                x(getattr(output, f"site_energy_use_high_{coverage}_kbtu"))
                - x(getattr(output, f"site_energy_use_low_{coverage}_kbtu")),
                1,
            ),
        }
        for coverage in sorted(COVERAGES, reverse=True)
    ]
    return {
        "width": _WIDTH,
        "bands": bands,
        "x": x(energy),
        "left": amount(lowest),
        "right": amount(highest),
        "peers": [
            {"x": x(one["kbtu"]), "said": f"{one['name']}: {amount(one['kbtu'])} kBtu"}
            for one in peers
        ],
        "measured": [
            {"x": x(one["kbtu"]), "said": f"{one['name']}: {amount(one['kbtu'])} kBtu"}
            for one in measured
        ],
    }


def _contributions(explanation: PredictionExplanation | None) -> list[tuple[str, str, bool]]:
    if explanation is None:
        return []
    return [
        (
            _("A usual building of this type"),
            quantity_said("reference_kbtu", explanation.reference_kbtu),
            True,
        ),
        *(
            (
                ", ".join(label(one["feature"]) for one in (entry, *entry["together_with"])),
                quantity_said("contribution_kbtu", entry["contribution_kbtu"], "+,.0f"),
                False,
            )
            for entry in explanation.contributions
        ),
        (
            _("This building"),
            quantity_said("site_energy_use_kbtu", explanation.site_energy_use_kbtu),
            True,
        ),
    ]


def _measured(outcome: Any, output: PredictionOutput | None) -> dict[str, Any]:
    predicted = getattr(output, "site_energy_use_kbtu", None)
    measured = outcome.site_energy_use_kbtu
    off = 100 * (predicted / measured - 1) if predicted and measured else None
    low = getattr(output, "site_energy_use_low_90_kbtu", None)
    high = getattr(output, "site_energy_use_high_90_kbtu", None)
    return {
        "outcome": outcome,
        "energy": amount(measured),
        "off": "—" if off is None else f"{'+' if off >= 0 else ''}{amount(off, 1)} %",
        "is_within": None if low is None or high is None else low <= measured <= high,
    }


def _raw(stored: PredictionInput, *others: Any) -> list[tuple[str, str]]:
    """The rows as they are on record."""
    rows = [row for row in (stored.request, stored, *others) if row is not None]
    return [
        (
            str(row._meta.verbose_name),
            json.dumps(
                {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields},
                indent=2,
                default=str,
                ensure_ascii=False,
            ),
        )
        for row in rows
    ]
