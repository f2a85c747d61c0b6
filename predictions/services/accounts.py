"""Groups, callers and their tokens."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from predictions import staff
from predictions.errors import TokenRefusedError, TooManyTokensError
from predictions.models import DEFAULT_SCOPES, ApiToken, Scope
from predictions.networks import Network, network_parsed
from predictions.selectors import api_token_count_active

#: The group of those who may ask for predictions.
API_CLIENT_GROUP: Final = staff.Group.API_CLIENT

#: For how long a token may be made, and for how many networks.
TOKEN_DAYS_MAX: Final = 365
TOKEN_NETWORKS_MAX: Final = 50


def groups_ensure() -> None:
    """Create the groups of `predictions.staff` and give each its permissions, no more; idempotent.
    Three statements where there is nothing to do."""
    ours = Group.objects.filter(name__in=staff.Group).values_list("name", "pk")
    groups = dict(ours)
    if missing := [Group(name=name) for name in staff.Group if name not in groups]:
        Group.objects.bulk_create(missing, ignore_conflicts=True)
        groups = dict(ours.all())
    permissions = Permission.objects.values_list("content_type__app_label", "codename", "pk")
    permitted = {name: frozenset(staff.permissions_of(name)) for name in staff.Group}
    wanted = {
        (groups[name], pk)
        for app_label, codename, pk in permissions
        for name in staff.Group
        if (app_label, codename) in permitted[name]
    }
    grant = Group.permissions.through
    held = {
        (group_id, permission_id): pk
        for group_id, permission_id, pk in grant.objects.filter(
            group_id__in=groups.values()
        ).values_list("group_id", "permission_id", "pk")
    }
    if surplus := [pk for pair, pk in held.items() if pair not in wanted]:
        grant.objects.filter(pk__in=surplus).delete()
    grant.objects.bulk_create(
        (
            grant(group_id=group_id, permission_id=permission_id)
            for group_id, permission_id in wanted - held.keys()
        ),
        ignore_conflicts=True,
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
    *,
    user: User,
    name: str,
    expires_in: timedelta | None = None,
    scopes: Collection[str] = DEFAULT_SCOPES,
    networks: Iterable[str] = (),
    requests_per_minute: int | None = None,
    rows_per_minute: int | None = None,
) -> tuple[ApiToken, str]:
    """A new token of this user and its secret, which is not stored and cannot be shown again.

    It expires after `expires_in`, or after the configured time (`API_TOKEN_TTL_DAYS`). A limit of
    None is the usual one, of 0 none at all.

    Raises TokenRefusedError for a scope or a network that is none, too many networks and too long a
    life.
    """
    if expires_in is not None and expires_in > timedelta(days=TOKEN_DAYS_MAX):
        raise TokenRefusedError(
            "expires_in_days", _("Must be %(days)d days at most.") % {"days": TOKEN_DAYS_MAX}
        )
    options: dict[str, Any] = {} if expires_in is None else {"expiry": expires_in}
    return ApiToken.objects.create(
        user=user,
        name=name,
        scopes=_scopes(scopes),
        networks=networks_checked(networks),
        requests_per_minute=requests_per_minute,
        rows_per_minute=rows_per_minute,
        **options,
    )


def api_token_issue(
    *,
    by: ApiToken,
    name: str,
    expires_in: timedelta | None = None,
    scopes: Collection[str] = DEFAULT_SCOPES,
    networks: Iterable[str] = (),
) -> tuple[ApiToken, str]:
    """A new token made by means of another, of scope `admin`, for its owner; and its secret.

    It may do what the owner may: without the permission to predict no scope `predict`. It takes
    over the limits of the token that makes it, and its networks unless it names some within them,
    so that nobody gets rid of either by making another.

    Raises TokenRefusedError, and TooManyTokensError above `API_TOKENS_PER_USER` active ones.
    """
    if Scope.PREDICT in scopes and not by.may_predict:
        raise TokenRefusedError("scopes", _("Your user may not predict; leave out `predict`."))
    bounds = _networks(by.networks)
    asked = _networks(networks)
    if bounds and not all(_is_within(network, bounds) for network in asked):
        raise TokenRefusedError(
            "networks", _("Must be within the networks of the token that makes this one.")
        )
    with transaction.atomic():
        # Of two requests at once, one waits here for the other's token to count.
        user = User.objects.select_for_update(of=("self",)).only("id").get(pk=by.user_id)
        if api_token_count_active(user=user) >= settings.API_TOKENS_PER_USER:
            raise TooManyTokensError
        return api_token_create(
            user=user,
            name=name,
            expires_in=expires_in,
            scopes=scopes,
            networks=[str(network) for network in asked or bounds],
            requests_per_minute=by.requests_per_minute,
            rows_per_minute=by.rows_per_minute,
        )


def api_token_revoke(*, token: ApiToken) -> None:
    """Refuse the token from now on; its row stays, so that the record can still say whose prefix it
    was. A token that is revoked already stays as it is."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    token.refresh_from_db(fields=["revoked_at"])


def networks_checked(networks: Iterable[str]) -> list[str]:
    """The networks as they are stored. Raises TokenRefusedError for what is none, or too many."""
    return [str(network) for network in _networks(networks)]


def _scopes(scopes: Collection[str]) -> list[str]:
    """In the order of Scope, each once."""
    if not scopes or not set(scopes) <= set(Scope.values):
        said = _("One or more of %(scopes)s are needed.") % {"scopes": ", ".join(Scope.values)}
        raise TokenRefusedError("scopes", said)
    return [scope for scope in Scope.values if scope in scopes]


def _networks(networks: Iterable[str]) -> list[Network]:
    try:
        parsed = [network_parsed(network) for network in networks]
    except ValueError as error:
        raise TokenRefusedError("networks", str(error)) from None
    if len(parsed) > TOKEN_NETWORKS_MAX:
        raise TokenRefusedError(
            "networks", _("Must be %(count)d at most.") % {"count": TOKEN_NETWORKS_MAX}
        )
    return parsed


def _is_within(network: Network, bounds: Iterable[Network]) -> bool:
    return any(
        network.version == bound.version and network.subnet_of(bound)  # type: ignore[arg-type]  # of one version
        for bound in bounds
    )
