"""Outcomes in the admin: entered by who may, changed by nobody."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from predictions.models import ObservedOutcome, OutcomeSource, PredictionInput
from predictions.services.door import Question, prediction_create
from predictions.services.outcomes import outcome_create
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db

ADD = reverse("admin:predictions_observedoutcome_add")
LIST = reverse("admin:predictions_observedoutcome_changelist")


@pytest.fixture
def prediction(served: FakeServedModel) -> PredictionInput:
    return prediction_create(call=call_of(make_user()), questions=[Question(features=facts())])[0]


def enter(prediction: PredictionInput, **changes: Any) -> ObservedOutcome:
    values = {"data_year": 2020, "site_energy_use_kbtu": 5_000_000.0, **changes}
    return outcome_create(
        prediction=prediction,
        values=values,
        source=OutcomeSource.API,
        entered_by=make_user(username="<b>ann</b>"),
    )


def form_of(prediction: PredictionInput, **changes: Any) -> dict[str, Any]:
    return {
        "input": str(prediction.pk),
        "data_year": "2020",
        "site_energy_use_kbtu": "7000000",
        "note": "bills",
        **changes,
    }


def with_permissions(*codenames: str) -> Client:
    user = make_user(is_staff=True, username="desk")
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"data_year": str(timezone.now().year)}, "a year that is over"),
        ({"data_year": "1999"}, "from 2000 to"),
        (
            {"site_energy_use_kbtu": "-1"},
            "site_energy_use_kbtu must be from 0 to 100,000,000,000 kBtu",
        ),
        ({"site_energy_use_kbtu": "nan"}, "Enter a number"),
        ({"electricity_kbtu": "9000000"}, "less than the fuels"),
        ({"input": "01a21c44-5f3c-73aa-9164-6d86d88a1135"}, "valid choice"),
        ({"input": "nonsense"}, "not a valid"),
        ({"note": "x" * 501}, "500"),
    ],
)
def test_what_cannot_be_is_refused(
    admin_browser: Client, prediction: PredictionInput, changes: dict[str, str], says: str
) -> None:
    answer = admin_browser.post(ADD, form_of(prediction, **changes))
    assert answer.status_code == 200
    assert says in str(answer.context["adminform"].form.errors)
    assert not ObservedOutcome.objects.exists()


def test_a_prediction_without_an_answer_is_refused(
    admin_browser: Client, served: FakeServedModel
) -> None:
    served.answer = lambda rows: []
    (failed,) = prediction_create(call=call_of(None), questions=[Question(features=facts())])
    answer = admin_browser.post(ADD, form_of(failed))
    assert "no answer" in str(answer.context["adminform"].form.errors)


def test_it_takes_the_permission_to_enter_one(prediction: PredictionInput) -> None:
    viewer = with_permissions("view_observedoutcome")
    assert viewer.get(LIST).status_code == 200
    assert viewer.get(ADD).status_code == 403
    assert viewer.post(ADD, form_of(prediction)).status_code == 403
    assert not ObservedOutcome.objects.exists()


def test_what_is_entered_says_who_entered_it(prediction: PredictionInput) -> None:
    desk = with_permissions("view_observedoutcome", "add_observedoutcome")
    assert str(prediction.pk) in desk.get(ADD, {"input": str(prediction.pk)}).content.decode()
    answer = desk.post(ADD, form_of(prediction))
    assert answer.status_code == 302
    stored = ObservedOutcome.objects.get()
    assert (stored.input_id, stored.source, stored.entered_by_name, stored.note) == (
        prediction.pk,
        "admin",
        "desk",
        "bills",
    )
    assert stored.site_energy_use_kbtu == 7_000_000.0
    assert stored.electricity_kbtu is None


def test_an_outcome_is_neither_changed_nor_deleted(
    admin_browser: Client, prediction: PredictionInput
) -> None:
    outcome = enter(prediction)
    before = list(ObservedOutcome.objects.values())
    change = reverse("admin:predictions_observedoutcome_change", args=[outcome.pk])
    delete = reverse("admin:predictions_observedoutcome_delete", args=[outcome.pk])
    assert admin_browser.post(change, form_of(prediction)).status_code == 403
    assert admin_browser.post(delete, {"post": "yes"}).status_code == 403
    assert list(ObservedOutcome.objects.values()) == before
    page = admin_browser.get(change).content.decode()
    assert 'name="_save"' not in page
    for text in ("5,000,000", "7,074,720", "+41.5%", "&lt;b&gt;ann"):
        assert text in page


def test_lists_cost_the_same_whatever_they_hold(
    admin_browser: Client, prediction: PredictionInput, django_assert_max_num_queries: Any
) -> None:
    outcome_create(
        prediction=prediction,
        values={"data_year": 2019, "site_energy_use_kbtu": 0.0},
        source=OutcomeSource.API,
        entered_by=make_user(),
    )
    for year in range(2005, 2015):
        outcome_create(
            prediction=prediction,
            values={"data_year": year, "site_energy_use_kbtu": 1.0},
            source=OutcomeSource.API,
            entered_by=make_user(),
        )
    with django_assert_max_num_queries(10):
        page = admin_browser.get(LIST, {"source__exact": "api"})
    assert len(page.context["cl"].result_list) == 11
    assert "<b>ann" not in page.content.decode()


def test_a_prediction_shows_what_was_measured(
    admin_browser: Client, prediction: PredictionInput
) -> None:
    enter(prediction, site_energy_use_kbtu=4_444_444.0)
    enter_again = make_user()
    outcome_create(
        prediction=prediction,
        values={"data_year": 2020, "site_energy_use_kbtu": 5_555_555.0},
        source=OutcomeSource.ADMIN,
        entered_by=enter_again,
    )
    url = reverse("admin:predictions_predictioninput_change", args=[prediction.pk])
    page = admin_browser.get(url).content.decode()
    assert "5,555,555 kBtu" in page
    assert "4,444,444" not in page
    assert f"{ADD}?input={prediction.pk}" in page
