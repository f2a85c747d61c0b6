"""Strict lists: unknown query parameters, page sizes and cursors are refused, not ignored.

Pages are found by the position of their first or last row, never by counting, so that each costs
the same however long the list is.
"""

import base64
import difflib
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, reduce
from typing import Any, Final, NoReturn, TypeAlias
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from buildings.api.errors import InvalidQueryError

_Value: TypeAlias = int | float | datetime | UUID
_ValueType: TypeAlias = type[int] | type[float] | type[datetime] | type[UUID]


@dataclass(frozen=True, slots=True)
class Ordering:
    """By `field`, then by the key unless the field is unique. Rows without it are left out."""

    field: str
    value_type: _ValueType
    is_unique: bool = False
    #: Where a query finds it, if not under its own name.
    path: str = ""

    def paths(self, key: str) -> tuple[str, ...]:
        path = self.path or self.field
        return (path,) if self.is_unique else (path, key)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """A page before or after a position; without one: the last page."""

    is_backward: bool
    position: tuple[_Value, ...] | None


#: Longer than any cursor that is handed out.
_CURSOR_LENGTH_MAX: Final = 200
_BIGINT: Final = 2**63


class KeysetPagination(BasePagination):
    """Pages of 50 rows (dicts or instances), up to 200 by `page_size`, in one of several orders,
    found by row comparison on an index.

    Subclasses set `orderings`, the first of which is the default unless `default_ordering` says
    otherwise. Rows may share values and lack them: DRF's own cursors give up at a thousand ties and
    at the first NULL.
    """

    orderings: Sequence[Ordering] = ()
    default_ordering: str | None = None
    #: Unique, never null; of dicts not in the answer.
    key = "key"
    key_type: _ValueType = int
    #: Of the example in the schema.
    schema_path = "/api/v1/buildings/"
    ordering_query_param = "ordering"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    cursor_query_param = "cursor"

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.request = request
        page_size = self.get_page_size(request)
        ordering, is_descending = self._get_ordering(request)
        cursor = self._get_cursor(request, ordering)
        rows = _rows(queryset, ordering.paths(self.key), cursor, is_descending=is_descending)
        page = list(rows[: page_size + 1])
        has_more = len(page) > page_size
        page = page[:page_size]
        if cursor is not None and cursor.is_backward:
            page.reverse()
        self._links = self._links_of(page, cursor, ordering, has_more=has_more)
        return page

    def _links_of(
        self,
        page: Sequence[Any],
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
        maximum: int = getattr(renderer, "max_page_size", self.max_page_size)
        return maximum

    def get_page_size(self, request: Request) -> int:
        name = self.page_size_query_param
        text = request.query_params.get(name)
        if text is None:
            return self.page_size
        maximum = self.max_page_size_for(request)
        # int() alone would take "1_0", " 10" and digits of other scripts.
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(maximum))
        if not is_number or not 1 <= int(text) <= maximum:
            said = _("A whole number between 1 and %(maximum)d is needed.") % {"maximum": maximum}
            raise InvalidQueryError({name: said}, "out-of-range")
        return int(text)

    def _cursor_refusal(self) -> InvalidQueryError:
        said = _("This cursor is not valid; follow the links `next` and `previous` of a page.")
        return InvalidQueryError({self.cursor_query_param: said}, "not-a-cursor")

    # Ordering

    @cached_property
    def _orderings(self) -> dict[str, tuple[Ordering, bool]]:
        """Value of the parameter -> ordering, and whether it is descending."""
        return {
            sign + ordering.field: (ordering, bool(sign))
            for ordering in self.orderings
            for sign in ("", "-")
        }

    @property
    def _default_ordering(self) -> str:
        return self.default_ordering or self.orderings[0].field

    def _get_ordering(self, request: Request) -> tuple[Ordering, bool]:
        name = request.query_params.get(self.ordering_query_param, self._default_ordering)
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
            digest, is_backward, values = _decoded(text)
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
        try:
            position = self._position(values, ordering, may_lack=is_backward)
        except ValueError as error:
            raise self._cursor_refusal() from error
        return _Cursor(is_backward, position)

    def _position(
        self, values: Any, ordering: Ordering, *, may_lack: bool
    ) -> tuple[_Value, ...] | None:
        if values is None and may_lack:
            return None
        if not isinstance(values, list) or len(values) != len(ordering.paths(self.key)):
            raise ValueError("not a position")
        kinds = (ordering.value_type, self.key_type)
        return tuple(_value_of(value, kind) for value, kind in zip(values, kinds, strict=False))

    def _link(self, row: Any, ordering: Ordering, *, is_backward: bool) -> str:
        position = tuple(_at(row, path) for path in ordering.paths(self.key))
        return self._url(_Cursor(is_backward, position))

    def _url(self, cursor: _Cursor | None) -> str:
        url = self.request.build_absolute_uri()
        if cursor is None:
            return remove_query_param(url, self.cursor_query_param)
        parts = [self._list_digest(), cursor.is_backward, cursor.position]
        text = base64.urlsafe_b64encode(
            json.dumps(parts, separators=(",", ":"), default=_text_of).encode()
        )
        return replace_query_param(url, self.cursor_query_param, text.decode().rstrip("="))

    # Schema

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        example = f"http://127.0.0.1:8000{self.schema_path}?cursor=WyI5YzFkIixmYWxzZSxbOTAwMDAxXV0"
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
                    "default": self._default_ordering,
                },
            ),
            _parameter(
                self.cursor_query_param,
                "Where a page begins or ends, out of the links `next` and `previous`. It belongs "
                "to one list: with other filters or another ordering it is refused.",
                {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": _CURSOR_LENGTH_MAX,
                    "pattern": "^[A-Za-z0-9_-]+$",
                },
            ),
            _parameter(
                self.page_size_query_param,
                f"Rows a page: up to {self.max_page_size}{more}.",
                {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": max(maximum, self.max_page_size),
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
    paths: Sequence[str],
    cursor: _Cursor | None,
    *,
    is_descending: bool,
) -> QuerySet[Any, dict[str, Any]]:
    """The rows from the cursor on, in its direction."""
    is_descending ^= cursor is not None and cursor.is_backward
    queryset = queryset.filter(**{f"{paths[0]}__isnull": False})
    if cursor is not None and cursor.position is not None:
        # An index of the first path's table can use the first bound, were the key another table's.
        bound = f"{paths[0]}__{'lte' if is_descending else 'gte'}"
        queryset = queryset.filter(
            Func(
                Func(*map(F, paths), function="ROW"),
                Func(*map(Value, cursor.position), function="ROW"),
                template="%(expressions)s",
                arg_joiner=" < " if is_descending else " > ",
                output_field=BooleanField(),
            ),
            **{bound: cursor.position[0]},
        )
    return queryset.order_by(*(f"-{name}" if is_descending else name for name in paths))


def _at(row: Any, path: str) -> Any:
    if isinstance(row, Mapping):
        return row[path]
    return reduce(getattr, path.split("__"), row)


def _decoded(text: str) -> Any:
    if len(text) > _CURSOR_LENGTH_MAX or len(text) % 4 == 1:
        raise ValueError("not a cursor's length")
    padded = text + "=" * (-len(text) % 4)
    decoded = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    return json.loads(decoded.decode("ascii"), parse_constant=_refused)


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)


def _text_of(value: datetime | UUID) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _value_of(value: Any, kind: _ValueType) -> _Value:
    """What PostgreSQL can compare with a column of that type. Raises ValueError."""
    if kind is datetime or kind is UUID:
        if not isinstance(value, str):
            raise ValueError("not a text")
        if kind is UUID:
            return UUID(value)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("without a zone")
        return moment
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (kind is int and isinstance(value, float)):
        raise ValueError("not a number of that type")
    if not (abs(value) < _BIGINT if isinstance(value, int) else math.isfinite(value)):
        raise ValueError("beyond every column")
    return value


class StrictQueryMixin(GenericViewSet[Any]):
    """Refuses query parameters that the action does not know, or that are given twice.

    An action's own parameters are the fields of its serializer in `query_serializers`.
    """

    query_serializers: Mapping[str, type[Serializer[Any]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action in (None, "metadata"):
            return  # whatever the query is, the answer is that there is no such method
        if not request.query_params:
            return
        known = self.known_query_parameters()
        errors = {}
        for name, values in request.query_params.lists():
            if name not in known:
                errors[name] = ErrorDetail(_unknown_said(name, known), "unknown-parameter")
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


def _unknown_said(name: str, known: Sequence[str]) -> str:
    if not known:
        return _("Unknown query parameter. None is known here.")
    names = ", ".join(known)
    near = difflib.get_close_matches(name[:100], known, n=1)
    if not near:
        return _("Unknown query parameter. Known here: %(names)s.") % {"names": names}
    return _("Unknown query parameter. Did you mean `%(near)s`? Known here: %(names)s.") % {
        "near": near[0],
        "names": names,
    }
