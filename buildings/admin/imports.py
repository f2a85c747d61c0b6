"""Imports: what a file was, what it changed, and how it differs from another."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.options import csrf_protect_m
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from unfold.admin import TabularInline

from buildings.admin.base import STYLES, NotedInline, ReadOnlyAdmin, is_one_row, list_url
from buildings.admin.facts import text
from buildings.admin.revisions import RevisionMadeInline, changes_said, when, who
from buildings.figures import figure
from buildings.models import BenchmarkRecord, DatasetImport, RejectedRow
from buildings.quality import RULES
from buildings.selectors.imports import (
    COUNTS,
    CountComparison,
    ImportComparison,
    dataset_import_before,
    dataset_import_comparison,
    dataset_imports_comparable,
    records_created,
    revisions_made,
)

_TITLES: Final = {rule.code: rule.title for rule in RULES}
_ROWS_A_PAGE: Final = 25
#: Times, which tell no two imports' contents apart.
_ALWAYS_DIFFERENT: Final = ("Began", "Took")
_SHOWN_COUNTS: Final = tuple(name.removeprefix("rows_") for name in COUNTS)


def _label(field: str) -> str:
    return field.removeprefix("rows_").capitalize()


def _count(field: str) -> Callable[[Any, Any], str]:
    """A column that shows a count with thousands separators; sortable."""

    @admin.display(description=_label(field), ordering=field)
    def shown(_admin: Any, row: Any) -> str:
        return figure(getattr(row, field))

    return shown


class RejectedRowInline(NotedInline, TabularInline):
    model = RejectedRow
    fields = ("line_number", "why", "as_published")
    readonly_fields = fields
    ordering = ("line_number",)
    verbose_name_plural = "rejected rows"
    note = "Rows that were not loaded, each with every reason."
    empty = "No row was rejected."

    @admin.display(description="Why")
    def why(self, row: RejectedRow) -> SafeString:
        reasons = ((reason["field"], reason["reason"]) for reason in row.reasons)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", reasons))

    @admin.display(description="As published")
    def as_published(self, row: RejectedRow) -> SafeString:
        cells = ((header, cell) for header, cell in row.row.items() if cell)
        return format_html(
            '<details class="pv-details"><summary>{}</summary>'
            '<table class="pv-table"><tbody>{}</tbody></table></details>',
            cells_said(len(row.row)),
            format_html_join("", '<tr><th scope="row">{}</th><td>{}</td></tr>', cells),
        )


def flags_listed(dataset_import: DatasetImport) -> list[dict[str, Any]]:
    """The import's quality flags in the rules' order, each with a link to the records."""
    found = dataset_import.quality_flags
    codes = [code for code in _TITLES if code in found]
    codes += sorted(set(found) - set(_TITLES))
    return [
        {
            "code": code,
            "title": _(_TITLES.get(code, code)),
            "count": figure(found[code]),
            "url": list_url(BenchmarkRecord, **{"import": dataset_import.pk, "flag": code}),
        }
        for code in codes
    ]


@admin.register(DatasetImport)
class DatasetImportAdmin(ReadOnlyAdmin):
    """The list is short: one row a load. The page tells all of one, and compares it."""

    class Media:
        css = {"all": (STYLES,)}

    list_fullwidth = True
    change_form_template = "buildings/admin/import.html"
    list_display = (
        "id",
        "file_name",
        "years",
        "began",
        "loaded_by",
        *_SHOWN_COUNTS,
        "flags",
        "made_up",
    )
    list_display_links = ("id", "file_name")
    sortable_by = ("id", "file_name", "began", *_SHOWN_COUNTS)
    list_filter = ("is_synthetic", "started_at")
    list_select_related = ("imported_by",)
    date_hierarchy = "started_at"  # one row a load: cheap
    search_fields = ("file_name", "source", "sha256")
    search_help_text = "Part of a file name, source or SHA-256"
    fieldsets = (
        (
            "File",
            {
                "fields": (
                    ("file_name", "source"),
                    ("digest",),
                    ("size", "years"),
                    ("made_up",),
                )
            },
        ),
        (
            "Load",
            {
                "fields": (
                    ("loaded_by", "role"),
                    ("began", "ended"),
                    ("duration",),
                )
            },
        ),
        (
            "Rows",
            {
                "fields": (
                    ("read", "created"),
                    ("updated", "unchanged"),
                    ("rejected", "blank"),
                    ("duplicate",),
                ),
            },
        ),
    )
    readonly_fields = (
        "digest",
        "size",
        "made_up",
        "role",
        "years",
        "loaded_by",
        "began",
        "ended",
        "duration",
        *_SHOWN_COUNTS,
    )
    inlines = (RevisionMadeInline, RejectedRowInline)
    made_up = text("is_synthetic")
    read = _count("rows_read")
    created = _count("rows_created")
    updated = _count("rows_updated")
    unchanged = _count("rows_unchanged")
    rejected = _count("rows_rejected")
    blank = _count("rows_blank")
    duplicate = _count("rows_duplicate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetImport]:
        imports = DatasetImport.objects.select_related("imported_by")
        return imports if is_one_row(request) else imports.defer("header")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.compare_view)
        name = "buildings_datasetimport_compare"
        compare = [
            path("<int:object_id>/compare/", view, name=name),
            path("<int:object_id>/compare/<int:other_id>/", view, name=name),
        ]
        urls: list[URLPattern] = super().get_urls()
        return compare + urls

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 -- Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Model | None = None,
    ) -> HttpResponse:
        if isinstance(obj, DatasetImport):
            context |= {
                "flags": flags_listed(obj),
                "before": dataset_import_before(dataset_import=obj),
                "others": dataset_imports_comparable(dataset_import=obj),
                "created_count": figure(obj.rows_created),
                "written_url": list_url(BenchmarkRecord, **{"import": obj.pk}),
                "created_url": list_url(BenchmarkRecord, created_by=obj.pk),
            }
        response: HttpResponse = super().render_change_form(
            request, context, add, change, form_url, obj
        )
        return response

    @csrf_protect_m
    def compare_view(
        self, request: HttpRequest, object_id: int, other_id: int | None = None
    ) -> HttpResponse:
        """Two imports side by side; without another, the one before. For who may view imports."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        imported = self._import(object_id)
        chosen = request.GET.get("with", "")
        if chosen.isascii() and chosen.isdecimal() and len(chosen) < 19:
            return _redirect_to_comparison(object_id, int(chosen))
        if other_id is None:
            other = dataset_import_before(dataset_import=imported)
        elif other_id == object_id:
            raise Http404(_("An import does not differ from itself."))
        elif other_id > object_id:
            return _redirect_to_comparison(other_id, object_id)  # the earlier one stands first
        else:
            other = self._import(other_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": imported,
            "title": _("Compare imports"),
            "media": self.media,
            "others": dataset_imports_comparable(dataset_import=imported),
            "other_id": other and other.pk,
        }
        if other is not None:
            context |= self._comparison_context(request, other, imported)
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "buildings/admin/compare.html", context)

    @staticmethod
    def _import(import_id: int) -> DatasetImport:
        try:
            return DatasetImport.objects.select_related("imported_by").get(pk=import_id)
        except DatasetImport.DoesNotExist:
            raise Http404(_("There is no import %(id)d.") % {"id": import_id}) from None

    @staticmethod
    def _comparison_context(
        request: HttpRequest, before: DatasetImport, after: DatasetImport
    ) -> dict[str, Any]:
        """What the page shows; lists of records only for who may view those."""
        may_view_changes = request.user.has_perm("buildings.view_recordrevision")
        may_view_records = request.user.has_perm("buildings.view_benchmarkrecord")
        comparison = dataset_import_comparison(
            before=before, after=after, with_changes=may_view_changes
        )
        context: dict[str, Any] = {
            "comparison": comparison,
            "facts": _file_facts(comparison),
            "counts": [_counts_said(_label(count.name), count) for count in comparison.counts],
            "flags": [
                _counts_said(_TITLES.get(flag.name, flag.name), flag) for flag in comparison.flags
            ],
            "may_view_changes": may_view_changes,
            "may_view_records": may_view_records,
        }
        if may_view_changes:
            page = _page(after.rows_updated, request.GET.get("changed"))
            revisions = revisions_made(dataset_import=after, **_slice(page))
            of_before = comparison.changed_of_before
            context |= {
                "changed": _pages(request, page, "changed"),
                "changed_of_before": None if of_before is None else figure(of_before),
                "revisions": [(revision, changes_said(revision)) for revision in revisions],
            }
        if may_view_records:
            page = _page(after.rows_created, request.GET.get("created"))
            records = records_created(dataset_import=after, **_slice(page))
            areas = [(record, figure(record.property_gfa_total_sqft)) for record in records]
            context |= {
                "created": {**_pages(request, page, "created"), "rows": areas},
                "created_url": list_url(BenchmarkRecord, created_by=after.pk),
            }
        return context

    @admin.display(description="Data years")
    def years(self, imported: DatasetImport) -> str:
        return years_said(imported)

    @admin.display(description="Loaded by")
    def loaded_by(self, imported: DatasetImport) -> str:
        return who(imported)

    @admin.display(description="SHA-256")
    def digest(self, imported: DatasetImport) -> SafeString:
        return format_html('<code class="pv-break">{}</code>', imported.sha256)

    @admin.display(description="Database role")
    def role(self, imported: DatasetImport) -> str:
        return imported.database_role or "–"

    @admin.display(description="Size")
    def size(self, imported: DatasetImport) -> str:
        return size_said(imported)

    @admin.display(description="Began", ordering="started_at")
    def began(self, imported: DatasetImport) -> str:
        return when(imported.started_at)

    @admin.display(description="Complete")
    def ended(self, imported: DatasetImport) -> str:
        return when(imported.finished_at)

    @admin.display(description="Took")
    def duration(self, imported: DatasetImport) -> str:
        return duration_said(imported)

    @admin.display(description="Flags")
    def flags(self, imported: DatasetImport) -> str:
        return figure(sum(imported.quality_flags.values()))


def _counts_said(label: str, count: CountComparison) -> tuple[str, str, str, str]:
    difference = figure(count.difference, "+,") if count.difference else "0"
    return _(label), figure(count.before), figure(count.after), difference


def _page(count: int, number: str | None) -> Page[int]:
    """A page of as many rows as an import says: nothing is counted."""
    return Paginator(range(count), _ROWS_A_PAGE).get_page(number)


def _slice(page: Page[int]) -> dict[str, int]:
    start = (page.number - 1) * page.paginator.per_page
    return {"start": start, "stop": start + page.paginator.per_page}


def _pages(request: HttpRequest, page: Page[Any], key: str) -> dict[str, Any]:
    """What links to a page's neighbours need; the other lists stay where they are."""

    def address(number: int) -> str:
        query = request.GET.copy()
        query[key] = str(number)
        return f"?{query.urlencode()}"

    return {
        "number": page.number,
        "count": page.paginator.num_pages,
        "total": figure(page.paginator.count),
        "previous": address(page.previous_page_number()) if page.has_previous() else None,
        "next": address(page.next_page_number()) if page.has_next() else None,
    }


def _redirect_to_comparison(object_id: int, other_id: int) -> HttpResponseRedirect:
    name = "admin:buildings_datasetimport_compare"
    return HttpResponseRedirect(reverse(name, args=[object_id, other_id]))


def cells_said(count: int) -> str:
    return ngettext("%(count)d cell", "%(count)d cells", count) % {"count": count}


def columns_said(imported: DatasetImport) -> str:
    return str(len(imported.header)) if imported.header else _("not kept")


def years_said(imported: DatasetImport) -> str:
    return ", ".join(str(year) for year in imported.data_years) or _("none")


def size_said(imported: DatasetImport) -> str:
    in_bytes = ngettext("%(count)s byte", "%(count)s bytes", imported.size_bytes)
    exactly = in_bytes % {"count": figure(imported.size_bytes)}
    return f"{filesizeformat(imported.size_bytes)} ({exactly})"


def duration_said(imported: DatasetImport) -> str:
    seconds = (imported.finished_at - imported.started_at).total_seconds()
    if seconds < 60:
        return f"{figure(seconds, '.1f')} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _file_facts(comparison: ImportComparison) -> list[tuple[str, str, str, bool]]:
    """Label, of the earlier, of the later, and whether to mark the difference."""
    sides = (comparison.before, comparison.after)
    rows = (
        (gettext_noop("File"), [side.file_name for side in sides]),
        (gettext_noop("Source"), [side.source for side in sides]),
        (gettext_noop("SHA-256"), [side.sha256 for side in sides]),
        (gettext_noop("Size"), [size_said(side) for side in sides]),
        (gettext_noop("Data years"), [years_said(side) for side in sides]),
        (gettext_noop("Synthetic"), [_("yes") if side.is_synthetic else _("no") for side in sides]),
        (gettext_noop("Columns"), [columns_said(side) for side in sides]),
        (gettext_noop("Loaded by"), [who(side) for side in sides]),
        (gettext_noop("Database role"), [side.database_role or "–" for side in sides]),
        (gettext_noop("Began"), [when(side.started_at) for side in sides]),
        (gettext_noop("Took"), [duration_said(side) for side in sides]),
    )
    return [
        (_(label), before, after, before != after and label not in _ALWAYS_DIFFERENT)
        for label, (before, after) in rows
    ]
