"""What if? A prediction asked again with some features changed, through the door like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from buildings.selectors.factors import emission_factor_set_slug
from mlmodel.features import FeatureRow
from predictions.errors import PredictionFailedError
from predictions.models import PredictionInput, PredictionOutput
from predictions.services.door import Call, Question, prediction_create
from predictions.services.explanations import prediction_answered
from predictions.services.versions import serving_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Variation less original. Percentages are of the original; None where that is 0 or where the
    original has no emissions."""

    site_energy_use_kbtu: float
    site_energy_use_percent: float | None
    ghg_emissions_mtco2e: float | None
    ghg_emissions_percent: float | None


def variation_create(
    *,
    call: Call,
    original: PredictionInput,
    features: FeatureRow,
    sent: Mapping[str, Any] | None = None,
) -> tuple[PredictionInput, Difference]:
    """Predict `features`, a variation of `original` by the changes `sent`; both are by the same
    model version and the same emission factors, so that nothing but the features makes the
    difference.

    Raises what `prediction_create` raises, UnsuitablePredictionError when the original has no
    energy, VersionGoneError when its version can no longer be loaded, and PredictionFailedError
    when the model cannot answer the variation (which is then on the record).
    """
    before = prediction_answered(original)
    factor_set = before.emission_factor_set
    (variation,) = prediction_create(
        call=call,
        questions=[
            Question(features=features, building=original.building, what_if_of=original, sent=sent),
        ],
        emission_factor_set=None if factor_set is None else emission_factor_set_slug(factor_set),
        serving=serving_of(version=original.request.model_version),
    )
    after: PredictionOutput = variation.output
    if after.error_code:
        raise PredictionFailedError(prediction_id=variation.id, error_code=after.error_code)
    return variation, Difference(
        site_energy_use_kbtu=_less(after.site_energy_use_kbtu, before.site_energy_use_kbtu) or 0.0,
        site_energy_use_percent=_percent(after.site_energy_use_kbtu, before.site_energy_use_kbtu),
        ghg_emissions_mtco2e=_less(after.ghg_emissions_mtco2e, before.ghg_emissions_mtco2e),
        ghg_emissions_percent=_percent(after.ghg_emissions_mtco2e, before.ghg_emissions_mtco2e),
    )


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _percent(after: float | None, before: float | None) -> float | None:
    difference = _less(after, before)
    return None if difference is None or not before else 100 * difference / before
