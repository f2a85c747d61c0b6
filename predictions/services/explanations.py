"""Why a prediction is what it is; stored with it, once."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from django.utils.translation import gettext

from buildings.selectors.peers import PeerCriteria, benchmark_get, nearest_peers
from mlmodel.explanation import Contribution, Contributions, Switched, contributions
from mlmodel.features import FEATURE_NAMES, FeatureRow
from mlmodel.runtime import ServedModel
from predictions.errors import UnsuitablePredictionError, VersionGoneError
from predictions.models import (
    SUM_TOLERANCE,
    PredictionExplanation,
    PredictionInput,
    PredictionOutput,
)
from predictions.selectors import explanation_get
from predictions.services.door import Call
from predictions.services.versions import serving_of

#: Nearest peers that are shown.
PEERS_SHOWN: Final = 5


def explanation_create(
    *, call: Call, prediction: PredictionInput
) -> tuple[PredictionExplanation, bool]:
    """The prediction's explanation and whether it is new; a stored one is never computed again.

    The model is the version that made the prediction. Of two calls at once, one stores and both
    answer what is stored.

    Raises UnsuitablePredictionError when there is no energy to explain, and VersionGoneError when
    the version can no longer be loaded or does not come to the stored prediction again; nothing is
    written then.
    """
    if stored := explanation_get(prediction=prediction):
        return stored, False
    output = prediction_answered(prediction)
    energy = output.site_energy_use_kbtu or 0.0
    model = serving_of(version=prediction.request.model_version).model
    started = time.perf_counter()
    features: FeatureRow = {name: prediction.features.get(name) for name in FEATURE_NAMES}
    reference = model.reference(str(features["primary_property_type"]))
    found = _contributions(model, features, reference, energy)
    peers = _peers(features, prediction, output)
    explanation = PredictionExplanation(
        input=prediction,
        caller=call.caller,
        caller_name=call.caller_name,
        request_id=call.request_id,
        site_energy_use_kbtu=energy,
        reference_features={name: reference.get(name) for name in FEATURE_NAMES},
        reference_kbtu=found.reference_kbtu,
        contributions=[_entry(one) for one in found.contributions],
        orders=found.orders,
        seed=found.seed,
        **peers,
        duration_ms=(time.perf_counter() - started) * 1000,
    )
    PredictionExplanation.objects.bulk_create([explanation], ignore_conflicts=True)
    kept = PredictionExplanation.objects.get(input=prediction)
    return kept, kept.pk == explanation.pk


def prediction_answered(prediction: PredictionInput) -> PredictionOutput:
    """The prediction's output. Raises UnsuitablePredictionError when it holds no energy."""
    output: PredictionOutput | None = getattr(prediction, "output", None)
    if output is None or output.error_code:
        raise UnsuitablePredictionError(
            gettext("This prediction has no answer: ask for a new one.")
        )
    return output


def _contributions(
    model: ServedModel,
    features: FeatureRow,
    reference: FeatureRow,
    stored_kbtu: float,
) -> Contributions:
    def energies(rows: Sequence[FeatureRow]) -> list[float]:
        return [float(answer.site_energy_use_kbtu) for answer in model.predict(rows)]

    found = contributions(features, reference, energies)
    largest = max(stored_kbtu, found.reference_kbtu, 1.0)
    # Half of what the database tolerates: the other half is for rounding in the sum.
    if not abs(found.prediction_kbtu - stored_kbtu) <= SUM_TOLERANCE / 2 * largest:
        raise VersionGoneError(
            f"{model.name} {model.version} answers {found.prediction_kbtu}, not {stored_kbtu} kBtu"
        )
    return found


def _entry(one: Contribution) -> dict[str, object]:
    return {
        **_switched(one),
        "contribution_kbtu": one.contribution_kbtu,
        "together_with": [_switched(other) for other in one.together_with],
    }


def _switched(one: Switched) -> dict[str, object]:
    return {
        "feature": one.feature,
        "value": one.value,
        "reference_value": one.reference_value,
    }


def _peers(
    features: FeatureRow, prediction: PredictionInput, output: PredictionOutput
) -> dict[str, object]:
    """What is stored of the peers; three queries."""
    area, year_built = features["gross_floor_area_sqft"], features["year_built"]
    benchmark = benchmark_get(
        criteria=PeerCriteria(
            primary_property_type=str(features["primary_property_type"]),
            without_building_id=prediction.building_id,
        ),
        site_eui=output.site_eui_kbtu_per_sqft,
    )
    nearest = (
        nearest_peers(
            criteria=benchmark.criteria,
            gross_floor_area_sqft=float(area),
            year_built=int(year_built),
            count=PEERS_SHOWN,
        )
        if isinstance(area, int | float) and isinstance(year_built, int | float)
        else []
    )
    return {
        "peers": [asdict(peer) for peer in nearest],
        "peers_data_year": benchmark.criteria.data_year,
        "peers_are_synthetic": benchmark.criteria.is_synthetic,
        "peer_count": benchmark.count,
        "percentile": benchmark.percentile,
    }
