"""What was measured of a predicted building, as somebody enters it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from buildings.quality import FUEL_SUM_TOLERANCE, SMALL_DIFFERENCE
from predictions.models import (
    FIRST_DATA_YEAR,
    MEASURED_FUELS,
    ObservedOutcome,
    OutcomeSource,
    PredictionInput,
)
from predictions.services.explanations import prediction_answered


def outcome_conflicts(values: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, str]:
    """What contradicts itself in an outcome whose members are each in range: member -> sentence.

    The table's constraints say the same; they are the last word, these are the words.
    """
    conflicts = {}
    first, last = FIRST_DATA_YEAR, (now or timezone.now()).year - 1
    if not first <= values["data_year"] <= last:
        said = _("Must be a year that is over: from %(first)d to %(last)d.")
        conflicts["data_year"] = said % {"first": first, "last": last}
    site = values["site_energy_use_kbtu"]
    known = [kbtu for fuel in MEASURED_FUELS if (kbtu := values.get(fuel)) is not None]
    tolerated = max(FUEL_SUM_TOLERANCE * site, SMALL_DIFFERENCE)
    tolerance = {"percent": f"{FUEL_SUM_TOLERANCE * 100:g}", "kbtu": f"{SMALL_DIFFERENCE:g}"}
    if sum(known) > site + tolerated:
        said = _(
            "Must not be less than the fuels that are given add up to, within %(percent)s %% or "
            "%(kbtu)s kBtu."
        )
        conflicts["site_energy_use_kbtu"] = said % tolerance
    elif len(known) == len(MEASURED_FUELS) and sum(known) < site - tolerated:
        said = _(
            "Must be the sum of electricity, natural gas and steam, within %(percent)s %% or "
            "%(kbtu)s kBtu; leave a fuel out whose use is not known, or that is none of these."
        )
        conflicts["site_energy_use_kbtu"] = said % tolerance
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
