"""Outcomes out of loaded benchmark records: what a building reported for the year of the facts that
it was predicted from, and for later years."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from buildings.quality import (
    EMISSIONS_DIFFER,
    EXCHANGED_WITH_WN,
    FUEL_SUM_TOLERANCE,
    METERED_IN_DOUBT,
    SMALL_DIFFERENCE,
)
from mlmodel.services import operator_name
from predictions.models import (
    MEASURED_MAX_KBTU,
    MEASURED_MAX_MTCO2E,
    OutcomeSource,
    PredictionInput,
)

#: Inputs that one statement looks at, and one transaction stores the outcomes of.
_CHUNK: Final = 20_000
#: Keeps two runs from storing the same outcomes.
_ADVISORY_LOCK: Final = 2_016_047

NEW: Final = "new"
#: What becomes of a pair of a prediction and a yearly record -> in words.
STATUSES: Final[Mapping[str, str]] = {
    NEW: "matched",
    "known": "stored before",
    "entered": "left to what somebody entered",
    "not-compliant": "record not compliant, or marked as an outlier",
    "flagged": "record's metered energy in doubt",
    "no-energy": "record without usable metered energy",
    "year-not-over": "year not over yet",
}

# The year of the facts: the newest record that was loaded when the prediction was stored. A record
# is as old as the first import that brought it, which its first revision names.
#
# From 2018 on the files exchange metered and weather-normalised energy; the flag says so, and the
# fuels, which are metered, add up to the one that is meant.
_PAIRS_SQL: Final = """
    WITH asked AS MATERIALIZED (
        SELECT input.id, input.building_id, input.created_at
        FROM predictions_predictioninput AS input
        JOIN predictions_predictionoutput AS output ON output.input_id = input.id
        WHERE input.id >= %(first)s AND input.id <= %(last)s
          AND input.building_id IS NOT NULL
          AND input.what_if_of_id IS NULL
          AND output.error_code IS NULL
    ), reported AS MATERIALIZED (
        SELECT record.id, record.building_id, record.data_year, record.compliance_status,
               record.outlier, record.quality_flags, record.site_energy_use_kbtu,
               record.electricity_kbtu, record.natural_gas_kbtu, record.steam_use_kbtu,
               record.other_fuel_use_kbtu, record.total_ghg_emissions_mtco2e,
               brought.finished_at AS loaded_at
        FROM buildings_benchmarkrecord AS record
        JOIN buildings_datasetimport AS brought ON brought.id = coalesce(
            (SELECT min(revision.former_import_id) FROM buildings_recordrevision AS revision
             WHERE revision.record_id = record.id),
            record.dataset_import_id
        )
        WHERE record.building_id IN (SELECT building_id FROM asked)
    ), told AS (
        SELECT asked.id, max(reported.data_year) AS facts_year
        FROM asked JOIN reported USING (building_id)
        WHERE reported.loaded_at <= asked.created_at
        GROUP BY asked.id
    ), measured AS (
        SELECT asked.id AS input_id, reported.id AS record_id, reported.data_year,
               reported.compliance_status, reported.outlier, reported.quality_flags,
               CASE WHEN %(exchanged)s = ANY (reported.quality_flags)
                    THEN coalesce(reported.electricity_kbtu, 0)
                         + coalesce(reported.natural_gas_kbtu, 0)
                         + coalesce(reported.steam_use_kbtu, 0)
                         + coalesce(reported.other_fuel_use_kbtu, 0)
                    ELSE reported.site_energy_use_kbtu
               END AS site_energy_use_kbtu,
               reported.electricity_kbtu, reported.natural_gas_kbtu,
               reported.steam_use_kbtu AS steam_kbtu,
               CASE WHEN reported.total_ghg_emissions_mtco2e BETWEEN 0 AND %(most_mtco2e)s
                     AND NOT %(emissions_differ)s = ANY (reported.quality_flags)
                    THEN reported.total_ghg_emissions_mtco2e
               END AS ghg_emissions_mtco2e
        FROM asked
        JOIN told ON told.id = asked.id
        JOIN reported ON reported.building_id = asked.building_id
                     AND reported.data_year >= told.facts_year
    ), pairs AS MATERIALIZED (
        SELECT measured.*,
               -- Fuels that do not add up, as when there is another, are not known. Written as in
               -- observedoutcome_fuels_add_up, so that rounding is the same.
               least(electricity_kbtu, natural_gas_kbtu, steam_kbtu) >= 0
                   AND greatest(electricity_kbtu, natural_gas_kbtu, steam_kbtu) <= %(most_kbtu)s
                   AND electricity_kbtu + natural_gas_kbtu + steam_kbtu
                       <= measured.site_energy_use_kbtu + tolerated_kbtu
                   AND measured.site_energy_use_kbtu - tolerated_kbtu
                       <= electricity_kbtu + natural_gas_kbtu + steam_kbtu
               AS has_fuels,
               CASE WHEN latest.source IS NOT NULL AND latest.source <> %(matched)s THEN 'entered'
                    WHEN compliance_status <> 'Compliant' OR outlier <> '' THEN 'not-compliant'
                    WHEN quality_flags && %(in_doubt)s::varchar[] THEN 'flagged'
                    WHEN measured.site_energy_use_kbtu > 0
                     AND measured.site_energy_use_kbtu <= %(most_kbtu)s THEN
                        CASE WHEN measured.data_year >= extract(year FROM now() AT TIME ZONE 'UTC')
                                 THEN 'year-not-over'
                             WHEN latest.site_energy_use_kbtu = measured.site_energy_use_kbtu
                              AND latest.ghg_emissions_mtco2e
                                  IS NOT DISTINCT FROM measured.ghg_emissions_mtco2e
                                 THEN 'known'
                             ELSE 'new' END
                    ELSE 'no-energy'
               END AS status
        FROM measured
        CROSS JOIN LATERAL greatest(
            %(tolerance)s * measured.site_energy_use_kbtu, %(small)s
        ) AS tolerated_kbtu
        LEFT JOIN LATERAL (
            SELECT stored.source, stored.site_energy_use_kbtu, stored.ghg_emissions_mtco2e
            FROM predictions_observedoutcome AS stored
            WHERE stored.input_id = measured.input_id AND stored.data_year = measured.data_year
            ORDER BY stored.id DESC
            LIMIT 1
        ) AS latest ON true
    )
"""
_STORE_SQL: Final = """
    , stored AS (
        INSERT INTO predictions_observedoutcome (
            input_id, data_year, site_energy_use_kbtu, electricity_kbtu, natural_gas_kbtu,
            steam_kbtu, ghg_emissions_mtco2e, source, record_id, entered_by_name, request_id, note
        )
        SELECT input_id, data_year, site_energy_use_kbtu,
               CASE WHEN has_fuels THEN electricity_kbtu END,
               CASE WHEN has_fuels THEN natural_gas_kbtu END,
               CASE WHEN has_fuels THEN steam_kbtu END,
               ghg_emissions_mtco2e, %(matched)s, record_id, %(by)s, '', ''
        FROM pairs WHERE status = 'new'
        ORDER BY input_id, data_year
    )
"""
_COUNT_SQL: Final = "SELECT status, count(*) FROM pairs GROUP BY status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What came of it: predictions from stored facts that were looked at, and pairs of prediction
    and yearly record by status (the keys of STATUSES)."""

    predictions: int
    pairs: Mapping[str, int]


def outcomes_match(
    *,
    is_dry_run: bool = False,
    on_start: Callable[[int], Any] = lambda _: None,
    on_chunk: Callable[[int], Any] = lambda _: None,
) -> Matching:
    """Store as outcomes what buildings reported, once; a record that was corrected since is stored
    again. What somebody entered is never overruled.

    A chunk of predictions is stored at a time, so that a run that is stopped loses nothing.
    `on_start` is told how many predictions there are, and `on_chunk` how many are done.
    """
    on_start(_from_facts().count())
    pairs: Counter[str] = Counter()
    seen = 0
    for ids in _chunks():
        pairs.update(_match(ids[0], ids[-1], is_dry_run=is_dry_run))
        seen += len(ids)
        on_chunk(len(ids))
    return Matching(predictions=seen, pairs={status: pairs[status] for status in STATUSES})


def _from_facts() -> QuerySet[PredictionInput]:
    return PredictionInput.objects.filter(building__isnull=False, what_if_of__isnull=True)


def _chunks() -> Iterator[list[UUID]]:
    """Page by page along the key: what is stored meanwhile comes last, and is seen too."""
    keys = _from_facts().order_by("id").values_list("id", flat=True)
    page = list(keys[:_CHUNK])
    while page:
        yield page
        page = list(keys.filter(id__gt=page[-1])[:_CHUNK])


def _match(first: UUID, last: UUID, *, is_dry_run: bool) -> dict[str, int]:
    parameters: dict[str, Any] = {
        "first": first,
        "last": last,
        "exchanged": EXCHANGED_WITH_WN,
        "emissions_differ": EMISSIONS_DIFFER,
        "in_doubt": list(METERED_IN_DOUBT),
        "tolerance": FUEL_SUM_TOLERANCE,
        "small": SMALL_DIFFERENCE,
        "most_kbtu": MEASURED_MAX_KBTU,
        "most_mtco2e": MEASURED_MAX_MTCO2E,
        "matched": OutcomeSource.MATCHED.value,
        "by": operator_name(),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_dry_run:
            # Two runs at once would both find the same outcomes missing.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        cursor.execute(_PAIRS_SQL + ("" if is_dry_run else _STORE_SQL) + _COUNT_SQL, parameters)
        return dict(cursor.fetchall())
