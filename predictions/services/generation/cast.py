"""Who and what made-up exchanges are of."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from buildings.models import Building
from mlmodel.models import ModelVersion
from predictions.models import DEFAULT_SCOPES, ApiToken
from predictions.models.tokens import PREFIX_LENGTH
from predictions.selectors import factors_chosen

#: Who is said to have called. Two are what an attacker would call himself.
CALLERS: Final = (
    "generated-portfolio",
    "generated-utility",
    "generated-research",
    "generated-city",
    "generated-audit-firm",
    "generated-<script>alert('caller')</script>",
    "=cmd|' /C calc'!A0",
)
#: Who is said to have used the command line.
OPERATOR: Final = "generated-operator"
#: Registered for the exchanges, beside the versions that there are; they can never serve.
MODEL_NAME: Final = "generated"

#: Kinds of energy, in the order of `Cast.factors`.
FUELS: Final = ("electricity", "natural_gas", "steam")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """`count` exchanges of `days` days up to `until`; of `observed` of the answered ones an outcome
    is known. A batch is a call of several exchanges."""

    count: int
    days: int = 120
    until: date = field(default_factory=lambda: timezone.now().date())
    seed: int = 2016
    observed: float = 0.2

    @property
    def since(self) -> date:
        """The first day."""
        return self.until - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Cast:
    """Rows that exchanges refer to."""

    callers: Sequence[User]
    tokens: Sequence[ApiToken]
    versions: Sequence[int]
    buildings: Sequence[int]
    factor_set: int
    factors: Sequence[float]


def cast_make(traffic: Traffic) -> Cast:
    known = factors_chosen(slug=None)
    callers = [_caller(name) for name in CALLERS]
    return Cast(
        callers=callers,
        tokens=[_token(caller, number, traffic.seed) for caller in callers for number in (0, 1)],
        versions=_versions(),
        buildings=list(Building.objects.order_by("pk").values_list("pk", flat=True)[:5_000]),
        factor_set=known.factor_set.pk,
        factors=[getattr(known.factors, fuel) for fuel in FUELS],
    )


def _caller(username: str) -> User:
    user, is_new = User.objects.get_or_create(username=username)
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def _token(caller: User, number: int, seed: int) -> ApiToken:
    prefix = hashlib.sha256(f"{seed} {caller.username} {number}".encode()).hexdigest()
    prefix = prefix[:PREFIX_LENGTH]
    if known := ApiToken.objects.filter(user=caller, token_key=prefix).first():
        return known
    token = ApiToken(
        user=caller,
        token_key=prefix,
        digest=secrets.token_hex(64),  # of no secret
        name=("nightly job", f"{caller.username} by hand")[number],
        scopes=list(DEFAULT_SCOPES),
    )
    token.save(force_insert=True)
    return token


def _versions() -> list[int]:
    """Two made-up versions, then the latest real ones: the last is the newest."""
    made = [
        ModelVersion.objects.get_or_create(
            name=MODEL_NAME,
            version=version,
            defaults={
                "artifact_uri": "generated:",
                "artifact_digest": hashlib.sha256(MODEL_NAME.encode()).hexdigest(),
                "file_digests": {},
                "signature": {},
                "size_bytes": 0,
            },
        )[0].pk
        for version in (1, 2)
    ]
    real = ModelVersion.objects.filter(name=settings.SERVED_MODEL_NAME).order_by("version")
    return [*made, *real.values_list("pk", flat=True)]
