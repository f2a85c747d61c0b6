"""Which exchanges are listed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from predictions.admin.shown import COLOURS


class OutcomeFilter(admin.SimpleListFilter):
    """Answered, failed, or without any output: the last are calls whose worker died."""

    title = "outcome"
    parameter_name = "outcome"
    #: Path from the listed table to the output.
    output = "output"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(outcome, _(outcome)) for outcome in COLOURS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "answered":
                return queryset.filter(**{f"{self.output}__error_code__isnull": True}).exclude(
                    **{f"{self.output}__isnull": True}
                )
            case "failed":
                return queryset.filter(**{f"{self.output}__error_code__isnull": False}).distinct()
            case "no output":
                return queryset.filter(**{f"{self.output}__isnull": True}).distinct()
            case _:
                return queryset


class RequestOutcomeFilter(OutcomeFilter):
    """The same for calls: one failed or missing output makes the call so."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "answered":
                return queryset.filter(missing=0, errors=0)
            case "failed":
                return queryset.filter(errors__gt=0)
            case "no output":
                return queryset.filter(missing__gt=0)
            case _:
                return queryset
