"""Migrations from here on are safe while the former release serves (django-migration-linter)."""

from typing import Final

import pytest
from django.db import connection
from django.db.migrations import AddField, RemoveField
from django.db.models import IntegerField
from django_migration_linter import MigrationLinter

from config.env import BASE_DIR

#: Released or written before the linter, and edited by nobody any more.
FORMER: Final = frozenset(
    {
        "0001_initial",
        *("0002_every_year", "0002_insert_only", "0002_model_promotion", "0003_insert_only"),
        *("0003_answers_by_fuel", "0003_predict_with_any_version", "0004_shadow"),
        *("0005_idempotency", "0006_token_scopes", "0007_rate_limits", "0008_batches"),
        *("0009_as_sent", "0011_observed_outcome", "0012_sent_of_batches"),
    }
)
APPS: Final = ["buildings", "mlmodel", "predictions"]


def linter(former: frozenset[str] = FORMER) -> MigrationLinter:
    return MigrationLinter(str(BASE_DIR), include_apps=APPS, ignore_name=former, no_cache=True)


@pytest.mark.django_db(transaction=True)  # indexes are built concurrently, outside of one
def test_new_migrations_are_safe_while_serving() -> None:
    found = linter()
    found.lint_all_migrations()
    assert not found.has_errors, (
        "a migration would break the release that is still serving: "
        "see above, and CONTRIBUTING.md, Migrations"
    )
    names = [path.stem for app in APPS for path in (BASE_DIR / app / "migrations").glob("0*.py")]
    # Those of others' apps are ignored, and counted with the ignored.
    assert found.nb_total - found.nb_ignored == len([name for name in names if name not in FORMER])


def test_former_ones_are_there() -> None:
    names = {path.stem for app in APPS for path in (BASE_DIR / app / "migrations").glob("0*.py")}
    assert names >= FORMER


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["not null", "drop"])
def test_an_unsafe_one_is_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = {
        "not null": AddField("modelversion", "planted", IntegerField(default=1)),
        "drop": RemoveField("modelversion", "size_bytes"),
    }[kind]
    found = linter(frozenset())
    loader = found.migration_loader
    (migration,) = (
        each
        for key, each in loader.disk_migrations.items()
        if key == ("mlmodel", "0003_predict_with_any_version")
    )
    state = loader.project_state(("mlmodel", "0003_predict_with_any_version"))
    with connection.schema_editor(collect_sql=True) as editor:
        after = state.clone()
        operation.state_forwards("mlmodel", after)
        operation.database_forwards("mlmodel", editor, state, after)
    monkeypatch.setattr(found, "get_sql", lambda *_: editor.collected_sql)
    found.lint_migration(migration)
    assert found.has_errors
