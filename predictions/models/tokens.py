"""API tokens: what each may do, from where, how often, and when it was last used."""

import uuid
from typing import Any, Final

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from knox.models import AbstractAuthToken


class Scope(models.TextChoices):
    """What a token may be used for, within what its user may do."""

    PREDICT = "predict", "predict: ask the model"
    READ = "read", "read: the record, buildings and models"
    ADMIN = "admin", "admin: make and revoke its owner's tokens"


#: What a token may do unless said otherwise.
DEFAULT_SCOPES: Final = (Scope.PREDICT, Scope.READ)
#: First characters of a secret that are shown and go on the record.
PREFIX_LENGTH: Final = 8


class ApiToken(AbstractAuthToken):
    """A named, scoped, expiring, revocable token; only its SHA-512 digest is stored
    (django-rest-knox). Its id stands in addresses and says nothing of the digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(
        max_length=128, unique=True, help_text="SHA-512 of the secret, which is not stored."
    )
    name = models.CharField(
        max_length=100, help_text="What the token is for, in its owner's words."
    )
    scopes = ArrayField(
        models.CharField(max_length=16, choices=Scope),
        help_text="What it may be used for, within what its user may do.",
    )
    networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        help_text="Where it may be used from, as networks (10.0.0.0/8, 2001:db8::/32); empty: "
        "from anywhere. PostgreSQL refuses what is no `cidr` (migration 0006).",
    )
    requests_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Instead of RATE_LIMIT_REQUESTS_PER_MINUTE; 0: no limit.",
    )
    rows_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Instead of RATE_LIMIT_ROWS_PER_MINUTE, rows of batches; 0: no limit.",
    )
    revoked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Refused from then on, whatever it allows."
    )

    #: Whether the user holds predictions.add_predictionrequest; known of a token that was admitted.
    may_predict: bool = False

    class Meta:
        verbose_name = "API token"
        ordering = ("-created",)
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & Q(scopes__len__gt=0),
                name="apitoken_scopes_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def prefix(self) -> str:
        """The secret's first characters, as the record shows them."""
        return self.token_key[:PREFIX_LENGTH]

    @property
    def state(self) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expiry and self.expiry <= timezone.now() else "active"

    @property
    def last_used_at(self) -> Any:
        """When it was last used, to the minute; None: never."""
        use = getattr(self, "use", None)
        return None if use is None else use.last_used_at


class ApiTokenUse(models.Model):
    """When a token was last used: beside the token, whose row is not written while it works."""

    token = models.OneToOneField(
        ApiToken,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="use",
        help_text="The token.",
    )
    last_used_at = models.DateTimeField(db_default=Now(), help_text="Stored at most once a minute.")

    def __str__(self) -> str:
        return str(self.token_id)


class RateWindow(models.Model):
    """What a token, or an address without a valid one, asked for within the current minute.

    Unlogged: after a crash of PostgreSQL everybody begins anew.
    """

    subject = models.CharField(
        max_length=64, primary_key=True, help_text="`token:` and its id, or `address:` and network."
    )
    started_at = models.DateTimeField(help_text="When the window began, with its first request.")
    requests = models.BigIntegerField(help_text="Requests that were let through.")
    rows = models.BigIntegerField(help_text="Rows of batches that were let through.")
    is_granted = models.BooleanField(help_text="Whether the latest request was let through.")

    class Meta:
        indexes = [models.Index(fields=["started_at"], name="ratewindow_started_at")]

    def __str__(self) -> str:
        return self.subject


class Caller(User):  # type: ignore[django-manager-missing]  # of ApiToken.user, which is the user's
    """A user who calls the API and signs in nowhere: who may keep tokens may make them, and no
    other users."""

    class Meta:
        proxy = True
        default_permissions = ("add", "view")
