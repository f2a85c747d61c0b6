"""PROBLEMS: the one catalogue of refusals (RFC 9457), each with when it comes, what to do about it
and whether to ask again.

The handler of exceptions, the OpenAPI responses, `/api/v1/problems/` and docs/reference/errors.md
are made from it. The texts are translated when they are read, into the language that the request
prefers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from predictions.faults import pointer

#: A sentence, or one that is translated when it is read.
Text = str | Promise

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
#: Where the catalogue is served, and so where each `type` leads. A path, and no absolute URI: it
#: is the same string on every host the service has, and resolves against the request's own URL.
PROBLEMS_PATH: Final = "/api/v1/problems/"
#: Seconds after which a caller who was answered 503 may well try again.
RETRY_AFTER_SECONDS: Final = 5


class Location(StrEnum):
    """The part of a request, as OpenAPI names it, that a JSON Pointer leads into. The members of
    `query`, `path` and `header` are the parameters by name; `method` has none."""

    BODY = "body"
    QUERY = "query"
    PATH = "path"
    HEADER = "header"
    METHOD = "method"


class Retry(StrEnum):
    """Whether the same request may get another answer."""

    NEVER = "never"
    LATER = "later"
    ONCE = "once"


#: What each value of `retry` asks of a program.
RETRIES: Final[Mapping[Retry, Text]] = {
    Retry.NEVER: _("The same request is refused again: change it first."),
    Retry.LATER: _("Send the same request again after the seconds that Retry-After states."),
    Retry.ONCE: _("Send the same request once more; if that fails too, tell the operator."),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of the request is at fault, and the JSON Pointer into it; empty: all of it."""

    location: Location
    pointer: str = ""


WHOLE_BODY: Final = Place(Location.BODY)


def header(name: str) -> Place:
    """A request header as the place of a fault."""
    return Place(Location.HEADER, pointer(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """A kind of refusal. `place` is what is at fault unless the refusal itself knows better; None
    when nothing in the request is (5xx)."""

    slug: str
    status: int
    title: Text
    when: Text
    fix: Text
    retry: Retry = Retry.NEVER
    place: Place | None = None

    @property
    def uri(self) -> str:
        return f"{PROBLEMS_PATH}{self.slug}/"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: an entry of `errors`."""

    detail: Text
    code: str
    place: Place

    def document(self) -> dict[str, str]:
        return {
            "in": self.place.location.value,
            "pointer": self.place.pointer,
            "detail": str(self.detail),
            "code": self.code,
        }


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal: its type, what is said about it, and what else its document and headers hold."""

    type: ProblemType
    detail: Text
    faults: tuple[Fault, ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, *, request_id: str) -> dict[str, Any]:
        """The problem document, in the language that is active."""
        faults = self.faults
        if not faults and self.type.place is not None:
            faults = (Fault(self.detail, self.type.slug, self.type.place),)
        return {
            "type": self.type.uri,
            "title": str(self.type.title),
            "status": self.type.status,
            "detail": str(self.detail),
            **({"errors": [fault.document() for fault in faults]} if faults else {}),
            **self.members,
            "request_id": request_id,
        }

    def all_headers(self) -> dict[str, str]:
        """Its own headers, and `Retry-After` where asking again later is what helps."""
        if self.type.retry is Retry.LATER:
            return {"Retry-After": str(RETRY_AFTER_SECONDS), **self.headers}
        return dict(self.headers)


BAD_REQUEST: Final = ProblemType(
    slug="bad-request",
    status=400,
    title=_("The request could not be understood"),
    when=_("The Host header is not one of this server's, or the URL or a header is malformed."),
    fix=_("Use the host name you were given and a client that writes HTTP correctly."),
    place=header("Host"),
)
MALFORMED_BODY: Final = ProblemType(
    slug="malformed-body",
    status=400,
    title=_("The body could not be read"),
    when=_("The body is not I-JSON (RFC 7493): not UTF-8, not JSON, too deep, or a name twice."),
    fix=_("Let a JSON library write the body; `errors` says where reading stopped."),
    place=WHOLE_BODY,
)
INVALID_INPUT: Final = ProblemType(
    slug="invalid-input",
    status=400,
    title=_("The input is not valid"),
    when=_(
        "Members of the body or parameters are missing, unknown, of another type, out of range "
        "or contradict each other."
    ),
    fix=_("Mend each entry of `errors`: all that is wrong is listed at once."),
    place=WHOLE_BODY,
)
NOT_AUTHENTICATED: Final = ProblemType(
    slug="not-authenticated",
    status=401,
    title=_("A valid token is needed"),
    when=_(
        "The Authorization header is missing or malformed, or its token is unknown, expired or "
        "revoked."
    ),
    fix=_(
        "Send `Authorization: Bearer <token>` with a token that is still valid; ask the operator "
        "for one."
    ),
    place=header("Authorization"),
)
NOT_PERMITTED: Final = ProblemType(
    slug="not-permitted",
    status=403,
    title=_("This token may not do that"),
    when=_("The token is valid, but its user lacks the permission."),
    fix=_("Use another token, or ask whoever gave you this one for the permission."),
    place=header("Authorization"),
)
INSUFFICIENT_SCOPE: Final = ProblemType(
    slug="insufficient-scope",
    status=403,
    title=_("The token was not made for that"),
    when=_("The token lacks the scope that this operation needs: read, predict or admin."),
    fix=_("Use a token that has the scope; WWW-Authenticate names it."),
    place=header("Authorization"),
)
WRONG_NETWORK: Final = ProblemType(
    slug="wrong-network",
    status=403,
    title=_("The token may not be used from where you are"),
    when=_("The token is limited to networks, and the request came from none of them."),
    fix=_("Use it from its networks; whoever made the token knows them."),
    place=header("Authorization"),
)
NOT_FOUND: Final = ProblemType(
    slug="not-found",
    status=404,
    title=_("There is nothing here"),
    when=_("No such path, no such object, or an object that belongs to somebody else."),
    fix=_(
        "Compare the path with the documentation, its final slash included, and the identifier "
        "with a list."
    ),
    place=Place(Location.PATH),
)
METHOD_NOT_ALLOWED: Final = ProblemType(
    slug="method-not-allowed",
    status=405,
    title=_("This method is not allowed here"),
    when=_("The path exists, but not for this HTTP method."),
    fix=_("Use a method that the Allow header lists."),
    place=Place(Location.METHOD),
)
NOT_ACCEPTABLE: Final = ProblemType(
    slug="not-acceptable",
    status=406,
    title=_("No format that you accept can be given"),
    when=_("The Accept header rules out every format that this path has."),
    fix=_("Accept one of the formats that `detail` lists, or send no Accept header."),
    place=header("Accept"),
)
INCOMPLETE_FACTS: Final = ProblemType(
    slug="incomplete-facts",
    status=409,
    title=_("The stored facts do not suffice for a prediction"),
    when=_("The building's latest yearly record lacks a feature that the model cannot do without."),
    fix=_("Send the facts yourself: POST /api/v1/predictions/."),
    place=Place(Location.PATH, pointer("ose_building_id")),
)
UNSUITABLE_PREDICTION: Final = ProblemType(
    slug="unsuitable-prediction",
    status=409,
    title=_("The stored prediction lacks what this needs"),
    when=_("The prediction failed, or is from before energies were predicted by fuel."),
    fix=_("Ask for a new prediction of the same features and use that one."),
    place=Place(Location.PATH, pointer("id")),
)
MODEL_VERSION_GONE: Final = ProblemType(
    slug="model-version-gone",
    status=409,
    title=_("This model version cannot be had again"),
    when=_(
        "The files of the version that made the prediction, or that `model_version` names, are "
        "gone or answer otherwise by now."
    ),
    fix=_("Ask for a new prediction of the same features and use that one."),
    place=Place(Location.PATH, pointer("id")),
)
TOO_MANY_TOKENS: Final = ProblemType(
    slug="too-many-tokens",
    status=409,
    title=_("There are too many active tokens"),
    when=_("Your user has as many active tokens as a user may have."),
    fix=_("Revoke one that is no longer used, then make the new one."),
    place=header("Authorization"),
)
IDEMPOTENCY_KEY_IN_USE: Final = ProblemType(
    slug="idempotency-key-in-use",
    status=409,
    title=_("The first request with this key is still being answered"),
    when=_("A request with the same Idempotency-Key came before and has no answer yet."),
    fix=_("Send the same request again, with the same key, to get its answer."),
    retry=Retry.LATER,
    place=header("Idempotency-Key"),
)
LENGTH_REQUIRED: Final = ProblemType(
    slug="length-required",
    status=411,
    title=_("The body's length must be stated"),
    when=_("The body is sent in chunks (Transfer-Encoding) without a Content-Length."),
    fix=_("Send the body at once, with a Content-Length header."),
    place=header("Content-Length"),
)
BODY_TOO_LARGE: Final = ProblemType(
    slug="body-too-large",
    status=413,
    title=_("The body is too large"),
    when=_("The body has more bytes than are read."),
    fix=_("Send less at once; `detail` states the limit."),
    place=WHOLE_BODY,
)
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType(
    slug="unsupported-media-type",
    status=415,
    title=_("The body's format is not supported"),
    when=_("The Content-Type header is missing or names a format that is not read here."),
    fix=_("Send JSON with `Content-Type: application/json`."),
    place=header("Content-Type"),
)
IDEMPOTENCY_KEY_REUSED: Final = ProblemType(
    slug="idempotency-key-reused",
    status=422,
    title=_("This key was used for another request"),
    when=_(
        "Another path, query, content type, format or body came with this Idempotency-Key before."
    ),
    fix=_("Repeat exactly the request that the key came with, or make a new key for this one."),
    place=header("Idempotency-Key"),
)
TOO_MANY_REQUESTS: Final = ProblemType(
    slug="too-many-requests",
    status=429,
    title=_("Too many requests"),
    when=_(
        "The token has used up what it may ask within a minute, or too many tokens from your "
        "address were not valid."
    ),
    fix=_("Wait as Retry-After says, then go on more slowly."),
    retry=Retry.LATER,
    place=header("Authorization"),
)
TOO_MANY_AT_ONCE: Final = ProblemType(
    slug="too-many-at-once",
    status=429,
    title=_("Too many requests at once"),
    when=_("As many requests with this token are being answered as may be at a time."),
    fix=_("Wait for an answer before you send the next request."),
    retry=Retry.LATER,
    place=header("Authorization"),
)
INTERNAL_ERROR: Final = ProblemType(
    slug="internal-error",
    status=500,
    title=_("Something went wrong on our side"),
    when=_("A defect of the service; nothing in the request is at fault as far as we know."),
    fix=_("Try once more; then tell the operator the `request_id`, which is in the log."),
    retry=Retry.ONCE,
)
PREDICTION_FAILED: Final = ProblemType(
    slug="prediction-failed",
    status=500,
    title=_("The model could not answer"),
    when=_("The model failed on a valid input; input and error code are on the record."),
    fix=_(
        "Try once more, with a new Idempotency-Key if you sent one; then tell the operator the "
        "`prediction_id`."
    ),
    retry=Retry.ONCE,
)
DATABASE_UNAVAILABLE: Final = ProblemType(
    slug="database-unavailable",
    status=503,
    title=_("The database cannot be reached"),
    when=_("PostgreSQL does not answer, or broke the connection off."),
    fix=_("Wait and send the same request again."),
    retry=Retry.LATER,
)
MODEL_UNAVAILABLE: Final = ProblemType(
    slug="model-unavailable",
    status=503,
    title=_("No model is being served"),
    when=_("No model version is the champion, or it does not load. Nothing was stored."),
    fix=_("Wait and send the same request again; the operator promotes a model."),
    retry=Retry.LATER,
)
EMISSION_FACTORS_MISSING: Final = ProblemType(
    slug="emission-factors-missing",
    status=503,
    title=_("No emission factors are stored"),
    when=_("The database holds no set of emission factors yet. Nothing was stored."),
    fix=_("Wait and send the same request again; the operator loads a dataset."),
    retry=Retry.LATER,
)

#: Every type, by status, in the order of the catalogue.
PROBLEMS: Final[tuple[ProblemType, ...]] = tuple(
    sorted(
        (each for each in tuple(globals().values()) if isinstance(each, ProblemType)),
        key=lambda each: each.status,
    )
)
PROBLEMS_BY_SLUG: Final[Mapping[str, ProblemType]] = {each.slug: each for each in PROBLEMS}
