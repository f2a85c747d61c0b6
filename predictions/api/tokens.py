"""Tokens over HTTP: their owner lists, makes and revokes them with one of scope `admin`."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from buildings.api.pagination import KeysetPagination, Ordering, StrictQueryMixin
from predictions.api import examples, problems
from predictions.api.exceptions import InvalidHeaderError
from predictions.api.fields import StrictChoiceField, StrictTextField
from predictions.api.idempotency import KEY_HEADER
from predictions.api.parsers import request_body
from predictions.api.serializers import StrictSerializer
from predictions.models import DEFAULT_SCOPES, ApiToken, Scope
from predictions.selectors import api_token_list
from predictions.services.accounts import (
    TOKEN_DAYS_MAX,
    TOKEN_NETWORKS_MAX,
    api_token_issue,
    api_token_revoke,
)

_NO_KEY: Final = _(
    "Not honoured here: the answer would be kept, and it holds a secret. Look into the list before "
    "you send the request again."
)
_DAYS: Final = format_lazy(_("A whole number of days from 1 to {most}."), most=TOKEN_DAYS_MAX)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A token, without its secret, which nobody has but who was given it."""

    url = serializers.HyperlinkedIdentityField(view_name="token-detail", lookup_field="id")
    prefix = serializers.CharField(help_text="The secret's first characters, as on the record.")
    state = serializers.ChoiceField(choices=("active", "expired", "revoked"))
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))
    networks = serializers.ListField(
        child=serializers.CharField(), help_text="Where it may be used; empty: anywhere."
    )
    created_at = serializers.DateTimeField(source="created")
    expires_at = serializers.DateTimeField(
        source="expiry", allow_null=True, help_text="Null: never."
    )
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="To the minute; null: not yet."
    )

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = (
            *("id", "url", "name", "prefix", "state", "scopes", "networks"),
            *("requests_per_minute", "rows_per_minute"),
            *("created_at", "expires_at", "revoked_at", "last_used_at"),
        )
        read_only_fields = fields
        extra_kwargs = {
            name: {"help_text": "0: no limit; null: the usual one."}
            for name in ("requests_per_minute", "rows_per_minute")
        }


class NewTokenSerializer(TokenSerializer):
    """A token that was just made, with its secret: the only answer that has it."""

    secret = serializers.SerializerMethodField(help_text="Keep it now; it is not stored.")

    class Meta(TokenSerializer.Meta):
        fields: tuple[str, ...] = (*TokenSerializer.Meta.fields, "secret")
        read_only_fields = fields

    def get_secret(self, token: ApiToken) -> str:
        return str(self.context["secret"])


@extend_schema_field(
    {
        "type": "string",
        "format": "ip-network",
        "maxLength": 50,
        "pattern": r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$",
        "examples": ["10.1.0.0/16", "2001:db8::/32"],
    }
)
class NetworkField(StrictTextField):
    """A network in CIDR notation; what is one, the service knows."""


class DaysField(serializers.IntegerField):
    """A JSON number of days."""

    def to_internal_value(self, data: Any) -> int:
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        if not is_number or not float(data).is_integer():  # 12.0 is whole: JSON has only numbers
            raise serializers.ValidationError(_DAYS, "not-whole")
        return int(data)


class TokenRequestSerializer(StrictSerializer):
    """What a new token is for, what it may do, from where, and for how long."""

    name = StrictTextField(
        min_length=1,
        max_length=100,
        help_text="What the token is for, in your words.",
    )
    scopes = serializers.ListField(
        child=StrictChoiceField(choices=Scope.choices),
        allow_empty=False,
        min_length=1,  # likewise, for the schema
        max_length=len(Scope),
        default=[scope.value for scope in DEFAULT_SCOPES],
        help_text="What it may be used for.",
    )
    networks = serializers.ListField(
        child=NetworkField(max_length=50),
        max_length=TOKEN_NETWORKS_MAX,
        default=[],
        help_text="Where it may be used from: 10.1.0.0/16, 2001:db8::/32. Empty: from where the "
        "token may be used that makes this one.",
    )
    expires_in_days = DaysField(
        min_value=1,
        max_value=TOKEN_DAYS_MAX,
        required=False,
        help_text="Days until it expires; without: as configured, usually 90.",
        error_messages={"min_value": _DAYS, "max_value": _DAYS},
    )


class TokenPagination(KeysetPagination):
    """Newest first."""

    orderings = (Ordering("created_at", datetime, path="created"),)
    default_ordering = "-created_at"
    key = "id"
    key_type = UUID
    schema_path = "/api/v1/tokens/"


_TOKEN_EXAMPLE = OpenApiExample("A token", value=examples.TOKEN, response_only=True)


@extend_schema_view(
    list=extend_schema(
        summary="Your tokens, newest first",
        description="Those that are over too, and when each was last used.",
        examples=[_TOKEN_EXAMPLE],
        tags=["tokens"],
    ),
    retrieve=extend_schema(
        summary="One of your tokens", examples=[_TOKEN_EXAMPLE], tags=["tokens"]
    ),
)
class TokenViewSet(
    StrictQueryMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[ApiToken],
):
    """Manage your tokens, whoever you are: even staff see none but their own here."""

    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer
    pagination_class = TokenPagination
    lookup_field = "id"
    lookup_value_converter = "uuid"
    scopes_needed = dict.fromkeys(("list", "retrieve", "create", "destroy"), Scope.ADMIN)
    problems_of = {"create": (problems.TOO_MANY_TOKENS,)}

    def get_queryset(self) -> QuerySet[ApiToken]:
        user: Any = self.request.user
        return api_token_list(user=user)

    @extend_schema(
        summary="Make a token",
        description=(
            "For yourself, with at most your own permissions. `secret` is in this answer only. It "
            "takes over the limits of the token that makes it. An `Idempotency-Key` is refused "
            "here, because the answer is kept nowhere."
        ),
        request=TokenRequestSerializer,
        responses={201: OpenApiResponse(NewTokenSerializer, description="Made; keep the secret.")},
        examples=[
            OpenApiExample("For a batch job", value=examples.TOKEN_REQUEST, request_only=True),
            OpenApiExample("With its secret", value=examples.NEW_TOKEN, response_only=True),
        ],
        tags=["tokens"],
    )
    def create(self, request: Request) -> Response:
        if KEY_HEADER in request.headers:
            raise InvalidHeaderError({KEY_HEADER: _NO_KEY})
        request_body(request)  # bounded, and read to its end
        asked = TokenRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        days = asked.validated_data.pop("expires_in_days", None)
        by: Any = request.auth
        token, secret = api_token_issue(
            by=by,
            expires_in=None if days is None else timedelta(days=days),
            **asked.validated_data,
        )
        context = {**self.get_serializer_context(), "secret": secret}
        shown = NewTokenSerializer(token, context=context).data
        return Response(
            shown,
            status=status.HTTP_201_CREATED,
            headers={"Location": shown["url"], "Cache-Control": "no-store"},
        )

    @extend_schema(
        summary="Revoke a token",
        description=(
            "It is refused from now on; it stays in the list, as the record names its prefix. A "
            "token may revoke itself."
        ),
        responses={200: OpenApiResponse(TokenSerializer, description="Revoked, now or before.")},
        examples=[
            OpenApiExample("A revoked token", value=examples.REVOKED_TOKEN, response_only=True)
        ],
        tags=["tokens"],
    )
    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002 -- the lookup field
        token = self.get_object()
        api_token_revoke(token=token)
        return Response(self.get_serializer(token).data)
