"""The catalogue of problems over HTTP: where the `type` of every refusal leads."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from buildings.api.pagination import StrictQueryMixin
from predictions.api.exceptions import in_language
from predictions.api.problems import INVALID_INPUT, PROBLEMS, PROBLEMS_BY_SLUG, ProblemType
from predictions.api.serializers import ProblemTypeSerializer

_EXAMPLE = OpenApiExample(
    "A kind of problem", value=ProblemTypeSerializer(INVALID_INPUT).data, response_only=True
)


@extend_schema_view(
    list=extend_schema(
        summary="Every kind of problem, by status",
        description="In English or French, as Accept-Language prefers. Needs no token.",
        examples=[_EXAMPLE],
    ),
    retrieve=extend_schema(
        summary="One kind of problem",
        description="What the `type` of a problem document leads to. Needs no token.",
        examples=[_EXAMPLE],
    ),
)
class ProblemTypeViewSet(StrictQueryMixin, viewsets.GenericViewSet[Any]):
    """When a request is refused, what to do about it, and whether to ask again."""

    authentication_classes = ()
    permission_classes = ()
    serializer_class = ProblemTypeSerializer
    pagination_class = None
    lookup_field = "slug"
    lookup_value_converter = "slug"

    def list(self, request: Request) -> Response:
        return self._answer(PROBLEMS, many=True)

    def retrieve(self, request: Request, slug: str) -> Response:
        if slug not in PROBLEMS_BY_SLUG:
            raise NotFound
        return self._answer(PROBLEMS_BY_SLUG[slug])

    def _answer(self, types: ProblemType | tuple[ProblemType, ...], **options: Any) -> Response:
        response = Response(ProblemTypeSerializer(types, **options).data)
        in_language(response)
        return response
