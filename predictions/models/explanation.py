"""Why a prediction is what it is."""

from typing import Final

import uuid_utils.compat as uuid7s
from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Abs, Greatest, Now
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext as _

from predictions.models.exchange import FINITE, SUM_TOLERANCE, PredictionInput

#: What contributions add up to, kBtu; the function is the database's (migration 0003).
_CONTRIBUTIONS_KBTU: Final = Func(
    F("contributions"),
    function="predictions_contributions_kbtu",
    output_field=models.FloatField(),
)


class PredictionExplanation(models.Model):
    """Why a prediction is what it is: what each feature adds to that of a reference building, and
    the nearest real peers. Computed on demand, once.

    Reference, number of orders and seed are stored: with them, every row that the model was shown
    can be written down again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7s.uuid7, editable=False)
    input = models.OneToOneField(
        PredictionInput,
        on_delete=models.PROTECT,
        related_name="explanation",
        help_text="The prediction that is explained.",
    )
    caller = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Who asked for it first.",
    )
    caller_name = models.CharField(max_length=150, help_text="The caller's user name at the time.")
    request_id = models.CharField(
        max_length=64, help_text="X-Request-ID of that call, as in the logs."
    )
    site_energy_use_kbtu = models.FloatField(help_text="The predicted site energy use, kBtu.")
    reference_features = models.JSONField(
        help_text="A usual building of the same primary property type, as the model was told of it."
    )
    reference_kbtu = models.FloatField(help_text="What the model predicts for that building, kBtu.")
    contributions = models.JSONField(
        help_text="What leads from the one to the other: a list of {feature, value, "
        "reference_value, contribution_kbtu, together_with}."
    )
    orders = models.PositiveIntegerField(
        help_text="Random orders that were averaged over; 0: all orders, exactly."
    )
    seed = models.BigIntegerField(help_text="Seed of the random orders.")
    peers = models.JSONField(
        help_text="The nearest buildings with measured energy, nearest first; at most five."
    )
    peers_data_year = models.PositiveSmallIntegerField(
        null=True, help_text="Data year of the peers; none: no peer is on record."
    )
    peers_are_synthetic = models.BooleanField(
        null=True, help_text="Whether the peers are made up: no real one is on record."
    )
    peer_count = models.PositiveIntegerField(
        help_text="Peers of the same primary property type in that year."
    )
    percentile = models.FloatField(
        null=True,
        help_text="Share of these peers, in per cent, whose measured EUI is below the predicted.",
    )
    duration_ms = models.FloatField(help_text="What it took to compute, ms.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was stored.")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    site_energy_use_kbtu__gte=0,
                    site_energy_use_kbtu__lt=FINITE,
                    reference_kbtu__gte=0,
                    reference_kbtu__lt=FINITE,
                ),
                name="predictionexplanation_energies_finite",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    Abs(F("reference_kbtu") + _CONTRIBUTIONS_KBTU - F("site_energy_use_kbtu")),
                    Greatest(F("reference_kbtu"), F("site_energy_use_kbtu"), Value(1.0))
                    * SUM_TOLERANCE,
                ),
                name="predictionexplanation_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(percentile__gte=0, percentile__lte=100),
                name="predictionexplanation_percentile_range",
            ),
            models.CheckConstraint(
                condition=Q(duration_ms__gte=0), name="predictionexplanation_duration_positive"
            ),
        ]

    def __str__(self) -> str:
        return _("explanation of %(id)s") % {"id": self.input_id}
