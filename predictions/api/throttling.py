"""What every request with a token passes: its rates in the headers, its slot while it lasts.

The headers are those of draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` states the quotas,
`RateLimit` what is left of them and for how many seconds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from predictions.services.concurrency import slot_release, slot_take
from predictions.services.rates import WINDOW_SECONDS, RateExceededError, Rates, rows_take

Handler = Callable[[HttpRequest], HttpResponseBase]

_ATTRIBUTE: Final = "passage"


@dataclass(slots=True)
class Passage:
    """What is known of a request's token while the request is handled."""

    rates: Rates | None = None
    token_id: UUID | None = None

    def enter(self, *, token_id: UUID) -> None:
        """Take a slot. Raises ConcurrencyExceededError."""
        slot_take(token_id=token_id)
        self.token_id = token_id

    def leave(self) -> None:
        """Give the slot back, once."""
        if self.token_id is not None:
            slot_release(token_id=self.token_id)
            self.token_id = None


class ThrottlingMiddleware:
    """States the rates in each answer, and gives the slot back when the answer has been sent."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        passage = Passage()
        setattr(request, _ATTRIBUTE, passage)
        is_sent_later = False
        try:
            response = self.get_response(request)
            if passage.rates is not None:
                for name, value in rate_headers(passage.rates).items():
                    response[name] = value
            if isinstance(response, StreamingHttpResponse) and passage.token_id is not None:
                response.streaming_content = _Leaving(response.streaming_content, passage)
                is_sent_later = True
        finally:
            if not is_sent_later:
                passage.leave()
        return response


def passage_of(request: Request) -> Passage:
    """The request's passage; one that nobody looks at outside of the middleware."""
    found: Passage | None = getattr(request._request, _ATTRIBUTE, None)
    return Passage() if found is None else found


def rows_charge(request: Request, *, rows: int) -> None:
    """Charge a batch's rows to the request's token, before they are looked at. One statement.

    Raises RateExceededError when they do not fit; they cost nothing then.
    """
    token: Any = request.auth
    passage = passage_of(request)
    try:
        passage.rates = rows_take(token=token, rows=rows) or passage.rates
    except RateExceededError as error:
        passage.rates = error.rates
        raise


class _Leaving:
    """An answer's parts; whoever closes it, at the end or before, ends the passage."""

    def __init__(self, parts: Any, passage: Passage) -> None:
        self._parts: Iterator[bytes] = iter(parts)
        self._passage = passage

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        self._passage.leave()


def rate_headers(rates: Rates) -> dict[str, str]:
    """The quotas and what is left of them, for those that there are."""
    policies, left = [], []
    if rates.request_limit:
        policies.append(f'"default";q={rates.request_limit};w={WINDOW_SECONDS}')
        left.append(f'"default";r={rates.requests_left};t={rates.resets_in_s}')
    if rates.row_limit:
        policies.append(f'"rows";q={rates.row_limit};w={WINDOW_SECONDS};qu="rows"')
        left.append(f'"rows";r={rates.rows_left};t={rates.resets_in_s}')
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}
