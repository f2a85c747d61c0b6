"""Strict lists: unknown query parameters, page sizes and cursors are refused, not ignored.

Pages are found by the position of their first or last row, never by counting, so that each costs
the same however long the list is.
"""

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NoReturn
from urllib.parse import parse_qs, urlencode

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, NotFound
from rest_framework.pagination import BasePagination, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from buildings.api.errors import InvalidQueryError


class _StrictPages:
    """Pages of 50, up to 200 by `page_size`, and how a cursor is refused."""

    page_size: int | None = 50
    max_page_size: int | None = 200
    page_size_query_param: str | None = "page_size"
    cursor_query_param = "cursor"

    def get_page_size(self, request: Request) -> int:
        name = self.page_size_query_param or ""
        text = request.query_params.get(name)
        if text is None:
            return self.page_size or 0
        maximum = self.max_page_size_for(request)
        # int() alone would take "1_0", " 10" and digits of other scripts.
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(maximum))
        if not is_number or not 1 <= int(text) <= maximum:
            said = _("A whole number between 1 and %(maximum)d is needed.") % {"maximum": maximum}
            raise InvalidQueryError({name: said}, "out-of-range")
        return int(text)

    def max_page_size_for(self, request: Request) -> int:
        return self.max_page_size or 0

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        example = "http://127.0.0.1:8000/api/v1/buildings/?cursor=WyI5YzFkIixmYWxzZSxbOTAwMDAxXV0"
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {
                    **link,
                    "description": "The next page; null on the last one.",
                    "example": example,
                },
                "previous": {
                    **link,
                    "description": "The page before; null on the first one.",
                    "example": None,
                },
                "results": schema,
            },
        }

    def _cursor_refusal(self) -> InvalidQueryError:
        said = _("This cursor is not valid; follow the links `next` and `previous` of a page.")
        return InvalidQueryError({self.cursor_query_param: said}, "not-a-cursor")


class StrictCursorPagination(_StrictPages, CursorPagination):
    """DRF's cursors, read strictly; subclasses set `ordering`, unique and fixed."""

    def decode_cursor(self, request: Request) -> Any:
        encoded = request.query_params.get(self.cursor_query_param)
        if encoded is None:
            return None
        # DRF drops what is not base64 or unknown, and so answers nonsense with the first page.
        try:
            tokens = parse_qs(
                base64.b64decode(encoded, validate=True).decode("ascii"), strict_parsing=True
            )
            is_known = bool(tokens) and tokens.keys() <= {"o", "r", "p"}
            is_near = int(tokens.get("o", ["0"])[0]) <= (self.offset_cutoff or 0)
            if is_known and is_near:
                return super().decode_cursor(request)
        except (ValueError, NotFound) as error:  # binascii.Error and UnicodeError are ValueErrors
            raise self._cursor_refusal() from error
        raise self._cursor_refusal()

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (TypeError, ValueError, DjangoValidationError) as error:
            # The position in a made-up cursor is not of the ordering field's type.
            if self.cursor_query_param in request.query_params:
                raise self._cursor_refusal() from error
            raise

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        bounds = {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= bounds
        return parameters


@dataclass(frozen=True, slots=True)
class Ordering:
    """By `field`, then by the key unless the field is unique. Rows without it are left out."""

    field: str
    value_type: type[int] | type[float]
    is_unique: bool = False

    def fields(self, key: str) -> tuple[str, ...]:
        return (self.field,) if self.is_unique else (self.field, key)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """A page before or after a position; without one: the last page."""

    is_backward: bool
    position: tuple[int | float, ...] | None


#: Longer than any cursor that is handed out.
_CURSOR_LENGTH_MAX: Final = 200
_BIGINT: Final = 2**63


class KeysetPagination(_StrictPages, BasePagination):
    """Pages of rows (dicts) in one of several orders, found by row comparison on an index.

    Subclasses set `orderings`, the first of which is the default. Rows may share values and lack
    them: DRF's own cursors give up at a thousand ties and at the first NULL.
    """

    orderings: Sequence[Ordering] = ()
    #: Unique, never null; in the rows but not in the answer.
    key = "key"
    ordering_query_param = "ordering"

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.request = request
        page_size = self.get_page_size(request)
        ordering, is_descending = self._get_ordering(request)
        cursor = self._get_cursor(request, ordering)
        rows = _rows(queryset, ordering.fields(self.key), cursor, is_descending=is_descending)
        page = list(rows[: page_size + 1])
        has_more = len(page) > page_size
        page = page[:page_size]
        if cursor is not None and cursor.is_backward:
            page.reverse()
        self._links = self._links_of(page, cursor, ordering, has_more=has_more)
        return page

    def _links_of(
        self,
        page: Sequence[Mapping[str, Any]],
        cursor: _Cursor | None,
        ordering: Ordering,
        *,
        has_more: bool,
    ) -> dict[str, str | None]:
        """Whoever came from a page can go back to it, were this one empty by now."""
        if cursor is None:
            has_next, has_previous = has_more, False
        elif cursor.is_backward:
            has_next, has_previous = cursor.position is not None, has_more
        else:
            has_next, has_previous = has_more, True
        if not page:
            last = self._url(_Cursor(is_backward=True, position=None))
            first = self._url(None)
            return {
                "next": first if has_next else None,
                "previous": last if has_previous else None,
            }
        following = self._link(page[-1], ordering, is_backward=False)
        preceding = self._link(page[0], ordering, is_backward=True)
        return {
            "next": following if has_next else None,
            "previous": preceding if has_previous else None,
        }

    def get_paginated_response(self, data: Any) -> Response:
        relations = {"next": self._links["next"], "prev": self._links["previous"]}
        link = ", ".join(f'<{url}>; rel="{name}"' for name, url in relations.items() if url)
        return Response({**self._links, "results": data}, headers={"Link": link} if link else None)

    def max_page_size_for(self, request: Request) -> int:
        renderer = getattr(request, "accepted_renderer", None)
        maximum: int = getattr(renderer, "max_page_size", super().max_page_size_for(request))
        return maximum

    # Ordering

    @cached_property
    def _orderings(self) -> dict[str, tuple[Ordering, bool]]:
        """Value of the parameter -> ordering, and whether it is descending."""
        return {
            sign + ordering.field: (ordering, bool(sign))
            for ordering in self.orderings
            for sign in ("", "-")
        }

    def _get_ordering(self, request: Request) -> tuple[Ordering, bool]:
        name = request.query_params.get(self.ordering_query_param, self.orderings[0].field)
        if name not in self._orderings:
            said = _("Not an ordering. Known: %(names)s.") % {"names": ", ".join(self._orderings)}
            raise InvalidQueryError({self.ordering_query_param: said}, "unknown-choice")
        return self._orderings[name]

    # Cursors: [digest of the list, direction, position], as JSON in base64url.

    def _list_digest(self) -> str:
        """Tells lists apart: everything asked for but the page and its size."""
        of_page = {self.cursor_query_param, self.page_size_query_param}
        asked = sorted(item for item in self.request.query_params.items() if item[0] not in of_page)
        return hashlib.blake2b(urlencode(asked).encode(), digest_size=6).hexdigest()

    def _get_cursor(self, request: Request, ordering: Ordering) -> _Cursor | None:
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return None
        try:
            digest, is_backward, position = _decoded(text)
        except (ValueError, TypeError) as error:  # as binascii, Unicode and JSON errors are
            raise self._cursor_refusal() from error
        if not isinstance(digest, str) or not isinstance(is_backward, bool):
            raise self._cursor_refusal()
        if digest != self._list_digest():
            said = _(
                "This cursor belongs to another list: to other filters, ordering or units. Start "
                "again without it."
            )
            raise InvalidQueryError({self.cursor_query_param: said}, "cursor-of-another-list")
        if not self._is_position(position, ordering, may_lack=is_backward):
            raise self._cursor_refusal()
        return _Cursor(is_backward, None if position is None else tuple(position))

    def _is_position(self, position: Any, ordering: Ordering, *, may_lack: bool) -> bool:
        if position is None:
            return may_lack
        if not isinstance(position, list) or len(position) != len(ordering.fields(self.key)):
            return False
        types = (ordering.value_type, int)
        return all(_is_number(value, kind) for value, kind in zip(position, types, strict=False))

    def _link(self, row: Mapping[str, Any], ordering: Ordering, *, is_backward: bool) -> str:
        position = tuple(row[name] for name in ordering.fields(self.key))
        return self._url(_Cursor(is_backward, position))

    def _url(self, cursor: _Cursor | None) -> str:
        url = self.request.build_absolute_uri()
        if cursor is None:
            return remove_query_param(url, self.cursor_query_param)
        parts = [self._list_digest(), cursor.is_backward, cursor.position]
        text = base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode())
        return replace_query_param(url, self.cursor_query_param, text.decode().rstrip("="))

    # Schema

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        renderers = getattr(view, "renderer_classes", ())
        maximum = max([getattr(each, "max_page_size", 0) for each in renderers] + [0])
        more = f", {maximum} in the formats that allow it (CSV)" if maximum else ""
        return [
            _parameter(
                self.ordering_query_param,
                "Field to sort by, descending with `-`. Rows that share a value are in the order "
                "of an internal key; **rows without the value are left out**. Names are those of "
                "the published units whatever `units` says.",
                {
                    "type": "string",
                    "enum": list(self._orderings),
                    "default": self.orderings[0].field,
                },
            ),
            _parameter(
                self.cursor_query_param,
                "Where a page begins or ends, out of the links `next` and `previous`. It belongs "
                "to one list: with other filters or another ordering it is refused.",
                {"type": "string"},
            ),
            _parameter(
                str(self.page_size_query_param),
                f"Rows a page: up to {self.max_page_size}{more}.",
                {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": max(maximum, self.max_page_size or 0),
                    "default": self.page_size,
                },
            ),
        ]


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _rows(
    queryset: QuerySet[Any, dict[str, Any]],
    fields: Sequence[str],
    cursor: _Cursor | None,
    *,
    is_descending: bool,
) -> QuerySet[Any, dict[str, Any]]:
    """The rows from the cursor on, in its direction."""
    is_descending ^= cursor is not None and cursor.is_backward
    queryset = queryset.filter(**{f"{fields[0]}__isnull": False})
    if cursor is not None and cursor.position is not None:
        queryset = queryset.filter(
            Func(
                Func(*map(F, fields), function="ROW"),
                Func(*map(Value, cursor.position), function="ROW"),
                template="%(expressions)s",
                arg_joiner=" < " if is_descending else " > ",
                output_field=BooleanField(),
            )
        )
    return queryset.order_by(*(f"-{name}" if is_descending else name for name in fields))


def _decoded(text: str) -> Any:
    if len(text) > _CURSOR_LENGTH_MAX or len(text) % 4 == 1:
        raise ValueError("not a cursor's length")
    padded = text + "=" * (-len(text) % 4)
    decoded = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    return json.loads(decoded.decode("ascii"), parse_constant=_refused)


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)


def _is_number(value: Any, kind: type[int] | type[float]) -> bool:
    """Whether PostgreSQL can compare it with a column of that type."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if kind is int:
        return isinstance(value, int) and abs(value) < _BIGINT
    return abs(value) < _BIGINT if isinstance(value, int) else math.isfinite(value)


class StrictQueryMixin(GenericViewSet[Any]):
    """Refuses query parameters that the action does not know, or that are given twice.

    An action's own parameters are the fields of its serializer in `query_serializers`.
    """

    query_serializers: Mapping[str, type[Serializer[Any]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self.known_query_parameters()
        errors = {}
        for name, values in request.query_params.lists():
            if name not in known:
                errors[name] = ErrorDetail(_unknown_said(known), "unknown-parameter")
            elif len(values) > 1:
                errors[name] = ErrorDetail(_("Given more than once; give it once."), "duplicate")
        if errors:
            raise InvalidQueryError(errors)

    def known_query_parameters(self) -> Sequence[str]:
        """The action's own and, of a list, the paginator's parameters."""
        serializer = self.query_serializers.get(self.action or "")
        known = list(serializer().fields) if serializer else []
        if self.action == "list" and self.paginator:
            parameters = self.paginator.get_schema_operation_parameters(self)
            known += [parameter["name"] for parameter in parameters]
        return known

    @cached_property
    def query(self) -> Any:
        """The action's query serializer, valid."""
        # A plain dict: of a form's data, serializers read an empty value as none at all.
        data = self.request.query_params.dict()
        serializer = self.query_serializers[self.action](data=data)
        if not serializer.is_valid():
            raise InvalidQueryError(serializer.errors)
        return serializer


def _unknown_said(known: Iterable[str]) -> str:
    names = ", ".join(known)
    if not names:
        return _("Unknown query parameter. None is known here.")
    return _("Unknown query parameter. Known here: %(names)s.") % {"names": names}
