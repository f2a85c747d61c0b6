"""Datasets put forward to be loaded: asked for here, carried out by `manage.py import_worker`."""

from pathlib import PurePath
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import csrf_protect_m
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from buildings.admin.base import ReadOnlyAdmin, link
from buildings.admin.revisions import import_said, when
from buildings.errors import DatasetError
from buildings.models import DatasetUpload, DatasetUploadStep, UploadStage
from buildings.services.uploads import (
    UPLOAD_BYTES_MAX,
    dataset_upload_create,
    dataset_upload_decide,
)
from buildings.sources import OFFICIAL_URLS, SAMPLE

WAITING: Final = "waiting for the dry run"
_STAGES: Final = {stage.value: str(stage.label) for stage in UploadStage}
_COLOURS: Final = {
    WAITING: "info",
    _STAGES["checked"]: "warning",
    _STAGES["confirmed"]: "info",
    _STAGES["loaded"]: "success",
    _STAGES["failed"]: "danger",
    _STAGES["cancelled"]: "info",
}


class UploadForm(forms.ModelForm):
    """A file or a published source, and how it is to be taken."""

    file = forms.FileField(
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text=f"A CSV as the city publishes it, {UPLOAD_BYTES_MAX // 1024**2} MiB at most.",
    )
    published = forms.ChoiceField(
        required=False,
        choices=[("", "—"), *((name, name) for name in (*OFFICIAL_URLS, SAMPLE))],
        widget=UnfoldAdminSelectWidget,
        help_text="Or, instead of a file, what the city's portal publishes (the worker fetches "
        "it), or the bundled synthetic sample.",
    )
    is_synthetic = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        label="Its buildings are made up",
    )
    rejects_allowed = forms.IntegerField(
        min_value=0,
        max_value=1_000_000,
        initial=0,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Load it although so many of its rows cannot be loaded.",
    )

    class Meta:
        model = DatasetUpload
        fields = ("is_synthetic", "rejects_allowed")

    #: Set by the page.
    user: Any = None

    def clean(self) -> None:
        """Stores what is put forward: nothing is left to be done by the form."""
        super().clean()
        file, published = self.cleaned_data.get("file"), self.cleaned_data.get("published")
        if not self.errors and bool(file) == bool(published):
            self.add_error(None, _("Choose a file or a published source, one of the two."))
        if file is not None and file and file.size > UPLOAD_BYTES_MAX:
            most = {"count": UPLOAD_BYTES_MAX}
            self.add_error("file", _("Must be %(count)d bytes at most.") % most)
        if self.errors:
            return
        try:
            self.stored = dataset_upload_create(
                source=PurePath(file.name).name[:255] if file else str(published),
                content=file.read() if file else None,
                is_synthetic=self.cleaned_data["is_synthetic"],
                rejects_allowed=self.cleaned_data["rejects_allowed"],
                uploaded_by=self.user,
            )
        except DatasetError as error:
            self.add_error("file", str(error))


@admin.register(DatasetUpload)
class DatasetUploadAdmin(ReadOnlyAdmin):
    """Put forward, tried, confirmed, loaded: each stage with who and when."""

    form = UploadForm
    change_form_outer_after_template = "buildings/admin/confirm_upload.html"
    list_display = ("created_at", "source", "uploaded_by_name", "state", "size_bytes")
    list_filter = ("is_synthetic", "created_at")
    search_fields = ("source", "uploaded_by_name", "sha256")
    search_help_text = "Part of a file name, who put it forward, or SHA-256"
    date_hierarchy = "created_at"
    fieldsets = (
        ("What", {"fields": ("source", "size_bytes", "sha256", "is_synthetic", "rejects_allowed")}),
        ("Who", {"fields": ("uploaded_by_name", "created_at")}),
        ("What became of it", {"fields": ("state", "stages")}),
    )
    add_fieldsets = ((None, {"fields": ("file", "published", "is_synthetic", "rejects_allowed")}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return ModelAdmin.has_add_permission(self, request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetUpload]:
        steps = DatasetUploadStep.objects.filter(upload=OuterRef("pk")).order_by("-id")
        uploads = DatasetUpload.objects.defer("content")
        return uploads.annotate(stage=Subquery(steps.values("stage")[:1]))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide_view)
        name = "buildings_datasetupload_decide"
        urls: list[URLPattern] = super().get_urls()
        return [path("<int:upload_id>/decide/", view, name=name), *urls]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if obj is not None:
            return super().get_form(request, obj, **{"form": forms.ModelForm, **kwargs})
        form = super().get_form(request, obj, **kwargs)
        return type("UploadFormOf", (form,), {"user": request.user})

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Any:
        return form.stored

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Nothing is left to do: the form's service stored it."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """An upload has nothing of the kind."""

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 -- Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None and self.has_add_permission(request):
            stage = obj.stage
            context["may_confirm"] = stage == UploadStage.CHECKED
            context["may_cancel"] = stage in (None, UploadStage.CHECKED)
        response: HttpResponse = super().render_change_form(
            request, context, add, change, form_url, obj
        )
        return response

    @csrf_protect_m
    def decide_view(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Confirms or cancels. For who may put datasets forward."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        upload = get_object_or_404(DatasetUpload.objects.defer("content"), pk=upload_id)
        is_confirmed = "confirm" in request.POST
        user: Any = request.user
        try:
            dataset_upload_decide(upload=upload, is_confirmed=is_confirmed, by=user)
        except DatasetError as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, upload, "confirmed" if is_confirmed else "cancelled")
            messages.success(
                request,
                _("The worker loads it next.") if is_confirmed else _("It is not loaded."),
            )
        url = reverse("admin:buildings_datasetupload_change", args=[upload.pk])
        return HttpResponseRedirect(url)

    @display(description="state", label=_COLOURS)
    def state(self, upload: Any) -> str:
        return WAITING if upload.stage is None else _STAGES[upload.stage]

    @display(description="stages")
    def stages(self, upload: DatasetUpload) -> str:
        steps = upload.steps.select_related("dataset_import")
        if not steps:
            return _("The import worker has not come to it yet.")
        return format_html_join("", "{}", ((_stage_said(step),) for step in steps))


def _stage_said(step: DatasetUploadStep) -> str:
    imported = step.dataset_import
    return format_html(
        "<p><strong>{}</strong>, {}, {} {}</p>{}",
        step.get_stage_display(),
        when(step.created_at),
        step.by_name,
        "" if imported is None else link(imported, import_said(imported.pk)),
        format_html('<pre class="overflow-x-auto text-xs">{}</pre>', step.report)
        if step.report
        else "",
    )
