"""Pages about the dataset: questions to it, its quality, its emission factors."""

import inspect
import json
import textwrap
from pathlib import Path
from typing import Final

from django.conf import settings

from buildings import quality, understanding
from buildings.choices import SHARED_PREFIX
from buildings.emissions import ABSOLUTE_TOLERANCE_MTCO2E, FEWEST_RECORDS, RELATIVE_TOLERANCE
from buildings.parsers import MISSING
from buildings.quality import RULES
from buildings.queries import QUERIES, Parameter, Query, expressions
from buildings.selectors.queries import TIMEOUT_S, sql_bound
from buildings.services.factors import FEWEST_EXPLAINED

_COUNT_SQL: Final = "SELECT count(*) FROM buildings_building"
_FACTORS_SQL: Final = (
    "SELECT s.name, s.version, f.fuel, f.kgco2e_per_mbtu, s.derivation "
    "FROM buildings_emissionfactorset s JOIN buildings_emissionfactor f ON f.factor_set_id = s.id "
    "ORDER BY 1, 2, 3"
)
_MADE: Final = "by `manage.py export_reference`; do not edit."


# Questions


def queries_page() -> str:
    """Each ready question as SQL and by the ORM."""
    listed = "".join(
        f"| [`{query.name}`](#{query.name}) | {query.question} | {query.question_fr} |\n"
        for query in QUERIES.values()
    )
    shared = textwrap.dedent(inspect.getsource(expressions)).split("\n", 2)[2].strip()
    return (
        "# Ask the dataset\n\n<!-- all run by: tests/buildings/test_queries.py, "
        "tests/buildings/test_query_dataset.py -->\n\n"
        f"Made from `buildings/queries/` {_MADE} A test runs every question as SQL and by the ORM "
        "and compares the answers.\n\n"
        "```sh\n"
        "manage.py query_dataset                                  # list the questions\n"
        "manage.py query_dataset eui-by-type --data-year 2019     # a table, with units\n"
        "manage.py query_dataset imports --format csv > imports.csv\n"
        "manage.py query_dataset largest-consumers --show-sql     # the SQL, ready for psql\n"
        "manage.py query_dataset most-improved --show-orm         # the same by the ORM\n"
        f'manage.py query_dataset --sql "{_COUNT_SQL}"\n'
        "```\n\n"
        "Questions run in a READ ONLY transaction and are given up after "
        f"{TIMEOUT_S:g} s (`--timeout`). `--sql` takes one statement that gives rows, and runs it "
        "the same way, with the rights of the role in `DATABASE_URL`. In production take the "
        "[auditor's](database-roles.md), which may only read. A table shows 50 rows (`--limit`); "
        "CSV and JSON are whole. In CSV, text that a spreadsheet would take for a formula begins "
        "with a quote.\n\n"
        "Made-up records (the sample) are never mixed with real ones. `query_dataset` takes them, "
        "and says so, if there are no others.\n\n"
        "The SQL below has the default of each parameter in its place; the code binds them. A city "
        "total is as wrong as its largest record: look at `largest-consumers` and "
        "`flags-per-year` before you trust one.\n\n"
        "| name | question | en français |\n|---|---|---|\n"
        f"{listed}"
        f"{''.join(map(_query, QUERIES.values()))}"
        "\n## Shared expressions\n\n"
        "What the ORM examples take from `buildings/queries/expressions.py`:\n\n"
        f"```python\n{shared}\n```\n"
    )


def _query(query: Query) -> str:
    parameters = "".join(map(_parameter, query.parameters))
    units = ", ".join(f"`{name}` {unit}" for name, unit in query.columns.items() if unit)
    table = (
        f"| parameter | default | meaning |\n|---|---|---|\n{parameters}\n" if parameters else ""
    )
    bound = {parameter.name: parameter.shown for parameter in query.parameters}
    return (
        f"\n## {query.name}\n\n{query.question} *{query.question_fr}*\n\n"
        f"{query.note}\n\n"
        f"{table}"
        f"Units: {units}.\n\n"
        f"```sql\n{sql_bound(sql=query.sql, parameters=bound)};\n```\n\n"
        f"```python\n{inspect.getsource(query.orm).rstrip()}\n```\n"
    )


def _parameter(parameter: Parameter) -> str:
    default = (
        f"to be given; for instance {parameter.example}"
        if parameter.default is None
        else str(parameter.default).lower()
    )
    return f"| `{parameter.name}` | {default} | {parameter.meaning} |\n"


# Quality


def data_quality_page() -> str:
    """How values are understood, and the rules that flag a record."""
    rules = "".join(
        f"| `{rule.code}` | {rule.title} | {rule.tolerance} | "
        f"{'checked' if rule.check else 'noted while reading'} |\n"
        for rule in RULES
    )
    missing = ", ".join(f"`{word}`" for word in sorted(MISSING - {""}))
    multifamily = ", ".join(
        f"`{key}` → `{value}`" for key, value in understanding.MULTIFAMILY.items()
    )
    types = "".join(
        f"| {published} | {city_type} |\n"
        for published, city_type in understanding.CITY_TYPES.items()
    )
    return (
        "# Data quality\n\n"
        "What is made of the city's cells, and what is flagged. Made from `buildings/quality.py`, "
        f"`buildings/understanding.py` and `buildings/parsers.py` {_MADE}\n\n"
        "A row that breaks a rule is loaded and flagged, never rejected. A row is rejected only if "
        "it has more or fewer cells than the header, a cell is not what its column holds (text for "
        "a number), building, year or floor area is missing or impossible, the same building and "
        "year stand on an earlier line with other values, or its year is a slip: a few rows of "
        "another year in a year's file. The row as published is kept beside its record "
        "(`buildings_publishedrow`), so nothing that is said here loses anything.\n\n"
        "## Rules\n\n"
        "A record's `quality_flags` hold the codes. Two figures differ if they are further apart "
        "than the tolerance, a share of the larger one, and than "
        f"{quality.SMALL_DIFFERENCE:.0f} kBtu or ft².\n\n"
        "| code | what is wrong | tolerance | when |\n|---|---|---|---|\n"
        f"{rules}\n"
        "`emissions_differ` compares with the factors in force for the record's year "
        "([emission-factors.md](emission-factors.md)), and says nothing where there are none.\n\n"
        "## How values are understood\n\n"
        f"**Missing.** A blank cell and {missing} are not known. So are 0 in `YearBuilt` and "
        "`NumberofBuildings`, and 0 and 99 in `NumberofFloors`. A value that cannot be right (a "
        "negative area, a score of 0) is not known and the record is flagged `value_set_aside`.\n\n"
        "**Energy, blank or 0.** A missing energy is 0 in one year's file and blank in the next. "
        "Where every energy figure is 0 or blank, all of them and the emissions are not known "
        "(`energy_missing`). Where there is energy but no fuel, the fuels and the emissions are "
        "not known (`fuels_missing`). Where a fuel was used, a site energy or an EUI of 0 is not "
        "known. Where the known fuels add up to either site energy within "
        f"{quality.FUEL_SUM_TOLERANCE:.0%}, a blank fuel is one that was not used: 0.\n\n"
        "**Two units.** Of kWh and kBtu, and of therms and kBtu, the one that is missing is "
        f"computed: 1 kWh = {quality.KBTU_PER_KWH} kBtu, 1 therm = {quality.KBTU_PER_THERM:.0f} "
        "kBtu.\n\n"
        "**Metered and weather-normalised.** In the files of 2018 and 2019 the two site energies "
        "look exchanged. They stay under the heading they were published under, and the record is "
        "flagged `site_energy_exchanged_with_wn` "
        "([0012](../decisions/0012-values-as-published-and-as-understood.md)).\n\n"
        "**Floor areas.** Of parking and buildings the one that is missing is the rest of the "
        "total.\n\n"
        "**Primary property type.** In the city's grouping of 2016, so that years compare. "
        "Portfolio Manager's type stands in where the file has no other.\n\n"
        f"- `Office` is a `Large Office` from {understanding.LARGE_OFFICE_FROM_SQFT:,} ft² of "
        "total area on, and a `Small- and Mid-Sized Office` below.\n"
        f"- `Multifamily Housing` follows the building type ({multifamily}), else the floors: up "
        "to 4 low-rise, up to 9 mid-rise, above high-rise.\n"
        "- The types below have another name in the grouping. Other uses of Portfolio Manager are "
        "`Other`; a name that nobody knows is `Other` too, and the record is flagged "
        "`unknown_category`.\n\n"
        f"| published | understood |\n|---|---|\n{types}\n"
        "**Uses.** Spelt as Portfolio Manager does. The file of 2017 cuts the largest use after "
        "11 characters: it is completed from the list of all uses, or from the vocabulary, if only "
        "one name begins so. A use that is in no vocabulary stays as published "
        "(`unknown_category`). An area of 0 for a use is not known: files write 0 and blank "
        "alike.\n\n"
        "**Districts.** In capitals, with single blanks, without `NEIGHBORHOODS` behind the name. "
        "From 2018 on a building on a border is in two: "
        f"`{SHARED_PREFIX}CENTRAL & EAST`, with `&amp;` read as `&`.\n\n"
        "**Parcels.** Ten digits: hyphens go, the zeros that a spreadsheet took from the front "
        "come back. `xNA` and 0 are not known.\n\n"
        "**Place.** The file of 2015 has address and coordinates in one cell, `Location`. It is "
        "taken apart where no column of its own says the same.\n\n"
        "**Years of certification.** The files of 2016 and 2017 run them together: `20162015` is "
        "`2016, 2015`.\n\n"
        "**Default data and outliers.** From 2018 on there is no `DefaultData` and no `Outlier`: "
        "`ComplianceIssue` tells. `default data` in it sets `is_default_data`, `high outlier` and "
        "`low outlier` set `outlier`. `Non-Compliant` is `Not Compliant`.\n\n"
        "**Same or changed.** Two rows mean the same if their values as understood are the same; "
        "letter case and blanks of name, address and city do not count.\n"
    )


# Emission factors


def emission_factors_page() -> str:
    """The published sets, and how the others are derived."""
    path = Path(settings.PROJECT_DIR) / "fixtures" / "emission-factors.json"
    sets = json.loads(path.read_text(encoding="utf-8"))
    rows = "".join(
        f"| `{entry['name']}` | {entry['version']} | {entry['data_year']} | "
        + " | ".join(
            str(entry["kgco2e_per_mbtu"][fuel]) for fuel in ("electricity", "natural_gas", "steam")
        )
        + f" | {entry['source']} |\n"
        for entry in sets
    )
    return (
        "# Emission factors\n\n"
        f"Made from `fixtures/emission-factors.json` and `buildings/emissions.py` {_MADE}\n\n"
        "Emissions are arithmetic: each fuel's energy times its factor. Factors are kg CO2e per "
        "MBtu, a million Btu of site energy; kBtu times the factor is a millionth of a ton.\n\n"
        "## Sets that ship\n\n"
        "| set | version | data year | electricity | natural gas | steam | source |\n"
        "|---|---|---|---|---|---|---|\n"
        f"{rows}\n"
        "## Sets that are derived\n\n"
        "Electricity gets cleaner and dirtier from year to year, and the city's files do "
        "not name the factors. When a file of a year without a set is loaded, its factors "
        "are derived from its own published emissions: the three factors with the least absolute "
        "relative residuals, which is what most records agree on, whatever a few misreported. The "
        "set is named `seattle-YEAR`, marked `is_derived`, and keeps the import, the number of "
        "records, the share of them that it explains and the median relative residual.\n\n"
        "A record is explained if reported and computed emissions differ by no more than "
        f"{RELATIVE_TOLERANCE:.0%} or {ABSOLUTE_TOLERANCE_MTCO2E} t CO2e, whichever is more. "
        f"Fewer than {FEWEST_RECORDS} records, a fuel that hardly any building uses, a negative "
        f"factor, or less than {FEWEST_EXPLAINED:.0%} explained: no set, and nothing is checked. "
        "Made-up data derives none.\n\n"
        "A derived factor tells how the published emissions were computed. It is not a "
        "measurement of the grid, and other fuels (2015) are not in it. Sets are insert-only; a "
        "correction is a new version, and the highest is in force.\n\n"
        "To see the sets of a database, with how well each explains its year, and to derive them "
        "anew from the files:\n\n"
        "```sh\n"
        "manage.py load_dataset --source seattle-2018 --source seattle-2019\n"
        f'manage.py query_dataset --sql "{_FACTORS_SQL}"\n'
        "manage.py query_dataset restated-emissions --factor-year 2016\n"
        "```\n"
    )
