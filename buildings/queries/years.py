"""Questions about the city as a whole, year by year."""

from collections.abc import Sequence
from typing import Final

from django.db.models import Count, Q, Sum

from buildings.emissions import emissions_mtco2e
from buildings.models import BenchmarkRecord
from buildings.queries.definition import IS_SYNTHETIC, Parameter, Query, Row
from buildings.queries.expressions import EXCHANGED, METERED_KBTU
from buildings.selectors.factors import factors_of_years


def records_per_year(*, is_synthetic: bool) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(is_synthetic=is_synthetic).order_by()
    of_year = dict(records.values_list("data_year").annotate(buildings=Count("id")))
    rows = records.values("data_year", "compliance_status").annotate(
        buildings=Count("id"), gross_floor_area_sqft=Sum("property_gfa_total_sqft")
    )
    return [
        {**row, "share_of_year_percent": 100 * row["buildings"] / of_year[row["data_year"]]}
        for row in rows.order_by("data_year", "-buildings", "compliance_status")
    ]


RECORDS_PER_YEAR: Final = Query(
    name="records-per-year",
    question="How many buildings reported each year, and did they comply?",
    question_fr="Combien de bâtiments ont déclaré chaque année, et en conformité ?",
    sql="""\
SELECT r.data_year,
       r.compliance_status,
       count(*) AS buildings,
       sum(r.property_gfa_total_sqft) AS gross_floor_area_sqft,
       100 * count(*)::float8
           / sum(count(*)) OVER (PARTITION BY r.data_year) AS share_of_year_percent
FROM buildings_benchmarkrecord AS r
WHERE r.is_synthetic = %(is_synthetic)s
GROUP BY r.data_year, r.compliance_status
ORDER BY r.data_year, buildings DESC, r.compliance_status""",
    orm=records_per_year,
    columns={
        "data_year": "year",
        "compliance_status": "",
        "buildings": "",
        "gross_floor_area_sqft": "ft²",
        "share_of_year_percent": "%",
    },
    parameters=(IS_SYNTHETIC,),
    note="A building has one record a year, so records and buildings are the same number.",
)


def energy_by_fuel(*, is_synthetic: bool) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(is_synthetic=is_synthetic)
    years = records.values("data_year").annotate(
        electricity=Sum("electricity_kbtu", default=0.0),
        natural_gas=Sum("natural_gas_kbtu", default=0.0),
        steam=Sum("steam_use_kbtu", default=0.0),
        other=Sum("other_fuel_use_kbtu", default=0.0),
    )
    factors = factors_of_years(data_years=[year["data_year"] for year in years])
    rows = []
    for year in years.order_by("data_year"):
        data_year = year["data_year"]
        factor_of = factors[data_year]._asdict() if data_year in factors else {}
        energies: dict[str, float] = {
            "electricity": year["electricity"],
            "natural_gas": year["natural_gas"],
            "steam": year["steam"],
            "other": year["other"],
        }
        total = sum(energies.values())
        for fuel, energy in sorted(energies.items(), key=lambda pair: (-pair[1], pair[0])):
            factor = factor_of.get(fuel)
            row = {
                "data_year": data_year,
                "fuel": fuel,
                "energy_kbtu": energy,
                "share_of_year_percent": 100 * energy / total if total else None,
                "emissions_mtco2e": energy * factor / 1e6 if factor is not None else None,
            }
            rows.append(row)
    return rows


ENERGY_BY_FUEL: Final = Query(
    name="energy-by-fuel",
    question="How much energy did the city's buildings use each year, of which fuel, and what did "
    "it emit?",
    question_fr="Combien d'énergie les bâtiments ont-ils consommée chaque année, par énergie, et "
    "pour quelles émissions ?",
    sql="""\
WITH factors AS (
    SELECT DISTINCT ON (s.data_year, f.fuel) s.data_year, f.fuel, f.kgco2e_per_mbtu
    FROM buildings_emissionfactorset AS s
    JOIN buildings_emissionfactor AS f ON f.factor_set_id = s.id
    ORDER BY s.data_year, f.fuel, s.version DESC
), years AS (
    SELECT r.data_year,
           COALESCE(sum(r.electricity_kbtu), 0) AS electricity_kbtu,
           COALESCE(sum(r.natural_gas_kbtu), 0) AS natural_gas_kbtu,
           COALESCE(sum(r.steam_use_kbtu), 0) AS steam_kbtu,
           COALESCE(sum(r.other_fuel_use_kbtu), 0) AS other_kbtu
    FROM buildings_benchmarkrecord AS r
    WHERE r.is_synthetic = %(is_synthetic)s
    GROUP BY r.data_year
)
SELECT y.data_year,
       e.fuel,
       e.energy_kbtu,
       100 * e.energy_kbtu / NULLIF(sum(e.energy_kbtu) OVER (PARTITION BY y.data_year), 0)
           AS share_of_year_percent,
       e.energy_kbtu * f.kgco2e_per_mbtu / 1e6 AS emissions_mtco2e
FROM years AS y
CROSS JOIN LATERAL (
    VALUES ('electricity', y.electricity_kbtu),
           ('natural_gas', y.natural_gas_kbtu),
           ('steam', y.steam_kbtu),
           ('other', y.other_kbtu)
) AS e (fuel, energy_kbtu)
LEFT JOIN factors AS f ON f.data_year = y.data_year AND f.fuel = e.fuel
ORDER BY y.data_year, e.energy_kbtu DESC, e.fuel""",
    orm=energy_by_fuel,
    columns={
        "data_year": "year",
        "fuel": "",
        "energy_kbtu": "kBtu",
        "share_of_year_percent": "%",
        "emissions_mtco2e": "t CO2e",
    },
    parameters=(IS_SYNTHETIC,),
    note="Emissions are the fuel times the factor in force for its year; other fuels have no "
    "factor. kBtu times kg/MBtu is a millionth of a ton.",
)


def metered_energy(*, is_synthetic: bool) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(is_synthetic=is_synthetic)
    rows = records.values("data_year").annotate(
        buildings=Count("id"),
        exchanged_records=Count("id", filter=Q(quality_flags__contains=[EXCHANGED])),
        published_site_energy_kbtu=Sum("site_energy_use_kbtu"),
        published_site_energy_wn_kbtu=Sum("site_energy_use_wn_kbtu"),
        metered_energy_kbtu=Sum(METERED_KBTU),
    )
    return list(rows.order_by("data_year"))


METERED_ENERGY: Final = Query(
    name="metered-energy",
    question="What did the meters count each year, where metered and weather-normalised figures "
    "were exchanged?",
    question_fr="Quelle énergie les compteurs ont-ils mesurée, là où valeurs mesurées et corrigées "
    "du climat sont interverties ?",
    sql="""\
SELECT r.data_year,
       count(*) AS buildings,
       count(*) FILTER (
           WHERE r.quality_flags @> ARRAY['site_energy_exchanged_with_wn']::varchar[]
       ) AS exchanged_records,
       sum(r.site_energy_use_kbtu) AS published_site_energy_kbtu,
       sum(r.site_energy_use_wn_kbtu) AS published_site_energy_wn_kbtu,
       sum(CASE
               WHEN r.quality_flags @> ARRAY['site_energy_exchanged_with_wn']::varchar[]
                   THEN COALESCE(r.electricity_kbtu, 0) + COALESCE(r.natural_gas_kbtu, 0)
                        + COALESCE(r.steam_use_kbtu, 0) + COALESCE(r.other_fuel_use_kbtu, 0)
               ELSE r.site_energy_use_kbtu
           END) AS metered_energy_kbtu
FROM buildings_benchmarkrecord AS r
WHERE r.is_synthetic = %(is_synthetic)s
GROUP BY r.data_year
ORDER BY r.data_year""",
    orm=metered_energy,
    columns={
        "data_year": "year",
        "buildings": "",
        "exchanged_records": "",
        "published_site_energy_kbtu": "kBtu",
        "published_site_energy_wn_kbtu": "kBtu",
        "metered_energy_kbtu": "kBtu",
    },
    parameters=(IS_SYNTHETIC,),
    note="Metered energy is the sum of the fuels where the record has the flag "
    "`site_energy_exchanged_with_wn`, and the published site energy elsewhere (decision 0012). A "
    "total is as wrong as its largest record: see `largest-consumers`.",
)


def restated_emissions(*, factor_year: int, is_synthetic: bool) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(
        is_synthetic=is_synthetic, total_ghg_emissions_mtco2e__isnull=False
    )
    years = records.values("data_year").annotate(
        buildings=Count("id"),
        published_mtco2e=Sum("total_ghg_emissions_mtco2e"),
        electricity_kbtu=Sum("electricity_kbtu", default=0.0),
        natural_gas_kbtu=Sum("natural_gas_kbtu", default=0.0),
        steam_use_kbtu=Sum("steam_use_kbtu", default=0.0),
    )
    known = factors_of_years(data_years=[factor_year, *(year["data_year"] for year in years)])
    if factor_year not in known:
        return []
    rows = []
    for year in years.order_by("data_year"):
        own = known.get(year["data_year"])
        fuels: dict[str, float] = {
            "electricity_kbtu": year["electricity_kbtu"],
            "natural_gas_kbtu": year["natural_gas_kbtu"],
            "steam_use_kbtu": year["steam_use_kbtu"],
        }
        computed = emissions_mtco2e(own, **fuels) if own else None
        restated = emissions_mtco2e(known[factor_year], **fuels)
        row = {
            "data_year": year["data_year"],
            "buildings": year["buildings"],
            "published_emissions_mtco2e": year["published_mtco2e"],
            "own_year_emissions_mtco2e": computed,
            "restated_emissions_mtco2e": restated,
            "restated_change_percent": 100 * (restated / computed - 1) if computed else None,
        }
        rows.append(row)
    return rows


RESTATED_EMISSIONS: Final = Query(
    name="restated-emissions",
    question="What would each year's emissions be by the emission factors of one year?",
    question_fr="Quelles seraient les émissions de chaque année avec les facteurs d'une même "
    "année ?",
    sql="""\
WITH factors AS (
    SELECT s.data_year,
           max(f.kgco2e_per_mbtu) FILTER (WHERE f.fuel = 'electricity') AS electricity,
           max(f.kgco2e_per_mbtu) FILTER (WHERE f.fuel = 'natural_gas') AS natural_gas,
           max(f.kgco2e_per_mbtu) FILTER (WHERE f.fuel = 'steam') AS steam
    FROM (
        SELECT DISTINCT ON (data_year) id, data_year
        FROM buildings_emissionfactorset
        WHERE data_year IS NOT NULL
        ORDER BY data_year, version DESC
    ) AS s
    JOIN buildings_emissionfactor AS f ON f.factor_set_id = s.id
    GROUP BY s.data_year
), years AS (
    SELECT r.data_year,
           count(*) AS buildings,
           sum(r.total_ghg_emissions_mtco2e) AS published_mtco2e,
           COALESCE(sum(r.electricity_kbtu), 0) AS electricity_kbtu,
           COALESCE(sum(r.natural_gas_kbtu), 0) AS natural_gas_kbtu,
           COALESCE(sum(r.steam_use_kbtu), 0) AS steam_kbtu
    FROM buildings_benchmarkrecord AS r
    WHERE r.is_synthetic = %(is_synthetic)s
      AND r.total_ghg_emissions_mtco2e IS NOT NULL
    GROUP BY r.data_year
), computed AS (
    SELECT y.data_year, y.buildings, y.published_mtco2e,
           (own.electricity * y.electricity_kbtu + own.natural_gas * y.natural_gas_kbtu
            + own.steam * y.steam_kbtu) / 1e6 AS own_mtco2e,
           (one.electricity * y.electricity_kbtu + one.natural_gas * y.natural_gas_kbtu
            + one.steam * y.steam_kbtu) / 1e6 AS restated_mtco2e
    FROM years AS y
    JOIN factors AS one ON one.data_year = %(factor_year)s
    LEFT JOIN factors AS own ON own.data_year = y.data_year
)
SELECT data_year,
       buildings,
       published_mtco2e AS published_emissions_mtco2e,
       own_mtco2e AS own_year_emissions_mtco2e,
       restated_mtco2e AS restated_emissions_mtco2e,
       100 * (restated_mtco2e / NULLIF(own_mtco2e, 0) - 1) AS restated_change_percent
FROM computed
ORDER BY data_year""",
    orm=restated_emissions,
    columns={
        "data_year": "year",
        "buildings": "",
        "published_emissions_mtco2e": "t CO2e",
        "own_year_emissions_mtco2e": "t CO2e",
        "restated_emissions_mtco2e": "t CO2e",
        "restated_change_percent": "%",
    },
    parameters=(
        Parameter("factor_year", int, "Year whose emission factors are used.", default=2016),
        IS_SYNTHETIC,
    ),
    note="Makes years comparable: a cleaner grid changes the factors, not the buildings. The "
    "factors in force are those of the highest version; no row if the year has none.",
)


QUERIES: Final = (RECORDS_PER_YEAR, ENERGY_BY_FUEL, METERED_ENERGY, RESTATED_EMISSIONS)
