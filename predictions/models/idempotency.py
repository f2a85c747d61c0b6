"""What makes a repeated POST the same POST: keys that callers chose, and what was answered."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from predictions.models.exchange import PredictionRequest

#: Printable ASCII, for Python and PostgreSQL alike.
KEY_PATTERN: Final = "[ -~]{1,255}"
#: How long a key and its answer are kept at least; PostgreSQL refuses to delete younger ones
#: (migration 0005).
KEPT_AT_LEAST: Final = timedelta(hours=24)


class IdempotencyKey(models.Model):
    """An `Idempotency-Key` that a caller used, and for which request.

    Stored in one transaction with the first thing that its request wrote. Without an answer, the
    request was cut short: a repeat takes it up.
    """

    caller = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,  # the unique constraint begins with it
        help_text="Whose key it is; another caller's same key is another key.",
    )
    key = models.CharField(
        max_length=255, help_text="As sent: 1 to 255 characters of printable ASCII."
    )
    fingerprint = models.CharField(
        max_length=64,
        help_text="SHA-256 of the request: method, path, query, content type, format, body.",
    )
    prediction_request = models.OneToOneField(
        PredictionRequest,
        on_delete=models.PROTECT,
        null=True,
        related_name="idempotency_key",
        help_text="The call on the record that the request led to, if it asked the model.",
    )
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was used first.")

    class Meta:
        verbose_name = "idempotency key"
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "key"], name="idempotencykey_caller_key_unique"
            ),
            models.CheckConstraint(
                condition=Q(key__regex=f"^{KEY_PATTERN}$"), name="idempotencykey_key_printable"
            ),
            models.CheckConstraint(
                condition=Q(fingerprint__regex=r"^[0-9a-f]{64}$"),
                name="idempotencykey_fingerprint_hex",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotencykey_created_at")]

    def __str__(self) -> str:
        return self.key


class IdempotentAnswer(models.Model):
    """What was answered to the first request with a key, and is to every repeat."""

    key = models.OneToOneField(
        IdempotencyKey,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="answer",
        help_text="The key that was answered.",
    )
    status = models.PositiveSmallIntegerField(help_text="HTTP status.")
    headers = models.JSONField(help_text="Headers of the answer itself, by name.")
    body = models.BinaryField(help_text="The body's bytes, compressed by zlib.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was stored.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__gte=200, status__lt=600), name="idempotentanswer_status_final"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} to {self.key_id}"
