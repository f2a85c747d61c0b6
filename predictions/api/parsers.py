"""JSON read strictly: what a lenient parser would guess at, drop or crash on is refused, and the
place is named.

RFC 8259 leaves duplicate names, depth and number range to the reader; I-JSON (RFC 7493) is what we
take: UTF-8, unique names, finite numbers.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from predictions.api.exceptions import BodyTooLargeError, MalformedBodyError

REPEATED: Final = gettext_noop("Given more than once; give it once.")
#: Levels of nesting that are read; every documented body needs fewer.
MAX_DEPTH: Final = 8

# An integer of more digits is outside every documented range, and slow to read.
_MAX_DIGITS: Final = 300
# What is read and thrown away of a body that is too large, so that the caller gets to see the
# answer.
_DRAIN_LIMIT: Final = 32 * 1024 * 1024
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|[\[\]{}]', re.DOTALL)
#: What Python's own reader says (`json.JSONDecodeError.msg`), listed to be translated.
JSON_FAULTS: Final = (
    gettext_noop("Expecting value"),
    gettext_noop("Expecting property name enclosed in double quotes"),
    gettext_noop("Expecting ':' delimiter"),
    gettext_noop("Expecting ',' delimiter"),
    gettext_noop("Illegal trailing comma before end of object"),  # from Python 3.13 on
    gettext_noop("Illegal trailing comma before end of array"),
    gettext_noop("Unterminated string starting at"),
    gettext_noop("Invalid control character at"),
    gettext_noop("Invalid \\escape"),
    gettext_noop("Invalid \\uXXXX escape"),
    gettext_noop("Unexpected UTF-8 BOM (decode using utf-8-sig)"),
    gettext_noop("Extra data"),
)


def request_body(request: Request) -> bytes:
    """The body as received, at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes, or what the view's
    `body_bytes_max` says. It may be asked for again. Raises BodyTooLargeError."""
    body_bytes_max = getattr(request.parser_context["view"], "body_bytes_max", None)
    limit = body_bytes_max(request) if body_bytes_max else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    received = request._request
    if length > limit:
        left = min(length, _DRAIN_LIMIT)
        while left > 0 and (chunk := received.read(min(left, 1 << 16))):
            left -= len(chunk)
        raise BodyTooLargeError(limit_bytes=limit)
    if not hasattr(received, "_body"):
        # As HttpRequest.body reads and keeps it, but for a limit that is one for all views.
        received._body = received.read(length)
    return bytes(received.body)


class StrictJSONParser(JSONParser):
    """Refuses what is not I-JSON with MalformedBodyError, naming the member where there is one."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            text = stream.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedBodyError(
                _("The body is not UTF-8: byte %(position)d does not belong there.")
                % {"position": error.start}
            ) from None
        if not text.strip():
            raise MalformedBodyError(_("The body is empty; send a JSON object."))
        self.check_extent(text)
        try:
            return json.loads(
                text,
                object_pairs_hook=self.read_object,
                parse_int=_int,
                parse_constant=lambda _: math.nan,
            )
        except RecursionError:
            raise MalformedBodyError(
                _("Nested deeper than %(levels)d levels.") % {"levels": MAX_DEPTH}, code="too-deep"
            ) from None
        except json.JSONDecodeError as error:
            raise MalformedBodyError(
                _("The body is not JSON: %(fault)s at line %(line)d, column %(column)d.")
                % {"fault": _(error.msg), "line": error.lineno, "column": error.colno}
            ) from None

    def check_extent(self, text: str) -> None:
        """Refuse what is too deep or too large before it is parsed."""
        _refuse_depth(text)

    def read_object(self, pairs: list[tuple[str, Any]]) -> Any:
        """An object out of its members, refused if one is given twice."""
        members = dict(pairs)
        if len(members) != len(pairs):
            raise MalformedBodyError(_(REPEATED), member=member_repeated(pairs), code="duplicate")
        return members


def member_repeated(pairs: Sequence[tuple[str, Any]]) -> str:
    """The first member that is given again."""
    seen: set[str] = set()
    for name, _value in pairs:
        if name in seen:
            return name
        seen.add(name)
    raise ValueError("no member is given again")


def _refuse_depth(text: str) -> None:
    """Measure nesting without recursion, before anything recursive reads the text."""
    depth = 0
    member: str | None = None
    for token in _TOKEN.finditer(text):
        character = token[0][0]
        if character == '"':
            if depth == 1:
                member = token[1]
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedBodyError(
                    _("Nested deeper than %(levels)d levels.") % {"levels": MAX_DEPTH},
                    member=member,
                    code="too-deep",
                )
        else:
            depth -= 1


def _int(text: str) -> int | float:
    return int(text) if len(text) <= _MAX_DIGITS else math.nan
