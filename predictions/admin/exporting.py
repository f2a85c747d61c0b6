"""Any list of the record as a file: what the list's filters and search find, not only one page."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from buildings.admin import ReadOnlyAdmin
from predictions.exports import formats
from predictions.exports.tables import table_columns
from predictions.models import EXPORT_LISTS
from predictions.selectors.exports import rows_by_key
from predictions.services.exports import export_begin, export_write

_FORMATS: Final = {
    form.extension: form for form in (formats.CSV, formats.JSON_LINES, formats.PARQUET)
}
#: As many characters of a list's address are kept.
_FILTERS_KEPT: Final = 2_000


def _list_of(app_label: str, model_name: str) -> tuple[type[Model], ReadOnlyAdmin]:
    """The table and its list. Raises Http404 when there is no such list, or none of the record."""
    for model, of in admin.site._registry.items():
        is_meant = (model._meta.app_label, model._meta.model_name) == (app_label, model_name)
        if is_meant and isinstance(of, ReadOnlyAdmin):
            return model, of
    raise Http404("There is no such list.")


@require_POST
@csrf_protect
def export_view(request: HttpRequest, app_label: str, model_name: str) -> HttpResponseBase:
    """Streams the file. For who may see the list and may export; a POST, for it leaves a row."""
    model, list_admin = _list_of(app_label, model_name)
    if not list_admin.has_view_permission(request) or not request.user.has_perm(
        f"predictions.{EXPORT_LISTS}"
    ):
        raise PermissionDenied
    form = _FORMATS.get(request.POST.get("format", ""))
    if form is None:
        raise Http404("There is no such format.")
    try:
        queryset = list_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        raise Http404("The list has no such filter.") from None
    paths, columns = table_columns(model, hidden=list_admin.export_hidden)
    user: Any = request.user
    export = export_begin(
        user=user,
        list_name=f"{app_label}.{model_name}",
        filters=request.GET.urlencode()[:_FILTERS_KEPT],
        form=form,
        request_id=request.META.get("HTTP_X_REQUEST_ID", ""),
    )
    name = f"{model_name}-{export.pk}.{form.extension}"
    return StreamingHttpResponse(
        export_write(
            export=export,
            form=form,
            rows=rows_by_key(queryset=queryset, paths=paths),
            columns=columns,
        ),
        content_type=form.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def export_urls() -> list[URLPattern]:
    """Where lists are exported, below the admin."""
    view = admin.site.admin_view(export_view)
    return [path("export/<str:app_label>/<str:model_name>/", view, name="admin_export")]
