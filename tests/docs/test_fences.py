"""Every command that the documentation shows is run, here, by another test or by CI, or says why
not."""

import json
import os
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import CommandError

from config.env import BASE_DIR
from predictions.models import Scope
from predictions.services.accounts import api_token_create
from tests.buildings import csvs
from tests.docs.fences import Fence, asked_of, fences, words
from tests.e2e.test_story import FACTS, Service, token, url_of_test_database
from tests.processes import untraced

__all__ = ["token"]  # a fixture

FENCES = list(fences())
RUN_HERE = sorted({fence.page for fence in FENCES if fence.is_run_here})


def test_fences_are_found() -> None:
    assert len(FENCES) > 50
    assert {"README.md", "docs/how-to/audit.md", "docs/how-to/predict-many.md"} <= set(RUN_HERE)
    assert {fence.language for fence in FENCES if fence.is_run_here} <= {"sh", "bash", ""}


@pytest.mark.parametrize("fence", [f for f in FENCES if f.run_by], ids=str)
def test_who_is_said_to_run_it_does(fence: Fence) -> None:
    texts = [(BASE_DIR / name).read_text("utf-8") for name in fence.run_by]
    if fence.language in {"python", "sql"}:
        assert all(Path(name).suffix == ".py" for name in fence.run_by)
        return
    if any(Path(fence.page).name in text for text in texts):
        return  # it takes them from the page itself
    for command in fence.commands:
        for word in asked_of(command):
            if get_commands().get(word, "").startswith("django."):
                continue  # Django runs its own
            assert any(word in text for text in texts), f"{command!r} in none of {fence.run_by}"


@pytest.mark.parametrize("fence", [f for f in FENCES if f.not_run], ids=str)
def test_why_it_is_not_run_is_said(fence: Fence) -> None:
    assert len(fence.not_run) > 15


def _asked(name: str) -> Iterator[tuple[Fence, list[str]]]:
    for fence in FENCES:
        if fence.language in {"python", "sql"}:
            continue
        for command in fence.commands:
            found = words(command)
            if name in found[:4]:
                yield fence, found[found.index(name) + 1 :]


def test_every_command_and_option_of_manage_py_exists() -> None:
    asked = list(_asked("manage.py"))
    assert len(asked) > 40
    for fence, (name, *arguments) in asked:
        assert name in get_commands(), f"{fence}: {name}"
        command = load_command_class(get_commands()[name], name)
        if "--help" in arguments:  # which every command has
            continue
        try:
            command.create_parser("manage.py", name).parse_args(arguments)
        except CommandError as error:
            pytest.fail(f"{fence}: manage.py {name} {shlex.join(arguments)}: {error}")


def test_every_target_of_make_exists() -> None:
    targets = (BASE_DIR / "Makefile").read_text("utf-8")
    asked = [word for _, rest in _asked("make") for word in rest if "=" not in word]
    assert "run" in asked
    for word in asked:
        assert word.startswith("-") or f"\n{word}:" in targets, word


# Run here


@pytest.fixture
def service(token: str, tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path, is_traced=False)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def first_prediction(service: Service, secret: str) -> dict[str, str]:
    """What an auditor was given by a caller."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.port}/api/v1/predictions/",
        data=json.dumps(FACTS).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {secret}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- http above
        place = answer.headers["Location"].rstrip("/").rpartition("/")[2]
        return {"PREDICTION": place, "REQUEST_ID": answer.headers["X-Request-ID"]}


def files(directory: Path) -> None:
    """What the pages' readers have beside them."""
    for year in (2015, 2016, 2017, 2019):
        rows = [csvs.row(each, DataYear=str(year)) for each in (1, 2, 3)]
        csvs.file(directory, rows, name=f"{year}.csv")
    header = ",".join(FACTS)
    (directory / "buildings.csv").write_text(f"{header}\nHotel,88434,1927\nWarehouse,50000,1980\n")
    pq.write_table(pa.Table.from_pylist([FACTS]), directory / "buildings.parquet")


def programs(directory: Path) -> Path:
    """`manage.py`, as the reader calls it."""
    directory.mkdir()
    shim = directory / "manage.py"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} {BASE_DIR / "manage.py"} "$@"\n')
    shim.chmod(0o755)
    return directory


def as_run_here(fence: Fence, host: str) -> str:
    script = "\n".join(
        command
        for command in fence.commands
        if not command.startswith("export TOKEN=")  # the reader's own
    )
    for shown in ("http://127.0.0.1:8000", "https://api.example.org"):
        script = script.replace(shown, host)
    return script.replace(".venv/bin/python manage.py", "manage.py")


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore")  # MLflow and what it uses warn of themselves
@pytest.mark.parametrize("page", RUN_HERE)
def test_the_page_s_commands_do_what_they_say(
    page: str, service: Service, token: str, tmp_path: Path
) -> None:
    host = f"http://127.0.0.1:{service.port}"
    work = tmp_path / "work"
    work.mkdir()
    files(work)
    call_command("load_dataset", source=[str(work / "2016.csv")], verbosity=0)
    staff = User.objects.create_superuser("energy-desk")
    tokens = {
        name: api_token_create(user=staff, name=name, scopes=scopes)
        for name, scopes in (
            ("TOKEN", (Scope.READ, Scope.PREDICT)),
            ("ADMIN_TOKEN", (Scope.ADMIN,)),
            ("OLD", (Scope.READ,)),
        )
    }
    environment: dict[str, Any] = {
        **untraced(),
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "DATABASE_URL": url_of_test_database(),
        "API": f"{host}/api/v1",
        "TOKEN": tokens["TOKEN"][1],
        "ADMIN_TOKEN": tokens["ADMIN_TOKEN"][1],
        "OLD_ID": str(tokens["OLD"][0].id),
        **first_prediction(service, tokens["TOKEN"][1]),
        "PATH": f"{programs(tmp_path / 'bin')}:{os.environ['PATH']}",
        "no_proxy": "*",
    }
    for fence in (f for f in FENCES if f.page == page and f.is_run_here):
        script = f"set -eu\n{as_run_here(fence, host)}\n"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", script],
            env=environment,
            cwd=work,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        shown = f"{fence}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        assert done.returncode == 0, shown
        # curl without --fail is content with a refusal.
        assert '"type":"/api/v1/problems/' not in done.stdout.replace(": ", ":"), shown
        assert "NOT the same" not in done.stdout, shown
