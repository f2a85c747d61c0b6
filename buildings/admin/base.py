"""What every page of this admin shares: nothing can be changed, no list counts a whole table."""

from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.contrib.admin import ShowFacets
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from buildings.figures import figure
from buildings.selectors.estimates import rows_estimated

STYLES: Final = "buildings/provenance.css"


class ReadOnlyAdmin(ModelAdmin):
    """Rows can be looked at by who may view them; added, changed or deleted by nobody."""

    actions = None
    list_per_page = 50
    list_before_template = "buildings/admin/export.html"
    #: Stored fields that no export shows.
    export_hidden: ClassVar[tuple[str, ...]] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline:
    """Mixin for unfold's inlines: the same for rows below another."""

    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NotedInline(ReadOnlyInline):
    """An inline that says what its rows are, and says so when there are none; paginated."""

    per_page = 25
    hide_title = True
    template_before = "buildings/admin/inline_note.html"
    note: ClassVar[str] = ""
    empty: ClassVar[str] = "None."


class BoundedPaginator(Paginator):
    """Counts and pages through the first rows only, however many there are.

    An exact COUNT(*) and a far OFFSET both read what they leave out; who looks for one row among
    millions searches and filters.
    """

    template_name = "buildings/admin/pagination.html"
    MOST_ROWS: Final = 10_000

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.MOST_ROWS + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.MOST_ROWS)

    @property
    def is_bounded(self) -> bool:
        return self._counted > self.MOST_ROWS

    @property
    def said(self) -> str:
        """How many rows there are, as far as they were counted."""
        if not self.is_bounded:
            return figure(self.count)
        if not self.estimate:
            return figure(self.MOST_ROWS)
        counts = {"counted": figure(self.MOST_ROWS), "all": figure(self.estimate)}
        return _("%(counted)s of about %(all)s") % counts

    @cached_property
    def estimate(self) -> int | None:
        """About how many rows the table has, as PostgreSQL last counted them; None if filtered."""
        rows: Any = self.object_list
        if not self.is_bounded or rows.query.where:
            return None
        estimate = rows_estimated(rows.model)
        return estimate if estimate is not None and estimate > self.MOST_ROWS else None


class BoundedChangeList(ChangeList):
    """Says how many rows a search or filter found, and nothing where nothing was sought.

    Where a filter leaves few rows it may have read the whole table to find them: once, for their
    keys, and not again to count, sort and show them.
    """

    FEW_ROWS: Final = 2_000
    queryset: Any

    def get_ordering_field(self, field_name: Any) -> Any:
        """None but for columns that can be sorted by: others would sort the whole table."""
        is_sortable = field_name in (self.sortable_by or ())
        return super().get_ordering_field(field_name) if is_sortable else None

    def get_results(self, request: HttpRequest) -> None:
        if self.queryset.query.where:
            keys = self.queryset.order_by().values_list("pk", flat=True)
            found = list(keys[: self.FEW_ROWS + 1])
            if len(found) <= self.FEW_ROWS:
                self.queryset = self.queryset.filter(pk__in=found)
        super().get_results(request)
        if self.paginator.is_bounded or not self.queryset.query.where:
            self.full_result_count = self.result_count


class LongListAdmin(ReadOnlyAdmin):
    """For tables of millions of rows: pages are bounded, and nothing is counted for show."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_fullwidth = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedChangeList


def is_one_row(request: HttpRequest) -> bool:
    """Whether the request is for the page of one row, and not for a list."""
    return bool(request.resolver_match and "object_id" in request.resolver_match.kwargs)


def link(row: Model, text: Any) -> SafeString:
    """A link to a row's page."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a class="pv-link" href="{}">{}</a>', url, text)


def list_url(table: type[Model], **filters: Any) -> str:
    """The address of a list, filtered."""
    url = reverse(f"admin:{table._meta.app_label}_{table._meta.model_name}_changelist")
    return f"{url}?{urlencode(filters)}" if filters else url
