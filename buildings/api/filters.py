"""What a list of buildings can be narrowed to."""

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters

from buildings.models import Building

_ID_MAX = 2_147_483_647


class BuildingFilterSet(filters.FilterSet):
    """Filters on `selectors.building_list`; facts are those of the building's newest year."""

    primary_property_type = filters.CharFilter(
        lookup_expr="iexact", help_text="Primary property type, e.g. `Hotel`; case is ignored."
    )
    building_type = filters.CharFilter(
        lookup_expr="iexact", help_text="The city's class of building, e.g. `NonResidential`."
    )
    neighborhood = filters.CharFilter(
        lookup_expr="iexact", help_text="Neighborhood district, e.g. `DOWNTOWN`."
    )
    search = filters.CharFilter(
        method="filter_search",
        help_text="Part of a name or address, or a whole OSE building id.",
    )

    class Meta:
        model = Building
        fields: list[str] = []

    def filter_search(
        self, queryset: QuerySet[Building], name: str, value: str
    ) -> QuerySet[Building]:
        condition = Q(property_name__icontains=value) | Q(address__icontains=value)
        if value.isascii() and value.isdigit() and len(value) <= len(str(_ID_MAX)):
            condition |= Q(ose_building_id=int(value))
        return queryset.filter(condition)
