"""The one place where errors become HTTP: every status and problem document (RFC 9457) is decided
here.

`problem_response` is Django REST framework's handler; the `*_page` functions are Django's own, and
answer the same way below `/api/`. Nothing that a caller sent is repeated, except the names of
members, shortened and made printable.
"""

import logging
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.views import defaults
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from mlmodel.errors import IncompleteFactsError, ModelError
from predictions.errors import (
    BatchFormatError,
    EmissionFactorsMissingError,
    PredictionFailedError,
    RowsRefusedError,
    TooManyRowsError,
    UnknownEmissionFactorSetError,
    UnsuitablePredictionError,
    VersionGoneError,
    pointer_to,
)

logger = logging.getLogger(__name__)

API_PREFIX: Final = "/api/"
PROBLEM_MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of refusal: the last part of its `type` URI, its title and its HTTP status."""

    slug: str
    status: int
    title: str

    @property
    def uri(self) -> str:
        return f"urn:futurisys:problem:{self.slug}"


BAD_REQUEST: Final = ProblemType("bad-request", 400, "The request could not be understood")
MALFORMED_BODY: Final = ProblemType("malformed-body", 400, "The body could not be read")
INVALID_INPUT: Final = ProblemType("invalid-input", 400, "The input is not valid")
NOT_AUTHENTICATED: Final = ProblemType("not-authenticated", 401, "A valid token is needed")
NOT_PERMITTED: Final = ProblemType("not-permitted", 403, "This token may not do that")
NOT_FOUND: Final = ProblemType("not-found", 404, "There is nothing here")
METHOD_NOT_ALLOWED: Final = ProblemType(
    "method-not-allowed", 405, "This method is not allowed here"
)
NOT_ACCEPTABLE: Final = ProblemType("not-acceptable", 406, "No format that you accept can be given")
INCOMPLETE_FACTS: Final = ProblemType(
    "incomplete-facts", 409, "The stored facts do not suffice for a prediction"
)
UNSUITABLE_PREDICTION: Final = ProblemType(
    "unsuitable-prediction", 409, "The stored prediction lacks what this needs"
)
MODEL_VERSION_GONE: Final = ProblemType(
    "model-version-gone", 409, "The model version that made the prediction cannot be had again"
)
LENGTH_REQUIRED: Final = ProblemType("length-required", 411, "The body's length must be stated")
BODY_TOO_LARGE: Final = ProblemType("body-too-large", 413, "The body is too large")
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType(
    "unsupported-media-type", 415, "The body's format is not supported"
)
INTERNAL_ERROR: Final = ProblemType("internal-error", 500, "Something went wrong on our side")
PREDICTION_FAILED: Final = ProblemType("prediction-failed", 500, "The model could not answer")
DATABASE_UNAVAILABLE: Final = ProblemType(
    "database-unavailable", 503, "The database cannot be reached"
)
MODEL_UNAVAILABLE: Final = ProblemType("model-unavailable", 503, "No model is being served")
EMISSION_FACTORS_MISSING: Final = ProblemType(
    "emission-factors-missing", 503, "No emission factors are stored"
)

#: Seconds after which a caller who was answered 503 may well try again.
_RETRY_AFTER_SECONDS: Final = 5


class MalformedBodyError(exceptions.ParseError):
    """The body could not be read as strict JSON; `member` names the top-level member at fault."""

    def __init__(self, detail: str, *, member: str | None = None, code: str = "malformed") -> None:
        super().__init__(detail, code)
        self.member = member


class BodyTooLargeError(exceptions.APIException):
    """The body has more bytes than are read."""

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(f"At most {limit_bytes:,} bytes are read.", "body-too-large")


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of an API view with its problem document.

    What is not foreseen becomes a 500 that says nothing of its cause; the log has type and frames.
    """

    problem, document, headers = _classify(exc, context)
    document = _document(context["request"], problem, document)
    return Response(
        document, status=problem.status, headers=headers, content_type=PROBLEM_MEDIA_TYPE
    )


def _classify(
    exc: Exception, context: Mapping[str, Any]
) -> tuple[ProblemType, dict[str, Any], dict[str, str]]:
    """The problem type of an exception, the members it adds to the document, and its headers."""
    headers: dict[str, str] = {}
    match exc:
        case MalformedBodyError():
            pointer = "" if exc.member is None else pointer_to(exc.member)
            error = {"pointer": pointer, "detail": str(exc.detail), "code": exc.get_codes()}
            return MALFORMED_BODY, {"detail": str(exc.detail), "errors": [error]}, headers
        case exceptions.ValidationError():
            errors = list(_errors(exc.detail, ""))
            detail = errors[0]["detail"] if len(errors) == 1 else f"{len(errors)} things are wrong."
            return INVALID_INPUT, {"detail": detail, "errors": errors}, headers
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            headers["WWW-Authenticate"] = getattr(exc, "auth_header", "Bearer")
            return NOT_AUTHENTICATED, {"detail": str(exc.detail)}, headers
        case exceptions.PermissionDenied() | PermissionDenied():
            detail = str(getattr(exc, "detail", "")) or "Ask whoever gave you the token."
            return NOT_PERMITTED, {"detail": detail}, headers
        case Http404() | exceptions.NotFound():
            return NOT_FOUND, {"detail": "There is no such object, or it is not yours."}, headers
        case exceptions.MethodNotAllowed():
            return METHOD_NOT_ALLOWED, {"detail": str(exc.detail)}, headers
        case exceptions.NotAcceptable():
            renderers = exc.available_renderers or [JSONRenderer()]
            formats = ", ".join(f"`{renderer.media_type}`" for renderer in renderers)
            return NOT_ACCEPTABLE, {"detail": f"Accept one of: {formats}."}, headers
        case exceptions.UnsupportedMediaType():
            return (
                UNSUPPORTED_MEDIA_TYPE,
                {"detail": f"Send `Content-Type: {_taken(context)}`."},
                headers,
            )
        case BodyTooLargeError():
            error = {"pointer": "", "detail": str(exc.detail), "code": "body-too-large"}
            return BODY_TOO_LARGE, {"detail": str(exc.detail), "errors": [error]}, headers
        case BatchFormatError():
            error = {"pointer": "", "detail": str(exc), "code": "malformed"}
            return MALFORMED_BODY, {"detail": str(exc), "errors": [error]}, headers
        case TooManyRowsError():
            error = {"pointer": "", "detail": str(exc), "code": "too-many-rows"}
            return BODY_TOO_LARGE, {"detail": str(exc), "errors": [error]}, headers
        case RowsRefusedError():
            detail = f"{exc.error_count:,} things are wrong; nothing was stored."
            if exc.error_count == 1:
                detail = f"{exc.errors[0]['detail']} Nothing was stored."
            members = {"detail": detail, "errors": exc.errors, "error_count": exc.error_count}
            return INVALID_INPUT, members, headers
        case IncompleteFactsError():
            return INCOMPLETE_FACTS, {"detail": str(exc)}, headers
        case UnknownEmissionFactorSetError():
            error = {
                "pointer": "/emission_factor_set",
                "detail": str(exc),
                "code": "unknown-choice",
            }
            return INVALID_INPUT, {"detail": str(exc), "errors": [error]}, headers
        case UnsuitablePredictionError():
            return UNSUITABLE_PREDICTION, {"detail": str(exc)}, headers
        case VersionGoneError():
            _log(exc)
            detail = "Ask for a new prediction of these features: the model served now answers it."
            return MODEL_VERSION_GONE, {"detail": detail}, headers
        case EmissionFactorsMissingError():
            _log(exc)
            headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
            detail = "Nothing was stored. Try again later."
            return EMISSION_FACTORS_MISSING, {"detail": detail}, headers
        case PredictionFailedError():
            detail = "Your input and this failure are on the record; asking again may help."
            members = {
                "detail": detail,
                "prediction_id": str(exc.prediction_id),
                "code": exc.error_code,
            }
            return PREDICTION_FAILED, members, headers
        case ModelError():
            _log(exc)
            headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
            return MODEL_UNAVAILABLE, {"detail": "Nothing was stored. Try again later."}, headers
        case OperationalError() | InterfaceError():
            _log(exc)
            headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
            return DATABASE_UNAVAILABLE, {"detail": "Try again later."}, headers
        case exceptions.APIException() if exc.status_code < 500:
            return BAD_REQUEST, {"detail": "The request could not be understood."}, headers
        case _:
            _log(exc)
            return (
                INTERNAL_ERROR,
                {"detail": "It is in our log under this request_id."},
                headers,
            )


def _taken(context: Mapping[str, Any]) -> str:
    """The media types that the view reads."""
    parsers = getattr(context.get("view"), "parser_classes", ())
    return "` or `".join(str(parser.media_type) for parser in parsers) or "application/json"


def _log(exc: Exception) -> None:
    # Type and frames, not the text: it may quote what the caller sent.
    frames = "".join(traceback.format_tb(exc.__traceback__))
    logger.error("%s\n%s", type(exc).__name__, frames)


def _document(
    request: HttpRequest | Any, problem: ProblemType, members: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "type": problem.uri,
        "title": problem.title,
        "status": problem.status,
        **members,
        "request_id": request.META.get("HTTP_X_REQUEST_ID", ""),
    }


def _errors(detail: Any, pointer: str) -> Iterator[dict[str, str]]:
    """Flatten DRF's nested error details to `{pointer, detail, code}`, one for each thing wrong."""
    if isinstance(detail, Mapping):
        for name, nested in detail.items():
            here = pointer if name == "non_field_errors" else pointer + pointer_to(name)
            yield from _errors(nested, here)
    elif isinstance(detail, list):
        for position, nested in enumerate(detail):
            is_leaf = isinstance(nested, exceptions.ErrorDetail)
            yield from _errors(nested, pointer if is_leaf else pointer + pointer_to(position))
    else:
        yield {
            "pointer": pointer,
            "detail": str(detail),
            "code": getattr(detail, "code", "invalid"),
        }


def problem_page(
    request: HttpRequest, problem: ProblemType, detail: str, **headers: str
) -> HttpResponse:
    """A problem document from outside Django REST framework."""
    return JsonResponse(
        _document(request, problem, {"detail": detail}),
        status=problem.status,
        content_type=PROBLEM_MEDIA_TYPE,
        headers=headers,
    )


def bad_request_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: refused before any view, for instance for a foreign Host header."""
    if not request.path.startswith(API_PREFIX):
        return defaults.bad_request(request, exception)
    detail = "Check the Host header and the URL; they are not what this server answers to."
    return problem_page(request, BAD_REQUEST, detail)


def permission_denied_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    if not request.path.startswith(API_PREFIX):
        return defaults.permission_denied(request, exception)
    return problem_page(request, NOT_PERMITTED, "Ask whoever gave you the token.")


def not_found_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404; a path that only lacks its final slash is told so."""
    if not request.path.startswith(API_PREFIX):
        return defaults.page_not_found(request, exception)
    detail = "No such path; the paths there are stand at /api/v1/docs/."
    if not request.path.endswith("/"):
        try:
            resolve(f"{request.path_info}/")
        except Resolver404:
            pass
        else:
            detail = "Every path of this API ends with a slash; add one."
    return problem_page(request, NOT_FOUND, detail)


def server_error_page(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    if not request.path.startswith(API_PREFIX):
        return defaults.server_error(request)
    return problem_page(request, INTERNAL_ERROR, "It is in our log under this request_id.")
