"""The record in the admin: everything readable, nothing writable."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from mlmodel.prediction import Caution
from predictions.models import (
    ApiToken,
    PredictionExplanation,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.services.accounts import api_token_create, groups_ensure
from predictions.services.door import Question, prediction_create
from predictions.services.explanations import explanation_create
from predictions.services.variations import variation_create
from tests.buildings.factories import BenchmarkRecordFactory
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db

LOGGED = ["predictionrequest", "predictioninput", "predictionoutput", "predictionexplanation"]


def url(model: str, view: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:predictions_{model}_{view}", args=args)


def ask(user: User, **changes: Any) -> PredictionInput:
    question = Question(features=facts(**changes))
    return prediction_create(call=call_of(user), questions=[question])[0]


@pytest.fixture
def story(served: FakeServedModel) -> dict[str, PredictionInput]:
    """One exchange of each outcome."""

    def fail(rows: object) -> list:
        raise ValueError

    def die(rows: object) -> list:
        raise SystemExit

    ann = make_user(username="ann")
    answered = ask(ann, latitude=47.61, longitude=-122.34)
    explanation_create(call=call_of(ann), prediction=answered)
    served.answer = fail
    failed = ask(make_user(username="<script>alert(1)</script>"))
    served.answer = die
    with pytest.raises(SystemExit):
        ask(ann, energy_star_score=60)
    missing = PredictionInput.objects.order_by("-id")[0]
    return {"answered": answered, "failed": failed, "no output": missing}


@pytest.mark.parametrize("model", LOGGED)
def test_nothing_logged_can_be_added_changed_or_deleted(
    admin_browser: Client, story: dict[str, PredictionInput], model: str
) -> None:
    tables: dict[str, Any] = {
        "predictionrequest": PredictionRequest,
        "predictioninput": PredictionInput,
        "predictionoutput": PredictionOutput,
        "predictionexplanation": PredictionExplanation,
    }
    rows = tables[model].objects
    pk = rows.first().pk
    before = list(rows.order_by("pk").values())
    assert admin_browser.get(url(model, "add")).status_code == 403
    assert admin_browser.post(url(model, "change", pk), {}).status_code == 403
    assert admin_browser.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403
    admin_browser.post(
        url(model), {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    )
    assert list(rows.order_by("pk").values()) == before
    page = admin_browser.get(url(model, "change", pk)).content.decode()
    assert 'name="_save"' not in page


def test_a_prediction_reads_as_a_story(
    admin_browser: Client, story: dict[str, PredictionInput]
) -> None:
    page = admin_browser.get(
        url("predictioninput", "change", story["answered"].pk)
    ).content.decode()
    for text in (
        *("Gross floor area", "88,434", "ft²", "7,074,720", "80.0", "ann", "Unknown to the model"),
        *("5,306,040", "1,768,680", "130.9", "seattle-2016 version 1", "0.500", "none"),
        *("3,537,360 to 14,149,440", "65.5 to 261.9"),
        *("A usual building of this type", "4,000,000 kBtu", "+3,074,720 kBtu"),
        "Latitude, Longitude",
    ):
        assert text in page
    failed = admin_browser.get(
        url("predictioninput", "change", story["failed"].pk)
    ).content.decode()
    assert "the model failed" in failed
    missing = admin_browser.get(
        url("predictioninput", "change", story["no output"].pk)
    ).content.decode()
    assert "no output" in missing


def test_a_variation_leads_to_what_it_varies_and_cautions_are_said(
    admin_browser: Client, served: FakeServedModel
) -> None:
    original = ask(make_user())
    served.answer = lambda rows: [
        prediction_of(electricity_kbtu=1.0, cautions=(Caution("year_built", "<b>very</b> old"),))
    ]
    varied, _ = variation_create(
        call=call_of(make_user()), original=original, features=original.features
    )
    page = admin_browser.get(url("predictioninput", "change", varied.pk)).content.decode()
    assert url("predictioninput", "change", original.pk) in page
    assert "&lt;b&gt;very&lt;/b&gt; old" in page
    listed = admin_browser.get(url("predictioninput"), {"what_if_of__isempty": "0"})
    assert [row.pk for row in listed.context["cl"].result_list] == [varied.pk]


def test_an_explanation_shows_contributions_peers_and_reference(
    admin_browser: Client, served: FakeServedModel
) -> None:
    peer: Any = BenchmarkRecordFactory(year_built=None)
    user = make_user()
    explanation, _ = explanation_create(call=call_of(user), prediction=ask(user))
    page = admin_browser.get(
        url("predictionexplanation", "change", explanation.pk)
    ).content.decode()
    for text in (
        f"{peer.building.ose_building_id} {peer.building.property_name}",
        "95,000 ft², year unknown: 80.0 kBtu/ft²",
        "+3,074,720 kBtu",
        "50,000 ft²",
    ):
        assert text in page


def test_a_call_shows_its_inputs_with_their_answers(
    admin_browser: Client, story: dict[str, PredictionInput]
) -> None:
    for outcome, prediction in story.items():
        page = admin_browser.get(
            url("predictionrequest", "change", prediction.request_id)
        ).content.decode()
        assert str(prediction.pk) in page
        assert outcome in page


@pytest.mark.parametrize("model", ["predictionrequest", "predictioninput"])
@pytest.mark.parametrize("outcome", ["answered", "failed", "no output"])
def test_lists_filter_by_outcome(
    admin_browser: Client, story: dict[str, PredictionInput], model: str, outcome: str
) -> None:
    answer = admin_browser.get(url(model), {"outcome": outcome})
    shown = [row.pk for row in answer.context["cl"].result_list]
    wanted = story[outcome]
    assert shown == [wanted.request_id if model == "predictionrequest" else wanted.pk]


@pytest.mark.parametrize("model", LOGGED)
def test_lists_search_and_cost_the_same_whatever_they_hold(
    admin_browser: Client,
    story: dict[str, PredictionInput],
    served: FakeServedModel,
    model: str,
    django_assert_max_num_queries: Any,
) -> None:
    served.answer = FakeServedModel.by_area
    for _ in range(5):
        ask(make_user())
    with django_assert_max_num_queries(12):
        page = admin_browser.get(url(model))
    assert page.status_code == 200
    found = admin_browser.get(url(model), {"q": str(story["answered"].pk)})
    assert len(found.context["cl"].result_list) == 1


def test_stored_markup_is_inert(admin_browser: Client, story: dict[str, PredictionInput]) -> None:
    for page in (
        admin_browser.get(url("predictionrequest")),
        admin_browser.get(url("predictioninput")),
        admin_browser.get(url("predictioninput", "change", story["failed"].pk)),
    ):
        assert b"<script>alert(1)" not in page.content
        assert b"&lt;script&gt;alert(1)" in page.content


def test_an_auditor_reads_all_and_revokes_nothing(
    client: Client, story: dict[str, PredictionInput]
) -> None:
    groups_ensure()
    auditor = make_user(is_staff=True)
    auditor.groups.add(Group.objects.get(name="auditor"))
    token, _ = api_token_create(user=auditor, name="t")
    client.force_login(auditor)
    for model in LOGGED:
        assert client.get(url(model)).status_code == 200
    client.post(url("apitoken"), {"action": "revoke", "_selected_action": [token.pk]})
    assert ApiToken.objects.get().state == "active"


def test_others_are_not_let_in(client: Client) -> None:
    client.force_login(make_user())
    for model in LOGGED:
        assert client.get(url(model)).status_code == 302
