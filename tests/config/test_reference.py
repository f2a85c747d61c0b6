"""The reference pages, and what else the urls of `config` answer."""

import os
import re
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import get_resolver

from buildings.models import PROVENANCE_TABLES, UPLOAD_TABLES
from config.management.commands import export_reference
from config.management.commands.export_reference import PAGES
from config.postgres.account import wheel_package
from mlmodel.models import INSERT_ONLY_TABLES
from predictions.models import AUDIT_TABLES, STAFF_LOG_TABLES
from tests.fakes import FakeServedModel
from tests.openapi import openapi_document

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def psql(*arguments: str) -> str:
    at = connection.settings_dict
    answer = subprocess.run(
        [
            wheel_package() / "pginstall" / "bin" / "psql",
            "--no-psqlrc",
            "--set=ON_ERROR_STOP=1",
            f"--host={at['HOST']}",
            f"--port={at['PORT'] or 5432}",
            f"--username={at['USER']}",
            *arguments,
        ],
        env={**os.environ, "PGPASSWORD": at["PASSWORD"] or ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.django_db
def test_the_pages_are_what_the_code_makes() -> None:
    for name, make in PAGES.items():
        assert (REFERENCE / name).read_text(encoding="utf-8") == make(), (
            f"run make schema-write: {name}"
        )


@pytest.mark.django_db
def test_the_sql_creates_a_database_that_migrate_has_nothing_to_add_to(tmp_path: Path) -> None:
    name = f"reference_{uuid4().hex}"
    script = (REFERENCE / "schema.sql").read_text(encoding="utf-8").replace("futurisys", name)
    (tmp_path / "schema.sql").write_text(script, encoding="utf-8")
    try:
        psql("--dbname=postgres", f"--file={tmp_path / 'schema.sql'}")
        applied = psql(f"--dbname={name}", "-tAc", "SELECT count(*) FROM django_migrations")
        assert int(applied) > 20
        examples = REFERENCE.parents[1] / "fixtures" / "examples" / "examples.sql"
        psql(f"--dbname={name}", f"--file={examples}")
        stored = psql(
            f"--dbname={name}", "-tAc", "SELECT count(*) FROM predictions_predictionoutput"
        )
        assert int(stored) == 8
    finally:
        psql("--dbname=postgres", "-c", f"DROP DATABASE IF EXISTS {name}")


@pytest.mark.django_db
def test_every_insert_only_table_is_named() -> None:
    page = (REFERENCE / "schema.md").read_text(encoding="utf-8")
    for table in (
        *PROVENANCE_TABLES,
        *UPLOAD_TABLES,
        *INSERT_ONLY_TABLES,
        *AUDIT_TABLES,
        *STAFF_LOG_TABLES,
    ):
        assert f"- `{table}`\n" in page
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
                "WHERE tgrelid = %s::regclass AND proname ~ '_refuse_change$'",
                [table],
            )
            assert cursor.fetchone() == (2,), table


def test_the_command_writes_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    pages = ("../how-to/query.md", "../../README.md", "schema.md")
    monkeypatch.setattr(export_reference, "PAGES", {name: PAGES[name] for name in pages})
    monkeypatch.setattr(connection.creation, "create_test_db", lambda **_: "")
    monkeypatch.setattr(connection.creation, "destroy_test_db", lambda *_, **__: None)
    new = tmp_path / "docs" / "new"
    call_command("export_reference", directory=new, stdout=StringIO())
    out = StringIO()
    call_command("export_reference", "--check", directory=new, stdout=out)
    assert out.getvalue().count("Up to date") == len(pages)
    assert (tmp_path / "docs" / "how-to" / "query.md").is_file()
    assert (tmp_path / "README.md").is_file()
    (new / "schema.md").write_text("old", encoding="utf-8")
    with pytest.raises(CommandError, match="is out of date"):
        call_command("export_reference", "--check", directory=new, stdout=out)


@pytest.mark.django_db
def test_ready_when_every_part_is(client: Client, served: FakeServedModel) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "migrations": "ok",
        "served_model": "ok",
        "emission_factors": "ok",
    }


@pytest.mark.django_db
def test_not_ready_says_which_part_and_not_why(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: [("a", False)])
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "database": "ok",
        "migrations": "not ready",
        "served_model": "not ready",
        "emission_factors": "not ready",
    }
    assert client.get("/livez").json() == {"status": "ok", "release": ""}


def test_every_route_of_the_api_is_in_the_schema(client: Client) -> None:
    documented = openapi_document()
    assert documented["openapi"] == "3.1.0"
    routes = set()
    for pattern in get_resolver().url_patterns:
        if str(pattern.pattern) == "api/v1/" and hasattr(pattern, "url_patterns"):
            for route in pattern.url_patterns:
                text = re.sub(r"<\w+:(\w+)>", r"{\1}", str(route.pattern))
                routes.add(f"/api/v1/{text}")
    assert routes == set(documented["paths"])
    for name, path in documented["paths"].items():
        for method, operation in path.items():
            content = [
                body
                for status, answer in operation["responses"].items()
                if status.startswith("2")
                for body in answer["content"].values()
            ]
            assert all(body.get("examples") for body in content)
            if name.startswith("/api/v1/problems/"):
                assert not operation.get("security")
                continue
            usual = "read" if method == "get" else "predict"
            scope = "admin" if "tokens" in operation["tags"] else usual
            assert operation["security"] == [{"token": [scope]}]
            assert {"RateLimit", "RateLimit-Policy"} <= set(
                operation["responses"]["403"]["headers"]
            )
            assert "Retry-After" in operation["responses"]["429"]["headers"]


def test_short_cuts(client: Client) -> None:
    targets: dict[str, Any] = {"/": "/api/v1/docs/", "/admin": "/admin/"}
    for path, target in targets.items():
        assert client.get(path)["Location"] == target
