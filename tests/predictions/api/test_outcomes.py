"""Outcomes by the API: strict, one's own, never replaced; every example holds."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from predictions.api import outcomes as api_outcomes
from predictions.models import ObservedOutcome, PredictionInput
from predictions.services.accounts import api_caller_get_or_create
from predictions.services.door import Question, prediction_create
from tests.fakes import FakeServedModel
from tests.predictions.api.test_problems import problem
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db

BODY: dict[str, Any] = {"data_year": 2020, "site_energy_use_kbtu": 7_000_000}


@pytest.fixture
def prediction(served: FakeServedModel, caller: User) -> PredictionInput:
    return prediction_create(call=call_of(caller), questions=[Question(features=facts())])[0]


def url(prediction: Any) -> str:
    return f"/api/v1/predictions/{getattr(prediction, 'pk', prediction)}/outcomes/"


def post(api: APIClient, prediction: Any, body: Any) -> Any:
    return api.post(url(prediction), body, format="json")


def refused(answer: Any) -> dict[str, str]:
    document = problem(answer, 400, "invalid-input")
    assert not ObservedOutcome.objects.exists()
    return {error["pointer"]: error["detail"] for error in document["errors"]}


# -- failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "pointer", "says"),
    [
        ({"data_year": None}, "/data_year", "null"),
        ({"data_year": 1999}, "/data_year", "2000 to 2100"),
        ({"data_year": "2020"}, "/data_year", "number"),
        ({"data_year": 2020.5}, "/data_year", "whole"),
        ({"data_year": timezone.now().year}, "/data_year", "is over"),
        ({"site_energy_use_kbtu": None}, "/site_energy_use_kbtu", "null"),
        ({"site_energy_use_kbtu": True}, "/site_energy_use_kbtu", "number"),
        ({"site_energy_use_kbtu": -1}, "/site_energy_use_kbtu", "0 to 100,000,000,000 kBtu"),
        ({"site_energy_use_kbtu": 1e12}, "/site_energy_use_kbtu", "0 to 100,000,000,000 kBtu"),
        ({"steam_kbtu": -1}, "/steam_kbtu", "kBtu"),
        ({"electricity_kbtu": 7_100_000}, "/site_energy_use_kbtu", "less than the fuels"),
        (
            {"electricity_kbtu": 1, "natural_gas_kbtu": 0, "steam_kbtu": 0},
            "/site_energy_use_kbtu",
            "within 1 % or 100 kBtu",
        ),
        ({"ghg_emissions_mtco2e": 1e9}, "/ghg_emissions_mtco2e", "10,000,000 t CO2e"),
        ({"note": 5}, "/note", "string"),
        ({"note": "x" * 501}, "/note", "500"),
        ({"note": "a\x00b"}, "/note", "Null"),
        ({"electricity_kwh": 5}, "/electricity_kwh", "electricity_kbtu"),
        ({"source": "matched"}, "/source", "Not known here"),
    ],
)
def test_what_cannot_be_is_refused_and_says_what_would_be_right(
    api: APIClient, prediction: PredictionInput, change: dict[str, Any], pointer: str, says: str
) -> None:
    errors = refused(post(api, prediction, {**BODY, **change}))
    assert list(errors) == [pointer]
    assert says in errors[pointer]


def test_a_lone_surrogate_and_no_finite_number_are_refused(
    api: APIClient, prediction: PredictionInput
) -> None:
    for text in (
        '{"data_year": 2020, "site_energy_use_kbtu": 1, "note": "\\ud800"}',
        '{"data_year": 2020, "site_energy_use_kbtu": NaN}',
        '{"data_year": 2020, "site_energy_use_kbtu": 1e400}',
        "[]",
    ):
        refused(api.generic("POST", url(prediction), text, "application/json"))


def test_what_is_missing_is_named(api: APIClient, prediction: PredictionInput) -> None:
    assert sorted(refused(post(api, prediction, {}))) == ["/data_year", "/site_energy_use_kbtu"]


def test_another_callers_prediction_is_not_there(
    prediction: PredictionInput, api_for: Callable[[User], APIClient]
) -> None:
    stranger = api_for(api_caller_get_or_create(username="stranger"))
    problem(post(stranger, prediction, BODY), 404, "not-found")
    problem(stranger.get(url(prediction)), 404, "not-found")
    problem(stranger.get(url(uuid4())), 404, "not-found")
    assert not ObservedOutcome.objects.exists()


def test_who_may_only_read_enters_nothing(
    prediction: PredictionInput, caller: User, api_for: Callable[[User], APIClient]
) -> None:
    caller.groups.clear()
    reader = api_for(caller)
    problem(post(reader, prediction, BODY), 403, "not-permitted")
    assert reader.get(url(prediction)).status_code == 200
    assert not ObservedOutcome.objects.exists()


def test_a_prediction_without_an_answer_has_nothing_to_compare(
    api: APIClient, served: FakeServedModel, caller: User
) -> None:
    served.answer = lambda rows: []
    (failed,) = prediction_create(call=call_of(caller), questions=[Question(features=facts())])
    problem(post(api, failed, BODY), 409, "unsuitable-prediction")


@pytest.mark.parametrize("query", [{"nope": "1"}, {"cursor": "!"}, {"page_size": "0"}])
def test_a_list_is_asked_for_strictly(
    api: APIClient, prediction: PredictionInput, query: dict[str, str]
) -> None:
    problem(api.get(url(prediction), query), 400, "invalid-input")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_outcome_is_never_changed(
    api: APIClient, prediction: PredictionInput, method: str
) -> None:
    problem(api.generic(method, url(prediction)), 405, "method-not-allowed")


# -- what works ---------------------------------------------------------------------------------


def test_what_is_entered_is_on_the_record_and_shown(
    api: APIClient, prediction: PredictionInput, caller: User
) -> None:
    answer = post(api, prediction, api_outcomes.ENTERED_EXAMPLE)
    assert answer.status_code == 201
    stored = ObservedOutcome.objects.get()
    assert (stored.input_id, stored.entered_by_id, stored.source) == (
        prediction.pk,
        caller.pk,
        "api",
    )
    assert stored.request_id == answer["X-Request-ID"]
    document = answer.json()
    assert list(document) == list(api_outcomes.OUTCOME_EXAMPLE)
    for name, value in api_outcomes.ENTERED_EXAMPLE.items():
        assert document[name] == getattr(stored, name) == value
    assert document["entered_by"] == "caller"
    (listed,) = api.get(url(prediction)).json()["results"]
    assert listed == document


def test_outcomes_in_si_are_kept_in_kbtu_and_shown_in_either(
    api: APIClient, prediction: PredictionInput
) -> None:
    sent = api_outcomes.ENTERED_SI_EXAMPLE
    answer = api.post(f"{url(prediction)}?units=si", sent, format="json")
    assert answer.status_code == 201
    shown = answer.json()
    assert {name: shown[name] for name in sent} == sent
    assert "site_energy_use_kbtu" not in shown
    stored = ObservedOutcome.objects.get()
    assert stored.site_energy_use_kbtu == pytest.approx(7_400_000, rel=1e-6)
    (kept,) = api.get(url(prediction)).json()["results"]
    assert kept["electricity_kbtu"] == stored.electricity_kbtu
    (again,) = api.get(f"{url(prediction)}?units=si").json()["results"]
    assert again == shown


@pytest.mark.parametrize(
    ("query", "body", "pointer", "code"),
    [
        ("", {"data_year": 2020, "site_energy_use_kwh": 1}, "/site_energy_use_kwh", "other-units"),
        ("?units=si", BODY, "/site_energy_use_kbtu", "other-units"),
        (
            "?units=si",
            {"data_year": 2020, "site_energy_use_kwh": 1_000, "steam_kwh": 9_000},
            "/site_energy_use_kwh",
            "conflict",
        ),
    ],
)
def test_refusals_name_members_by_their_units(
    api: APIClient, prediction: PredictionInput, query: str, body: Any, pointer: str, code: str
) -> None:
    answer = api.post(f"{url(prediction)}{query}", body, format="json")
    document = problem(answer, 400, "invalid-input")
    assert (pointer, code) in {(error["pointer"], error["code"]) for error in document["errors"]}
    assert not ObservedOutcome.objects.exists()


def test_a_correction_comes_first_and_counts(api: APIClient, prediction: PredictionInput) -> None:
    for energy in (6_000_000, 7_000_000):
        post(api, prediction, {**BODY, "site_energy_use_kbtu": energy})
    listed = api.get(url(prediction)).json()["results"]
    assert [(one["site_energy_use_kbtu"], one["is_latest"]) for one in listed] == [
        (7_000_000.0, True),
        (6_000_000.0, False),
    ]
    first = api.get(url(prediction), {"page_size": "1"}).json()
    assert api.get(first["next"]).json()["results"] == listed[1:]


def test_a_repeat_with_the_same_key_enters_nothing_twice(
    api: APIClient, prediction: PredictionInput
) -> None:
    header = {"Idempotency-Key": "bills-2020"}
    first, again = (
        api.post(url(prediction), BODY, format="json", headers=header) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert ObservedOutcome.objects.count() == 1


def test_staff_may_enter_for_others(
    prediction: PredictionInput, api_for: Callable[[User], APIClient]
) -> None:
    staff = api_for(make_user(is_staff=True, is_superuser=True))
    assert post(staff, prediction, BODY).status_code == 201


def test_what_it_costs(
    api: APIClient, prediction: PredictionInput, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(3):  # token, prediction, outcome
        post(api, prediction, BODY)
    for year in range(2010, 2020):
        post(api, prediction, {**BODY, "data_year": year})
    with django_assert_num_queries(3):
        assert len(api.get(url(prediction)).json()["results"]) == 11
