"""The one place where errors become HTTP: which problem of the catalogue (`problems`) answers which
exception.

`problem_response` is Django REST framework's handler; the `*_page` functions are Django's own, and
answer the same way below `/api/`. Nothing that a caller sent is repeated, except the names of
members, shortened and made printable. Texts are in the language that is active
(`config.middleware.LanguageMiddleware`).
"""

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views import csrf, defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from buildings.api.errors import InvalidQueryError
from mlmodel.errors import IncompleteFactsError, ModelError
from predictions.api import problems
from predictions.api.problems import (
    PROBLEM_MEDIA_TYPE,
    Fault,
    Location,
    Place,
    Problem,
    ProblemType,
    Text,
)
from predictions.errors import (
    BatchFormatError,
    ConcurrencyExceededError,
    EmissionFactorsMissingError,
    IdempotencyKeyInUseError,
    IdempotencyKeyReusedError,
    ModelVersionNotPermittedError,
    PinnedVersionGoneError,
    PredictionFailedError,
    RowsRefusedError,
    TokenRefusedError,
    TooManyRowsError,
    TooManyTokensError,
    UnknownEmissionFactorSetError,
    UnknownModelVersionError,
    UnsuitablePredictionError,
    VersionGoneError,
    WrongNetworkError,
)
from predictions.faults import grouped, pointer
from predictions.metrics import REFUSALS
from predictions.services.rates import RateExceededError

logger = logging.getLogger(__name__)

API_PREFIX: Final = "/api/"

_ASK_OWNER: Final = gettext_lazy("Ask whoever gave you the token.")
_NO_OBJECT: Final = gettext_lazy("There is no such object, or it is not yours.")
_NOTHING_STORED: Final = gettext_lazy("Nothing was stored. Try again later.")
_IN_OUR_LOG: Final = gettext_lazy("It is in our log under this request_id.")

#: Seconds after which a request that waits for another one's answer may well be repeated.
_REPEAT_AFTER_SECONDS: Final = 1


class MalformedBodyError(exceptions.ParseError):
    """The body could not be read as strict JSON; `member` names the top-level member at fault."""

    def __init__(self, detail: str, *, member: str | None = None, code: str = "malformed") -> None:
        super().__init__(detail, code)
        self.member = member


class InvalidHeaderError(exceptions.ValidationError):
    """A request header, by name, is not what it has to be."""


class BodyTooLargeError(exceptions.APIException):
    """The body has more bytes than are read."""

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(f"more than {limit_bytes} bytes", "body-too-large")
        self.limit_bytes = limit_bytes


class InsufficientScope(exceptions.PermissionDenied):
    """The token lacks a scope."""

    def __init__(self, *, scope: str) -> None:
        said = _("This token lacks the scope `%(scope)s`; use one that has it.")
        super().__init__(said % {"scope": scope})
        self.scope = scope


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of an API view with its problem document.

    What is not foreseen becomes a 500 that says nothing of its cause; the log has type and frames.
    """
    request = context["request"]
    problem = _problem(exc, context)
    REFUSALS.labels(problem.type.slug).inc()
    # Whatever the view renders, CSV or a page: a problem is JSON.
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), PROBLEM_MEDIA_TYPE
    response = Response(
        problem.document(request_id=_request_id(request)),
        status=problem.type.status,
        headers=problem.all_headers(),
        content_type=PROBLEM_MEDIA_TYPE,
    )
    in_language(response)
    return response


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """A problem document from outside Django REST framework."""
    REFUSALS.labels(problem.type.slug).inc()
    response = JsonResponse(
        problem.document(request_id=_request_id(request)),
        json_dumps_params={"ensure_ascii": False},  # as the API's own renderer
        status=problem.type.status,
        content_type=PROBLEM_MEDIA_TYPE,
        headers=problem.all_headers(),
    )
    response["Content-Length"] = str(len(response.content))  # no middleware may be left to say so
    in_language(response)
    return response


def in_language(response: HttpResponse) -> None:
    """Say which language the answer is in, and that another may be had."""
    response["Content-Language"] = get_language() or "en"
    patch_vary_headers(response, ["Accept-Language"])


def _request_id(request: HttpRequest | Any) -> str:
    return str(request.META.get("HTTP_X_REQUEST_ID", ""))


def _problem(exc: Exception, context: Mapping[str, Any]) -> Problem:
    """Which problem an exception is; logs those that are ours to mend."""
    match exc:
        case MalformedBodyError():
            at = "" if exc.member is None else pointer(exc.member)
            fault = Fault(str(exc.detail), str(exc.get_codes()), Place(Location.BODY, at))
            return Problem(problems.MALFORMED_BODY, fault.detail, (fault,))
        case exceptions.ValidationError():
            return _invalid_input(exc, context)
        case UnknownEmissionFactorSetError():
            place = Place(Location.QUERY, pointer("emission_factor_set"))
            fault = Fault(str(exc), "unknown-choice", place)
            return Problem(problems.INVALID_INPUT, fault.detail, (fault,))
        case UnknownModelVersionError():
            return _of_model_version(problems.INVALID_INPUT, str(exc), "unknown-choice")
        case ModelVersionNotPermittedError():
            return _of_model_version(problems.NOT_PERMITTED, str(exc), "not-permitted")
        case PinnedVersionGoneError():
            _log(exc)
            detail = _("Leave `model_version` out, and the champion answers; nothing was stored.")
            return _of_model_version(problems.MODEL_VERSION_GONE, detail, "model-version-gone")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            challenge = {"WWW-Authenticate": getattr(exc, "auth_header", "Bearer")}
            return Problem(problems.NOT_AUTHENTICATED, str(exc.detail), headers=challenge)
        case InsufficientScope():
            challenge = {
                "WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{exc.scope}"'
            }
            return Problem(problems.INSUFFICIENT_SCOPE, str(exc.detail), headers=challenge)
        case WrongNetworkError():
            return Problem(problems.WRONG_NETWORK, problems.WRONG_NETWORK.fix)
        case RateExceededError():
            wait = {"Retry-After": str(exc.retry_after_s)}
            return Problem(problems.TOO_MANY_REQUESTS, str(exc), headers=wait)
        case ConcurrencyExceededError():
            wait = {"Retry-After": str(_REPEAT_AFTER_SECONDS)}
            return Problem(problems.TOO_MANY_AT_ONCE, problems.TOO_MANY_AT_ONCE.fix, headers=wait)
        case TokenRefusedError():
            fault = Fault(str(exc), "refused", Place(Location.BODY, pointer(exc.field)))
            return Problem(problems.INVALID_INPUT, fault.detail, (fault,))
        case TooManyTokensError():
            return Problem(problems.TOO_MANY_TOKENS, problems.TOO_MANY_TOKENS.fix)
        case exceptions.PermissionDenied() | PermissionDenied():
            return Problem(problems.NOT_PERMITTED, str(getattr(exc, "detail", "")) or _ASK_OWNER)
        case Http404() | exceptions.NotFound():
            return _not_found(context)
        case exceptions.MethodNotAllowed():
            allowed = ", ".join(context["view"].allowed_methods)
            detail = _("Allowed here: %(methods)s.") % {"methods": allowed}
            return Problem(problems.METHOD_NOT_ALLOWED, detail)
        case exceptions.NotAcceptable():
            renderers = exc.available_renderers or [JSONRenderer()]
            formats = ", ".join(f"`{renderer.media_type}`" for renderer in renderers)
            detail = _("Accept one of: %(formats)s.") % {"formats": formats}
            return Problem(problems.NOT_ACCEPTABLE, detail)
        case exceptions.UnsupportedMediaType():
            formats = ", ".join(f"`{each.media_type}`" for each in context["view"].parser_classes)
            detail = _("Send one of these as Content-Type: %(formats)s.") % {"formats": formats}
            return Problem(problems.UNSUPPORTED_MEDIA_TYPE, detail)
        case BodyTooLargeError():
            detail = _("At most %(limit)s bytes are read.") % {
                "limit": grouped(f"{exc.limit_bytes:,}")
            }
            return Problem(problems.BODY_TOO_LARGE, detail)
        case RequestDataTooBig():
            return Problem(problems.BODY_TOO_LARGE, problems.BODY_TOO_LARGE.when)
        case BatchFormatError():
            return Problem(problems.MALFORMED_BODY, str(exc))
        case TooManyRowsError():
            return Problem(problems.BODY_TOO_LARGE, str(exc))
        case RowsRefusedError():
            return _rows_refused(exc)
        case exceptions.Throttled():
            seconds = getattr(exc, "wait", None)
            wait = {} if seconds is None else {"Retry-After": str(seconds)}
            return Problem(problems.TOO_MANY_REQUESTS, problems.TOO_MANY_REQUESTS.fix, headers=wait)
        case IncompleteFactsError():
            return Problem(problems.INCOMPLETE_FACTS, str(exc))
        case UnsuitablePredictionError():
            return Problem(problems.UNSUITABLE_PREDICTION, str(exc))
        case VersionGoneError():
            _log(exc)
            return Problem(problems.MODEL_VERSION_GONE, problems.MODEL_VERSION_GONE.fix)
        case IdempotencyKeyInUseError():
            return Problem(
                problems.IDEMPOTENCY_KEY_IN_USE,
                problems.IDEMPOTENCY_KEY_IN_USE.fix,
                headers={"Retry-After": str(_REPEAT_AFTER_SECONDS)},
            )
        case IdempotencyKeyReusedError():
            return Problem(problems.IDEMPOTENCY_KEY_REUSED, problems.IDEMPOTENCY_KEY_REUSED.fix)
        case EmissionFactorsMissingError():
            _log(exc)
            return Problem(problems.EMISSION_FACTORS_MISSING, _NOTHING_STORED)
        case PredictionFailedError():
            return Problem(
                problems.PREDICTION_FAILED,
                _("Your input and this failure are on the record; asking again may help."),
                members={"prediction_id": str(exc.prediction_id), "code": exc.error_code},
            )
        case ModelError():
            _log(exc)
            return Problem(problems.MODEL_UNAVAILABLE, _NOTHING_STORED)
        case OperationalError() | InterfaceError():
            _log(exc)
            return Problem(problems.DATABASE_UNAVAILABLE, _("Try again later."))
        case exceptions.APIException() if exc.status_code < 500:
            return Problem(problems.BAD_REQUEST, problems.BAD_REQUEST.title)
        case _:
            _log(exc)
            return Problem(problems.INTERNAL_ERROR, _IN_OUR_LOG)


def _of_model_version(kind: ProblemType, detail: str, code: str) -> Problem:
    """A refusal of the version that the caller pins."""
    fault = Fault(detail, code, Place(Location.QUERY, pointer("model_version")))
    return Problem(kind, detail, (fault,))


def _log(exc: Exception) -> None:
    # Type and frames, not the text: it may quote what the caller sent.
    frames = "".join(traceback.format_tb(exc.__traceback__))
    logger.error("%s\n%s", type(exc).__name__, frames)


def _invalid_input(exc: exceptions.ValidationError, context: Mapping[str, Any]) -> Problem:
    # A request without a body can only be wrong in its query.
    is_query = isinstance(exc, InvalidQueryError) or context["request"].method in SAFE_METHODS
    location = Location.QUERY if is_query else Location.BODY
    if isinstance(exc, InvalidHeaderError):
        location = Location.HEADER
    faults = tuple(_faults(exc.detail, location, ""))
    detail = _summary([fault.detail for fault in faults], len(faults))
    return Problem(problems.INVALID_INPUT, detail, faults)


def _rows_refused(exc: RowsRefusedError) -> Problem:
    detail = _summary([error["detail"] for error in exc.errors], exc.error_count)
    members = {"errors": exc.errors, "error_count": exc.error_count}
    return Problem(problems.INVALID_INPUT, detail, members=members)


def _summary(details: Sequence[Text], count: int) -> Text:
    """What is wrong if it is one thing, else how many things are."""
    several = ngettext("%(count)d thing is wrong.", "%(count)d things are wrong.", count)
    return details[0] if count == 1 else several % {"count": count}


def _faults(detail: Any, location: Location, at: str) -> Iterator[Fault]:
    """Flatten DRF's nested error details, one for each thing wrong."""
    if isinstance(detail, Mapping):
        for name, nested in detail.items():
            here = at if name == "non_field_errors" else at + pointer(name)
            yield from _faults(nested, location, here)
    elif isinstance(detail, list):
        for position, nested in enumerate(detail):
            is_leaf = isinstance(nested, exceptions.ErrorDetail)
            yield from _faults(nested, location, at if is_leaf else at + pointer(position))
    else:
        code = getattr(detail, "code", "invalid").replace("_", "-")
        yield Fault(str(detail), code, Place(location, at))


def _not_found(context: Mapping[str, Any]) -> Problem:
    """An object that is not there; the last identifier in the path is the one that names it."""
    at = pointer(*list(context["kwargs"])[-1:])
    fault = Fault(_NO_OBJECT, problems.NOT_FOUND.slug, Place(Location.PATH, at))
    return Problem(problems.NOT_FOUND, _NO_OBJECT, (fault,))


def bad_request_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: refused before any view, for instance for a foreign Host header."""
    if not request.path.startswith(API_PREFIX):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return problem_page(request, Problem(problems.BODY_TOO_LARGE, problems.BODY_TOO_LARGE.when))
    detail = _("Check the Host header and the URL; they are not what this server answers to.")
    return problem_page(request, Problem(problems.BAD_REQUEST, detail))


def permission_denied_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    if not request.path.startswith(API_PREFIX):
        return defaults.permission_denied(request, exception)
    return problem_page(request, Problem(problems.NOT_PERMITTED, _ASK_OWNER))


def csrf_failure_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    if not request.path.startswith(API_PREFIX):
        return csrf.csrf_failure(request, reason=reason)
    return problem_page(request, Problem(problems.NOT_PERMITTED, _ASK_OWNER))


def not_found_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404; a path that only lacks its final slash is told so."""
    if not request.path.startswith(API_PREFIX):
        return defaults.page_not_found(request, exception)
    return no_such_path(request)


@csrf_exempt
def no_such_path(request: HttpRequest, rest: str = "") -> HttpResponse:
    """The view of every path below `/api/` that is no other view's."""
    detail = _("No such path; the paths there are stand at /api/v1/docs/.")
    if not request.path.endswith("/") and _is_path(f"{request.path_info}/"):
        detail = _("Every path of this API ends with a slash; add one.")
    return problem_page(request, Problem(problems.NOT_FOUND, detail))


def _is_path(path: str) -> bool:
    try:
        return resolve(path).func is not no_such_path
    except Resolver404:
        return False


def server_error_page(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    if not request.path.startswith(API_PREFIX):
        return defaults.server_error(request)
    return problem_page(request, Problem(problems.INTERNAL_ERROR, _IN_OUR_LOG))
