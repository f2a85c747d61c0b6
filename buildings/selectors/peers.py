"""Peers: the records of one use type in one year that a building is compared with."""

from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import (
    Aggregate,
    Avg,
    Count,
    ExpressionWrapper,
    F,
    FloatField,
    Max,
    Min,
    Q,
    Value,
)
from django.db.models.functions import Abs, Cast, Coalesce, Ln

from buildings.models import BenchmarkRecord

#: Condition of a peer, word for word that of the partial index `benchmarkrecord_peers`.
PEERS: Final = Q(compliance_status="Compliant", site_eui_kbtu_per_sqft__gt=0)

#: Two EUIs closer than this, as a share, are a tie: what a conversion of units leaves behind.
_TIE: Final = 1e-9

#: In the distance of two peers, so many years of age weigh as much as a floor area twice as large.
YEARS_A_DOUBLING: Final = 25.0
#: A peer without a year of construction counts as this many years older or younger.
_YEARS_UNKNOWN: Final = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCriteria:
    """Which records are compared; None: not chosen, or not narrowed by. Bounds are inclusive."""

    primary_property_type: str
    data_year: int | None = None
    is_synthetic: bool | None = None
    neighborhood: str | None = None
    gross_floor_area_sqft_min: float | None = None
    gross_floor_area_sqft_max: float | None = None
    #: The building that is compared, by its key: it is no peer of itself.
    without_building_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A building of the same use type with measured energy, and how far from the one compared.

    `distance` is |log2(floor areas' ratio)| + |difference of years built| / 25.
    """

    ose_building_id: int
    property_name: str
    gross_floor_area_sqft: float
    year_built: int | None
    site_eui_kbtu_per_sqft: float
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """How many peers there are and how their site EUIs (kBtu/ft²) are spread; None without any.

    Quantiles are interpolated between peers (`percentile_cont`). `percentile` is the share of
    peers, in per cent, that use less than `site_eui`, those that use the same counting half.
    """

    criteria: PeerCriteria
    site_eui: float | None
    count: int = 0
    mean: float | None = None
    minimum: float | None = None
    p10: float | None = None
    p25: float | None = None
    median: float | None = None
    p75: float | None = None
    p90: float | None = None
    maximum: float | None = None
    percentile: float | None = None


class _Quantiles(Aggregate):
    """All quantiles of one sort."""

    template = (
        "percentile_cont(ARRAY[0.1, 0.25, 0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY %(expressions)s)"
    )
    output_field = ArrayField(FloatField())


# At most 202 look-ups in `benchmarkrecord_peers`, however many records there are: LIMIT keeps the
# planner from joining them all. The years are those of `benchmarkrecord_year_plausible`.
_YEAR_AND_KIND_SQL: Final = """
    SELECT year, synthetic
    FROM generate_series(2000, 2100) AS year
    CROSS JOIN (VALUES (false), (true)) AS kinds (synthetic)
    CROSS JOIN LATERAL (
        SELECT FROM buildings_benchmarkrecord AS record
        WHERE record.data_year = year
          AND record.primary_property_type = %(type)s
          AND record.is_synthetic = synthetic
          AND record.compliance_status = 'Compliant'
          AND record.site_eui_kbtu_per_sqft > 0
        LIMIT 1
    ) AS peer
    WHERE (%(year)s IS NULL OR year = %(year)s)
      AND (%(synthetic)s IS NULL OR synthetic = %(synthetic)s)
    ORDER BY synthetic, year DESC
    LIMIT 1
"""


def benchmark_get(*, criteria: PeerCriteria, site_eui: float | None = None) -> Benchmark:
    """The peers' statistics, and where `site_eui` stands among them. Two queries, or one if there
    is no peer.

    A year or kind that is not chosen: real records before made-up ones, then the newest year.
    """
    chosen = _year_and_kind(criteria)
    if chosen is None:
        return Benchmark(criteria=criteria, site_eui=site_eui)
    data_year, is_synthetic = chosen
    criteria = replace(criteria, data_year=data_year, is_synthetic=is_synthetic)
    found = BenchmarkRecord.objects.filter(_is_peer(criteria)).aggregate(**_aggregates(site_eui))
    if not found["count"]:
        return Benchmark(criteria=criteria, site_eui=site_eui)
    p10, p25, median, p75, p90 = found.pop("quantiles")
    less, ties = found.pop("less", None), found.pop("ties", None)
    return Benchmark(
        criteria=criteria,
        site_eui=site_eui,
        **found,
        p10=p10,
        p25=p25,
        median=median,
        p75=p75,
        p90=p90,
        percentile=None if less is None else 100 * (less + ties / 2) / found["count"],
    )


def nearest_peers(
    *, criteria: PeerCriteria, gross_floor_area_sqft: float, year_built: int, count: int
) -> list[Peer]:
    """The `count` peers nearest in size and age, the nearest first; see `Peer` for the distance.

    One query, if `criteria` has year and kind as those of a `Benchmark` do; it reads the peers of
    one use type and year by `benchmarkrecord_peers`. None without year or kind.
    """
    if criteria.data_year is None or criteria.is_synthetic is None:
        return []
    area = "property_gfa_total_sqft"
    doublings = Abs(Ln(F(area) / Value(gross_floor_area_sqft))) / Ln(Value(2.0))
    years = Coalesce(
        Abs(Cast(F("year_built"), FloatField()) - Value(float(year_built))), Value(_YEARS_UNKNOWN)
    )
    distance = ExpressionWrapper(doublings + years / YEARS_A_DOUBLING, output_field=FloatField())
    records = BenchmarkRecord.objects.filter(_is_peer(criteria)).annotate(distance=distance)
    rows: Any = records.order_by("distance", "building__ose_building_id").values(
        "site_eui_kbtu_per_sqft",
        "year_built",
        "distance",
        ose_building_id=F("building__ose_building_id"),
        property_name=F("building__property_name"),
        gross_floor_area_sqft=F(area),
    )
    return [Peer(**row) for row in rows[:count]]


def _year_and_kind(criteria: PeerCriteria) -> tuple[int, bool] | None:
    values = {
        "type": criteria.primary_property_type,
        "year": criteria.data_year,
        "synthetic": criteria.is_synthetic,
    }
    with connection.cursor() as cursor:
        cursor.execute(_YEAR_AND_KIND_SQL, values)
        found: tuple[int, bool] | None = cursor.fetchone()
    return found


def _is_peer(criteria: PeerCriteria) -> Q:
    conditions = PEERS & Q(
        data_year=criteria.data_year,
        primary_property_type=criteria.primary_property_type,
        is_synthetic=criteria.is_synthetic,
    )
    for lookup, value in (
        ("neighborhood", criteria.neighborhood),
        ("property_gfa_total_sqft__gte", criteria.gross_floor_area_sqft_min),
        ("property_gfa_total_sqft__lte", criteria.gross_floor_area_sqft_max),
    ):
        if value is not None:
            conditions &= Q(**{lookup: value})
    if criteria.without_building_id is not None:
        conditions &= ~Q(building_id=criteria.without_building_id)
    return conditions


def _aggregates(site_eui: float | None) -> dict[str, Aggregate]:
    eui = "site_eui_kbtu_per_sqft"
    aggregates: dict[str, Aggregate] = {
        "count": Count(eui),
        "mean": Avg(eui),
        "minimum": Min(eui),
        "maximum": Max(eui),
        "quantiles": _Quantiles(eui),
    }
    if site_eui is not None:
        low, high = site_eui * (1 - _TIE), site_eui * (1 + _TIE)
        aggregates["less"] = Count(eui, filter=Q(**{f"{eui}__lt": low}))
        aggregates["ties"] = Count(eui, filter=Q(**{f"{eui}__range": (low, high)}))
    return aggregates
