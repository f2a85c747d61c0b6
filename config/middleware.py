"""What every request passes, whoever it is for."""

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

import uuid_utils.compat as uuid7s
from django.http import HttpRequest, HttpResponse

from predictions.api.exceptions import LENGTH_REQUIRED, problem_page

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


class LengthRequiredMiddleware:
    """Refuses a chunked body with 411: WSGI cannot say where it ends, and Django would read it as
    empty."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
            return problem_page(request, LENGTH_REQUIRED, "Send a Content-Length header.")
        return self.get_response(request)
