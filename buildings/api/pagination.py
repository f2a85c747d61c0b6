"""Strict lists: unknown query parameters, page sizes and cursors are refused, not ignored."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet


class StrictCursorPagination(CursorPagination):
    """Pages of 50, up to 200 by `page_size`; subclasses set `ordering`, unique and fixed."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size
        # int() alone would take "1_0", " 10" and digits of other scripts.
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(self.max_page_size))
        if not is_number or not 1 <= int(text) <= self.max_page_size:
            said = f"A whole number between 1 and {self.max_page_size} is needed."
            raise ValidationError({self.page_size_query_param: said})
        return int(text)

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

    def _cursor_refusal(self) -> ValidationError:
        said = "This cursor is not valid; follow the links `next` and `previous` of a page."
        return ValidationError({self.cursor_query_param: said})


class StrictQueryMixin(GenericViewSet[Any]):
    """Refuses query parameters that the action does not know, or that are given twice."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self.known_query_parameters()
        errors = {}
        for name, values in request.query_params.lists():
            if name not in known:
                errors[name] = f"Unknown query parameter. {_known_said(known)}"
            elif len(values) > 1:
                errors[name] = "Given more than once."
        if errors:
            raise ValidationError(errors)

    def known_query_parameters(self) -> Sequence[str]:
        """Of a list: its filters and the paginator's parameters. Of anything else: none."""
        if self.action != "list":
            return []
        filterset = getattr(self, "filterset_class", None)
        known = list(filterset.base_filters) if filterset else []
        if isinstance(self.paginator, CursorPagination):
            known.append(self.paginator.cursor_query_param)
            if self.paginator.page_size_query_param:
                known.append(self.paginator.page_size_query_param)
        return known


def _known_said(known: Iterable[str]) -> str:
    names = ", ".join(known)
    return f"Known here: {names}." if names else "None is known here."
