"""What every request passes, whoever it is for."""

import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Final

import uuid_utils.compat as uuid7s
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from predictions.api.exceptions import API_PREFIX, problem_page
from predictions.api.problems import LENGTH_REQUIRED, Problem

Handler = Callable[[HttpRequest], HttpResponse]

#: A caller's own request id is taken over if it is one that is safe in logs and columns.
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request being handled, for the log; empty outside of one."""
    return _request_id.get()


class RequestIdMiddleware:
    """Gives each request an id: the caller's `X-Request-ID` if it is well-formed, else a new
    UUIDv7.

    The id stands in the request's own headers from here on, in the answer and in the log.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request.META.get("HTTP_X_REQUEST_ID", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = str(uuid7s.uuid7())
            request.META["HTTP_X_REQUEST_ID"] = request_id
        reset = _request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            _request_id.reset(reset)
        response["X-Request-ID"] = request_id
        return response


@cache
def _languages() -> frozenset[str]:
    return frozenset(code for code, _ in settings.LANGUAGES)


@lru_cache(maxsize=1024)
def accepted_language(accept_language: str) -> str:
    """The language, among those there are, that this header prefers (RFC 9110); else English."""
    for wanted, quality in parse_accept_lang_header(accept_language.lower()):
        language = wanted.partition("-")[0]
        if quality > 0 and language in _languages():
            return language
    return str(settings.LANGUAGE_CODE)


@cache
def _reference_pages() -> frozenset[str]:
    """Pages for people, though below `/api/`."""
    return frozenset(reverse(name) for name in ("docs", "redoc"))


class LanguageMiddleware:
    """Has everything said in the reader's language.

    Below `/api/` Accept-Language alone decides: a program has no cookie to choose by. Whoever
    writes a text there says so in the answer's headers (`predictions.api.exceptions.in_language`).
    On pages for people the language that somebody chose (`?language=`, on public pages; the cookie
    that Django's `set_language` sets) comes first.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        accepted = request.META.get("HTTP_ACCEPT_LANGUAGE", "")
        path = request.path_info
        is_page = not path.startswith(API_PREFIX) or path in _reference_pages()
        language = _chosen_language(request) if is_page else ""
        language = language or (accepted_language(accepted) if accepted else settings.LANGUAGE_CODE)
        if language == settings.LANGUAGE_CODE:  # active already, and to activate takes 10 µs
            response = self.get_response(request)
        else:
            with translation.override(language):
                response = self.get_response(request)
        if is_page and response.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Language", language)
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


def _chosen_language(request: HttpRequest) -> str:
    """The language that the reader chose; empty if none, or none that there is."""
    for chosen in (
        request.GET.get("language", "") if request.path_info in _reference_pages() else "",
        request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""),
    ):
        if chosen in _languages():
            return chosen
    return ""


class LengthRequiredMiddleware:
    """Refuses a chunked body with 411: WSGI cannot say where it ends, and Django would read it as
    empty."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
            return problem_page(request, Problem(LENGTH_REQUIRED, LENGTH_REQUIRED.fix))
        return self.get_response(request)
