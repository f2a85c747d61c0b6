"""DEMO_MODE: a demonstration within a page of huggingface.co, on a disk that forgets.

A browser keeps cookies of a page in somebody else's page only if they say so (`SameSite=None;
Secure`), and then apart for each of those pages (`Partitioned`). That, and being shown in a frame
at all, is given up nowhere else.
"""

from collections.abc import Callable
from http.cookies import Morsel
from typing import Final

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.translation import gettext

from config.security import HEADER

Handler = Callable[[HttpRequest], HttpResponse]

#: Who may show the service in a frame.
FRAMED_BY: Final = "https://huggingface.co"

_NOT_FRAMED: Final = "frame-ancestors 'none'"


class DemoMiddleware:
    """Lets every answer be framed by huggingface.co, and its cookies survive that."""

    def __init__(self, get_response: Handler) -> None:
        if not settings.DEMO_MODE:
            raise MiddlewareNotUsed
        # http.cookies learns the word with Python 3.14.
        Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]
        Morsel._flags.add("partitioned")  # type: ignore[attr-defined]
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.pop("X-Frame-Options", None)  # knows no list of who may
        policy = response.headers[HEADER]
        response.headers[HEADER] = policy.replace(_NOT_FRAMED, f"frame-ancestors {FRAMED_BY}")
        for cookie in response.cookies.values():
            cookie["samesite"], cookie["secure"], cookie["partitioned"] = "None", True, True
        return response


def admin_label(_request: HttpRequest) -> list[str] | None:
    """What the admin shows beside its title (django-unfold's ENVIRONMENT)."""
    return [gettext(settings.DEMO_NOTICE), "warning"] if settings.DEMO_MODE else None


def storage_script(_request: HttpRequest) -> str:
    """Runs before the admin's own scripts, which need storage (django-unfold's SCRIPTS)."""
    return static("config/storage.js")
