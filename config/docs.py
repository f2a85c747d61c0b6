"""The schema and its two pages, which load nothing from another host and run no inline script."""

from typing import Any, ClassVar, Final

from django.utils import translation
from drf_spectacular import views
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.security import HEADER, nonce_new, policy


class SchemaView(views.SpectacularAPIView):
    """The OpenAPI document; its descriptions are in English only."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def _get_schema_response(self, request: Request) -> Response:
        # Innermost, for `?lang=` too would have the texts in another language that have one.
        with translation.override("en"):
            return super()._get_schema_response(request)


class SwaggerView(views.SpectacularSwaggerSplitView):
    """Swagger UI. Its styles are its own file; icons are data: URLs in it."""

    policy: ClassVar = policy(
        script_src="'self'", style_src="'self'", img_src="'self' data:", connect_src="'self'"
    )

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        response[HEADER] = self.policy
        return response


#: Of two style elements that ReDoc makes without its nonce, an empty one and its scroll bars'.
_REDOC_STYLES: Final = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
)


class RedocView(views.SpectacularRedocView):
    """ReDoc. It makes its styles as it runs, so each page has a nonce for them. The logo in its
    footer is Redocly's and on their host: the policy keeps it from being asked for."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        nonce = nonce_new()
        response.data["nonce"] = nonce
        response[HEADER] = policy(
            script_src="'self'",
            style_src=f"'self' 'nonce-{nonce}' {_REDOC_STYLES}",
            img_src="'self' data:",
            connect_src="'self'",
            worker_src="'self' blob:",
        )
        return response
