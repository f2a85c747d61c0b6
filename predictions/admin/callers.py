"""Callers of the API: made by who keeps their tokens; they sign in nowhere."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from buildings.admin import ReadOnlyAdmin
from predictions.models import Caller
from predictions.services.accounts import api_caller_get_or_create


@admin.register(Caller)
class CallerAdmin(ReadOnlyAdmin):
    """Users that are no staff. One is made by its name alone; its tokens are made elsewhere."""

    list_display = ("username", "is_active", "date_joined")
    list_filter = ("is_active", "date_joined")
    search_fields = ("username",)
    search_help_text = "Name"
    ordering = ("username",)
    fields = ("username", "is_active", "date_joined")
    export_hidden = ("password", "first_name", "last_name", "email")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("predictions.add_caller")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ("username",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(is_staff=False, is_superuser=False)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        obj.pk = api_caller_get_or_create(username=obj.username).pk
