"""What a browser is told to allow (Content Security Policy, level 3), as little as each page needs.

Django brings this from version 6.0 on; the policies then move to its SECURE_CSP settings.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]

HEADER: Final = "Content-Security-Policy"
_NONE: Final = "'none'"
_SELF: Final = "'self'"


def policy(**directives: str) -> str:
    """Nothing at all, but for these directives; `script_src` is script-src."""
    allowed: Mapping[str, str] = {
        "default_src": _NONE,
        "base_uri": _NONE,
        "form_action": _NONE,
        "frame_ancestors": _NONE,
        **directives,
    }
    return "; ".join(f"{name.replace('_', '-')} {value}" for name, value in allowed.items())


def nonce_new() -> str:
    """A number used once, for what a page itself brings along."""
    return secrets.token_urlsafe(16)


#: JSON, CSV, files, redirects: a browser that takes one for a page finds nothing allowed.
DATA_POLICY: Final = policy()
#: django-unfold: Alpine.js evaluates the expressions of its attributes, so it cannot do without
#: 'unsafe-eval', and shows and hides by style attributes. No script stands in a page itself.
ADMIN_POLICY: Final = policy(
    script_src=f"{_SELF} 'unsafe-eval'",
    style_src=f"{_SELF} 'unsafe-inline'",
    img_src=f"{_SELF} data:",
    font_src=_SELF,
    connect_src=_SELF,
    form_action=_SELF,
)


class SecurityHeadersMiddleware:
    """Sets on every answer, refusals of other middleware included, what the view did not set."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        is_admin = match is not None and match.app_name == "admin"
        response.headers.setdefault(HEADER, ADMIN_POLICY if is_admin else DATA_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response
