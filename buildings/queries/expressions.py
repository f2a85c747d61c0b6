"""Expressions that several questions share."""

from typing import Any

from django.db.models import Aggregate, Case, F, FloatField, Q, Value, When
from django.db.models.functions import Coalesce

EXCHANGED = "site_energy_exchanged_with_wn"

#: Sum of the fuels; one that is not known counts as none.
FUELS_KBTU = (
    Coalesce("electricity_kbtu", Value(0.0))
    + Coalesce("natural_gas_kbtu", Value(0.0))
    + Coalesce("steam_use_kbtu", Value(0.0))
    + Coalesce("other_fuel_use_kbtu", Value(0.0))
)

#: What the meters counted: where metered and weather-normalised figures look exchanged, the fuels.
METERED_KBTU = Case(
    When(quality_flags__contains=[EXCHANGED], then=FUELS_KBTU),
    default=F("site_energy_use_kbtu"),
    output_field=FloatField(),
)

#: Records that a benchmark may be made of.
COMPARABLE = Q(compliance_status="Compliant", site_eui_kbtu_per_sqft__gt=0)


class Quantile(Aggregate):
    """A quantile, interpolated between the two nearest values: `Quantile("field", 0.5)`."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: Any, fraction: float, **extra: Any) -> None:
        super().__init__(expression, fraction=fraction, **extra)
