"""Buildings over HTTP: a list and one by its identifier, read only."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.serializers import BaseSerializer

from buildings.api import examples
from buildings.api.filters import BuildingFilterSet
from buildings.api.pagination import StrictCursorPagination, StrictQueryMixin
from buildings.api.serializers import BuildingSerializer, BuildingSummarySerializer
from buildings.models import Building
from buildings.selectors.buildings import building_get, building_list


class BuildingPagination(StrictCursorPagination):
    ordering = "ose_building_id"


@extend_schema_view(
    list=extend_schema(
        summary="List buildings",
        description=(
            "Buildings in the order of their OSE building id, with the main facts of their newest "
            "year. Follow `next` and `previous` for other pages."
        ),
        examples=[
            OpenApiExample(
                "A synthetic building", value=examples.BUILDING_SUMMARY, response_only=True
            )
        ],
        tags=["buildings"],
    ),
    retrieve=extend_schema(
        summary="Get a building",
        description="Every stored fact of one building and what it reported, newest year first.",
        examples=[
            OpenApiExample("A synthetic building", value=examples.BUILDING, response_only=True)
        ],
        tags=["buildings"],
    ),
)
class BuildingViewSet(ListModelMixin, RetrieveModelMixin, StrictQueryMixin):
    pagination_class = BuildingPagination
    filterset_class = BuildingFilterSet
    lookup_field = "ose_building_id"

    def get_queryset(self) -> QuerySet[Building]:
        return building_list()

    def get_serializer_class(self) -> type[BaseSerializer[Building]]:
        return BuildingSummarySerializer if self.action == "list" else BuildingSerializer

    def get_object(self) -> Building:
        ose_building_id = self.kwargs["ose_building_id"]
        try:
            building = building_get(ose_building_id=ose_building_id, with_records=True)
        except Building.DoesNotExist:
            raise NotFound(f"There is no building {ose_building_id}.") from None
        self.check_object_permissions(self.request, building)
        return building
