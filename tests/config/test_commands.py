"""`setup`, `serve` and `run`: the neighbours' commands and services are played by fakes."""

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management import call_command, load_command_class
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.utils import timezone
from knox.models import get_token_model

from buildings.models import DatasetImport
from config import services, setup
from config.management.commands import serve
from config.server import Address, AddressError
from tests.buildings.factories import BenchmarkRecordFactory

pytestmark = pytest.mark.django_db


class FakeNeighbours:
    """Records what `setup` asks of the apps below, and does as much as its next run looks at."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.is_synthetic = False
        self.failing = ""

    def call_command(self, name: str, **options: Any) -> None:
        self.calls.append(" ".join([name, *([options["source"]] if "source" in options else [])]))
        if name == self.failing:
            raise CommandError(f"{name} cannot")
        if name == "load_dataset":
            DatasetImport.objects.create(
                source=options["source"],
                file_name="2016.csv",
                sha256="a" * 64,
                size_bytes=1,
                is_synthetic=self.is_synthetic,
                data_years=[2016],
                rows_read=3376,
                rows_created=3376,
                rows_updated=0,
                rows_unchanged=0,
                rows_rejected=0,
                started_at=timezone.now(),
            )

    def groups_ensure(self) -> None:
        self.calls.append("groups_ensure")

    def api_caller_get_or_create(self, *, username: str) -> User:
        return User.objects.create_user(username)

    def api_token_create(self, *, user: User, name: str) -> tuple[Any, str]:
        token, secret = get_token_model().objects.create(user=user, name=name, scopes=["read"])
        return token, str(secret)


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> FakeNeighbours:
    fake = FakeNeighbours()
    monkeypatch.setattr(setup, "call_command", fake.call_command)
    monkeypatch.setitem(sys.modules, "predictions.services.accounts", fake)
    return fake


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command of ours and return what it prints."""

    def run(name: str) -> str:
        out = io.StringIO()
        call_command(load_command_class("config", name), stdout=out)
        return out.getvalue()

    return run


# -- setup ------------------------------------------------------------------------------------


def test_setup_takes_every_step_in_order(
    neighbours: FakeNeighbours, run: Callable[..., str]
) -> None:
    text = run("setup")
    assert neighbours.calls == [
        "migrate",
        "load_dataset auto",
        "register_shipped_model",
        "collectstatic",
        "groups_ensure",
    ]
    assert "[1/8] database: PostgreSQL " in text
    assert "[3/8] dataset: official data 2016.csv, data year 2016, 3376 rows (" in text
    assert "[8/8] API token: created one for demo" in text
    assert "SYNTHETIC" not in text


def test_secrets_work_and_are_shown_once_at_the_end(
    neighbours: FakeNeighbours, run: Callable[..., str]
) -> None:
    text = run("setup")
    password = text.split("Password      ")[1].split()[0]
    token = text.split("API token     ")[1].split()[0]
    admin = get_user_model().objects.get(username="admin")
    assert admin.is_superuser
    assert admin.check_password(password)
    assert get_token_model().objects.get().token_key == token[:15]
    assert text.index(password) > text.index("[8/8] API token: ")
    assert text.count(password) == text.count(token) == 1

    again = run("setup")
    assert password not in again
    assert token not in again
    assert "manage.py changepassword admin" in again
    assert "manage.py create_token demo" in again


def test_second_setup_changes_nothing(neighbours: FakeNeighbours, run: Callable[..., str]) -> None:
    run("setup")
    before = get_user_model().objects.get(username="admin").password
    text = run("setup")
    assert neighbours.calls.count("load_dataset auto") == 1
    assert "official data 2016.csv" in text  # which one is loaded is said all the same
    assert get_user_model().objects.get(username="admin").password == before
    assert get_token_model().objects.count() == 1


def test_records_of_version_0_1_are_to_be_loaded_again(
    neighbours: FakeNeighbours, run: Callable[..., str]
) -> None:
    record = BenchmarkRecordFactory.create(dataset_import__source="seattle-2016")
    text = run("setup")
    assert "VERSION 0.1 LOADED SOME RECORDS" in text
    assert "manage.py load_dataset --source seattle-2016" in text
    record.values_digest = b"0123456789abcdef"
    record.save()
    assert "VERSION 0.1" not in run("setup")
    assert "load_dataset auto" not in neighbours.calls


def test_synthetic_data_cannot_be_overlooked(
    neighbours: FakeNeighbours, run: Callable[..., str]
) -> None:
    neighbours.is_synthetic = True
    for _ in range(2):
        text = run("setup")
        assert "!!  THE DATA IS SYNTHETIC" in text
        assert "load_dataset --source seattle-2016" in text
        assert "synthetic sample 2016.csv" in text


def test_failing_step_is_the_last_one(neighbours: FakeNeighbours, run: Callable[..., str]) -> None:
    neighbours.failing = "register_shipped_model"
    with pytest.raises(CommandError, match="register_shipped_model cannot"):
        run("setup")
    assert neighbours.calls[-1] == "register_shipped_model"
    assert not get_user_model().objects.filter(username="admin").exists()


def test_secrets_already_made_are_shown_when_a_later_step_fails(
    neighbours: FakeNeighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise CommandError("no token")

    monkeypatch.setattr(neighbours, "api_token_create", fail)
    out = io.StringIO()
    with pytest.raises(CommandError, match="no token"):
        call_command(load_command_class("config", "setup"), stdout=out)
    password = out.getvalue().split("Password      ")[1].split()[0]
    assert get_user_model().objects.get(username="admin").check_password(password)


@pytest.mark.usefixtures("neighbours")
def test_database_that_is_too_old_is_refused(
    run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "get_database_version", lambda: (14, 9))
    with pytest.raises(CommandError, match="PostgreSQL 14: 15 or later"):
        run("setup")


@pytest.mark.usefixtures("neighbours")
def test_database_that_does_not_answer_is_named(
    run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    with pytest.raises(CommandError, match="that DATABASE_URL names: connection refused"):
        run("setup")


def test_superuser_of_that_name_is_left_alone() -> None:
    get_user_model().objects.create_user("admin", password="own")
    assert services.superuser_ensure(username="admin") is None
    assert not get_user_model().objects.get(username="admin").is_superuser


# -- serve and run ------------------------------------------------------------------------------


class FakeServer:
    """Plays gunicorn: ready at once, or dead at once."""

    lack = ""
    code = 0

    def __init__(self, address: Address) -> None:
        self.address = address

    def run(self, *, when_ready: Callable[[str], object]) -> int:
        if self.code == 0:
            when_ready(self.lack)
        return self.code


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> type[FakeServer]:
    fake = type("FakeServer", (FakeServer,), {})
    monkeypatch.setattr(serve, "Server", fake)
    monkeypatch.setattr(Address, "require_free", lambda _: None)
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.delenv("HOST", raising=False)
    return fake


@pytest.mark.usefixtures("server")
def test_run_ends_with_addresses_login_and_a_call_to_paste(
    neighbours: FakeNeighbours, run: Callable[..., str]
) -> None:
    text = run("run")
    url = "http://127.0.0.1:9000"
    for path in ("/api/v1/docs/", "/api/v1/redoc/", "/api/v1/schema/", "/admin/", "/readyz"):
        assert f"{url}{path}" in text
    token = text.split("API token     ")[1].split()[0]
    assert f'-H "Authorization: Bearer {token}"' in text
    assert f"curl -X POST {url}/api/v1/predictions/" in text
    assert '"gross_floor_area_sqft":88434' in text
    assert "Shown once" in text
    assert text.index("Shown once") > text.index("[8/8] API token: ")
    assert text.rstrip().endswith("Stopped.")
    assert text.count("Password      ") == 1


@pytest.mark.usefixtures("server")
def test_call_to_paste_makes_its_own_token_when_none_is_known(run: Callable[..., str]) -> None:
    text = run("serve")
    assert "manage.py create_token demo --quiet)" in text
    assert "Shown once" not in text


def test_server_that_is_not_ready_says_what_lacks(
    server: type[FakeServer], run: Callable[..., str]
) -> None:
    server.lack = "served_model"
    assert "is NOT ready: served_model" in run("serve")


def test_dead_server_ends_the_process_with_its_code_but_not_the_secrets(
    server: type[FakeServer], neighbours: FakeNeighbours
) -> None:
    server.code = 3
    out = io.StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command(load_command_class("config", "run"), stdout=out)
    assert exit_.value.code == 3
    assert "gunicorn ended with code 3" in out.getvalue()
    assert "Shown once" in out.getvalue()

    again = io.StringIO()
    with pytest.raises(SystemExit):
        call_command(load_command_class("config", "run"), stdout=again)
    assert "Password" not in again.getvalue()


@pytest.mark.usefixtures("server")
def test_busy_port_stops_run_before_anything_is_made(
    neighbours: FakeNeighbours, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: Address) -> None:
        raise AddressError("Port 9000 is in use")

    monkeypatch.setattr(Address, "require_free", busy)
    with pytest.raises(CommandError, match="Port 9000 is in use"):
        run("run")
    assert neighbours.calls == []


@pytest.mark.usefixtures("server")
def test_port_taken_during_setup_is_noticed_and_secrets_are_shown(
    neighbours: FakeNeighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy_after_setup(_: Address) -> None:
        if neighbours.calls:
            raise AddressError("Port 9000 is in use")

    monkeypatch.setattr(Address, "require_free", busy_after_setup)
    out = io.StringIO()
    with pytest.raises(CommandError, match="Port 9000 is in use"):
        call_command(load_command_class("config", "run"), stdout=out)
    assert "Shown once" in out.getvalue()


def test_secrets_to_be_shown() -> None:
    assert not setup.NewSecrets().is_to_be_shown
    assert setup.NewSecrets(token="t").is_to_be_shown
    assert not setup.NewSecrets(token="t", is_shown=True).is_to_be_shown
