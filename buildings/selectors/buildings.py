"""Lists of buildings, and one building."""

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import (
    Exists,
    F,
    OuterRef,
    PositiveSmallIntegerField,
    Prefetch,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast, Upper

from buildings.models import BenchmarkRecord, Building

#: The largest number that can be an OSE building id.
OSE_BUILDING_ID_MAX: Final = 2_147_483_647
#: The index of the search knows texts by their runs of three characters.
SEARCH_LENGTH_MIN: Final = 3

_IDENTITY: Final = ("ose_building_id", "property_name", "address")
_FACTS: Final = (
    "neighborhood",
    "latitude",
    "longitude",
    "year_built",
    "data_year",
    "is_synthetic",
    "building_type",
    "primary_property_type",
    "energy_star_score",
    "site_energy_use_kbtu",
    "site_eui_kbtu_per_sqft",
    "total_ghg_emissions_mtco2e",
    "compliance_status",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingFilters:
    """What a list of buildings is narrowed to; None: not by this. Bounds are inclusive.

    `quality_flag` implies `has_quality_flags`.
    """

    data_year: int | None = None
    search: str | None = None
    primary_property_type: str | None = None
    building_type: str | None = None
    neighborhood: str | None = None
    compliance_status: str | None = None
    is_synthetic: bool | None = None
    quality_flag: str | None = None
    has_quality_flags: bool | None = None
    year_built_min: int | None = None
    year_built_max: int | None = None
    gross_floor_area_sqft_min: float | None = None
    gross_floor_area_sqft_max: float | None = None
    site_eui_kbtu_per_sqft_min: float | None = None
    site_eui_kbtu_per_sqft_max: float | None = None


#: Filter -> lookup; the facts have the same names in both tables.
_LOOKUPS: Final = {
    "primary_property_type": "primary_property_type",
    "building_type": "building_type",
    "neighborhood": "neighborhood",
    "compliance_status": "compliance_status",
    "is_synthetic": "is_synthetic",
    "year_built_min": "year_built__gte",
    "year_built_max": "year_built__lte",
    "gross_floor_area_sqft_min": "property_gfa_total_sqft__gte",
    "gross_floor_area_sqft_max": "property_gfa_total_sqft__lte",
    "site_eui_kbtu_per_sqft_min": "site_eui_kbtu_per_sqft__gte",
    "site_eui_kbtu_per_sqft_max": "site_eui_kbtu_per_sqft__lte",
}

#: A row of `building_search`: its fields by name, and `key`, unique and never shown.
BuildingRow = dict[str, Any]


def building_list() -> QuerySet[Building]:
    """Every building by its identifier, with the facts of its newest year. One query."""
    return Building.objects.order_by("ose_building_id")


def building_search(*, filters: BuildingFilters) -> QuerySet[Any, BuildingRow]:
    """Buildings as rows of plain values, unordered. One query.

    Facts are those of each building's newest year, from one table; with `filters.data_year` those
    of that year, and only buildings that have a record of it.
    """
    conditions = Q()
    for name, lookup in _LOOKUPS.items():
        if (value := getattr(filters, name)) is not None:
            conditions &= Q(**{lookup: value})
    if filters.data_year is None:
        return _newest_rows(filters, conditions)
    return _year_rows(filters, conditions)


def _newest_rows(filters: BuildingFilters, conditions: Q) -> QuerySet[Any, BuildingRow]:
    newest = BenchmarkRecord.objects.filter(
        building=OuterRef("pk"), data_year=OuterRef("data_year")
    )
    if filters.quality_flag is not None:
        conditions &= Q(Exists(newest.filter(_flagged(filters.quality_flag))))
    elif filters.has_quality_flags is not None:
        flagged = Q(Exists(newest.filter(~Q(quality_flags=[]))))
        conditions &= flagged if filters.has_quality_flags else ~flagged
    conditions &= _found(filters.search, prefix="")
    return Building.objects.filter(conditions).values(
        *_IDENTITY, *_FACTS, gross_floor_area_sqft=F("property_gfa_total_sqft"), key=F("id")
    )


def _year_rows(filters: BuildingFilters, conditions: Q) -> QuerySet[Any, BuildingRow]:
    # Of the column's own type: the index of years and flags compares no other numbers.
    conditions &= Q(data_year=Cast(Value(filters.data_year), PositiveSmallIntegerField()))
    if filters.quality_flag is not None:
        conditions &= _flagged(filters.quality_flag)
    elif filters.has_quality_flags is not None:
        unflagged = Q(quality_flags=[])
        conditions &= ~unflagged if filters.has_quality_flags else unflagged
    conditions &= _found(filters.search, prefix="building__")
    return BenchmarkRecord.objects.filter(conditions).values(
        *_FACTS,
        **{name: F(f"building__{name}") for name in _IDENTITY},
        gross_floor_area_sqft=F("property_gfa_total_sqft"),
        key=F("building_id"),
    )


def _flagged(code: str) -> Q:
    # The second condition is the partial index's own.
    return Q(quality_flags__contains=[code]) & ~Q(quality_flags=[])


def _found(search: str | None, *, prefix: str) -> Q:
    """Part of a name or address, if long enough, or a whole OSE building id."""
    if search is None:
        return Q()
    condition = Q(pk__in=[])
    if len(search) >= SEARCH_LENGTH_MIN:
        # Capitals as PostgreSQL makes them, which is how the column was made.
        condition |= Q(**{f"{prefix}search_text__contains": Upper(Value(search))})
    if search.isascii() and search.isdigit() and int(search) <= OSE_BUILDING_ID_MAX:
        condition |= Q(**{f"{prefix}ose_building_id": int(search)})
    return condition


def building_get(
    *, ose_building_id: int, with_records: bool = False, with_published: bool = False
) -> Building:
    """One building by the city's identifier; raises Building.DoesNotExist.

    One query; `with_records` takes two more and prefetches the records, newest first, with their
    uses and imports, and `with_published` with their rows as published in the same queries.
    """
    buildings = Building.objects.all()
    if with_records:
        records = BenchmarkRecord.objects.select_related("dataset_import").order_by("-data_year")
        if with_published:
            records = records.select_related("published")
        else:
            records = records.defer("dataset_import__header")
        buildings = buildings.prefetch_related(
            Prefetch("records", queryset=records.prefetch_related("uses"))
        )
    return buildings.get(ose_building_id=ose_building_id)
