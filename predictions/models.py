"""What is on the record: each call, each input as the model saw it, each output. Insert-only.

Migrations 0002 and 0004 add the triggers by which PostgreSQL itself refuses UPDATE, DELETE and
TRUNCATE on the tables of AUDIT_TABLES.
Values are stored, not references: an exchange reads the same whatever later happens to a user, a
token or a building.
"""

from typing import Final

import uuid_utils.compat as uuid7s
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from knox.models import AbstractAuthToken

from buildings.models import Building
from mlmodel.models import ModelVersion

#: The tables that PostgreSQL keeps insert-only.
AUDIT_TABLES: Final = (
    "predictions_predictionrequest",
    "predictions_predictioninput",
    "predictions_predictionoutput",
    "predictions_shadowoutput",
)

#: What a shadow row holds of an answer; named as in `mlmodel.prediction.Prediction`.
SHADOW_FIELDS: Final = (
    "electricity_kbtu",
    "natural_gas_kbtu",
    "steam_kbtu",
    "site_energy_use_kbtu",
    "site_eui_kbtu_per_sqft",
)


class Channel(models.TextChoices):
    """How a call came in."""

    API = "api", "API"
    COMMAND = "command", "command line"


class ErrorCode(models.TextChoices):
    """Why an input has no predicted energy."""

    MODEL_FAILURE = "model-failure", "the model failed"
    INVALID_OUTPUT = "invalid-output", "the model answered something that is no energy"


class ApiToken(AbstractAuthToken):
    """A named, expiring, revocable token; only its SHA-512 digest is stored (django-rest-knox)."""

    name = models.CharField(
        max_length=100, help_text="What the token is for, in its owner's words."
    )

    class Meta:
        verbose_name = "API token"
        ordering = ("-created",)

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key}…)"


class PredictionRequest(models.Model):
    """One call: who asked, through what, for how many rows, of which model version."""

    id = models.UUIDField(primary_key=True, default=uuid7s.uuid7, editable=False)
    caller = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="prediction_requests",
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
        ModelVersion, on_delete=models.PROTECT, related_name="requests"
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
            models.Index(fields=["caller", "-id"], name="predictionrequest_caller"),
            models.Index(fields=["created_at"], name="predictionrequest_created_at"),
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
    features = models.JSONField(help_text="Every feature by name, as used; null is missing.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["request", "position"], name="predictioninput_position_unique"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class PredictionOutput(models.Model):
    """What the model answered for one input: an energy or an error code, never both, never
    neither."""

    input = models.OneToOneField(PredictionInput, on_delete=models.PROTECT, related_name="output")
    site_energy_use_kbtu = models.FloatField(
        null=True, help_text="Site energy use of a year, kBtu."
    )
    site_eui_kbtu_per_sqft = models.FloatField(
        null=True,
        help_text="Site energy use intensity by building area without parking, kBtu/ft²/year.",
    )
    error_code = models.CharField(max_length=32, choices=ErrorCode, null=True)  # noqa: DJ001 -- null means: no error
    duration_ms = models.FloatField(help_text="What the model took for the call, ms.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
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
                # PostgreSQL sorts NaN above Infinity, so one bound refuses both.
                condition=Q(site_energy_use_kbtu__gte=0, site_energy_use_kbtu__lt=float("inf"))
                | Q(site_energy_use_kbtu__isnull=True),
                name="predictionoutput_energy_finite",
            ),
            models.CheckConstraint(
                condition=Q(site_eui_kbtu_per_sqft__gte=0, site_eui_kbtu_per_sqft__lt=float("inf"))
                | Q(site_eui_kbtu_per_sqft__isnull=True),
                name="predictionoutput_eui_finite",
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


class ShadowOutput(models.Model):
    """What a challenger would have answered to an input; computed off the request path, answered to
    nobody. Energies or an error code, never both, never neither."""

    input = models.ForeignKey(
        PredictionInput,
        on_delete=models.PROTECT,
        related_name="shadow_outputs",
        help_text="The input as the champion saw it.",
    )
    model_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        related_name="shadow_outputs",
        db_index=False,  # the unique constraint begins with it
        help_text="The challenger that scored it.",
    )
    electricity_kbtu = models.FloatField(null=True, help_text="Electricity of a year, kBtu.")
    natural_gas_kbtu = models.FloatField(null=True, help_text="Natural gas of a year, kBtu.")
    steam_kbtu = models.FloatField(null=True, help_text="District steam of a year, kBtu.")
    site_energy_use_kbtu = models.FloatField(
        null=True, help_text="Site energy use of a year, kBtu: the sum of the three."
    )
    site_eui_kbtu_per_sqft = models.FloatField(
        null=True,
        help_text="Site energy use intensity by building area without parking, kBtu/ft²/year.",
    )
    error_code = models.CharField(  # noqa: DJ001 -- null means: no error
        max_length=32, choices=ErrorCode, null=True, help_text="Why there are no energies."
    )
    duration_ms = models.FloatField(help_text="What the challenger took for this one input, ms.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was scored.")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "input"], name="shadowoutput_scored_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    error_code__isnull=True,
                    **{f"{field}__isnull": False for field in SHADOW_FIELDS},
                )
                | Q(
                    error_code__isnull=False,
                    **{f"{field}__isnull": True for field in SHADOW_FIELDS},
                ),
                name="shadowoutput_value_xor_error",
            ),
            *(
                models.CheckConstraint(
                    # PostgreSQL sorts NaN above Infinity, so one bound refuses both.
                    condition=Q(**{f"{field}__gte": 0, f"{field}__lt": float("inf")})
                    | Q(**{f"{field}__isnull": True}),
                    name=f"shadowoutput_{field.removesuffix('_per_sqft')}_finite",
                )
                for field in SHADOW_FIELDS
            ),
            models.CheckConstraint(
                condition=Q(error_code__in=ErrorCode.values) | Q(error_code__isnull=True),
                name="shadowoutput_error_code_known",
            ),
            models.CheckConstraint(
                condition=Q(duration_ms__gte=0), name="shadowoutput_duration_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.input_id} by {self.model_version_id}"
