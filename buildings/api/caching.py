"""What a cache may keep of an answer, and when it need not be sent again (RFC 9110, RFC 9111)."""

import hashlib
from typing import Any, Final

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

#: Of a 304, beside those that every answer gets (RFC 9110, 15.4.5).
_KEPT: Final = ("Cache-Control", "ETag", "Vary")


#: For the schema of an action that answers one object.
IF_NONE_MATCH: Final = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="ETags that the caller has: with the right one among them the answer is 304.",
)
UNCHANGED: Final = OpenApiResponse(description="What the caller has is still right. No body.")


class CachingMixin(GenericViewSet[Any]):
    """Single objects have a strong ETag, the digest of their bytes, and may be kept by the caller's
    own cache if it asks each time. Everything else is kept by none.

    The digest is of what is sent, so whatever changes it (another unit, an output that was stored
    meanwhile, a new release) changes the ETag, and no list of what matters can be forgotten.
    """

    #: Actions that answer one object.
    validated_actions: frozenset[str] = frozenset({"retrieve"})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        is_object = self.action in self.validated_actions and request.method in ("GET", "HEAD")
        if not is_object or response.status_code != 200 or not isinstance(response, Response):
            response["Cache-Control"] = "no-store"
            return response
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ["Authorization"])
        response.add_post_render_callback(lambda rendered: _validated(request, rendered))
        return response


def _validated(request: Request, response: HttpResponse) -> HttpResponse:
    """The answer with its ETag, or 304 where the caller has it already."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    known = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    if known != ["*"] and etag not in (one.removeprefix("W/") for one in known):
        return response
    unchanged = HttpResponseNotModified()
    for name in _KEPT:
        unchanged[name] = response[name]
    return unchanged
