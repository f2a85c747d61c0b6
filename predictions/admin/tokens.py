"""Tokens of callers: made and revoked, never changed."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
)

from buildings.admin import ReadOnlyAdmin
from predictions.errors import TokenRefusedError
from predictions.models import DEFAULT_SCOPES, ApiToken, Scope
from predictions.selectors import api_token_owner_list
from predictions.services.accounts import (
    TOKEN_DAYS_MAX,
    api_token_create,
    api_token_revoke,
    networks_checked,
)
from predictions.services.staff_log import StaffAction, staff_action_log

_STATE_COLOURS: Final = {"active": "success", "expired": "warning", "revoked": "danger"}


class NewTokenForm(forms.ModelForm):
    """What a new token is for, what it may do, from where, for how long and how often."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=list(DEFAULT_SCOPES),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What it may be used for, within what its user may do.",
    )
    networks = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Where it may be used from, one a line: 10.1.0.0/16, 2001:db8::/32. Empty: from "
        "anywhere.",
    )
    expires_in_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=TOKEN_DAYS_MAX,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Days until it expires. Empty: as configured (API_TOKEN_TTL_DAYS).",
    )

    def clean_networks(self) -> list[str]:
        try:
            return networks_checked(self.cleaned_data["networks"].split())
        except TokenRefusedError as error:
            raise ValidationError(str(error)) from None


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens by name and first characters; a secret is shown once, to whoever makes it. They can be
    made and revoked, not changed."""

    form = NewTokenForm
    export_hidden = ("digest", "token_key")
    list_display = ("name", "user", "starts_with", "may", "where", "expiry", "last_used", "shown")
    list_filter = ("created", "expiry", "revoked_at")
    list_select_related = ("user", "use")
    search_fields = ("name", "user__username", "token_key")
    fieldsets = (
        (None, {"fields": ("name", "user", "starts_with", "shown")}),
        ("May be used", {"fields": ("may", "where", "requests_per_minute", "rows_per_minute")}),
        ("When", {"fields": ("created", "expiry", "revoked_at", "last_used")}),
    )
    add_fieldsets = (
        (None, {"fields": ("user", "name")}),
        ("May be used", {"fields": ("scopes", "networks", "expires_in_days")}),
        ("Limits", {"fields": ("requests_per_minute", "rows_per_minute")}),
    )
    actions = ("revoke",)  # type: ignore[assignment]  # the base has none

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("predictions.add_apitoken")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("predictions.change_apitoken")

    @display(description="starts with")
    def starts_with(self, token: ApiToken) -> str:
        return f"{token.prefix}…"

    @display(description="scopes")
    def may(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    @display(description="from")
    def where(self, token: ApiToken) -> str:
        return ", ".join(token.networks) or _("anywhere")

    @display(description="last used", ordering="use__last_used_at", empty_value="never")
    def last_used(self, token: ApiToken) -> Any:
        return token.last_used_at

    @display(description="state", label=_STATE_COLOURS)
    def shown(self, token: ApiToken) -> str:
        return token.state

    @admin.action(description="Revoke now", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        user: Any = request.user
        for token in queryset:
            api_token_revoke(token=token)
            staff_action_log(user=user, action=StaffAction.REVOKED, target=token)
        self.message_user(
            request,
            _("Revoked: %(count)d. They are refused from now on.") % {"count": queryset.count()},
        )

    # Making one

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.add_fieldsets if obj is None else self.fieldsets

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        # One way out of it, for each leads to the secret.
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **buttons})

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> Any:
        form = NewTokenForm if obj is None else forms.ModelForm
        return super().get_form(request, obj, **{"form": form, **kwargs})

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "user" and isinstance(request.user, User):
            kwargs["queryset"] = api_token_owner_list(maker=request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> ApiToken:
        """The token, made by the service and not by the form."""
        asked = dict(form.cleaned_data)
        days = asked.pop("expires_in_days")
        token, secret = api_token_create(
            expires_in=None if days is None else timedelta(days=days), **asked
        )
        token.secret = secret  # for `response_add`, on this very object; no column has it
        return token

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: Any) -> None:
        """Nothing is left to do: `save_form` made the token."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """A token has nothing of the kind."""

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The secret, on a page of its own: a message would be stored, in a cookie or a session."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("The token, this once"),
            "opts": self.opts,
            "token": obj,
            "secret": obj.secret,
        }
        return TemplateResponse(request, "predictions/admin/token_made.html", context)
