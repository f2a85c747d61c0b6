"""Groups, callers and their tokens."""

from datetime import timedelta
from typing import Final

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q
from django.utils import timezone

from mlmodel.models import PREDICT_WITH_ANY_VERSION
from predictions.models import ApiToken

#: The group of those who may ask for predictions.
API_CLIENT_GROUP: Final = "api_client"

#: Group -> the models it may view in the admin, as app labels; nobody may change what is logged.
_VIEWING_GROUPS: Final = {
    "auditor": ("buildings", "mlmodel", "predictions"),
    "data_scientist": ("buildings", "mlmodel", "predictions"),
}

#: What a group may do beside viewing, by codename.
_MORE: Final = {"data_scientist": (PREDICT_WITH_ANY_VERSION,)}


def groups_ensure() -> None:
    """Create the groups `auditor`, `data_scientist` and `api_client` with their permissions;
    idempotent."""
    for name, app_labels in _VIEWING_GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        viewing = Q(content_type__app_label__in=app_labels, codename__startswith="view_")
        group.permissions.set(
            Permission.objects.filter(viewing | Q(codename__in=_MORE.get(name, ())))
        )
    clients, _ = Group.objects.get_or_create(name=API_CLIENT_GROUP)
    clients.permissions.set(
        Permission.objects.filter(
            content_type__app_label="predictions",
            codename__in=["add_predictionrequest", "view_predictionrequest"],
        )
    )


def api_caller_get_or_create(*, username: str) -> User:
    """The user who calls under this name: a service account that can sign in nowhere, in group
    `api_client`."""
    groups_ensure()
    user, _ = User.objects.get_or_create(
        username=username, defaults={"password": make_password(None)}
    )
    user.groups.add(Group.objects.get(name=API_CLIENT_GROUP))
    return user


def api_token_create(
    *, user: User, name: str, expires_in: timedelta | None = None
) -> tuple[ApiToken, str]:
    """A new token of this user and its secret, which is not stored and cannot be shown again.

    It expires after `expires_in`, or after the configured time (`API_TOKEN_TTL_DAYS`).
    """
    options = {} if expires_in is None else {"expiry": expires_in}
    token, secret = ApiToken.objects.create(user=user, name=name, **options)
    return token, secret


def api_token_revoke(*, token: ApiToken) -> None:
    """Make the token expire now; its row stays, so that the record can still say whose prefix it
    was."""
    token.expiry = timezone.now()
    token.save(update_fields=["expiry"])
