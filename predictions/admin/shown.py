"""How what is on the record reads: outcomes, figures, features, tables."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buildings.figures import beside, figure, quantity_said
from mlmodel.features import FEATURES_BY_NAME, Feature
from predictions.models import PredictionExplanation, PredictionInput
from predictions.selectors import Outcome

#: Charts and stories of the record.
RECORD_STYLES: Final = "predictions/record.css"
ANSWERED: Final = "answered"
FAILED: Final = "failed"
NO_OUTPUT: Final = "no output"
#: What the lists of exchanges search by, in this order.
SEARCHED: Final = gettext_lazy(
    "Prediction or call id, OSE building id, token prefix, X-Request-ID, caller, or words of a "
    "building’s name"
)
#: What became of an input, by the word for it.
OUTCOMES: Final = {
    ANSWERED: Outcome.ANSWERED,
    FAILED: Outcome.FAILED,
    NO_OUTPUT: Outcome.NO_OUTPUT,
}
COLOURS: Final = {ANSWERED: "success", FAILED: "danger", NO_OUTPUT: "warning"}


def outcome_of(prediction: PredictionInput) -> str:
    output = getattr(prediction, "output", None)
    if output is None:
        return NO_OUTPUT
    return FAILED if output.error_code else ANSWERED


def amount(value: float | None, digits: int = 0) -> str:
    """A number with so many decimals; a dash where there is none."""
    return "—" if value is None else figure(value, f",.{digits}f")


def measure(stored: PredictionInput, name: str, form: str = ",.0f") -> str:
    """A figure of the prediction's output; a dash where there is none."""
    value = getattr(getattr(stored, "output", None), name, None)
    return "—" if value is None else figure(value, form) + beside(name, value, form)


def table(rows: Iterable[tuple[Any, ...]]) -> str:
    """Rows of a name and what is said of it."""
    return format_html(
        "<table>{}</table>",
        format_html_join(
            "", '<tr><th class="pr-8 text-left font-normal">{}</th><td>{}</td></tr>', rows
        ),
    )


def shown(feature: Feature, value: Any) -> tuple[str, str]:
    """A feature's value and unit as one would write them."""
    if value is None:
        return _("unknown"), ""
    if isinstance(value, bool):
        return _("yes") if value else _("no"), ""
    if feature.unit == "year" or isinstance(value, str):
        return str(value), ""
    unit = _(feature.unit) if feature.unit else ""
    return figure(value, ",.10g"), unit + beside(feature.name, value)


def link(view: str, pk: Any, text: Any) -> str:
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{view}_change", args=[pk]), text)


def short_id(pk: Any) -> str:
    """The end of an id, which is by chance; the whole of it on hovering."""
    return format_html('<span class="ex-id" title="{}">…{}</span>', pk, str(pk)[-12:])


def moment(stored_at: datetime) -> str:
    """A time to the second, UTC."""
    return f"{stored_at:%Y-%m-%d %H:%M:%S}"


def label(feature: str) -> str:
    known = FEATURES_BY_NAME.get(feature)
    return feature if known is None else _(known.label)


def contributions_table(explanation: PredictionExplanation) -> str:
    """From the reference's energy to the prediction's, kBtu."""
    return table(
        [
            (
                _("A usual building of this type"),
                quantity_said("reference_kbtu", explanation.reference_kbtu),
            ),
            *(
                (
                    ", ".join(label(one["feature"]) for one in (entry, *entry["together_with"])),
                    quantity_said("contribution_kbtu", entry["contribution_kbtu"], "+,.0f"),
                )
                for entry in explanation.contributions
            ),
            (
                _("This building"),
                quantity_said("site_energy_use_kbtu", explanation.site_energy_use_kbtu),
            ),
        ]
    )
