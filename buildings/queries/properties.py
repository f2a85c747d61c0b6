"""Questions about single buildings, and about which of them stand out."""

from collections.abc import Sequence
from typing import Final

from django.db.models import Count, Exists, F, OuterRef, Q

from buildings.models import BenchmarkRecord
from buildings.queries.definition import (
    DATA_YEAR,
    IS_SYNTHETIC,
    OSE_BUILDING_ID,
    TOP,
    Parameter,
    Query,
    Row,
)
from buildings.queries.expressions import COMPARABLE, METERED_KBTU, Quantile


def largest_consumers(*, data_year: int, is_synthetic: bool, top: int) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(
        data_year=data_year, is_synthetic=is_synthetic, site_energy_use_kbtu__isnull=False
    )
    rows = records.values(
        "primary_property_type",
        "property_gfa_total_sqft",
        "site_energy_use_kbtu",
        "site_eui_kbtu_per_sqft",
        "total_ghg_emissions_mtco2e",
        ose_building_id=F("building__ose_building_id"),
        property_name=F("building__property_name"),
    )
    return list(rows.order_by("-site_energy_use_kbtu", "-building_id")[:top])


LARGEST_CONSUMERS: Final = Query(
    name="largest-consumers",
    question="Which buildings use most energy?",
    question_fr="Quels bâtiments consomment le plus d'énergie ?",
    sql="""\
SELECT b.ose_building_id,
       b.property_name,
       r.primary_property_type,
       r.property_gfa_total_sqft,
       r.site_energy_use_kbtu,
       r.site_eui_kbtu_per_sqft,
       r.total_ghg_emissions_mtco2e
FROM buildings_benchmarkrecord AS r
JOIN buildings_building AS b ON b.id = r.building_id
WHERE r.data_year = %(data_year)s
  AND r.is_synthetic = %(is_synthetic)s
  AND r.site_energy_use_kbtu IS NOT NULL
ORDER BY r.site_energy_use_kbtu DESC, r.building_id DESC
LIMIT %(top)s""",
    orm=largest_consumers,
    columns={
        "ose_building_id": "",
        "property_name": "",
        "primary_property_type": "",
        "property_gfa_total_sqft": "ft²",
        "site_energy_use_kbtu": "kBtu",
        "site_eui_kbtu_per_sqft": "kBtu/ft²",
        "total_ghg_emissions_mtco2e": "t CO2e",
    },
    parameters=(DATA_YEAR, TOP, IS_SYNTHETIC),
    note="By the figure published as metered, which has an index. The name is the newest one.",
)


#: Flags of records whose energy says nothing about a change.
_UNSOUND = ("energy_missing", "fuels_missing", "fuels_differ_from_site_energy")


def most_improved(
    *, former_year: int, data_year: int, is_synthetic: bool, top: int
) -> Sequence[Row]:
    sound = BenchmarkRecord.objects.filter(
        compliance_status="Compliant", is_synthetic=is_synthetic
    ).exclude(quality_flags__overlap=list(_UNSOUND))
    metered = sound.annotate(metered_kbtu=METERED_KBTU).filter(metered_kbtu__gt=0)
    former = {row.building_id: row for row in metered.filter(data_year=former_year)}
    changes = []
    for record in metered.filter(data_year=data_year).select_related("building"):
        before = former.get(record.building_id)
        if before is None:
            continue
        area, area_before = record.property_gfa_total_sqft, before.property_gfa_total_sqft
        if abs(area - area_before) > 0.01 * area_before:
            continue
        row = {
            "ose_building_id": record.building.ose_building_id,
            "property_name": record.building.property_name,
            "primary_property_type": record.primary_property_type,
            "property_gfa_total_sqft": area,
            "former_energy_kbtu": before.metered_kbtu,
            "energy_kbtu": record.metered_kbtu,
            "change_percent": 100 * (record.metered_kbtu / before.metered_kbtu - 1),
        }
        changes.append(row)
    return sorted(changes, key=lambda row: (row["change_percent"], row["ose_building_id"]))[:top]


MOST_IMPROVED: Final = Query(
    name="most-improved",
    question="Which buildings cut their energy most between two years?",
    question_fr="Quels bâtiments ont le plus réduit leur consommation entre deux années ?",
    sql="""\
WITH sound AS (
    SELECT r.building_id, r.data_year, r.primary_property_type, r.property_gfa_total_sqft,
           CASE
               WHEN r.quality_flags @> ARRAY['site_energy_exchanged_with_wn']::varchar[]
                   THEN COALESCE(r.electricity_kbtu, 0) + COALESCE(r.natural_gas_kbtu, 0)
                        + COALESCE(r.steam_use_kbtu, 0) + COALESCE(r.other_fuel_use_kbtu, 0)
               ELSE r.site_energy_use_kbtu
           END AS metered_kbtu
    FROM buildings_benchmarkrecord AS r
    WHERE r.data_year IN (%(former_year)s, %(data_year)s)
      AND r.is_synthetic = %(is_synthetic)s
      AND r.compliance_status = 'Compliant'
      AND NOT r.quality_flags && ARRAY[
          'energy_missing', 'fuels_missing', 'fuels_differ_from_site_energy']::varchar[]
)
SELECT b.ose_building_id,
       b.property_name,
       later.primary_property_type,
       later.property_gfa_total_sqft,
       former.metered_kbtu AS former_energy_kbtu,
       later.metered_kbtu AS energy_kbtu,
       100 * (later.metered_kbtu / former.metered_kbtu - 1) AS change_percent
FROM sound AS former
JOIN sound AS later ON later.building_id = former.building_id
JOIN buildings_building AS b ON b.id = former.building_id
WHERE former.data_year = %(former_year)s
  AND later.data_year = %(data_year)s
  AND former.metered_kbtu > 0
  AND later.metered_kbtu > 0
  AND abs(later.property_gfa_total_sqft - former.property_gfa_total_sqft)
      <= 0.01 * former.property_gfa_total_sqft
ORDER BY change_percent, b.ose_building_id
LIMIT %(top)s""",
    orm=most_improved,
    columns={
        "ose_building_id": "",
        "property_name": "",
        "primary_property_type": "",
        "property_gfa_total_sqft": "ft²",
        "former_energy_kbtu": "kBtu",
        "energy_kbtu": "kBtu",
        "change_percent": "%",
    },
    parameters=(
        Parameter("former_year", int, "Year that is compared with.", default=2015),
        DATA_YEAR,
        TOP,
        IS_SYNTHETIC,
    ),
    note="The same buildings in both years: compliant, of the same area within 1 %, without a flag "
    "that doubts their energy. Metered energy is the fuels where the file exchanged its figures. "
    "A fall of nine tenths is an empty building or a mistake more often than an improvement.",
)


def missing_buildings(*, former_year: int, data_year: int, is_synthetic: bool) -> Sequence[Row]:
    reported = BenchmarkRecord.objects.filter(
        building=OuterRef("building"), data_year=data_year, is_synthetic=is_synthetic
    )
    records = BenchmarkRecord.objects.filter(
        ~Exists(reported), data_year=former_year, is_synthetic=is_synthetic
    )
    rows = records.values(
        "primary_property_type",
        "property_gfa_total_sqft",
        "compliance_status",
        ose_building_id=F("building__ose_building_id"),
        property_name=F("building__property_name"),
        newest_year=F("building__data_year"),
    )
    return list(rows.order_by("-property_gfa_total_sqft", "ose_building_id"))


MISSING_BUILDINGS: Final = Query(
    name="missing-buildings",
    question="Which buildings reported in one year and not in another?",
    question_fr="Quels bâtiments ont déclaré une année et pas une autre ?",
    sql="""\
SELECT b.ose_building_id,
       b.property_name,
       r.primary_property_type,
       r.property_gfa_total_sqft,
       r.compliance_status,
       b.data_year AS newest_year
FROM buildings_benchmarkrecord AS r
JOIN buildings_building AS b ON b.id = r.building_id
WHERE r.data_year = %(former_year)s
  AND r.is_synthetic = %(is_synthetic)s
  AND NOT EXISTS (
      SELECT 1
      FROM buildings_benchmarkrecord AS other
      WHERE other.building_id = r.building_id
        AND other.data_year = %(data_year)s
        AND other.is_synthetic = %(is_synthetic)s
  )
ORDER BY r.property_gfa_total_sqft DESC, b.ose_building_id""",
    orm=missing_buildings,
    columns={
        "ose_building_id": "",
        "property_name": "",
        "primary_property_type": "",
        "property_gfa_total_sqft": "ft²",
        "compliance_status": "",
        "newest_year": "year",
    },
    parameters=(
        Parameter("former_year", int, "Year in which they reported.", default=2016),
        Parameter("data_year", int, "Year in which they did not.", default=2017),
        IS_SYNTHETIC,
    ),
    note="Exchange the years to find the buildings that are new. If no file of the second year is "
    "loaded, all are missing: see `imports`.",
)


def building_history(*, ose_building_id: int) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(building__ose_building_id=ose_building_id)
    rows = records.values(
        "data_year",
        "primary_property_type",
        "property_gfa_total_sqft",
        "site_eui_kbtu_per_sqft",
        "total_ghg_emissions_mtco2e",
        "energy_star_score",
        "compliance_status",
        "quality_flags",
        metered_energy_kbtu=METERED_KBTU,
    )
    return list(rows.order_by("data_year"))


BUILDING_HISTORY: Final = Query(
    name="building-history",
    question="What did one building report, year by year?",
    question_fr="Qu'a déclaré un bâtiment, année après année ?",
    sql="""\
SELECT r.data_year,
       r.primary_property_type,
       r.property_gfa_total_sqft,
       CASE
           WHEN r.quality_flags @> ARRAY['site_energy_exchanged_with_wn']::varchar[]
               THEN COALESCE(r.electricity_kbtu, 0) + COALESCE(r.natural_gas_kbtu, 0)
                    + COALESCE(r.steam_use_kbtu, 0) + COALESCE(r.other_fuel_use_kbtu, 0)
           ELSE r.site_energy_use_kbtu
       END AS metered_energy_kbtu,
       r.site_eui_kbtu_per_sqft,
       r.total_ghg_emissions_mtco2e,
       r.energy_star_score,
       r.compliance_status,
       r.quality_flags
FROM buildings_benchmarkrecord AS r
JOIN buildings_building AS b ON b.id = r.building_id
WHERE b.ose_building_id = %(ose_building_id)s
ORDER BY r.data_year""",
    orm=building_history,
    columns={
        "data_year": "year",
        "primary_property_type": "",
        "property_gfa_total_sqft": "ft²",
        "metered_energy_kbtu": "kBtu",
        "site_eui_kbtu_per_sqft": "kBtu/ft²",
        "total_ghg_emissions_mtco2e": "t CO2e",
        "energy_star_score": "points",
        "compliance_status": "",
        "quality_flags": "",
    },
    parameters=(OSE_BUILDING_ID,),
    note="Metered energy is the sum of the fuels where the file exchanged its two figures.",
)


def building_among_peers(*, ose_building_id: int, data_year: int) -> Sequence[Row]:
    record = (
        BenchmarkRecord.objects.filter(
            building__ose_building_id=ose_building_id,
            data_year=data_year,
            site_eui_kbtu_per_sqft__gt=0,
        )
        .select_related("building")
        .first()
    )
    if record is None:
        return []
    peers = BenchmarkRecord.objects.filter(
        COMPARABLE,
        data_year=data_year,
        primary_property_type=record.primary_property_type,
        is_synthetic=record.is_synthetic,
    ).aggregate(
        peers=Count("id"),
        peers_p25_kbtu_per_sqft=Quantile("site_eui_kbtu_per_sqft", 0.25),
        peers_median_kbtu_per_sqft=Quantile("site_eui_kbtu_per_sqft", 0.5),
        peers_p75_kbtu_per_sqft=Quantile("site_eui_kbtu_per_sqft", 0.75),
        using_less=Count("id", filter=Q(site_eui_kbtu_per_sqft__lt=record.site_eui_kbtu_per_sqft)),
    )
    using_less = peers.pop("using_less")
    return [
        {
            "ose_building_id": ose_building_id,
            "property_name": record.building.property_name,
            "primary_property_type": record.primary_property_type,
            "site_eui_kbtu_per_sqft": record.site_eui_kbtu_per_sqft,
            **peers,
            "peers_using_less_percent": (
                100 * using_less / peers["peers"] if peers["peers"] else None
            ),
        }
    ]


BUILDING_AMONG_PEERS: Final = Query(
    name="building-among-peers",
    question="How does one building compare with its peers?",
    question_fr="Comment un bâtiment se situe-t-il parmi ses pairs ?",
    sql="""\
SELECT b.ose_building_id,
       b.property_name,
       r.primary_property_type,
       r.site_eui_kbtu_per_sqft,
       peers.*
FROM buildings_benchmarkrecord AS r
JOIN buildings_building AS b ON b.id = r.building_id
CROSS JOIN LATERAL (
    SELECT count(*) AS peers,
           percentile_cont(0.25) WITHIN GROUP (ORDER BY p.site_eui_kbtu_per_sqft)
               AS peers_p25_kbtu_per_sqft,
           percentile_cont(0.50) WITHIN GROUP (ORDER BY p.site_eui_kbtu_per_sqft)
               AS peers_median_kbtu_per_sqft,
           percentile_cont(0.75) WITHIN GROUP (ORDER BY p.site_eui_kbtu_per_sqft)
               AS peers_p75_kbtu_per_sqft,
           100 * count(*) FILTER (WHERE p.site_eui_kbtu_per_sqft < r.site_eui_kbtu_per_sqft)
               / NULLIF(count(*), 0)::float8 AS peers_using_less_percent
    FROM buildings_benchmarkrecord AS p
    WHERE p.data_year = r.data_year
      AND p.primary_property_type = r.primary_property_type
      AND p.is_synthetic = r.is_synthetic
      AND p.compliance_status = 'Compliant'
      AND p.site_eui_kbtu_per_sqft > 0
) AS peers
WHERE b.ose_building_id = %(ose_building_id)s
  AND r.data_year = %(data_year)s
  AND r.site_eui_kbtu_per_sqft > 0""",
    orm=building_among_peers,
    columns={
        "ose_building_id": "",
        "property_name": "",
        "primary_property_type": "",
        "site_eui_kbtu_per_sqft": "kBtu/ft²",
        "peers": "",
        "peers_p25_kbtu_per_sqft": "kBtu/ft²",
        "peers_median_kbtu_per_sqft": "kBtu/ft²",
        "peers_p75_kbtu_per_sqft": "kBtu/ft²",
        "peers_using_less_percent": "%",
    },
    parameters=(OSE_BUILDING_ID, DATA_YEAR),
    note="Peers are the compliant records of the same year and type, itself included.",
)

QUERIES: Final = (
    LARGEST_CONSUMERS,
    MOST_IMPROVED,
    MISSING_BUILDINGS,
    BUILDING_HISTORY,
    BUILDING_AMONG_PEERS,
)
