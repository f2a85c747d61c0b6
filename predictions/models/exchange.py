"""Each call, each input as the model saw it, each output."""

from typing import Final

import uuid_utils.compat as uuid7s
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Now

from buildings.models import Building, EmissionFactorSet
from buildings.units import SYSTEMS
from mlmodel.models import ModelVersion

#: How far a stored sum may be from its parts, as a share: what rounding leaves.
SUM_TOLERANCE: Final = 1e-9


class Channel(models.TextChoices):
    """How a call came in."""

    API = "api", "API"
    COMMAND = "command", "command line"


class ErrorCode(models.TextChoices):
    """Why an input has no predicted energy."""

    MODEL_FAILURE = "model-failure", "the model failed"
    INVALID_OUTPUT = "invalid-output", "the model answered something that is no energy"


class PredictionRequest(models.Model):
    """One call: who asked, through what, for how many rows, of which model version."""

    id = models.UUIDField(primary_key=True, default=uuid7s.uuid7, editable=False)
    caller = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="prediction_requests",
        db_index=False,  # an index below begins with it
    )
    caller_name = models.CharField(max_length=150, help_text="The caller's user name at the time.")
    token_prefix = models.CharField(
        max_length=25,
        blank=True,
        help_text="First characters of the token used; empty without one.",
    )
    channel = models.CharField(max_length=16, choices=Channel)
    request_id = models.CharField(
        max_length=64, help_text="X-Request-ID of the call, as in the logs."
    )
    body_sha256 = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 of the body as received; empty without a body.",
    )
    row_count = models.PositiveIntegerField()
    model_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        related_name="requests",
        db_index=False,  # an index below begins with it
    )
    received_at = models.DateTimeField(help_text="When the call arrived.")
    created_at = models.DateTimeField(
        db_default=Now(), help_text="When the call was stored, before the model saw it."
    )

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(row_count__gt=0), name="predictionrequest_row_count_positive"
            ),
            models.CheckConstraint(
                condition=Q(body_sha256="") | Q(body_sha256__regex=r"^[0-9a-f]{64}$"),
                name="predictionrequest_body_sha256_hex",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="predictionrequest_channel_known"
            ),
        ]
        indexes = [
            # The record is read by time, one's own or by a version's: each in its order.
            models.Index(fields=["caller", "created_at"], name="predictionrequest_caller"),
            models.Index(fields=["model_version", "created_at"], name="predictionrequest_version"),
            models.Index(fields=["created_at"], name="predictionrequest_created_at"),
            models.Index(fields=["request_id"], name="predictionrequest_request_id"),
            models.Index(fields=["token_prefix", "created_at"], name="predictionrequest_token"),
            # The few that came by the other way.
            models.Index(
                fields=["created_at"],
                condition=Q(channel=Channel.COMMAND),
                name="predictionrequest_by_command",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class PredictionInput(models.Model):
    """One building of a call, as the model saw it; its id is the prediction's public id."""

    id = models.UUIDField(primary_key=True, default=uuid7s.uuid7, editable=False)
    request = models.ForeignKey(PredictionRequest, on_delete=models.PROTECT, related_name="inputs")
    position = models.PositiveIntegerField(help_text="Place in the call, from 0.")
    building = models.ForeignKey(
        Building,
        on_delete=models.PROTECT,
        null=True,
        related_name="prediction_inputs",
        help_text="The building whose stored facts were used, if the call named one.",
    )
    what_if_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="variations",
        db_index=False,  # read from the variation to its original only
        help_text="The prediction whose features were varied, if this asks `what if`.",
    )
    features = models.JSONField(help_text="Every feature by name, as used; null is missing.")
    sent = models.JSONField(
        null=True,
        help_text="What of it was sent, before it was brought to these units: {units, members}; of "
        "a variation the changes; null where nothing was, as with stored facts, and for rows of a "
        "batch in these units, whose features are what was sent.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["request", "position"], name="predictioninput_position_unique"
            ),
            models.CheckConstraint(
                condition=Q(sent__isnull=True)
                | Q(sent__has_keys=["units", "members"], sent__units__in=SYSTEMS),
                name="predictioninput_sent_units_known",
            ),
        ]
        indexes = [
            # Rare types are found by it; of common ones, the newest are met soon enough.
            models.Index(
                KeyTextTransform("primary_property_type", "features"),
                name="predictioninput_use_type",
            ),
            models.Index(
                fields=["what_if_of"],
                condition=Q(what_if_of__isnull=False),
                name="predictioninput_variation",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


#: Columns of an output that hold energy or emissions: finite and never negative.
MEASURES: Final = (
    "electricity_kbtu",
    "natural_gas_kbtu",
    "steam_kbtu",
    "site_energy_use_low_80_kbtu",
    "site_energy_use_high_80_kbtu",
    "site_energy_use_low_90_kbtu",
    "site_energy_use_high_90_kbtu",
    "ghg_emissions_mtco2e",
    "ghg_emissions_low_80_mtco2e",
    "ghg_emissions_high_80_mtco2e",
    "ghg_emissions_low_90_mtco2e",
    "ghg_emissions_high_90_mtco2e",
    "emissions_ratio_low_80",
    "emissions_ratio_high_80",
    "emissions_ratio_low_90",
    "emissions_ratio_high_90",
)
#: All of these, or (as before predictions were made by fuel) none.
BY_FUEL: Final = (*MEASURES, "emission_factor_set", "support", "cautions")

# PostgreSQL sorts NaN above Infinity, so one bound refuses both; null passes a CHECK.
FINITE: Final = float("inf")


def _all_null(names: tuple[str, ...], *, are_null: bool) -> Q:
    return Q(**{f"{name}__isnull": are_null for name in names})


def _nested(value: str | None, unit: str, prefix: str) -> Q:
    """90 % interval around 80 % interval around the value; a ratio's value is 1."""
    low_80, high_80 = f"{prefix}_low_80{unit}", f"{prefix}_high_80{unit}"
    low_90, high_90 = f"{prefix}_low_90{unit}", f"{prefix}_high_90{unit}"
    middle: F | int = 1 if value is None else F(value)
    return Q(
        **{
            f"{low_90}__lte": F(low_80),
            f"{high_90}__gte": F(high_80),
            f"{low_80}__lte": middle,
            f"{high_80}__gte": middle,
        }
    )


def _measure(help_text: str) -> "models.FloatField[float | None, float | None]":
    return models.FloatField(null=True, help_text=help_text)


class PredictionOutput(models.Model):
    """What the model answered for one input: an energy or an error code, never both, never
    neither.

    Energies by fuel, emissions, intervals and support came later than the rest: rows of before have
    none of them.
    """

    input = models.OneToOneField(PredictionInput, on_delete=models.PROTECT, related_name="output")
    electricity_kbtu = _measure("Electricity of a year, kBtu.")
    natural_gas_kbtu = _measure("Natural gas of a year, kBtu.")
    steam_kbtu = _measure("District steam of a year, kBtu.")
    site_energy_use_kbtu = _measure("Site energy use of a year, kBtu: the sum of the three fuels.")
    site_energy_use_low_80_kbtu = _measure("Lower end of its 80 % interval, kBtu.")
    site_energy_use_high_80_kbtu = _measure("Upper end of its 80 % interval, kBtu.")
    site_energy_use_low_90_kbtu = _measure("Lower end of its 90 % interval, kBtu.")
    site_energy_use_high_90_kbtu = _measure("Upper end of its 90 % interval, kBtu.")
    site_eui_kbtu_per_sqft = _measure(
        "Site energy use intensity by building area without parking, kBtu/ft²/year."
    )
    emission_factor_set = models.ForeignKey(
        EmissionFactorSet,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,  # sets are never deleted, nor asked for their predictions
        help_text="The factors that made emissions of the fuels.",
    )
    ghg_emissions_mtco2e = _measure("Greenhouse gas emissions of a year, t CO2e: fuels x factors.")
    ghg_emissions_low_80_mtco2e = _measure("Lower end of their 80 % interval, t CO2e.")
    ghg_emissions_high_80_mtco2e = _measure("Upper end of their 80 % interval, t CO2e.")
    ghg_emissions_low_90_mtco2e = _measure("Lower end of their 90 % interval, t CO2e.")
    ghg_emissions_high_90_mtco2e = _measure("Upper end of their 90 % interval, t CO2e.")
    emissions_ratio_low_80 = _measure(
        "Lower end of the 80 % interval as a share of the emissions, whatever the factors."
    )
    emissions_ratio_high_80 = _measure("Upper end of the 80 % interval, likewise.")
    emissions_ratio_low_90 = _measure("Lower end of the 90 % interval, likewise.")
    emissions_ratio_high_90 = _measure("Upper end of the 90 % interval, likewise.")
    support = _measure(
        "Share of the training buildings that are at least as unusual: 1 is ordinary, 0 is unlike "
        "anything the model learnt from."
    )
    cautions = models.JSONField(
        null=True, help_text="What is unusual about the input: a list of {feature, detail}."
    )
    error_code = models.CharField(  # noqa: DJ001 -- null means: no error
        max_length=32, choices=ErrorCode, null=True, help_text="Why there is no energy, if so."
    )
    duration_ms = models.FloatField(help_text="What the model took for the call, ms.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When the answer was stored.")

    class Meta:
        indexes = [
            # The few that failed, found without reading the many that did not.
            models.Index(
                fields=["input"],
                condition=Q(error_code__isnull=False),
                name="predictionoutput_failed",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    error_code__isnull=True,
                    site_energy_use_kbtu__isnull=False,
                    site_eui_kbtu_per_sqft__isnull=False,
                )
                | Q(
                    error_code__isnull=False,
                    site_energy_use_kbtu__isnull=True,
                    site_eui_kbtu_per_sqft__isnull=True,
                ),
                name="predictionoutput_value_xor_error",
            ),
            models.CheckConstraint(
                condition=(Q(error_code__isnull=True) & _all_null(BY_FUEL, are_null=False))
                | _all_null(BY_FUEL, are_null=True),
                name="predictionoutput_by_fuel_or_not",
            ),
            models.CheckConstraint(
                condition=Q(site_energy_use_kbtu__gte=0, site_energy_use_kbtu__lt=FINITE)
                | Q(site_energy_use_kbtu__isnull=True),
                name="predictionoutput_energy_finite",
            ),
            models.CheckConstraint(
                condition=Q(site_eui_kbtu_per_sqft__gte=0, site_eui_kbtu_per_sqft__lt=FINITE)
                | Q(site_eui_kbtu_per_sqft__isnull=True),
                name="predictionoutput_eui_finite",
            ),
            models.CheckConstraint(
                condition=Q(
                    **{f"{name}__gte": 0 for name in MEASURES},
                    **{f"{name}__lt": FINITE for name in MEASURES},
                ),
                name="predictionoutput_measures_finite",
            ),
            models.CheckConstraint(
                condition=Q(
                    site_energy_use_kbtu__gte=(
                        F("electricity_kbtu") + F("natural_gas_kbtu") + F("steam_kbtu")
                    )
                    * (1 - SUM_TOLERANCE),
                    site_energy_use_kbtu__lte=(
                        F("electricity_kbtu") + F("natural_gas_kbtu") + F("steam_kbtu")
                    )
                    * (1 + SUM_TOLERANCE),
                ),
                name="predictionoutput_energy_is_the_sum",
            ),
            models.CheckConstraint(
                condition=_nested("site_energy_use_kbtu", "_kbtu", "site_energy_use"),
                name="predictionoutput_energy_intervals_nested",
            ),
            models.CheckConstraint(
                condition=_nested("ghg_emissions_mtco2e", "_mtco2e", "ghg_emissions"),
                name="predictionoutput_emissions_intervals_nested",
            ),
            models.CheckConstraint(
                condition=_nested(None, "", "emissions_ratio"),
                name="predictionoutput_ratios_nested",
            ),
            models.CheckConstraint(
                condition=Q(support__gte=0, support__lte=1), name="predictionoutput_support_share"
            ),
            models.CheckConstraint(
                condition=Q(error_code__in=ErrorCode.values) | Q(error_code__isnull=True),
                name="predictionoutput_error_code_known",
            ),
            models.CheckConstraint(
                condition=Q(duration_ms__gte=0), name="predictionoutput_duration_positive"
            ),
        ]

    def __str__(self) -> str:
        return str(self.input_id)
