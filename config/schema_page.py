"""The reference page of the database's tables: diagrams of keys and relations, and every column."""

import re
from collections.abc import Iterable
from typing import Final

from django.apps import apps
from django.db import connection, models

from buildings.models import PROVENANCE_TABLES, UPLOAD_TABLES
from mlmodel.models import INSERT_ONLY_TABLES
from predictions.models import AUDIT_TABLES, STAFF_LOG_TABLES

_APPS: Final = {
    "buildings": "Facts: buildings, their yearly records, where each came from, emission factors.",
    "mlmodel": "Model versions, and which of them served when.",
    "predictions": "The record: calls, inputs, outputs and what followed; tokens.",
}
_HEADER: Final = """\
# Database schema

Made from the models by `manage.py export_reference`; do not edit. The SQL stands in
[schema.sql](schema.sql). Tables of Django's own (users, groups, sessions, admin log) are left out,
except the users that others point to. The diagrams show keys and relations; every column stands
below them.

Which column of the city's files a column of the dataset holds:
[data-dictionary.md](data-dictionary.md). Who may do what with each table:
[database-roles.md](database-roles.md).

PostgreSQL refuses UPDATE, DELETE and TRUNCATE on these tables, by triggers:

"""


def schema_page() -> str:
    """Markdown: by app, a Mermaid diagram of its tables and a table of each one's columns."""
    guarded = (
        *PROVENANCE_TABLES,
        *UPLOAD_TABLES,
        *INSERT_ONLY_TABLES,
        *AUDIT_TABLES,
        *STAFF_LOG_TABLES,
    )
    insert_only = "".join(f"- `{table}`\n" for table in guarded)
    return f"{_HEADER}{insert_only}{''.join(map(_app, _APPS))}"


def _app(name: str) -> str:
    tables = list(apps.get_app_config(name).get_models())
    lines = "".join((*map(_entity, tables), *_relations(tables)))
    return (
        f"\n## {name}\n\n{_APPS[name]}\n\n```mermaid\nerDiagram\n{lines}```\n"
        f"{''.join(map(_columns, tables))}"
    )


# Diagrams


def _entity(table: type[models.Model]) -> str:
    keys = "".join(
        f"        {_kind(column)} {column.column} {', '.join(_keys(column))}\n"
        for column in table._meta.concrete_fields
        if _keys(column)
    )
    return f"    {table.__name__} {{\n{keys}    }}\n"


def _kind(column: models.Field) -> str:
    return re.sub(r"\(.*\)", "", column.db_type(connection) or "unknown").replace(" ", "_")


def _keys(column: models.Field) -> list[str]:
    return [
        key
        for key, holds in (
            ("PK", column.primary_key),
            ("FK", column.is_relation),
            ("UK", column.unique and not column.primary_key),
        )
        if holds
    ]


def _relations(tables: Iterable[type[models.Model]]) -> Iterable[str]:
    for table in tables:
        for column in table._meta.concrete_fields:
            if isinstance(column, models.ForeignKey):
                target = column.related_model
                one = "|o" if column.null else "||"
                many = "o|" if column.unique else "o{"
                yield f"    {target.__name__} {one}--{many} {table.__name__} : {column.name}\n"


# Columns


def _columns(table: type[models.Model]) -> str:
    rows = "".join(
        f"| `{column.column}` | {column.db_type(connection)} | {'yes' if column.null else ''} | "
        f"{_key_said(column)} | {_meaning(column)} |\n"
        for column in table._meta.concrete_fields
    )
    return (
        f"\n### {table.__name__}\n\n`{table._meta.db_table}`\n\n"
        f"| column | type | null | key | meaning |\n|---|---|---|---|---|\n{rows}"
    )


def _key_said(column: models.Field) -> str:
    said = {"PK": "primary", "UK": "unique"}
    found = [said[key] for key in _keys(column) if key in said]
    if isinstance(column, models.ForeignKey):
        found.append(f"→ `{column.related_model._meta.db_table}`")
    return ", ".join(found)


def _meaning(column: models.Field) -> str:
    return str(column.help_text).replace("|", "\\|").replace("\n", " ")
