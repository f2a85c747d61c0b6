"""Who a secret belongs to, whether it may be used from here, and how much is left to it.

One statement a request, and no cache: what is revoked, expired, limited or taken from a user acts
on the next request in every worker.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, models, transaction
from django.utils.translation import gettext as _
from knox.crypto import hash_token

from predictions.errors import WrongNetworkError
from predictions.models import ApiToken
from predictions.networks import Address
from predictions.services.rates import RateExceededError, Rates

logger = logging.getLogger(__name__)

_Row = TypeVar("_Row", bound=models.Model)

# What requests need of both; Django reads the others if somebody asks for them.
_TOKEN_FIELDS: Final = (
    *("id", "token_key", "user_id", "name", "scopes", "networks"),
    *("requests_per_minute", "rows_per_minute"),
)
_USER_FIELDS: Final = ("id", "username", "is_superuser", "is_staff", "is_active")


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A token that may be used, with its user and whether that user `may_predict`; and its rates,
    if requests have a limit."""

    token: ApiToken
    rates: Rates | None


def token_admit(*, secret: str, address: Address | None) -> Admission | None:
    """The token of this secret, counted as used; None when it is unknown, expired or revoked, or
    its user inactive.

    Raises WrongNetworkError when it may not be used from the address (of which None is in no
    network), and RateExceededError. One statement, and once a minute one that stores the use.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM predictions_token_admit(%s, %s, %s, %s)",
            [
                hash_token(secret),
                None if address is None else str(address),
                settings.RATE_LIMIT_REQUESTS_PER_MINUTE,
                settings.RATE_LIMIT_ROWS_PER_MINUTE,
            ],
        )
        names = [column[0] for column in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True))
    if row["token_id"] is None:
        return None
    if not row["is_here"]:
        raise WrongNetworkError("The token is limited to networks that the caller is not in.")
    rates = None if row["is_granted"] is None else Rates.from_row(row)
    if rates and not rates.is_granted:
        said = _("All %(limit)d requests a minute are used up; there are more in %(seconds)d s.")
        said %= {"limit": rates.request_limit, "seconds": rates.resets_in_s}
        raise RateExceededError(said, retry_after_s=rates.resets_in_s, rates=rates)
    token = _partial(ApiToken, {name: row[f"token_{name}"] for name in _TOKEN_FIELDS})
    token.user = _partial(User, {name: row[f"user_{name}"] for name in _USER_FIELDS})
    token.may_predict = row["may_predict"]
    if row["is_use_due"]:
        token_use_store(token=token)
    return Admission(token=token, rates=rates)


def _partial(model: type[_Row], values: Mapping[str, Any]) -> _Row:
    names = [field.attname for field in model._meta.concrete_fields if field.attname in values]
    return model.from_db(connection.alias, names, [values[name] for name in names])


def token_use_store(*, token: ApiToken) -> None:
    """Store that the token is used now. Never fails: a request is worth more than its trace."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO predictions_apitokenuse AS held (token_id, last_used_at) "
                "VALUES (%s, clock_timestamp()) ON CONFLICT (token_id) DO UPDATE "
                "SET last_used_at = greatest(held.last_used_at, excluded.last_used_at)",
                [token.pk],
            )
    except DatabaseError as error:
        logger.warning("the last use of a token was not stored: %s", type(error).__name__)
