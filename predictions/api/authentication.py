"""Bearer tokens (django-rest-knox's digests), looked up and counted in one query; their scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission

from predictions.api.addresses import client_address
from predictions.api.exceptions import InsufficientScope
from predictions.api.throttling import passage_of
from predictions.errors import WrongNetworkError
from predictions.models import Scope
from predictions.services.admission import token_admit
from predictions.services.rates import RateExceededError, failure_take

if TYPE_CHECKING:  # importing views here would go in a circle: they read this class from settings
    from django.contrib.auth.models import User
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from predictions.models import ApiToken


class ApiTokenAuthentication(TokenAuthentication):
    """`Authorization: Bearer <token>`.

    Knox's own look-up deletes a user's expired tokens on every request; here they stay for the
    auditors, and the look-up is by the digest itself. Unknown, expired and revoked tokens are
    answered alike, and too many of them from one address with 429.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        self._request = request  # knox hands on the token alone
        found: tuple[User, ApiToken] | None = super().authenticate(request)
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        passage = passage_of(self._request)
        address = client_address(self._request.META)
        try:
            admission = token_admit(secret=token.decode("latin-1"), address=address)
        except WrongNetworkError:
            failure_take(address=address)
            raise
        except RateExceededError as error:
            passage.rates = error.rates
            raise
        if admission is None:
            failure_take(address=address)
            raise AuthenticationFailed(_("This token is unknown, expired or revoked."))
        passage.rates = admission.rates
        passage.enter(token_id=admission.token.pk)
        return admission.token.user, admission.token


class HasScope(BasePermission):
    """The token has the scope that the request needs: by the view's `scopes_needed` of the action,
    else `read` for what changes nothing and `predict` for what asks the model."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        token: Any = request.auth
        scope = scope_needed(view, str(request.method))
        if scope is not None and scope not in token.scopes:
            raise InsufficientScope(scope=scope)
        return True


class MayPredict(BasePermission):
    """The token's user holds predictions.add_predictionrequest, as group `api_client` gives it."""

    message = gettext_lazy(
        "This token may read but not predict; its user is not in the group `api_client`."
    )

    def has_permission(self, request: Request, view: APIView) -> bool:
        token: Any = request.auth
        return bool(token.may_predict)


def scope_needed(view: Any, method: str) -> Scope | None:
    """The scope that a request of this view's action needs; None for a method it does not know."""
    action = getattr(view, "action", None)
    if action is None:
        return None
    usual = Scope.READ if method in SAFE_METHODS else Scope.PREDICT
    needed: Scope = getattr(view, "scopes_needed", {}).get(action, usual)
    return needed
