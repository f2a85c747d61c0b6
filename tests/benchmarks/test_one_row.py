"""The peers answer what the service answers; no time is asserted on."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIRequestFactory, force_authenticate

from benchmarks import one_row
from benchmarks.peers import scoring
from benchmarks.peers.plain import Exchange, PredictView
from mlmodel.features import FEATURE_NAMES
from tests.predictions.factories import facts


@pytest.fixture(scope="module")
def fuels() -> dict[str, float]:
    (found,) = scoring.by_arrays()([facts()])
    return found


def test_both_scorers_score_alike(fuels: dict[str, float]) -> None:
    assert scoring.by_pipeline()([facts()]) == [fuels]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_the_plain_view_stores_and_answers(
    caller: User, fuels: dict[str, float], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setenv(scoring.VARIABLE, "arrays")
    with connection.schema_editor() as editor:
        editor.create_model(Exchange)
    body: Any = facts() if count == 1 else [facts() for _ in range(count)]
    request = APIRequestFactory().post("/", body, format="json")
    force_authenticate(request, caller)

    answer: Any = PredictView.as_view(permission_classes=[])(request).render()

    assert answer.status_code == 201
    shown = json.loads(answer.content)
    for one in shown if count > 1 else [shown]:
        assert {name: one[name] for name in scoring.FUELS} == fuels
    assert Exchange.objects.count() == count


def test_what_mlflow_is_asked_are_features_with_numbers_as_doubles() -> None:
    asked = one_row._as_mlflow_wants()
    assert asked.keys() <= set(FEATURE_NAMES)
    assert {type(value) for value in asked.values()} == {str, float}


def test_the_report_has_every_server_and_what_is_not_installed() -> None:
    turn = {"per_s": 100.0, "p50_ms": 1.0, "p99_ms": 2.0, "max_ms": 3.0, "cpu_ms": 4.0}
    turns = {"16": [turn, turn], "1": [turn]}
    other = {key: [{**one, "per_s": 25.0} for one in value] for key, value in turns.items()}

    text = one_row._report(
        {
            "cores": 2,
            "load_average": (1.0, 2.0, 3.0),
            "lacking": {"a third": "fastapi"},
            "turns": {"this service": turns, "another": other},
        }
    )

    (line, _) = [line for line in text.splitlines() if line.startswith("another")]
    assert line.split()[1:] == ["25", "25–25", "1.0", "2.0", "3.0", "4.0", "4.0"]
    assert "not installed: a third (fastapi)" in text
