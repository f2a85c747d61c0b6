"""The header Idempotency-Key: a POST that may be sent again without being done again.

After draft-ietf-httpapi-idempotency-key-header, and as Stripe does it. What is stored and given
again is an answer that will not change: a success, or that the model could not answer. A refusal is
not: nothing was done, and whoever sent it may mend the request and keep the key.
"""

import functools
import hashlib
import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final, TypeVar

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from predictions.api.exceptions import InvalidHeaderError
from predictions.api.parsers import request_body
from predictions.errors import PredictionFailedError
from predictions.models import KEY_PATTERN
from predictions.services.idempotency import (
    Answer,
    Claim,
    idempotency_claimed,
    idempotency_key_create,
    idempotent_answer_create,
)

KEY_HEADER: Final = "Idempotency-Key"
#: Of an answer that is given again.
REPLAYED_HEADER: Final = "Idempotency-Replayed"

_KEY: Final = re.compile(KEY_PATTERN)

Handler = TypeVar("Handler", bound=Callable[..., HttpResponseBase])


def idempotent(*, writes_ahead: bool = False) -> Callable[[Handler], Handler]:
    """Let a view's POST handler honour the header; without it, nothing is different.

    What the handler writes, key and answer are one transaction. A handler that commits by itself
    says `writes_ahead`: it passes `claim_of(request)` on to a service that stores the key with the
    first thing that it writes, and that goes on from there when the claim says so.
    """

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def handle(view: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            key = request.headers.get(KEY_HEADER)
            if key is None:
                return handler(view, request, *args, **kwargs)
            if not _KEY.fullmatch(key):
                said = _("Send 1 to 255 characters of printable ASCII: a random UUID will do.")
                raise InvalidHeaderError({KEY_HEADER: said})
            caller: Any = request.user
            with idempotency_claimed(
                caller=caller, key=key, fingerprint=_fingerprint(request)
            ) as claim:
                if (answer := claim.answer) is not None:
                    return _response(answer, **{REPLAYED_HEADER: "true"})
                request.claim = claim  # type: ignore[attr-defined]  # for `claim_of`
                with nullcontext() if writes_ahead else transaction.atomic():
                    try:
                        response = handler(view, request, *args, **kwargs)
                    except PredictionFailedError as error:  # which is on the record
                        response = view.handle_exception(error)
                    answer = _answer(view, request, response)
                    if not writes_ahead:
                        idempotency_key_create(claim=claim)
                    idempotent_answer_create(claim=claim, answer=answer)
                return _response(answer)

        handle.is_idempotent = True  # type: ignore[attr-defined]  # for the schema
        return handle  # type: ignore[return-value]  # it is called as the handler is

    return decorate


def claim_of(request: Request) -> Claim | None:
    """The claim under which a request is handled; None without a key."""
    return getattr(request, "claim", None)


def _fingerprint(request: Request) -> str:
    """SHA-256 of what makes it the same request."""
    digest = hashlib.sha256()
    for part in (
        request.method,
        request.path,
        request.META.get("QUERY_STRING", ""),
        request.content_type,
        request.accepted_renderer.media_type,
    ):
        digest.update(f"{part}\0".encode())
    digest.update(request_body(request))
    return digest.hexdigest()


def _answer(view: APIView, request: Request, response: Any) -> Answer:
    """What the handler answers: bytes, and the headers that it has set itself."""
    if isinstance(response, Response):  # rendered by DRF as soon as it knows how
        response.accepted_renderer = request.accepted_renderer
        response.accepted_media_type = request.accepted_media_type
        response.renderer_context = view.get_renderer_context()  # type: ignore[attr-defined]  # not in the stubs
        response.render()
    return Answer(
        status=response.status_code, headers=dict(response.items()), body=b"".join(response)
    )


def _response(answer: Answer, **headers: str) -> HttpResponse:
    """First answers are made of what is stored, as their repeats are."""
    return HttpResponse(answer.body, status=answer.status, headers={**answer.headers, **headers})
