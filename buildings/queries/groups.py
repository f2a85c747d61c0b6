"""Questions about groups of buildings in one year: by type, age and district."""

from collections.abc import Sequence
from typing import Final

from django.db.models import Avg, Count, F, Q, Sum
from django.db.models.functions import Floor

from buildings.models import BenchmarkRecord
from buildings.queries.definition import DATA_YEAR, IS_SYNTHETIC, Query, Row
from buildings.queries.expressions import COMPARABLE, METERED_KBTU, Quantile


def eui_by_type(*, data_year: int, is_synthetic: bool) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(
        COMPARABLE, data_year=data_year, is_synthetic=is_synthetic
    )
    rows = records.values("primary_property_type").annotate(
        buildings=Count("id"),
        site_eui_p25_kbtu_per_sqft=Quantile("site_eui_kbtu_per_sqft", 0.25),
        site_eui_median_kbtu_per_sqft=Quantile("site_eui_kbtu_per_sqft", 0.5),
        site_eui_p75_kbtu_per_sqft=Quantile("site_eui_kbtu_per_sqft", 0.75),
    )
    return list(rows.order_by("-site_eui_median_kbtu_per_sqft", "primary_property_type"))


EUI_BY_TYPE: Final = Query(
    name="eui-by-type",
    question="How much energy does each type of property use per square foot?",
    question_fr="Quelle est l'intensité énergétique de chaque type de bâtiment ?",
    sql="""\
SELECT r.primary_property_type,
       count(*) AS buildings,
       percentile_cont(0.25) WITHIN GROUP (ORDER BY r.site_eui_kbtu_per_sqft)
           AS site_eui_p25_kbtu_per_sqft,
       percentile_cont(0.50) WITHIN GROUP (ORDER BY r.site_eui_kbtu_per_sqft)
           AS site_eui_median_kbtu_per_sqft,
       percentile_cont(0.75) WITHIN GROUP (ORDER BY r.site_eui_kbtu_per_sqft)
           AS site_eui_p75_kbtu_per_sqft
FROM buildings_benchmarkrecord AS r
WHERE r.data_year = %(data_year)s
  AND r.is_synthetic = %(is_synthetic)s
  AND r.compliance_status = 'Compliant'
  AND r.site_eui_kbtu_per_sqft > 0
GROUP BY r.primary_property_type
ORDER BY site_eui_median_kbtu_per_sqft DESC, r.primary_property_type""",
    orm=eui_by_type,
    columns={
        "primary_property_type": "",
        "buildings": "",
        "site_eui_p25_kbtu_per_sqft": "kBtu/ft²",
        "site_eui_median_kbtu_per_sqft": "kBtu/ft²",
        "site_eui_p75_kbtu_per_sqft": "kBtu/ft²",
    },
    parameters=(DATA_YEAR, IS_SYNTHETIC),
    note="Compliant records with an EUI above 0. In 2018 and 2019 only the two site energies look "
    "exchanged; the EUI agrees with the fuels there as well.",
)


def eui_by_decade(*, data_year: int, is_synthetic: bool) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(
        COMPARABLE, data_year=data_year, is_synthetic=is_synthetic, year_built__isnull=False
    )
    rows = records.values(decade_built=Floor(F("year_built") / 10) * 10).annotate(
        buildings=Count("id"),
        mean_gross_floor_area_sqft=Avg("property_gfa_total_sqft"),
        site_eui_p25_kbtu_per_sqft=Quantile("site_eui_kbtu_per_sqft", 0.25),
        site_eui_median_kbtu_per_sqft=Quantile("site_eui_kbtu_per_sqft", 0.5),
        site_eui_p75_kbtu_per_sqft=Quantile("site_eui_kbtu_per_sqft", 0.75),
    )
    return list(rows.order_by("decade_built"))


EUI_BY_DECADE: Final = Query(
    name="eui-by-decade",
    question="Do newer buildings use less energy per square foot?",
    question_fr="Les bâtiments récents consomment-ils moins par unité de surface ?",
    sql="""\
SELECT r.year_built / 10 * 10 AS decade_built,
       count(*) AS buildings,
       avg(r.property_gfa_total_sqft) AS mean_gross_floor_area_sqft,
       percentile_cont(0.25) WITHIN GROUP (ORDER BY r.site_eui_kbtu_per_sqft)
           AS site_eui_p25_kbtu_per_sqft,
       percentile_cont(0.50) WITHIN GROUP (ORDER BY r.site_eui_kbtu_per_sqft)
           AS site_eui_median_kbtu_per_sqft,
       percentile_cont(0.75) WITHIN GROUP (ORDER BY r.site_eui_kbtu_per_sqft)
           AS site_eui_p75_kbtu_per_sqft
FROM buildings_benchmarkrecord AS r
WHERE r.data_year = %(data_year)s
  AND r.is_synthetic = %(is_synthetic)s
  AND r.compliance_status = 'Compliant'
  AND r.site_eui_kbtu_per_sqft > 0
  AND r.year_built IS NOT NULL
GROUP BY decade_built
ORDER BY decade_built""",
    orm=eui_by_decade,
    columns={
        "decade_built": "year",
        "buildings": "",
        "mean_gross_floor_area_sqft": "ft²",
        "site_eui_p25_kbtu_per_sqft": "kBtu/ft²",
        "site_eui_median_kbtu_per_sqft": "kBtu/ft²",
        "site_eui_p75_kbtu_per_sqft": "kBtu/ft²",
    },
    parameters=(DATA_YEAR, IS_SYNTHETIC),
    note="The year built is that of the year's own file. Types differ in age: compare within one "
    "type before you conclude anything.",
)


def fuel_mix_by_type(*, data_year: int, is_synthetic: bool) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(
        data_year=data_year, is_synthetic=is_synthetic, electricity_kbtu__isnull=False
    )
    no_other = Q(other_fuel_use_kbtu=0) | Q(other_fuel_use_kbtu__isnull=True)
    rows = records.values("primary_property_type").annotate(
        buildings=Count("id"),
        all_electric=Count(
            "id",
            filter=Q(no_other, electricity_kbtu__gt=0, natural_gas_kbtu=0, steam_use_kbtu=0),
        ),
        electricity=Sum("electricity_kbtu", default=0.0),
        natural_gas=Sum("natural_gas_kbtu", default=0.0),
        steam=Sum("steam_use_kbtu", default=0.0),
        other=Sum("other_fuel_use_kbtu", default=0.0),
    )
    mixes = []
    for row in rows.order_by("primary_property_type"):
        fuels = {fuel: row[fuel] for fuel in ("electricity", "natural_gas", "steam", "other")}
        total = sum(fuels.values())
        mix = {
            f"{fuel}_percent": 100 * energy / total if total else None
            for fuel, energy in fuels.items()
        }
        mixes.append(
            {
                "primary_property_type": row["primary_property_type"],
                "buildings": row["buildings"],
                **mix,
                "all_electric_percent": 100 * row["all_electric"] / row["buildings"],
            }
        )
    return mixes


FUEL_MIX_BY_TYPE: Final = Query(
    name="fuel-mix-by-type",
    question="Which fuels does each type of property use, and how many buildings are all-electric?",
    question_fr="Quel mix énergétique par type de bâtiment, et quelle part de tout-électrique ?",
    sql="""\
WITH types AS (
    SELECT r.primary_property_type,
           count(*) AS buildings,
           count(*) FILTER (
               WHERE r.electricity_kbtu > 0
                 AND r.natural_gas_kbtu = 0
                 AND r.steam_use_kbtu = 0
                 AND COALESCE(r.other_fuel_use_kbtu, 0) = 0
           ) AS all_electric,
           COALESCE(sum(r.electricity_kbtu), 0) AS electricity_kbtu,
           COALESCE(sum(r.natural_gas_kbtu), 0) AS natural_gas_kbtu,
           COALESCE(sum(r.steam_use_kbtu), 0) AS steam_kbtu,
           COALESCE(sum(r.other_fuel_use_kbtu), 0) AS other_kbtu
    FROM buildings_benchmarkrecord AS r
    WHERE r.data_year = %(data_year)s
      AND r.is_synthetic = %(is_synthetic)s
      AND r.electricity_kbtu IS NOT NULL
    GROUP BY r.primary_property_type
)
SELECT t.primary_property_type,
       t.buildings,
       100 * t.electricity_kbtu / NULLIF(e.total_kbtu, 0) AS electricity_percent,
       100 * t.natural_gas_kbtu / NULLIF(e.total_kbtu, 0) AS natural_gas_percent,
       100 * t.steam_kbtu / NULLIF(e.total_kbtu, 0) AS steam_percent,
       100 * t.other_kbtu / NULLIF(e.total_kbtu, 0) AS other_percent,
       100 * t.all_electric::float8 / t.buildings AS all_electric_percent
FROM types AS t
CROSS JOIN LATERAL (
    SELECT t.electricity_kbtu + t.natural_gas_kbtu + t.steam_kbtu + t.other_kbtu AS total_kbtu
) AS e
ORDER BY t.primary_property_type""",
    orm=fuel_mix_by_type,
    columns={
        "primary_property_type": "",
        "buildings": "",
        "electricity_percent": "% of energy",
        "natural_gas_percent": "% of energy",
        "steam_percent": "% of energy",
        "other_percent": "% of energy",
        "all_electric_percent": "% of buildings",
    },
    parameters=(DATA_YEAR, IS_SYNTHETIC),
    note="All-electric: electricity above 0, and gas and steam known to be 0.",
)


def neighborhood_ranking(*, data_year: int, is_synthetic: bool) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(
        data_year=data_year, is_synthetic=is_synthetic, total_ghg_emissions_mtco2e__isnull=False
    )
    rows = records.values("neighborhood").annotate(
        buildings=Count("id"),
        gross_floor_area_sqft=Sum("property_gfa_total_sqft"),
        metered_energy_kbtu=Sum(METERED_KBTU),
        emissions_mtco2e=Sum("total_ghg_emissions_mtco2e"),
        emissions_kgco2e_per_sqft=1000
        * Sum("total_ghg_emissions_mtco2e")
        / Sum("property_gfa_total_sqft"),
    )
    return list(rows.order_by("-emissions_kgco2e_per_sqft", "neighborhood"))


NEIGHBORHOOD_RANKING: Final = Query(
    name="neighborhood-ranking",
    question="Which districts emit most for their floor area?",
    question_fr="Quels quartiers émettent le plus par unité de surface ?",
    sql="""\
SELECT r.neighborhood,
       count(*) AS buildings,
       sum(r.property_gfa_total_sqft) AS gross_floor_area_sqft,
       sum(CASE
               WHEN r.quality_flags @> ARRAY['site_energy_exchanged_with_wn']::varchar[]
                   THEN COALESCE(r.electricity_kbtu, 0) + COALESCE(r.natural_gas_kbtu, 0)
                        + COALESCE(r.steam_use_kbtu, 0) + COALESCE(r.other_fuel_use_kbtu, 0)
               ELSE r.site_energy_use_kbtu
           END) AS metered_energy_kbtu,
       sum(r.total_ghg_emissions_mtco2e) AS emissions_mtco2e,
       1000 * sum(r.total_ghg_emissions_mtco2e) / sum(r.property_gfa_total_sqft)
           AS emissions_kgco2e_per_sqft
FROM buildings_benchmarkrecord AS r
WHERE r.data_year = %(data_year)s
  AND r.is_synthetic = %(is_synthetic)s
  AND r.total_ghg_emissions_mtco2e IS NOT NULL
GROUP BY r.neighborhood
ORDER BY emissions_kgco2e_per_sqft DESC, r.neighborhood""",
    orm=neighborhood_ranking,
    columns={
        "neighborhood": "",
        "buildings": "",
        "gross_floor_area_sqft": "ft²",
        "metered_energy_kbtu": "kBtu",
        "emissions_mtco2e": "t CO2e",
        "emissions_kgco2e_per_sqft": "kg CO2e/ft²",
    },
    parameters=(DATA_YEAR, IS_SYNTHETIC),
    note="A building on a border is in two districts (`SHARED: A & B`) and counted there once.",
)


QUERIES: Final = (EUI_BY_TYPE, EUI_BY_DECADE, FUEL_MIX_BY_TYPE, NEIGHBORHOOD_RANKING)
