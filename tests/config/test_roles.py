"""What each role may do, tried with real logins against everything the matrix says."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from psycopg2 import errors
from rest_framework.test import APIClient

from buildings.models import (
    PROVENANCE_TABLES,
    BenchmarkRecord,
    DatasetImport,
    EmissionFactorSet,
    RecordRevision,
    RejectedRow,
)
from buildings.services.factors import emission_factor_sets_seed
from buildings.services.uploads import dataset_upload_create, dataset_upload_decide
from config.roles.matrix import (
    GRANTEES,
    ROLES,
    TABLE_GROUPS,
    Role,
    classified_tables,
    column_privileges,
    table_privileges,
)
from mlmodel import registry, services
from mlmodel.models import (
    INSERT_ONLY_TABLES,
    ModelPromotion,
    PromotionProposal,
    Verdict,
)
from predictions.models import (
    AUDIT_TABLES,
    PredictionInput,
    PredictionOutput,
    ShadowOutput,
)
from predictions.services import serving as serving_module
from predictions.services.accounts import api_caller_get_or_create, api_token_create
from predictions.services.proposals import promotion_decide
from predictions.services.serving import Serving
from tests.buildings import csvs
from tests.config.places import Place, django_as, new_place, rows
from tests.fakes import FakeServedModel
from tests.predictions.factories import facts, make_model_version, make_user

INSERT_ONLY = (*AUDIT_TABLES, *INSERT_ONLY_TABLES, *PROVENANCE_TABLES)
TABLES = sorted(classified_tables())
GRANTED = {(table, role): set(privileges) for table, role, privileges in table_privileges()}
SEEN = {(table, role): columns for table, role, columns in column_privileges()}


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        place.create_with_tables()
        yield place


@pytest.fixture(scope="module")
def sessions(place: Place) -> Iterator[dict[Role, "psycopg2.extensions.connection"]]:
    """A login of each role that may write if its privileges let it."""
    open_ = {
        role: psycopg2.connect(place.urls[role], options="-c default_transaction_read_only=off")
        for role in Role
    }
    yield open_
    for session in open_.values():
        session.close()


def may(session: "psycopg2.extensions.connection", statement: str) -> bool:
    """Whether privileges let the role run it; any other error is one."""
    try:
        with session.cursor() as cursor:
            cursor.execute(statement)
    except errors.InsufficientPrivilege:
        return False
    finally:
        session.rollback()
    return True


def key_column(table: str) -> str:
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    model = models.get(table, MigrationRecorder.Migration)
    assert model._meta.pk is not None
    return str(model._meta.pk.column)


# -- the matrix ---------------------------------------------------------------------------------


def test_every_table_of_the_project_is_classified_once() -> None:
    ours = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    ours.add(MigrationRecorder.Migration._meta.db_table)
    listed = [table for group in TABLE_GROUPS for table in group.tables]
    assert sorted(listed) == sorted(ours), "say in config/roles/matrix.py who may do what with it"


@pytest.mark.django_db
def test_every_column_of_a_table_with_secrets_is_classified_once() -> None:
    for group in TABLE_GROUPS:
        if columns := group.auditor_columns:
            for table in group.tables:
                with connection.cursor() as cursor:
                    described = connection.introspection.get_table_description(cursor, table)
                assert sorted((*columns.seen, *columns.hidden)) == sorted(
                    column.name for column in described
                )


def test_nobody_is_granted_a_change_of_what_is_insert_only() -> None:
    for table in INSERT_ONLY:
        for role in GRANTEES:
            assert GRANTED.get((table, role), set()) <= {"SELECT", "INSERT"}


def test_the_auditor_is_granted_nothing_but_select() -> None:
    for table in TABLES:
        assert GRANTED.get((table, Role.AUDITOR), set()) <= {"SELECT"}


# -- tables -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", GRANTEES)
@pytest.mark.parametrize("table", TABLES)
def test_a_role_may_what_the_matrix_says_and_no_more(
    sessions: "dict[Role, psycopg2.extensions.connection]", table: str, role: Role
) -> None:
    key = key_column(table)
    granted = GRANTED.get((table, role), set())
    statements = {
        "SELECT": f"SELECT * FROM {table} LIMIT 1",
        # One that adds no row; a row without a key, if it is refused anyway.
        "INSERT": f"INSERT INTO {table} ({key}) SELECT {key} FROM {table} WHERE false"
        if "INSERT" in granted
        else f"INSERT INTO {table} ({key}) VALUES (NULL)",
        "UPDATE": f"UPDATE {table} SET {key} = {key} WHERE false",
        "DELETE": f"DELETE FROM {table} WHERE false",
        "TRUNCATE": f"TRUNCATE {table} CASCADE",
        "TRIGGER": f"CREATE TRIGGER t AFTER INSERT ON {table} "
        "EXECUTE FUNCTION predictions_refuse_change()",
        "DISABLE": f"ALTER TABLE {table} DISABLE TRIGGER USER",
        "DROP": f"DROP TABLE {table} CASCADE",
    }
    allowed = {name for name, sql in statements.items() if may(sessions[role], sql)}
    assert allowed == granted


@pytest.mark.parametrize("role", GRANTEES)
@pytest.mark.parametrize("table", INSERT_ONLY)
def test_a_role_cannot_drop_the_triggers_of_an_insert_only_table(
    sessions: "dict[Role, psycopg2.extensions.connection]", table: str, role: Role
) -> None:
    for trigger in ("insert_only", "no_truncate"):
        assert not may(sessions[role], f"DROP TRIGGER {table}_{trigger} ON {table}")


@pytest.mark.parametrize(("table", "role"), SEEN)
def test_a_role_that_sees_some_columns_sees_no_other(
    sessions: "dict[Role, psycopg2.extensions.connection]", table: str, role: Role
) -> None:
    (group,) = [group for group in TABLE_GROUPS if table in group.tables]
    assert group.auditor_columns is not None
    assert may(sessions[role], f"SELECT {', '.join(group.auditor_columns.seen)} FROM {table}")
    assert may(sessions[role], f"SELECT count(*) FROM {table}")
    for column in group.auditor_columns.hidden:
        assert not may(sessions[role], f"SELECT {column} FROM {table}")
        assert not may(sessions[role], f"SELECT 1 FROM {table} WHERE {column} LIKE 'a%'")


def test_no_secret_is_for_the_auditor_or_the_loader(
    sessions: "dict[Role, psycopg2.extensions.connection]",
) -> None:
    for role in (Role.AUDITOR, Role.LOADER):
        for secret in (
            "SELECT password FROM auth_user",
            "SELECT digest FROM predictions_apitoken",
            "SELECT token_key FROM predictions_apitoken",
            "SELECT session_key FROM django_session",
            "SELECT session_data FROM django_session",
        ):
            assert not may(sessions[role], secret)


@pytest.mark.parametrize("role", GRANTEES)
def test_with_insert_goes_the_sequence(
    sessions: "dict[Role, psycopg2.extensions.connection]", role: Role
) -> None:
    with sessions[Role.OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT relation.relname, counter.relname FROM pg_class AS counter "
            "JOIN pg_depend ON objid = counter.oid AND deptype = 'i' "
            "JOIN pg_class AS relation ON relation.oid = refobjid WHERE counter.relkind = 'S'"
        )
        sequences = cursor.fetchall()
    assert len(sequences) > 15
    for table, sequence in sequences:
        is_granted = "INSERT" in GRANTED.get((table, role), ())
        assert may(sessions[role], f"SELECT nextval('{sequence}')") is is_granted
        assert not may(sessions[role], f"SELECT setval('{sequence}', 1)")


# -- the database -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql RETURN 1",
        "CREATE EXTENSION hstore",
        "DROP FUNCTION predictions_refuse_change CASCADE",
        "CREATE OR REPLACE FUNCTION predictions_refuse_change() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
        "CREATE ROLE another",
        "SET ROLE {owner}",
        "ALTER ROLE {owner} PASSWORD NULL",
        "COPY predictions_predictionrequest TO PROGRAM 'cat'",
    ],
)
@pytest.mark.parametrize("role", GRANTEES)
def test_nobody_but_the_owner_makes_or_undoes_anything(
    place: Place,
    sessions: "dict[Role, psycopg2.extensions.connection]",
    role: Role,
    statement: str,
) -> None:
    assert not may(sessions[role], statement.format(owner=place.names.owner))


def test_only_the_loader_makes_temporary_tables(
    sessions: "dict[Role, psycopg2.extensions.connection]",
) -> None:
    allowed = [role for role in GRANTEES if may(sessions[role], "CREATE TEMP TABLE t (id int)")]
    assert allowed == [Role.LOADER]


def test_the_owner_makes_neither_roles_nor_databases(place: Place) -> None:
    for statement in ("CREATE ROLE another", "CREATE DATABASE another"):
        with pytest.raises(errors.InsufficientPrivilege):
            rows(place.urls[Role.OWNER], statement)


def test_an_outsider_cannot_even_connect(place: Place) -> None:
    outsider = f"outsider_{place.names.prefix}"
    rows(place.admin_url, f"CREATE ROLE {outsider} LOGIN PASSWORD 'secret-of-outsider'")
    try:
        url = psycopg2.extensions.make_dsn(
            place.urls[Role.APP], user=outsider, password="secret-of-outsider"
        )
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            rows(url, "SELECT 1")
    finally:
        rows(place.admin_url, f"DROP ROLE {outsider}")


def test_each_url_is_a_login_with_the_settings_of_its_role(place: Place) -> None:
    for role in Role:
        assert place.rows(role, "SELECT session_user::text, current_user::text") == [
            (place.names.of(role), place.names.of(role))
        ]
        for setting, value in ROLES[role].settings.items():
            shown = place.rows(role, f"SHOW {setting}")[0][0]
            assert shown == {"60s": "1min"}.get(value, value)
        assert place.rows(
            role, "SELECT rolconnlimit, rolsuper FROM pg_roles WHERE rolname = current_user"
        ) == [(ROLES[role].connection_limit, False)]


def test_the_auditor_reads_only_whatever_it_is_granted(place: Place) -> None:
    with pytest.raises(errors.ReadOnlySqlTransaction):
        place.rows(Role.AUDITOR, "CREATE TABLE mine (id int)")


# -- at work ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_app_serves_and_can_change_nothing_logged(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with django_as(place.urls[Role.OWNER]):
        version = make_model_version(alias="champion")
        emission_factor_sets_seed()
    monkeypatch.setattr(serving_module, "_serving", Serving(version, FakeServedModel()))
    with django_as(place.urls[Role.APP]):
        _, secret = api_token_create(user=api_caller_get_or_create(username="caller"), name="t")
        api = APIClient(headers={"Authorization": f"Bearer {secret}"})
        answer = api.post("/api/v1/predictions/", facts(), format="json")
        assert answer.status_code == 201, answer.content
        assert api.get(f"/api/v1/predictions/{answer.json()['id']}/").status_code == 200
        assert PredictionOutput.objects.count() == 1
        # What `shadow_predictions` does runs as this role too.
        stored = PredictionInput.objects.get()
        ShadowOutput.objects.create(
            input=stored, model_version=version, error_code="model-failure", duration_ms=1.0
        )
        explained = api.post(f"/api/v1/predictions/{answer.json()['id']}/explanations/")
        assert explained.status_code == 201, explained.content
        measured = {"data_year": 2020, "site_energy_use_kbtu": 7_000_000}
        entered = api.post(
            f"/api/v1/predictions/{answer.json()['id']}/outcomes/", measured, format="json"
        )
        assert entered.status_code == 201, entered.content
        call_command("match_outcomes")
        many = {"rows": [facts()] * 150}  # enough to be written by COPY
        assert api.post("/api/v1/predictions/batch/", many, format="json").status_code == 201

        User.objects.create_superuser("root", password="a-long-password")
        browser = Client()
        signed_in = browser.post(
            "/admin/login/?next=/admin/", {"username": "root", "password": "a-long-password"}
        )
        assert signed_in.status_code == 302
        assert browser.get("/admin/").status_code == 200
        assert browser.get("/admin/predictions/predictioninput/").status_code == 200
        listed = "/admin/export/predictions/predictioninput/"
        assert len(list(browser.post(listed, {"format": "csv"}))) > 1
        assert browser.post("/admin/logout/").status_code == 200
        assert run_checks(databases=["default"]) == []
    with closing(psycopg2.connect(place.urls[Role.APP])) as app:
        for table in AUDIT_TABLES:
            assert not may(app, f"UPDATE {table} SET created_at = now()")
            assert not may(app, f"DELETE FROM {table}")
    for table in AUDIT_TABLES:  # the owner has the privilege, and is stopped by the trigger
        with pytest.raises(errors.RestrictViolation):
            place.rows(Role.OWNER, f"UPDATE {table} SET created_at = now()")
    assert place.rows(Role.AUDITOR, "SELECT count(*) FROM predictions_predictionoutput") == [(151,)]


@pytest.mark.django_db(transaction=True)
def test_the_loader_loads_files_and_their_corrections(place: Place, tmp_path: Path) -> None:
    first = csvs.file(tmp_path, [csvs.row(101), csvs.row(102, YearBuilt="x")], "first.csv")
    corrected = csvs.row(
        101, SecondLargestPropertyUseType="Office", NumberofFloors="10", PropertyName="Other"
    )
    second = csvs.file(tmp_path, [corrected], "second.csv")
    with django_as(place.urls[Role.LOADER]):
        call_command("load_dataset", source=["sample"], verbosity=0)
        call_command("load_dataset", source=[str(first)], allow_rejects=1, verbosity=0)
        call_command("load_dataset", source=[str(second)], verbosity=0)
    with django_as(place.urls[Role.APP]):
        assert BenchmarkRecord.objects.count() > 100
        assert RecordRevision.objects.count() == RejectedRow.objects.count() == 1
        assert EmissionFactorSet.objects.exists()
        loaded_by = set(DatasetImport.objects.values_list("database_role", flat=True))
    assert loaded_by == {place.names.of(Role.LOADER)}
    for role in (Role.APP, Role.AUDITOR):
        with (
            django_as(place.urls[role]),
            pytest.raises(
                CommandError, match="may not load datasets; the loader and the owner may"
            ),
        ):
            call_command("load_dataset", source=[str(first)], allow_rejects=1, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_nobody_but_the_owner_registers_a_model(place: Place) -> None:
    for role in GRANTEES:
        with django_as(place.urls[role]), pytest.raises(DatabaseError):
            make_model_version(name="other")
    with django_as(place.urls[Role.OWNER]):
        make_model_version(name="other")


@pytest.mark.django_db(transaction=True)
def test_serving_as_the_owner_is_warned_about(place: Place) -> None:
    with django_as(place.urls[Role.OWNER]):
        (warning,) = run_checks(databases=["default"])
    assert warning.id == "predictions.W001"
    assert "create_database" in str(warning.hint)
    assert "predictions.W001" not in [message.id for message in run_checks()]


@pytest.mark.django_db(transaction=True)
def test_the_app_promotes_what_two_people_decided_and_nothing_else(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_check_version_loads", lambda version: None)
    monkeypatch.setattr(registry, "connect", lambda: None)
    monkeypatch.setattr(registry, "is_used", lambda: False)
    monkeypatch.setattr(registry, "aliases", lambda name: {})
    monkeypatch.setattr(registry, "set_aliases", lambda name, wanted: None)
    name = "promoted-by-two"
    with django_as(place.urls[Role.OWNER]):
        champion = make_model_version(name=name, alias="champion")
        candidate, other = make_model_version(name=name), make_model_version(name=name)
        ann, ben = make_user(username="ann"), make_user(username="ben")
    move = "UPDATE mlmodel_modelversion SET alias = {}, promoted_by_id = {} WHERE id = {}"
    with django_as(place.urls[Role.APP]):
        proposal = PromotionProposal.objects.create(
            version=candidate,
            champion=champion,
            reason="r",
            evidence={},
            proposed_by=ann,
            proposed_by_name="ann",
        )
        for statement in (
            move.format("NULL", "NULL", champion.pk),
            move.format("'champion'", ben.pk, candidate.pk),
            move.format("'challenger'", ben.pk, candidate.pk),
            f"UPDATE mlmodel_modelversion SET artifact_digest = repeat('0', 64) "
            f"WHERE id = {candidate.pk}",
        ):
            with pytest.raises(errors.InsufficientPrivilege, match="as two people decided"):
                rows(place.urls[Role.APP], statement)
        with pytest.raises(DatabaseError, match="as two people decided"), transaction.atomic():
            ModelPromotion.objects.create(
                version=candidate, alias="champion", kind="promotion", promoted_by_name="me"
            )
        promotion_decide(proposal=proposal, verdict=Verdict.APPROVED, decided_by=ben, note="n")
        candidate.refresh_from_db()
        assert candidate.alias == "champion"
        # The approval is carried out, and good for nothing more.
        for statement in (
            move.format("NULL", "NULL", candidate.pk),
            move.format("'champion'", ben.pk, other.pk),
        ):
            with pytest.raises(errors.InsufficientPrivilege, match="as two people decided"):
                rows(place.urls[Role.APP], statement)
    assert place.rows(
        Role.AUDITOR,
        "SELECT proposed_by_name, promoted_by_name FROM mlmodel_modelpromotion "
        "WHERE decision_id IS NOT NULL",
    ) == [("ann", "ben")]


@pytest.mark.django_db(transaction=True)
def test_the_app_asks_for_an_import_and_the_loader_carries_it_out(
    place: Place, tmp_path: Path
) -> None:
    content = csvs.file(tmp_path, [csvs.row(701)], "put-forward.csv").read_bytes()
    with django_as(place.urls[Role.APP]):
        olga = make_user(username="olga")
        upload = dataset_upload_create(source="put-forward.csv", content=content, uploaded_by=olga)
    with django_as(place.urls[Role.LOADER]):
        call_command("import_worker", "--once")
    with django_as(place.urls[Role.APP]):
        dataset_upload_decide(upload=upload, is_confirmed=True, by=olga)
    with django_as(place.urls[Role.LOADER]):
        call_command("import_worker", "--once")
    assert place.rows(
        Role.AUDITOR,
        "SELECT stage, by_name FROM buildings_datasetuploadstep ORDER BY id",
    ) == [
        ("checked", place.names.of(Role.LOADER)),
        ("confirmed", "olga"),
        ("loaded", place.names.of(Role.LOADER)),
    ]
