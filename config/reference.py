"""Reference pages made from the code: database schema as SQL, features and errors."""

import os
import re
import subprocess
from typing import Final

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.postgres.account import wheel_package
from mlmodel.card import card_facts, card_page
from mlmodel.features import FEATURES, Feature
from mlmodel.registry import shipped_manifest
from predictions.api.problems import PROBLEMS, RETRIES, Location

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
