"""Every path of the service."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from config.docs import RedocView, SchemaView, SwaggerView
from config.health import livez, readyz
from config.metrics import metrics
from predictions.admin.exporting import export_urls
from predictions.api.exceptions import no_such_path

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="docs")),
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("language/", set_language, name="set_language"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", include(export_urls())),
    path("admin/", admin.site.urls),
    path("api/v1/", include("buildings.api.urls")),
    path("api/v1/", include("predictions.api.urls")),
    path("api/v1/schema/", SchemaView.as_view(), name="schema"),
    path("api/v1/docs/", SwaggerView.as_view(), name="docs"),
    path("api/v1/redoc/", RedocView.as_view(), name="redoc"),
    # A view, for Django's own page of routes (DEBUG) asks no handler.
    path("api/", no_such_path),
    path("api/<path:rest>", no_such_path),
]

handler400 = "predictions.api.exceptions.bad_request_page"
handler403 = "predictions.api.exceptions.permission_denied_page"
handler404 = "predictions.api.exceptions.not_found_page"
handler500 = "predictions.api.exceptions.server_error_page"
