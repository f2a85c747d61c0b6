"""Questions about the data itself: its flags, its imports, what was made of it."""

import json
from collections.abc import Sequence
from typing import Any, Final

from django.db.models import CharField, Count, F, Func

from buildings.benchmarking import COLUMNS, header_key
from buildings.models import BenchmarkRecord, DatasetImport, RecordRevision
from buildings.queries.definition import (
    DATA_YEAR,
    IS_SYNTHETIC,
    OSE_BUILDING_ID,
    Parameter,
    Query,
    Row,
)
from buildings.understanding import RANKS


def flags_per_year(*, is_synthetic: bool) -> Sequence[Row]:
    records = BenchmarkRecord.objects.filter(is_synthetic=is_synthetic).order_by()
    of_year = dict(records.values_list("data_year").annotate(records=Count("id")))
    flag = Func(F("quality_flags"), function="unnest", output_field=CharField())
    rows = records.annotate(quality_flag=flag).values("data_year", "quality_flag")
    return [
        {**row, "share_of_year_percent": 100 * row["records"] / of_year[row["data_year"]]}
        for row in rows.annotate(records=Count("id")).order_by(
            "data_year", "-records", "quality_flag"
        )
    ]


FLAGS_PER_YEAR: Final = Query(
    name="flags-per-year",
    question="How many records contradict themselves, and how?",
    question_fr="Combien de déclarations se contredisent, et comment ?",
    sql="""\
SELECT f.data_year,
       f.quality_flag,
       count(*) AS records,
       100 * count(*)::float8 / y.records AS share_of_year_percent
FROM (
    SELECT r.data_year, unnest(r.quality_flags) AS quality_flag
    FROM buildings_benchmarkrecord AS r
    WHERE r.is_synthetic = %(is_synthetic)s
      AND r.quality_flags <> '{}'
) AS f
JOIN (
    SELECT r.data_year, count(*) AS records
    FROM buildings_benchmarkrecord AS r
    WHERE r.is_synthetic = %(is_synthetic)s
    GROUP BY r.data_year
) AS y ON y.data_year = f.data_year
GROUP BY f.data_year, f.quality_flag, y.records
ORDER BY f.data_year, records DESC, f.quality_flag""",
    orm=flags_per_year,
    columns={
        "data_year": "year",
        "quality_flag": "",
        "records": "",
        "share_of_year_percent": "%",
    },
    parameters=(IS_SYNTHETIC,),
    note="A record may have several flags. What each means: docs/reference/data-quality.md.",
)


def imports() -> Sequence[Row]:
    rows = DatasetImport.objects.order_by("-id").values(
        "file_name",
        "data_years",
        "is_synthetic",
        "rows_read",
        "rows_created",
        "rows_updated",
        "rows_unchanged",
        "rows_rejected",
        "rows_blank",
        "rows_duplicate",
        "finished_at",
        "sha256",
        dataset_import_id=F("id"),
    )
    return [{**row, "data_years": json.dumps(row["data_years"])} for row in rows]


IMPORTS: Final = Query(
    name="imports",
    question="Which files were loaded, and what did each change?",
    question_fr="Quels fichiers ont été chargés, et qu'a changé chacun ?",
    sql="""\
SELECT i.id AS dataset_import_id,
       i.file_name,
       i.data_years::text AS data_years,
       i.is_synthetic,
       i.rows_read,
       i.rows_created,
       i.rows_updated,
       i.rows_unchanged,
       i.rows_rejected,
       i.rows_blank,
       i.rows_duplicate,
       i.finished_at,
       i.sha256
FROM buildings_datasetimport AS i
ORDER BY i.id DESC""",
    orm=imports,
    columns={
        "dataset_import_id": "",
        "file_name": "",
        "data_years": "year",
        "is_synthetic": "",
        "rows_read": "rows",
        "rows_created": "rows",
        "rows_updated": "rows",
        "rows_unchanged": "rows",
        "rows_rejected": "rows",
        "rows_blank": "rows",
        "rows_duplicate": "rows",
        "finished_at": "",
        "sha256": "",
    },
    note="Newest first. The rows read are the sum of the six counts after it.",
)


def import_changes(*, dataset_import_id: int) -> Sequence[Row]:
    revisions = RecordRevision.objects.filter(dataset_import=dataset_import_id).select_related(
        "record__building"
    )
    rows = [
        {
            "ose_building_id": revision.record.building.ose_building_id,
            "data_year": revision.record.data_year,
            "field": field,
            "value_before": _text(before),
            "value_after": _text(after),
            "former_import_id": revision.former_import_id,
        }
        for revision in revisions
        for field, (before, after) in revision.changes.items()
    ]
    return sorted(rows, key=lambda row: (row["ose_building_id"], row["data_year"], row["field"]))


def _text(value: Any) -> str | None:
    """A value of a JSON column as PostgreSQL's `->>` writes it."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


IMPORT_CHANGES: Final = Query(
    name="import-changes",
    question="What did one import change: which value, before and after?",
    question_fr="Qu'a changé un chargement : quelle valeur, avant et après ?",
    sql="""\
SELECT b.ose_building_id,
       r.data_year,
       change.key AS field,
       change.value ->> 0 AS value_before,
       change.value ->> 1 AS value_after,
       v.former_import_id
FROM buildings_recordrevision AS v
JOIN buildings_benchmarkrecord AS r ON r.id = v.record_id
JOIN buildings_building AS b ON b.id = r.building_id
CROSS JOIN LATERAL jsonb_each(v.changes) AS change
WHERE v.dataset_import_id = %(dataset_import_id)s
ORDER BY b.ose_building_id, r.data_year, change.key COLLATE "C\"""",
    orm=import_changes,
    columns={
        "ose_building_id": "",
        "data_year": "year",
        "field": "",
        "value_before": "as its field",
        "value_after": "as its field",
        "former_import_id": "",
    },
    parameters=(
        Parameter("dataset_import_id", int, "The import; `imports` lists them.", example=1),
    ),
    note="Records that an import created have no former value and are not listed.",
)


#: Header, letters and digits alone -> the field that it fills: `buildings.benchmarking` as SQL.
_FIELD_OF = {
    header_key(name): (
        f"{RANKS[column.field.removesuffix('_gfa_sqft')]}. use"
        f"{', ft²' if column.field.endswith('_gfa_sqft') else ''}"
        if column.target == "use"
        else column.field
    )
    for column in COLUMNS
    if column.target != "location"
    for name in (column.header, *column.synonyms)
}


def published_and_understood(*, ose_building_id: int, data_year: int) -> Sequence[Row]:
    record = (
        BenchmarkRecord.objects.filter(
            building__ose_building_id=ose_building_id, data_year=data_year
        )
        .select_related("building", "dataset_import", "published")
        .prefetch_related("uses")
        .first()
    )
    if record is None:
        return []
    uses: dict[str, str | float | None] = {}
    for use in record.uses.all():
        uses |= {f"{use.rank}. use": use.use_type, f"{use.rank}. use, ft²": use.gfa_sqft}
    header = record.dataset_import.header
    rows = []
    for name, cell in zip(header, record.published.cells, strict=False):
        field = _FIELD_OF.get(header_key(name))
        if field is None:
            understood = None
        elif field in uses or field.endswith(("use", "use, ft²")):
            understood = uses.get(field)
        else:
            understood = getattr(record, field, getattr(record.building, field, None))
        rows.append(
            {"header": name, "published": cell, "field": field, "understood": _text(understood)}
        )
    return rows


PUBLISHED_AND_UNDERSTOOD: Final = Query(
    name="published-and-understood",
    question="What did the city publish about one building, and what was understood?",
    question_fr="Qu'a publié la ville sur un bâtiment, et qu'en a-t-on compris ?",
    sql="""\
WITH published AS (
    SELECT r.id AS record_id, h.position, h.name AS header, c.cell AS published,
           regexp_replace(
               regexp_replace(lower(h.name), 'ft2|ft²|sqft', 'sf', 'g'), '[^a-z0-9]', '', 'g'
           ) AS header_key
    FROM buildings_benchmarkrecord AS r
    JOIN buildings_building AS b ON b.id = r.building_id
    JOIN buildings_datasetimport AS i ON i.id = r.dataset_import_id
    JOIN buildings_publishedrow AS p ON p.record_id = r.id
    CROSS JOIN LATERAL jsonb_array_elements_text(i.header)
        WITH ORDINALITY AS h (name, position)
    JOIN LATERAL jsonb_array_elements_text(p.cells)
        WITH ORDINALITY AS c (cell, position) ON c.position = h.position
    WHERE b.ose_building_id = %(ose_building_id)s
      AND r.data_year = %(data_year)s
), understood AS (
    SELECT r.id AS record_id, to_jsonb(b) || to_jsonb(r) || COALESCE(u.uses, '{}') AS fields
    FROM buildings_benchmarkrecord AS r
    JOIN buildings_building AS b ON b.id = r.building_id
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(use.rank || '. use', use.use_type)
               || jsonb_object_agg(use.rank || '. use, ft²', use.gfa_sqft) AS uses
        FROM buildings_propertyuse AS use
        WHERE use.record_id = r.id
    ) AS u ON true
    WHERE b.ose_building_id = %(ose_building_id)s
      AND r.data_year = %(data_year)s
)
SELECT p.header,
       p.published,
       f.field,
       u.fields ->> f.field AS understood
FROM published AS p
JOIN understood AS u ON u.record_id = p.record_id
LEFT JOIN (
    VALUES
        {fields}
) AS f (header_key, field) ON f.header_key = p.header_key
ORDER BY p.position""".replace(
        "{fields}",
        ",\n        ".join(f"('{key}', '{field}')" for key, field in _FIELD_OF.items()),
    ),
    orm=published_and_understood,
    columns={
        "header": "",
        "published": "as the header says",
        "field": "",
        "understood": "as its field",
    },
    parameters=(OSE_BUILDING_ID, DATA_YEAR),
    note="The cells of the published row beside the header of its import. Name, address and other "
    "facts that only the building has are those of its newest year.",
)

QUERIES: Final = (FLAGS_PER_YEAR, IMPORTS, IMPORT_CHANGES, PUBLISHED_AND_UNDERSTOOD)
