"""`manage.py grant_service_role`: the role that serves answers, and changes nothing logged."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from uuid import uuid4

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from predictions.models import AUDIT_TABLES, PredictionOutput
from predictions.services import Question, api_token_create, prediction_create
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def role(db: None) -> Iterator[str]:
    name = f"web_{uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name}")
        cursor.execute(f"GRANT {name} TO current_user")
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {name}")
        cursor.execute(f"DROP ROLE {name}")


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def test_a_role_that_is_not_there_is_said(db: None) -> None:
    with pytest.raises(CommandError, match="CREATE ROLE nobody_such"):
        call_command("grant_service_role", "nobody_such", stdout=StringIO())


def test_it_serves_and_changes_nothing_logged(role: str, served: FakeServedModel) -> None:
    user = make_user()
    call_command("grant_service_role", role, stdout=StringIO())
    with acting_as(role):
        prediction_create(call=call_of(user), questions=[Question(features=facts())])
        api_token_create(user=user, name="t")
        for table in AUDIT_TABLES:
            for statement in (
                f"UPDATE {table} SET created_at = now()",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
                f"ALTER TABLE {table} DISABLE TRIGGER USER",
            ):
                with (
                    connection.cursor() as cursor,
                    pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
                ):
                    cursor.execute(statement)
    assert PredictionOutput.objects.count() == 1


def test_owning_the_tables_is_warned_about(role: str) -> None:
    call_command("grant_service_role", role, stdout=StringIO())
    owner = [message.id for message in run_checks(databases=["default"])]
    assert "predictions.W001" in owner
    with acting_as(role):
        assert run_checks(databases=["default"]) == []
    assert "predictions.W001" not in [message.id for message in run_checks()]
