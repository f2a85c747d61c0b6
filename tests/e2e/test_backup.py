"""What docs/how-to/back-up.md says: dumped by pg_dump, restored into a new database, row by row the
same, and as closed as before."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from psycopg2 import errors

from buildings.services.datasets import dataset_import
from buildings.services.factors import emission_factor_sets_seed
from config.postgres.account import wheel_package
from config.roles.matrix import Role, classified_tables
from predictions.models import AUDIT_TABLES
from predictions.services.accounts import api_caller_get_or_create, api_token_create
from predictions.services.door import Question, prediction_create
from predictions.services.serving import Serving
from tests.config.places import Place, django_as, new_place, rows
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_model_version

SAMPLE = settings.PROJECT_DIR / "fixtures" / "sample-benchmarking.csv"
BINARIES = wheel_package() / "pginstall" / "bin"


@pytest.fixture
def places() -> Iterator[tuple[Place, Place]]:
    with ExitStack() as stack:
        yield stack.enter_context(new_place()), stack.enter_context(new_place())


def run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [BINARIES / program, *arguments],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def digests(place: Place) -> dict[str, object]:
    """Of every table: how many rows, and a digest over all of them."""
    return {
        table: rows(
            place.urls[Role.OWNER],
            f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t",
        )[0]
        for table in sorted(classified_tables())
    }


@pytest.mark.django_db(transaction=True)
def test_a_backup_is_restored_row_by_row(places: tuple[Place, Place], tmp_path: Path) -> None:
    before, after = places
    before.create_with_tables()
    with django_as(before.urls[Role.OWNER]):
        emission_factor_sets_seed()
        dataset_import(path=SAMPLE, source="sample", is_synthetic=True)
        caller = api_caller_get_or_create(username="somebody")
        api_token_create(user=caller, name="a token")
        serving = Serving(make_model_version(), FakeServedModel())
        prediction_create(
            call=call_of(caller), questions=[Question(features=facts())] * 3, serving=serving
        )
    dump = tmp_path / "futurisys.dump"
    run("pg_dump", "--format=custom", f"--file={dump}", before.urls[Role.OWNER])

    after.create("--no-migrate")
    owner = after.urls[Role.OWNER]
    run(
        *("pg_restore", "--exit-on-error", "--no-owner", "--no-privileges"),
        *(f"--dbname={owner}", str(dump)),
    )
    with django_as(owner):
        after.call(
            *("--grants-only", f"--name={after.names.database}", f"--prefix={after.names.prefix}")
        )

    kept = digests(before)
    assert kept["predictions_predictionoutput"][0] == 3  # type: ignore[index]
    assert kept["buildings_benchmarkrecord"][0] == 600  # type: ignore[index]
    assert digests(after) == kept
    # The record is as closed as before, and the roles may do what they may.
    for table in AUDIT_TABLES:
        with pytest.raises(psycopg2.Error, match="insert-only"):
            rows(owner, f"TRUNCATE {table} CASCADE")
    app = after.urls[Role.APP]
    assert rows(app, "SELECT count(*) FROM predictions_predictioninput") == [(3,)]
    with pytest.raises(errors.InsufficientPrivilege):
        rows(app, "DELETE FROM predictions_predictioninput")
