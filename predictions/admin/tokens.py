"""Tokens of callers."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from buildings.admin import ReadOnlyAdmin
from predictions.models import ApiToken
from predictions.services.accounts import api_token_revoke


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens by name and first characters; secrets are not stored. They can be revoked, not
    changed."""

    list_display = ("name", "user", "prefix", "created", "expiry", "is_valid")
    list_filter = ("created", "expiry")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "token_key")
    fields = ("name", "user", "prefix", "created", "expiry", "is_valid")
    actions = ("revoke",)  # type: ignore[assignment]  # the base has none

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("predictions.change_apitoken")

    @display(description="starts with")
    def prefix(self, token: ApiToken) -> str:
        return f"{token.token_key[:8]}…"

    @display(description="valid", boolean=True)
    def is_valid(self, token: ApiToken) -> bool:
        return token.expiry is None or token.expiry > timezone.now()

    @admin.action(description="Revoke now", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            api_token_revoke(token=token)
        self.message_user(request, f"Revoked: {queryset.count()}. They are refused from now on.")
