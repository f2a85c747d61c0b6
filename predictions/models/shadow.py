"""What a challenger would have answered."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from mlmodel.models import ModelVersion
from predictions.models.exchange import ErrorCode, PredictionInput

#: What a shadow row holds of an answer; named as in `mlmodel.prediction.Prediction`.
SHADOW_FIELDS: Final = (
    "electricity_kbtu",
    "natural_gas_kbtu",
    "steam_kbtu",
    "site_energy_use_kbtu",
    "site_eui_kbtu_per_sqft",
)


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
        indexes = [models.Index(fields=["created_at", "id"], name="shadowoutput_created_at")]

    def __str__(self) -> str:
        return _("%(id)s by %(version)s") % {"id": self.input_id, "version": self.model_version_id}
