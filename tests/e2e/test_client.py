"""The generated Python client and the quick starts, against a live server over real HTTP."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.env import BASE_DIR
from predictions.models import PredictionInput
from predictions.services.accounts import api_caller_get_or_create, api_token_create
from tests.fakes import FakeServedModel

TUTORIALS = BASE_DIR / "docs" / "tutorials"


@pytest.fixture(scope="module")
def client_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client as `make client` makes it, but not built."""
    directory = tmp_path_factory.mktemp("client")
    subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"),
            *("--meta", "setup", "--output-path", directory / "made"),
            *("--path", BASE_DIR / "docs/reference/openapi.yaml"),
            *("--config", BASE_DIR / "clients/python/config.yaml"),
        ],
        check=True,
        capture_output=True,
    )
    return directory / "made"


@pytest.fixture
def environment(
    live_server: Any, transactional_db: None, served: FakeServedModel, client_directory: Path
) -> dict[str, str]:
    """What the quick starts ask the reader to set."""
    _, secret = api_token_create(user=api_caller_get_or_create(username="demo"), name="t")
    return {
        **os.environ,
        "API": f"{live_server.url}/api/v1",
        "TOKEN": secret,
        "PYTHONPATH": str(client_directory),
        "no_proxy": "*",
    }


def blocks(page: str, language: str) -> list[str]:
    text = (TUTORIALS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run(command: list[str], environment: dict[str, str], directory: Path) -> str:
    done = subprocess.run(
        command,
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("page", "says", "shown"),
    [
        ("quickstart.md", "Must be a JSON number from 1,000", "body/year_built: Must be"),
        ("demarrage.fr.md", "Doit être un nombre JSON de 1\u202f000", "body/year_built: Doit"),
    ],
)
def test_the_quick_start_does_what_it_says(
    page: str, says: str, shown: str, environment: dict[str, str], tmp_path: Path
) -> None:
    setting, *steps = blocks(page, "bash")
    assert re.findall(r"^export (\w+)=", setting, re.MULTILINE) == ["API", "TOKEN"]
    script = "set -euo pipefail\n" + "\n".join(steps)
    said = run(["bash", "-c", script], environment, tmp_path)
    assert '"site_energy_use_kbtu": 7074720.0' in said  # the fake model's 80 kBtu/ft²
    assert '"contribution_kbtu"' in said
    assert says in said
    assert '"/api/v1/problems/invalid-input/"' in said
    assert PredictionInput.objects.count() == 1

    script = "\n".join(blocks(page, "python"))
    energy, refusal, is_newest = run(
        [sys.executable, "-W", "error", "-c", script], environment, tmp_path
    ).splitlines()
    assert energy.startswith("7,074,720 kBtu")
    assert refusal.startswith(shown)
    assert is_newest == "True"
    assert PredictionInput.objects.count() == 2


def test_both_quick_starts_are_the_same_but_for_the_language() -> None:
    english, french = (
        [*blocks(page, "bash"), *blocks(page, "python")]
        for page in ("quickstart.md", "demarrage.fr.md")
    )
    assert len(english) == len(french) == 8
    assert english[1:3] == french[1:3]


USE = """
import os
from futurisys_energy_client import AuthenticatedClient, Client
from futurisys_energy_client.api.buildings import buildings_list, buildings_retrieve
from futurisys_energy_client.api.models import models_list
from futurisys_energy_client.api.predictions import predictions_explanations_create as explain
from futurisys_energy_client.api.predictions import predictions_create, predictions_what_if_create
from futurisys_energy_client.api.problems import problems_list
from futurisys_energy_client.models import *

url = os.environ["API"].removesuffix("/api/v1")
with AuthenticatedClient(base_url=url, token=os.environ["TOKEN"]) as client:
    features = Features(PrimaryPropertyTypeEnum.HOTEL, 88434, 1927)
    made = predictions_create.sync_detailed(client=client, body=features)
    assert made.status_code == 201, made
    why = explain.sync(client=client, id=made.parsed.id)
    assert isinstance(why, Explanation), why
    changes = FeatureChanges.from_dict({"gross_floor_area_sqft": 50000})
    varied = predictions_what_if_create.sync(
        client=client, id=made.parsed.id, body=WhatIf(changes=changes)
    )
    assert varied.difference.site_energy_use_kbtu == 80 * (50000 - 88434), varied
    assert models_list.sync(client=client)[0].alias == "champion"
    assert buildings_list.sync(client=client).results == []
    assert buildings_retrieve.sync(client=client, ose_building_id=7).status == 404
with Client(base_url=url) as anybody:
    kinds = problems_list.sync(client=anybody)
    assert {kind.retry for kind in kinds} == set(Retry)
with AuthenticatedClient(base_url=url, token="wrong") as client:
    refused = predictions_create.sync(client=client, body=features)
    (error,) = refused.errors
    assert (refused.status, error.in_, error.pointer) == (401, RequestPart.HEADER, "/Authorization")
"""


def test_the_typed_client_speaks_with_a_live_server(
    environment: dict[str, str], tmp_path: Path
) -> None:
    run([sys.executable, "-W", "error", "-c", USE], environment, tmp_path)
