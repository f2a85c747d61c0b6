"""Reference pages made from the code: database schema (SQL and diagram), features and errors."""

import os
import re
import subprocess
from collections.abc import Iterable
from typing import Final

from django.apps import apps
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from buildings.models import PROVENANCE_TABLES
from config.postgres.account import wheel_package
from mlmodel.card import card_facts, card_page
from mlmodel.features import FEATURES, Feature
from mlmodel.models import INSERT_ONLY_TABLES
from mlmodel.registry import shipped_manifest
from predictions.api.problems import PROBLEMS, RETRIES, Location
from predictions.models import AUDIT_TABLES

_APPS: Final = ("buildings", "mlmodel", "predictions")

_SQL_HEADER: Final = """\
-- Creates the database `futurisys` and its tables on an empty PostgreSQL (15 or later):
--
--     psql --set ON_ERROR_STOP=1 --file docs/reference/schema.sql postgresql://…/postgres
--
-- Made from the migrations by `manage.py export_reference`; do not edit. The rows of
-- django_migrations at the end make `manage.py migrate` continue from here.

CREATE DATABASE futurisys WITH TEMPLATE = template0 ENCODING = 'UTF8';
\\connect futurisys

"""

_ER_HEADER: Final = """\
# Database schema

Made from the models by `manage.py export_reference`; do not edit. The SQL stands in
[schema.sql](schema.sql). Tables of Django's own (users, groups, sessions, admin log) are left out,
except the users that others point to.

What each column of the dataset holds: [data-dictionary.md](data-dictionary.md).

PostgreSQL refuses UPDATE, DELETE and TRUNCATE on these tables, by triggers:

"""

_APP_SAYS: Final = {
    "buildings": "Facts: buildings, their yearly records, where each came from, emission factors.",
    "mlmodel": "Model versions, and which of them served when.",
    "predictions": "The record: calls, inputs, outputs and what followed; tokens.",
}

_ERRORS_HEADER: Final = """\
# Errors

Made from `predictions/api/problems.py` by `manage.py export_reference`; do not edit.

Whatever is refused below `/api/` is answered by a problem document (RFC 9457),
`Content-Type: application/problem+json`:

```json
{
  "type": "/api/v1/problems/invalid-input/",
  "title": "The input is not valid",
  "status": 400,
  "detail": "Must be from 1800 to 2100.",
  "errors": [
    {
      "in": "body",
      "pointer": "/year_built",
      "detail": "Must be from 1800 to 2100.",
      "code": "out-of-range"
    }
  ],
  "request_id": "0199d3a0-0000-7000-8000-000000000000"
}
```

- `type` is the kind of problem: compare it as a string, or GET it from the same host: it explains
  itself, and `/api/v1/problems/` lists all of them.
- `errors` comes with every 4xx and lists all that is wrong at once. `in` is the part of the request
  at fault ({locations}); `pointer` is a JSON Pointer (RFC 6901) into it: a member of the body, or a
  parameter or header by its name. An empty one means all of it.
- `code`, of an error, is the same in every language; `title` and `detail` are for people, in
  English or, by `Accept-Language: fr`, in French. `Content-Language` says which.
- `request_id` is in the header `X-Request-ID` and in our log, too.
- Nothing that was sent is sent back, except names of members.

## Whether to ask again

"""


def schema_sql() -> str:
    """The SQL that makes the connected database's tables on an empty server, as a stable text."""
    settings = connection.settings_dict
    dump = subprocess.run(  # noqa: S603 -- the wheel's own program, no shell
        [
            wheel_package() / "pginstall" / "bin" / "pg_dump",
            "--schema-only",
            "--no-owner",
            "--no-privileges",
            "--dbname",
            str(settings["NAME"]),
            *(f"--host={host}" for host in [settings["HOST"]] if host),
            *(f"--port={port}" for port in [settings["PORT"]] if port),
            *(f"--username={user}" for user in [settings["USER"]] if user),
        ],
        env={**os.environ, "PGPASSWORD": settings["PASSWORD"] or ""},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    # Versions, random keys and settings of newer servers would differ from machine to machine.
    lines = [
        line
        for line in dump.splitlines()
        if not line.startswith(("--", "\\", "SET transaction_timeout"))
    ]
    tables = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    # From PostgreSQL 18 on, NOT NULL has a name, which a long column name makes visible.
    tables = re.sub(r"CONSTRAINT \w+_not_null NOT NULL", "NOT NULL", tables)
    return f"{_SQL_HEADER}{tables}\n\n{_applied_migrations()}"


def _applied_migrations() -> str:
    loader = MigrationLoader(connection)
    rows = ",\n".join(
        f"    ('{app}', '{name}', now())" for app, name in sorted(loader.disk_migrations)
    )
    return f"INSERT INTO public.django_migrations (app, name, applied) VALUES\n{rows};\n"


def schema_diagram() -> str:
    """The tables and their relations as Mermaid diagrams in a Markdown page: all, then by app."""
    tables = {app: list(apps.get_app_config(app).get_models()) for app in _APPS}
    guarded = (*PROVENANCE_TABLES, *INSERT_ONLY_TABLES, *AUDIT_TABLES)
    insert_only = "".join(f"- `{table}`\n" for table in guarded)
    relations = _relations(table for of_app in tables.values() for table in of_app)
    overview = f"\n## How the tables hang together\n\n{_diagram(relations)}"
    columns = "".join(
        f"\n## `{app}`\n\n{_APP_SAYS[app]}\n\n{_diagram(map(_entity, of_app))}"
        for app, of_app in tables.items()
    )
    return f"{_ER_HEADER}{insert_only}{overview}{columns}"


def _diagram(lines: Iterable[str]) -> str:
    return f"```mermaid\nerDiagram\n{''.join(lines)}```\n"


def _entity(model: type[models.Model]) -> str:
    fields = "".join(
        f"        {_type(field)} {field.column}{_keys(field)}\n"
        for field in model._meta.concrete_fields
    )
    return f"    {model.__name__} {{\n{fields}    }}\n"


def _type(field: models.Field) -> str:
    kind = field.db_type(connection) or "unknown"
    return re.sub(r"\(.*\)", "", kind).replace(" ", "_")


def _keys(field: models.Field) -> str:
    keys = [
        key
        for key, holds in (
            ("PK", field.primary_key),
            ("FK", field.is_relation),
            ("UK", field.unique and not field.primary_key),
        )
        if holds
    ]
    return f" {', '.join(keys)}" if keys else ""


def _relations(tables: Iterable[type[models.Model]]) -> Iterable[str]:
    for model in tables:
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey):
                target = field.related_model
                one = "|o" if field.null else "||"
                many = "o|" if field.unique else "o{"
                yield f"    {target.__name__} {one}--{many} {model.__name__} : {field.name}\n"


def model_card_page(language: str) -> str:
    """The card of the version that ships."""
    facts = card_facts(shipped_manifest())
    if facts is None:
        raise ValueError("The shipped version has no facts: `manage.py evaluate_model --write`.")
    return card_page(facts, language)


def features_page() -> str:
    """The table of what the model is told about a building."""
    rows = "".join(
        f"| `{feature.name}` | {_kind(feature)} | {feature.unit or ''} | {feature.help} | "
        f"{'**required**' if feature.is_required else feature.absent} |\n"
        for feature in FEATURES
    )
    choices = "".join(
        f"\n## `{feature.name}`\n\n" + "".join(f"- {choice}\n" for choice in feature.choices)
        for feature in FEATURES
        if feature.choices
        and feature.name
        not in ("second_largest_property_use_type", "third_largest_property_use_type")
    )
    return (
        "# Features\n\nWhat the model is told about a building, in the order it sees it. Made from "
        "`mlmodel/features.py` by `manage.py export_reference`; do not edit.\n\n"
        "| name | values | unit | meaning | if missing |\n|---|---|---|---|---|\n"
        f"{rows}\nThe second and third largest uses take the same values as the largest.\n{choices}"
    )


def _kind(feature: Feature) -> str:
    if feature.kind in ("number", "integer"):
        return f"{feature.kind}, {feature.bounds}"
    return "true, false" if feature.kind == "boolean" else f"one of {len(feature.choices)} (below)"


def errors_page() -> str:
    """The catalogue of problems."""
    retries = "".join(f"- `{retry}`: {said}\n" for retry, said in RETRIES.items())
    rows = "".join(
        f'| {each.status} | <a id="{each.slug}"></a>`{each.slug}` | {each.title} | {each.when} | '
        f"{each.fix} | {each.retry} |\n"
        for each in PROBLEMS
    )
    header = _ERRORS_HEADER.replace(
        "{locations}", ", ".join(f"`{location}`" for location in Location)
    )
    return (
        f"{header}{retries}\n## Kinds of problems\n\n"
        "| status | `type` ends in | title | when | what to do | retry |\n"
        "|---|---|---|---|---|---|\n"
        f"{rows}"
    )
