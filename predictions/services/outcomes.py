"""What was measured of a predicted building, as somebody enters it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils import timezone

from buildings.quality import FUEL_SUM_TOLERANCE, SMALL_DIFFERENCE
from predictions.models import (
    FIRST_DATA_YEAR,
    MEASURED_FUELS,
    ObservedOutcome,
    OutcomeSource,
    PredictionInput,
)
from predictions.services.explanations import prediction_answered

_FUELS_SAID: Final = f"{', '.join(MEASURED_FUELS[:-1])} and {MEASURED_FUELS[-1]}"
_TOLERANCE_SAID: Final = f"within {FUEL_SUM_TOLERANCE:.0%} or {SMALL_DIFFERENCE:.0f} kBtu"


def outcome_conflicts(values: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, str]:
    """What contradicts itself in an outcome whose members are each in range: member -> sentence.

    The table's constraints say the same; they are the last word, these are the words.
    """
    conflicts = {}
    last_year = (now or timezone.now()).year - 1
    if not FIRST_DATA_YEAR <= values["data_year"] <= last_year:
        conflicts["data_year"] = (
            f"Must be a year that is over: from {FIRST_DATA_YEAR} to {last_year}."
        )
    site = values["site_energy_use_kbtu"]
    known = [kbtu for fuel in MEASURED_FUELS if (kbtu := values.get(fuel)) is not None]
    tolerated = max(FUEL_SUM_TOLERANCE * site, SMALL_DIFFERENCE)
    if sum(known) > site + tolerated:
        conflicts["site_energy_use_kbtu"] = (
            f"Must not be less than the fuels that are given add up to, {_TOLERANCE_SAID}."
        )
    elif len(known) == len(MEASURED_FUELS) and sum(known) < site - tolerated:
        conflicts["site_energy_use_kbtu"] = (
            f"Must be the sum of {_FUELS_SAID}, {_TOLERANCE_SAID}; leave a fuel out whose use is "
            "not known, or that is none of these."
        )
    return conflicts


def outcome_create(
    *,
    prediction: PredictionInput,
    values: Mapping[str, Any],
    source: OutcomeSource,
    entered_by: User,
    request_id: str = "",
) -> ObservedOutcome:
    """Store what was measured, by field name, free of `outcome_conflicts`; nothing is replaced: of
    a prediction and year the latest counts.

    Raises UnsuitablePredictionError when the prediction holds no energy to compare with.
    """
    prediction_answered(prediction)
    return ObservedOutcome.objects.create(
        input=prediction,
        **values,
        source=source,
        entered_by=entered_by,
        entered_by_name=entered_by.get_username(),
        request_id=request_id,
        # By the clock that the year was judged by.
        created_at=timezone.now(),
    )
