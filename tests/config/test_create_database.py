"""`manage.py create_database`, on the tests' own server and as an administrator that is no
superuser. What the roles may do then is in test_roles.py."""

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from psycopg2.extensions import make_dsn

from config.postgres.account import wheel_package
from config.postgres.sessions import embedded_postgres_needed
from config.roles.envfile import env_file_update
from config.roles.matrix import ROLES, Role
from config.roles.provision import ProvisionError, require_version
from config.roles.statements import Names, membership_query
from tests.config.places import Place, django_as, new_place, rows, server_url


@pytest.fixture
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


def roles_made(place: Place) -> set[str]:
    found = rows(
        server_url(),
        f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{place.names.prefix}\\_%'",
    )
    return {name for (name,) in found}


def psql(place: Place, script: Path, *arguments: str) -> CompletedProcess[str]:
    return subprocess.run(
        [
            wheel_package() / "pginstall" / "bin" / "psql",
            *("--no-psqlrc", "--quiet", "--tuples-only", f"--file={script}", *arguments),
            place.admin_url,
        ],
        capture_output=True,
        text=True,
        check=False,
    )


# -- making it ----------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(place: Place) -> None:
    text = place.create()
    assert "[2/6] roles: 4 created, 0 there already; 4 passwords set" in text
    assert f"[3/6] database: {place.names.database} created" in text
    assert "migrations applied" in text
    assert text.count("postgres://") == 4
    before, urls = place.privileges(), dict(place.urls)

    again = place.create()
    assert "[2/6] roles: 0 created, 4 there already; passwords left alone" in again
    assert f"[3/6] database: {place.names.database} is there already" in again
    assert "[4/6] who may connect: nothing to change" in again
    assert "[5/6] tables: up to date" in again
    assert "[6/6] privileges: nothing to change" in again
    assert "postgres://" not in again
    assert place.urls == urls
    assert place.privileges() == before  # and the old passwords still hold


def test_the_database_sorts_and_encodes_alike_everywhere(place: Place) -> None:
    place.create("--no-migrate")
    assert place.rows(
        Role.OWNER,
        "SELECT pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database "
        "WHERE datname = current_database()",
    ) == [("UTF8", place.names.owner)]
    assert place.rows(Role.APP, "SELECT upper('é')") == [("É",)]


def test_the_administrator_is_no_member_of_the_owner_afterwards(place: Place) -> None:
    place.create("--no-migrate")
    with pytest.raises(psycopg2.Error):
        rows(place.admin_url, f"SET ROLE {place.names.owner}")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        rows(str(make_dsn(place.admin_url, dbname=place.names.database)), "SELECT 1")


def test_passwords_rotate_when_asked_and_may_be_given(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.create("--no-migrate")
    former = dict(place.urls)
    monkeypatch.setenv("DATABASE_APP_PASSWORD", "given, with 'quotes' & more")
    assert "passwords left alone" in place.create("--no-migrate")
    assert "4 passwords set" in place.create("--no-migrate", "--rotate-passwords")
    assert "given%2C%20with%20%27quotes%27" in place.urls[Role.APP]
    for role in Role:
        assert place.rows(role, "SELECT 1") == [(1,)]
        if place.urls[role] != former[role]:
            with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
                rows(former[role], "SELECT 1")
    assert len(set(former.values()) & set(place.urls.values())) == 0


def test_a_weak_password_is_refused_before_anything_is_made(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_LOADER_PASSWORD", "short")
    with pytest.raises(CommandError, match="DATABASE_LOADER_PASSWORD is weak: 16 characters"):
        place.create()
    assert roles_made(place) == set()


def test_the_urls_go_to_a_file_of_ones_own_if_asked(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "new" / "roles.env"
    text = place.create("--no-migrate", env_file=file)
    assert "postgres://" not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for line in file.read_text().splitlines():
        variable, url = line.split("=", 1)
        (role,) = [role for role in Role if ROLES[role].variable == variable]
        assert rows(url.strip("'"), "SELECT current_user::text") == [(place.names.of(role),)]
    before = file.read_text()
    place.create("--no-migrate", env_file=file)
    assert file.read_text() == before


def test_other_lines_of_the_file_stay(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nDATABASE_URL=old\nPORT=9000\n")
    file.chmod(0o644)
    env_file_update(file, {"DATABASE_URL": "postgres://new"})
    assert file.read_text() == "# mine\nPORT=9000\nDATABASE_URL=postgres://new\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_quotes_are_written_only_where_a_shell_needs_them(tmp_path: Path) -> None:
    """`docker run --env-file` takes quotes for a part of the value."""
    file = tmp_path / "roles.env"
    plain = "postgres://a_b-C%2F9@db.example.org:5432/futurisys?sslmode=require"
    two = f"{plain}&sslrootcert=/etc/ca.pem"
    env_file_update(file, {"DATABASE_URL": plain, "OWNER_DATABASE_URL": two})
    assert file.read_text() == f"DATABASE_URL={plain}\nOWNER_DATABASE_URL='{two}'\n"


def test_a_file_that_cannot_be_written_leaves_nothing_behind(place: Place, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=r"file cannot be written: "):
        place.create(env_file=tmp_path / "file" / "roles.env")
    assert roles_made(place) == set()


def test_passwords_made_are_shown_also_when_a_later_step_fails(place: Place) -> None:
    place.create("--no-migrate")
    place.rows(Role.OWNER, "CREATE TABLE auth_user (id int)")
    with pytest.raises(CommandError, match=r"(?s)migrate failed.*already exists"):
        place.create("--rotate-passwords")
    assert place.rows(Role.APP, "SELECT 1") == [(1,)]


def test_a_dry_run_makes_nothing(place: Place) -> None:
    text = place.create("--dry-run")
    assert f"CREATE ROLE {place.names.of(Role.APP)} LOGIN NOSUPERUSER" in text
    assert f"CREATE DATABASE {place.names.database} OWNER {place.names.owner}" in text
    assert "cannot be looked into" in text
    assert roles_made(place) == set()


def test_a_dry_run_looks_into_a_database_that_lets_the_administrator_in(place: Place) -> None:
    place.create_with_tables()
    ((grant,),) = rows(place.admin_url, membership_query(place.names))
    rows(place.admin_url, grant)
    place.rows(Role.OWNER, f"GRANT DELETE ON auth_permission TO {place.names.of(Role.APP)}")
    before = place.privileges()
    for arguments in (["--dry-run"], ["--dry-run", "--grants-only"]):
        text = place.create(*arguments)
        assert "REVOKE DELETE ON TABLE public.auth_permission" in text
        assert "privileges on sequences: nothing to change" in text
    assert place.privileges() == before
    place.create()  # a membership that was there before stays
    assert place.privileges() != before
    rows(place.admin_url, f"SET ROLE {place.names.owner}")


# -- privileges alone ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_was_changed_by_hand_is_put_right(place: Place) -> None:
    place.create_with_tables()
    before = place.privileges()
    app, auditor = place.names.of(Role.APP), place.names.of(Role.AUDITOR)
    for statement in (
        f"GRANT UPDATE, DELETE ON predictions_predictionoutput TO {app}",
        f"GRANT SELECT ON auth_user TO {auditor}",
        f"GRANT SELECT (session_key) ON django_session TO {auditor}",
        f"GRANT UPDATE ON SEQUENCE auth_user_id_seq TO {app}",
        f"REVOKE SELECT ON buildings_building FROM {app}",
        "GRANT SELECT ON auth_user TO PUBLIC",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        f"GRANT CONNECT ON DATABASE {place.names.database} TO PUBLIC",
    ):
        place.rows(Role.OWNER, statement)
    # What one role was let pass on to another goes as well.
    pass_on = "GRANT {what} TO {role} WITH GRANT OPTION"
    place.rows(Role.OWNER, pass_on.format(what="INSERT ON mlmodel_modelversion", role=app))
    place.rows(Role.APP, f"GRANT INSERT ON mlmodel_modelversion TO {auditor}")
    place.rows(Role.OWNER, pass_on.format(what="SELECT ON django_session", role=app))
    place.rows(Role.APP, f"GRANT SELECT ON django_session TO {auditor}")
    place.rows(Role.OWNER, pass_on.format(what="SELECT (email) ON auth_user", role=auditor))
    with django_as(place.urls[Role.OWNER]):
        shown = place.call("--grants-only", "--dry-run")
        assert f"REVOKE DELETE, UPDATE ON TABLE public.predictions_predictionoutput FROM {app}" in (
            shown
        )
        assert f"GRANT SELECT ON TABLE public.buildings_building TO {app}" in shown
        assert place.privileges() != before
        assert "statements" in place.call("--grants-only")
        assert "nothing to change" in place.call("--grants-only", "--dry-run")
    assert place.privileges() == before


@pytest.mark.django_db(transaction=True)
def test_privileges_follow_a_migration_as_owner_or_by_the_administrator(place: Place) -> None:
    text = place.create("--no-migrate")
    assert f"manage.py migrate as {place.names.owner}" in text
    with pytest.raises(CommandError, match=r"The table auth_group is missing: run `manage"):
        place.create("--grants-only")
    with django_as(place.urls[Role.OWNER]):
        call_command("migrate", verbosity=0)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            place.rows(Role.APP, "SELECT 1 FROM auth_user")
        assert "privileges: " in place.call("--grants-only", f"--prefix={place.names.prefix}")
    assert place.rows(Role.APP, "SELECT 1 FROM auth_user") == []
    assert "nothing to change" in place.create("--grants-only")


def test_a_table_that_is_not_classified_stops_the_command_by_name(place: Place) -> None:
    place.create_with_tables()
    place.rows(Role.OWNER, "CREATE TABLE stray (id int)")
    place.rows(Role.OWNER, f"GRANT DELETE ON auth_permission TO {place.names.of(Role.APP)}")
    before = place.privileges()
    for arguments in (["--grants-only"], []):
        with pytest.raises(CommandError, match=r"The table stray is not classified: say in config"):
            place.create(*arguments)
    assert place.privileges() == before


@pytest.mark.django_db(transaction=True)
def test_only_the_owner_may_grant_by_its_own_login(place: Place) -> None:
    place.create_with_tables()
    with (
        django_as(place.urls[Role.APP]),
        pytest.raises(CommandError, match=rf"names the role {place.names.of(Role.APP)}: let it"),
    ):
        place.call("--grants-only")
    with (
        django_as(place.urls[Role.OWNER].replace(place.names.database, "not_there")),
        pytest.raises(CommandError, match="The database that DATABASE_URL names: "),
    ):
        place.call("--grants-only")


# -- refusals -----------------------------------------------------------------------------------


def test_an_old_server_is_refused() -> None:
    with pytest.raises(ProvisionError, match="The server is PostgreSQL 14: 15 or later is needed"):
        require_version(140_022)
    require_version(150_000)


@pytest.mark.parametrize(
    ("rights", "lacking"),
    [("", "CREATEDB and CREATEROLE"), ("CREATEDB", "CREATEROLE"), ("CREATEROLE", "CREATEDB")],
)
def test_an_administrator_is_told_which_right_is_lacking(
    place: Place, rights: str, lacking: str
) -> None:
    little = f"little_{place.names.prefix}"
    rows(place.admin_url, f"CREATE ROLE {little} LOGIN {rights} PASSWORD 'of-little-use'")
    try:
        url = str(make_dsn(place.admin_url, user=little, password="of-little-use"))
        with pytest.raises(CommandError, match=rf"{little} may not .* it lacks {lacking}\. "):
            place.call(f"--admin-url={url}", f"--name={place.names.database}")
    finally:
        rows(place.admin_url, f"DROP ROLE {little}")


def test_the_embedded_server_is_said_to_be_no_place_for_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its role has neither right, as this one."""
    little = f"little_{place.names.prefix}"
    rows(place.admin_url, f"CREATE ROLE {little} LOGIN PASSWORD 'of-little-use'")
    try:
        at = urlsplit(place.admin_url)
        server = at.netloc.rpartition("@")[2]
        url = at._replace(netloc=f"{little}:of-little-use@{server}").geturl()
        with monkeypatch.context() as patch:
            patch.setenv("DATABASE_URL", url)
            with pytest.raises(CommandError, match=r"(?s)embedded .* python -m config\.postgres"):
                place.call(f"--name={place.names.database}")
    finally:
        rows(place.admin_url, f"DROP ROLE {little}")


def test_a_role_that_may_too_much_is_refused(place: Place) -> None:
    app, owner = place.names.of(Role.APP), place.names.owner
    rows(place.admin_url, f"CREATE ROLE {app} LOGIN CREATEDB", f"CREATE ROLE {owner} LOGIN")
    rows(place.admin_url, f"GRANT {owner} TO {app}")
    with pytest.raises(CommandError) as refusal:
        place.create()
    assert f"{app} may more than it should: ALTER ROLE {app} NOCREATEDB." in str(refusal.value)
    assert f"{app} is a member of {owner}: REVOKE {owner} FROM {app}." in str(refusal.value)


def test_a_database_of_somebody_else_is_refused(place: Place) -> None:
    rows(place.admin_url, f"CREATE DATABASE {place.names.database}")
    with pytest.raises(CommandError, match=f"The database {place.names.database} belongs to admin"):
        place.create()
    assert roles_made(place) == set()


def test_another_administrator_without_a_say_over_the_roles_is_told_so(place: Place) -> None:
    place.create("--no-migrate")
    ((version,),) = rows(server_url(), "SELECT current_setting('server_version_num')::int")
    with new_place() as other:
        arguments = [f"--name={place.names.database}", f"--prefix={place.names.prefix}"]
        if version < 160000:  # there CREATEROLE is a say over every role
            assert "left alone" in other.call(f"--admin-url={other.admin_url}", *arguments)
            return
        for option in ("--no-migrate", "--rotate-passwords"):
            with pytest.raises(CommandError, match=rf"GRANT {place.names.owner} TO admin_\w+ WITH"):
                other.call(f"--admin-url={other.admin_url}", *arguments, option)


def test_grants_without_the_roles_say_what_comes_first(place: Place) -> None:
    with pytest.raises(CommandError, match=r"There is no role \w+_owner: run create_database"):
        place.create("--grants-only")


@pytest.mark.parametrize("name", ["Futurisys", "a-b", "x" * 41, "1st", ""])
def test_a_name_that_would_have_to_be_quoted_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no plain name"):
        Names("futurisys", name)
    with pytest.raises(CommandError, match="is no plain name"):
        call_command("create_database", "--sql", name=name)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://root@127.0.0.1/x", "The administrator's URL is not understood"),
        ("postgres://root@127.0.0.1:9/x", "The administrator cannot connect"),
    ],
)
def test_an_administrator_who_cannot_come_in_is_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("create_database", admin_url=url)


# -- the script for psql ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_script_makes_what_the_command_makes(place: Place, tmp_path: Path) -> None:
    script = tmp_path / "roles.sql"
    names = [f"--name={place.names.database}", f"--prefix={place.names.prefix}"]
    script.write_text(place.call("--sql", *names))
    passwords = [f"--set={role}_password=password-of-{role}" for role in Role]

    first = psql(place, script, *passwords)
    assert first.returncode == 0, first.stderr
    assert f"run manage.py migrate as {place.names.owner}" in first.stdout
    place.urls = {
        role: place.login_url(place.names.of(role), f"password-of-{role}") for role in Role
    }
    with django_as(place.urls[Role.OWNER]):
        call_command("migrate", verbosity=0)

    second = psql(place, script)  # no role is new: no password is asked for
    assert second.returncode == 0, second.stderr
    made = place.privileges()
    assert "nothing to change" in place.create("--grants-only")
    assert place.privileges() == made
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        rows(str(make_dsn(place.admin_url, dbname=place.names.database)), "SELECT 1")

    rows(place.admin_url, f"ALTER ROLE {place.names.of(Role.APP)} CREATEDB")
    third = psql(place, script)
    assert third.returncode != 0
    assert "may more than it should" in third.stderr


def test_the_script_holds_no_password_and_needs_no_server(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    monkeypatch.setenv("DATABASE_APP_PASSWORD", "given-in-the-environment")
    text = place.call("--sql")
    assert "given-in-the-environment" not in text
    assert "\\password futurisys_app" in text


# -- manage.py ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--admin-url", "postgres://a@b/postgres"], False),
        (["--admin-url=postgres://a@b/postgres"], False),
        (["--sql"], False),
        (["--grants-only"], True),
        ([], True),
    ],
)
def test_the_embedded_server_is_started_only_if_no_other_is_named(
    arguments: list[str], needed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings.local")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("ADMIN_DATABASE_URL", raising=False)
    assert embedded_postgres_needed(["create_database", *arguments]) is needed
    monkeypatch.setenv("ADMIN_DATABASE_URL", "postgres://a@b/postgres")
    assert not embedded_postgres_needed(["create_database", *arguments])


def test_it_runs_as_a_program_without_a_default_database(
    place: Place, run_python: Callable[..., CompletedProcess[str]]
) -> None:
    done = run_python(
        *("manage.py", "create_database", f"--name={place.names.database}", "--dry-run"),
        SECRET_KEY="x",
        ADMIN_DATABASE_URL=place.admin_url,
        **{name: value for name, value in os.environ.items() if name == "TMPDIR"},
    )
    assert done.returncode == 0, done.stderr
    assert f"CREATE DATABASE {place.names.database}" in done.stdout
