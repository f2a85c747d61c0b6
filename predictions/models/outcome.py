"""What a predicted building really used, once a year is over."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, ExtractYear, Greatest, Now
from django.db.models.lookups import LessThan, LessThanOrEqual
from django.utils.translation import gettext as _

from buildings.models import BenchmarkRecord
from buildings.quality import FUEL_SUM_TOLERANCE, SMALL_DIFFERENCE
from predictions.models.exchange import PredictionInput

#: The first year that records may be of, too.
FIRST_DATA_YEAR: Final = 2000
#: A hundred times what the largest campus on record uses or emits: beyond it, a unit was mistaken.
MEASURED_MAX_KBTU: Final = 1e11
MEASURED_MAX_MTCO2E: Final = 1e7
MEASURED_FUELS: Final = ("electricity_kbtu", "natural_gas_kbtu", "steam_kbtu")

_ENERGY: Final = F("site_energy_use_kbtu")
_TOLERATED_KBTU: Final = Greatest(FUEL_SUM_TOLERANCE * _ENERGY, Value(SMALL_DIFFERENCE))
#: Null unless every fuel is known.
_ALL_KBTU: Final = F("electricity_kbtu") + F("natural_gas_kbtu") + F("steam_kbtu")
_KNOWN_KBTU: Final = (
    Coalesce(F("electricity_kbtu"), Value(0.0))
    + Coalesce(F("natural_gas_kbtu"), Value(0.0))
    + Coalesce(F("steam_kbtu"), Value(0.0))
)


def _measured(name: str, maximum: float, unit: str) -> models.CheckConstraint:
    # PostgreSQL sorts NaN above everything, so the bound refuses it; null passes a CHECK.
    return models.CheckConstraint(
        condition=Q(**{f"{name}__range": (0.0, maximum)}),
        name=f"observedoutcome_{name}_range",
        violation_error_message=f"{name} must be from 0 to {maximum:,.0f} {unit}.",
    )


class OutcomeSource(models.TextChoices):
    """How an outcome came in."""

    API = "api", "API"
    ADMIN = "admin", "admin"
    MATCHED = "matched", "matched"


class ObservedOutcome(models.Model):
    """What the building of a prediction used in a year, as measured. Insert-only: a correction is a
    later outcome of the same prediction and year, and the latest counts."""

    input = models.ForeignKey(
        PredictionInput,
        on_delete=models.PROTECT,
        related_name="outcomes",
        db_index=False,  # observedoutcome_latest begins with it
        verbose_name="prediction",
        help_text="The prediction whose building was measured.",
    )
    data_year = models.PositiveSmallIntegerField(
        help_text="The calendar year that was measured; it is over."
    )
    site_energy_use_kbtu = models.FloatField(
        verbose_name="site energy use (kBtu)",
        help_text="Site energy used in that year as metered, kBtu; not weather-normalised.",
    )
    electricity_kbtu = models.FloatField(
        null=True,
        blank=True,
        verbose_name="electricity (kBtu)",
        help_text="Electricity of it, kBtu (1 kWh = 3.412141633 kBtu); none: not known.",
    )
    natural_gas_kbtu = models.FloatField(
        null=True,
        blank=True,
        verbose_name="natural gas (kBtu)",
        help_text="Natural gas of it, kBtu (1 therm = 100 kBtu); none: not known.",
    )
    steam_kbtu = models.FloatField(
        null=True,
        blank=True,
        verbose_name="district steam (kBtu)",
        help_text="District steam of it, kBtu; none: not known.",
    )
    ghg_emissions_mtco2e = models.FloatField(
        null=True,
        blank=True,
        verbose_name="emissions (t CO2e)",
        help_text="Greenhouse gas emissions of that energy as reported, t CO2e; none: not known.",
    )
    source = models.CharField(
        max_length=16, choices=OutcomeSource, help_text="How the outcome came in."
    )
    record = models.ForeignKey(
        BenchmarkRecord,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,  # records are never deleted, nor asked for their outcomes
        help_text="The benchmark record that it was taken from, if it was matched.",
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The user who entered it, if one did.",
    )
    entered_by_name = models.CharField(
        max_length=150,
        help_text="That user's name at the time, or the operating system's name of who ran the "
        "command.",
    )
    request_id = models.CharField(
        max_length=64, blank=True, help_text="X-Request-ID of the call that brought it, if one did."
    )
    note = models.CharField(
        max_length=500, blank=True, help_text="Where the figure is from, in words."
    )
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was stored.")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(data_year__gte=FIRST_DATA_YEAR)
                & Q(LessThan(F("data_year"), ExtractYear("created_at"))),
                name="observedoutcome_year_is_over",
            ),
            *(
                _measured(name, MEASURED_MAX_KBTU, "kBtu")
                for name in ("site_energy_use_kbtu", *MEASURED_FUELS)
            ),
            _measured("ghg_emissions_mtco2e", MEASURED_MAX_MTCO2E, "t CO2e"),
            models.CheckConstraint(
                condition=Q(LessThanOrEqual(_KNOWN_KBTU, _ENERGY + _TOLERATED_KBTU))
                & Q(LessThanOrEqual(_ENERGY - _TOLERATED_KBTU, _ALL_KBTU)),
                name="observedoutcome_fuels_add_up",
            ),
            models.CheckConstraint(
                condition=Q(source__in=OutcomeSource.values), name="observedoutcome_source_known"
            ),
            models.CheckConstraint(
                condition=Q(source=OutcomeSource.MATCHED, record__isnull=False)
                | ~Q(source=OutcomeSource.MATCHED) & Q(record__isnull=True),
                name="observedoutcome_record_if_matched",
            ),
        ]
        indexes = [
            # Finds the latest of a prediction and year, and what was measured of a prediction.
            models.Index(fields=["input", "data_year", "-id"], name="observedoutcome_latest"),
            models.Index(fields=["created_at", "id"], name="observedoutcome_created_at"),
        ]

    def __str__(self) -> str:
        return _("%(year)s of %(id)s") % {"year": self.data_year, "id": self.input_id}
