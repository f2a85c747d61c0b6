"""Lists of tables that only grow: pages by key, so that none is counted and none is skipped."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from buildings.admin.base import ReadOnlyAdmin
from buildings.figures import figure
from buildings.selectors.estimates import rows_estimated

OLDER: Final = "older"
NEWER: Final = "newer"


class KeysetPage:
    """What stands below such a list: where it goes on, and about how many rows there are."""

    template_name = "buildings/admin/keyset.html"

    def __init__(self, *, newest: str, newer: str, older: str, estimate: int | None) -> None:
        self.newest, self.newer, self.older = newest, newer, older
        self.estimate = estimate

    @property
    def about(self) -> str:
        """The estimate, as exact as it is: two digits, grouped."""
        rows = self.estimate or 0
        unit = 10 ** max(0, len(str(rows)) - 2)
        return figure(round(rows / unit) * unit)


class KeysetChangeList(ChangeList):
    """`older` and `newer` name a row; the page is what comes after or before it in the order of
    `key`. However many rows there are, three queries: that row's key, the page, and of an
    unfiltered list the estimate."""

    model_admin: Any
    queryset: Any
    _older: str | None = None
    _newer: str | None = None

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        # Out of what links and the search form carry along: another filter begins anew.
        for name in (OLDER, NEWER):
            self.filter_params.pop(name, None)
            if (value := self.params.pop(name, None)) is not None:
                setattr(self, f"_{name}", value)
        found: dict[str, Any] = super().get_filters_params(params)
        return found

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        """That of the key, whatever was asked."""
        return [f"-{name}" for name in self.model_admin.key]

    def get_ordering_field_columns(self) -> dict[int, str]:
        return {}

    def get_results(self, request: HttpRequest) -> None:
        size = self.list_per_page
        after, before = self._anchor(self._older), self._anchor(self._newer)
        if before is not None:
            rows = self.queryset.filter(_beyond(before, "gt")).order_by(*self.model_admin.key)
            found = list(rows[: size + 1])
            has_newer, has_older = len(found) > size, True
            found = found[:size][::-1]
        else:
            rows = self.queryset if after is None else self.queryset.filter(_beyond(after, "lt"))
            found = list(rows[: size + 1])
            has_newer, has_older = after is not None, len(found) > size
            found = found[:size]
        self.result_list = self.model_admin.page_complete(found)
        self.result_count = self.full_result_count = len(found)
        self.show_full_result_count = False
        self.show_admin_actions = bool(found)
        self.can_show_all = self.multi_page = False
        first = self.get_query_string()
        self.paginator = KeysetPage(
            newest=first if has_newer else "",
            newer=self.get_query_string({NEWER: found[0].pk}) if found and has_newer else "",
            older=self.get_query_string({OLDER: found[-1].pk}) if found and has_older else "",
            estimate=None if self.queryset.query.where else rows_estimated(self.model),
        )

    def _anchor(self, pk: str | None) -> Mapping[str, Any] | None:
        """The key of the row that was named; None for none, and for what is no row's."""
        if pk is None:
            return None
        try:
            return self.model._default_manager.filter(pk=pk).values(*self.model_admin.key).first()
        except (ValueError, ValidationError):
            return None


def _beyond(key: Mapping[str, Any], lookup: str) -> Q:
    """Rows before or after the key; the first condition is what an index is entered by."""
    (name, value), *others = key.items()
    if not others:
        return Q((f"{name}__{lookup}", value))
    same_or_beyond = Q((f"{name}__{lookup}e", value))
    return same_or_beyond & (
        Q((f"{name}__{lookup}", value)) | Q((name, value)) & _beyond(dict(others), lookup)
    )


class KeysetAdmin(ReadOnlyAdmin):
    """For tables that only grow; newest first by `key`, which an index gives in order and whose
    last column is unique. No other order, no dates to drill down: both would read the table."""

    key: ClassVar[tuple[str, ...]] = ("pk",)
    list_per_page = 30
    show_full_result_count = False
    list_fullwidth = True
    sortable_by = ()
    ordering = ()

    def page_complete(self, rows: list[Any]) -> list[Any]:
        """The rows of a page with what is looked up for all of them at once."""
        return rows

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetChangeList
