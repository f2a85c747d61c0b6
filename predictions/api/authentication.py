"""Bearer tokens (django-rest-knox's digests), looked up in one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission

from predictions.selectors import api_token_get_valid

if TYPE_CHECKING:  # importing views here would go in a circle: they read this class from settings
    from django.contrib.auth.models import User
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from predictions.models import ApiToken


class ApiTokenAuthentication(TokenAuthentication):
    """`Authorization: Bearer <token>`.

    Knox's own look-up deletes a user's expired tokens on every request; here they stay for the
    auditors, and the look-up is by the digest itself. Unknown, expired and revoked tokens are
    answered alike.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        api_token = api_token_get_valid(digest=hash_token(token.decode("latin-1")))
        if api_token is None:
            raise AuthenticationFailed(_("This token is unknown, expired or revoked."))
        return api_token.user, api_token


class MayPredict(BasePermission):
    """The token's user holds predictions.add_predictionrequest, as group `api_client` gives it."""

    message = gettext_lazy(
        "This token may read but not predict; its user is not in the group `api_client`."
    )

    def has_permission(self, request: Request, view: APIView) -> bool:
        token: Any = request.auth
        return bool(token.may_predict)
