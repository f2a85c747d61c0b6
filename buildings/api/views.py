"""Buildings over HTTP: a list, one by its identifier, and statistics of peers; read only."""

from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from buildings import units
from buildings.api import examples, serializers
from buildings.api.caching import IF_NONE_MATCH, UNCHANGED, CachingMixin
from buildings.api.filters import (
    BenchmarkQuerySerializer,
    BuildingListQuerySerializer,
    BuildingQuerySerializer,
)
from buildings.api.negotiation import PreferredFormatNegotiation
from buildings.api.pagination import KeysetPagination, Ordering, StrictQueryMixin
from buildings.api.renderers import CSVRenderer, GeoJSONRenderer
from buildings.models import Building
from buildings.selectors.buildings import building_get, building_search
from buildings.selectors.peers import Benchmark, benchmark_get

_LINK_HEADER: Final = OpenApiParameter(
    "Link",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description='The next and the previous page, `rel="next"` and `rel="prev"` (RFC 8288).',
    response=[200],
)


class BuildingPagination(KeysetPagination):
    orderings = (
        Ordering("ose_building_id", int, is_unique=True),
        Ordering("year_built", int),
        Ordering("gross_floor_area_sqft", float),
        Ordering("site_eui_kbtu_per_sqft", float),
        Ordering("site_energy_use_kbtu", float),
    )


@extend_schema_view(
    list=extend_schema(
        summary="List buildings",
        description=(
            "Buildings with the main facts of their newest year, or of `data_year`. Filters "
            "narrow together; those on ranges include their bounds and leave out buildings "
            "without the value. Follow `next` and `previous`, or the header `Link`, for other "
            "pages; nothing is counted.\n\n"
            "Ask for JSON, GeoJSON or CSV by `Accept`. In CSV an empty cell is a null or an empty "
            "text, and a text that a spreadsheet would take for a formula begins with an "
            "apostrophe."
        ),
        parameters=[BuildingListQuerySerializer, _LINK_HEADER],
        responses={
            (200, "application/json"): OpenApiResponse(
                serializers.BUILDING_SUMMARY_SCHEMA,
                description="A page; its fields are named by their units.",
            ),
            (200, "application/geo+json"): serializers.FeatureCollectionSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
        },
        examples=[
            OpenApiExample(
                "Synthetic buildings", value=examples.BUILDING_SUMMARY, response_only=True
            ),
            OpenApiExample(
                "A synthetic building in SI units",
                value=examples.BUILDING_SUMMARY_SI,
                response_only=True,
            ),
            OpenApiExample(
                "A synthetic building on the map",
                value=examples.FEATURE_COLLECTION,
                response_only=True,
                media_type="application/geo+json",
            ),
            OpenApiExample(
                "A synthetic building, a line each",
                value=examples.CSV,
                response_only=True,
                media_type="text/csv",
            ),
        ],
        tags=["buildings"],
    ),
    retrieve=extend_schema(
        summary="Get a building",
        description=(
            "Every stored fact of one building and what it reported, newest year first, with the "
            "file and line that each record was read from."
        ),
        parameters=[BuildingQuerySerializer, IF_NONE_MATCH],
        responses={200: serializers.BUILDING_SCHEMA, 304: UNCHANGED},
        examples=[
            OpenApiExample("A synthetic building", value=examples.BUILDING, response_only=True)
        ],
        tags=["buildings"],
    ),
)
class BuildingViewSet(CachingMixin, StrictQueryMixin, ListModelMixin, RetrieveModelMixin):
    queryset = Building.objects.none()
    pagination_class = BuildingPagination
    renderer_classes = (JSONRenderer, GeoJSONRenderer, CSVRenderer)
    content_negotiation_class = PreferredFormatNegotiation
    lookup_field = "ose_building_id"
    query_serializers = {
        "list": BuildingListQuerySerializer,
        "retrieve": BuildingQuerySerializer,
    }

    def get_renderers(self) -> list[BaseRenderer]:
        renderers = super().get_renderers()
        return renderers if self.action == "list" else renderers[:1]

    def get_queryset(self) -> QuerySet[Any, Any]:
        return building_search(filters=self.query.filters())

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        is_si = self.query.validated_data["units"] == units.SI
        if self.action == "list":
            if is_si:
                return serializers.BuildingSummarySISerializer
            return serializers.BuildingSummarySerializer
        return serializers.BuildingSISerializer if is_si else serializers.BuildingSerializer

    def get_serializer_context(self) -> dict[str, Any]:
        included = self.query.validated_data.get("include")
        return {**super().get_serializer_context(), "with_published": included == "published"}

    def get_object(self) -> Building:
        ose_building_id = self.kwargs["ose_building_id"]
        try:
            building = building_get(
                ose_building_id=ose_building_id,
                with_records=True,
                with_published="include" in self.query.validated_data,
            )
        except Building.DoesNotExist:
            raise NotFound from None
        self.check_object_permissions(self.request, building)
        return building


class BenchmarkViewSet(CachingMixin, StrictQueryMixin):
    """How the buildings of a use type compare."""

    queryset = Building.objects.none()
    pagination_class = None
    query_serializers = {"statistics": BenchmarkQuerySerializer}

    @extend_schema(
        operation_id="benchmarks_retrieve",
        summary="Compare with peers",
        description=(
            "Statistics of the site energy use intensity of a use type's peers in one year, and "
            "the percentile of a given intensity. A peer is a record of that use type and year "
            "whose report is `Compliant` and whose intensity is above 0. Quantiles are "
            "interpolated between peers. Without any peer the count is 0 and the figures are "
            f"null; below {serializers.PEERS_ENOUGH} peers there is a `warning`."
        ),
        parameters=[BenchmarkQuerySerializer],
        responses=serializers.BENCHMARK_SCHEMA,
        examples=[OpenApiExample("Synthetic hotels", value=examples.BENCHMARK, response_only=True)],
        tags=["buildings"],
    )
    def statistics(self, request: Request) -> Response:
        asked = self.query.validated_data
        benchmark = benchmark_get(
            criteria=self.query.criteria(), site_eui=self.query.given_site_eui()
        )
        is_si = asked["units"] == units.SI
        shape = serializers.BenchmarkSISerializer if is_si else serializers.BenchmarkSerializer
        return Response(shape(benchmark, context={"peers_url": self._peers_url(benchmark)}).data)

    def _peers_url(self, benchmark: Benchmark) -> str | None:
        """The list of these peers, in the units asked for."""
        if not benchmark.count:
            return None
        asked, criteria = self.query.validated_data, benchmark.criteria
        narrowed = ("neighborhood", "gross_floor_area_min", "gross_floor_area_max", "units")
        query = {
            "primary_property_type": criteria.primary_property_type,
            "data_year": criteria.data_year,
            "is_synthetic": str(criteria.is_synthetic).lower(),
            "compliance_status": "Compliant",
            "site_eui_min": 0,
            **{name: asked[name] for name in narrowed if name in asked},
        }
        return self.request.build_absolute_uri(f"{reverse('building-list')}?{urlencode(query)}")
