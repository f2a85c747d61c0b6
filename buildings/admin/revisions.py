"""Revisions, as the pages of a record and of an import list them."""

from itertools import zip_longest
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.admin import TabularInline

from buildings.admin.base import NotedInline, link
from buildings.admin.facts import fact_of, value_said
from buildings.figures import NOT_KNOWN
from buildings.models import DatasetImport, RecordRevision


def who(imported: DatasetImport) -> str:
    """Who loaded it; needs `imported_by` read with it."""
    return str(imported.imported_by) if imported.imported_by else _("command line")


def when(moment: Any) -> str:
    if not moment:
        return NOT_KNOWN
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def import_said(pk: int) -> str:
    return _("Import %(id)s") % {"id": pk}


def changes_said(revision: RecordRevision) -> list[tuple[str, str, str]]:
    """Label, value before and after of each field that changed, in the order of the facts."""
    return [
        (_(fact_of(field).label), value_said(field, before), value_said(field, after))
        for field, (before, after) in revision.changes.items()
    ]


class _RevisionInline(NotedInline, TabularInline):
    model = RecordRevision

    @admin.display(description="What changed")
    def what(self, revision: RecordRevision) -> SafeString:
        context = {"changes": changes_said(revision)}
        return render_to_string("buildings/admin/changes.html", context)

    @admin.display(description="Former values came from")
    def origin(self, revision: RecordRevision) -> SafeString:
        former = revision.former_import
        return format_html(
            "{}<br>{}<br>{}",
            link(former, import_said(former.pk)),
            former.file_name,
            _("line %(number)s") % {"number": revision.former_line_number},
        )


class RecordRevisionInline(_RevisionInline):
    """Of one record: every state that it was in."""

    fields = ("changed", "what", "origin", "former_row")
    readonly_fields = fields
    ordering = ("-id",)
    verbose_name_plural = "history, newest first"
    note = "What the record was before an import changed it. Nothing here is ever changed again."
    empty = "No import has changed this record since it was created."

    def get_queryset(self, request: HttpRequest) -> QuerySet[RecordRevision]:
        revisions = RecordRevision.objects.order_by("-id")
        return revisions.select_related("dataset_import__imported_by", "former_import")

    @admin.display(description="Changed")
    def changed(self, revision: RecordRevision) -> SafeString:
        imported = revision.dataset_import
        return format_html(
            "{}<br>{}<br>{}<br>{}",
            when(revision.created_at),
            link(imported, import_said(imported.pk)),
            imported.file_name,
            _("by %(who)s") % {"who": who(imported)},
        )

    @admin.display(description="Former row")
    def former_row(self, revision: RecordRevision) -> SafeString:
        cells = zip_longest(revision.former_import.header, revision.former_cells, fillvalue="")
        context = {"cells": list(cells) if revision.former_cells else []}
        return render_to_string("buildings/admin/former_row.html", context)


class RevisionMadeInline(_RevisionInline):
    """Of one import: every record that it changed."""

    fk_name = "dataset_import"
    fields = ("record_link", "what", "origin")
    readonly_fields = fields
    ordering = ("id",)
    verbose_name_plural = "records changed"
    note = "Records that were there before and that this import changed."
    empty = "This import changed no record that was there before."

    def get_queryset(self, request: HttpRequest) -> QuerySet[RecordRevision]:
        revisions = RecordRevision.objects.order_by("id")
        return revisions.select_related("record__building", "former_import")

    @admin.display(description="Record")
    def record_link(self, revision: RecordRevision) -> SafeString:
        record = revision.record
        return format_html("{}<br>{}", link(record, record), record.building.property_name)
