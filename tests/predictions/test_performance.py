"""Live accuracy: PostgreSQL comes to what NumPy does, group by group; API and admin show it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from mlmodel.evaluation import log_metrics
from mlmodel.features import HAS_FUELS
from mlmodel.models import ModelVersion
from predictions.api.performance import PERFORMANCE_EXAMPLE
from predictions.models import ObservedOutcome, PredictionInput, PredictionRequest
from predictions.selectors.performance import (
    SMALLEST_GROUP,
    Accuracy,
    Performance,
    model_performance,
)
from predictions.services.accounts import api_caller_get_or_create
from predictions.services.door import Question, prediction_create
from tests.buildings.factories import BenchmarkRecordFactory
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.api.test_problems import problem
from tests.predictions.factories import call_of, facts, make_model_version, make_user
from tests.predictions.test_admin_lists import statements

pytestmark = pytest.mark.django_db

PROMISED = {"r2_log": 0.8, "mdape": 0.25, "bias": 0.0, "coverage_80": 0.81, "coverage_90": 0.9}


@pytest.fixture
def version(served: FakeServedModel) -> ModelVersion:
    version = ModelVersion.objects.get(alias="champion")
    scores = {"all": {"energy": {"a": PROMISED, "f": {"mdape": 0.3}}}}
    ModelVersion.objects.filter(pk=version.pk).update(metrics={"scores": scores})
    return version


def ask(
    served: FakeServedModel, energies: Any, rows: list[dict[str, Any]], **changes: Any
) -> list[PredictionInput]:
    """One call whose answers are these energies, kBtu; intervals go from half to double, and from
    a quarter to four times."""
    served.answer = lambda seen: [prediction_of(electricity_kbtu=float(kbtu)) for kbtu in energies]
    questions = [Question(features=row, **changes) for row in rows]
    return prediction_create(call=call_of(make_user()), questions=questions)


def measure(predictions: list[PredictionInput], energies: Any, year: int = 2020) -> None:
    ObservedOutcome.objects.bulk_create(
        ObservedOutcome(
            input=prediction,
            data_year=year,
            site_energy_use_kbtu=float(kbtu),
            source="api",
            entered_by_name="x",
        )
        for prediction, kbtu in zip(predictions, energies, strict=True)
    )


def made_in(month: date, predictions: list[PredictionInput]) -> None:
    """Insert-only rows are moved in time behind the triggers' back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE predictions_predictioninput DISABLE TRIGGER USER")
        PredictionInput.objects.filter(pk__in=[stored.pk for stored in predictions]).update(
            created_at=datetime(month.year, month.month, 1, tzinfo=UTC)
        )
        cursor.execute("ALTER TABLE predictions_predictioninput ENABLE TRIGGER USER")


def agrees(accuracy: Accuracy, predicted: Any, measured: Any) -> None:
    expected = log_metrics(measured, predicted)
    assert accuracy.outcomes == len(predicted)
    for name in ("r2_log", "mdape", "bias"):
        assert getattr(accuracy, name) == pytest.approx(expected[name], rel=1e-9)
    ratio = measured / predicted
    assert accuracy.coverage_80 == pytest.approx(((ratio >= 0.5) & (ratio <= 2)).mean())
    assert accuracy.coverage_90 == pytest.approx(((ratio >= 0.25) & (ratio <= 4)).mean())


# -- what does not count ------------------------------------------------------------------------


def test_without_outcomes_there_is_nothing_to_say(
    served: FakeServedModel, version: ModelVersion
) -> None:
    ask(served, [1.0], [facts()])
    found = model_performance(version=version)
    assert found == Performance()
    assert found.disclosed() == (found, 0)


def test_zeros_corrected_figures_and_other_versions_do_not_count(
    served: FakeServedModel, version: ModelVersion
) -> None:
    predictions = ask(served, [0.0, 100.0, 100.0, 100.0], [facts()] * 4)
    measure(predictions, [100.0, 0.0, 400.0, 100.0])
    measure(predictions[2:3], [50.0])  # corrects the 400
    found = model_performance(version=version).overall
    assert found is not None
    assert (found.outcomes, found.buildings) == (2, 1)  # the same facts are one building
    assert found.mdape == pytest.approx(0.5)
    assert model_performance(version=make_model_version()).overall is None


def test_what_was_measured_alike_has_no_r2(served: FakeServedModel, version: ModelVersion) -> None:
    measure(ask(served, [1.0, 2.0], [facts()] * 2), [4.0, 4.0])
    found = model_performance(version=version).overall
    assert found is not None
    assert found.r2_log is None


# -- what NumPy says ----------------------------------------------------------------------------


def test_the_figures_are_those_of_numpy_in_every_group(
    served: FakeServedModel, version: ModelVersion
) -> None:
    draw = np.random.default_rng(7)
    count = 120
    predicted = np.exp(draw.normal(14, 1, count))
    measured = predicted * np.exp(draw.normal(0.1, 0.8, count))
    types = draw.choice(["Hotel", "Large Office", "Warehouse"], count)
    scores, fuels = draw.random(count) < 0.5, draw.random(count) < 0.5
    rows = [
        facts(
            primary_property_type=str(types[i]),
            gross_floor_area_sqft=20_000 + i,
            energy_star_score=60 if scores[i] else None,
            **(dict.fromkeys(HAS_FUELS, True) if fuels[i] else {"has_steam": False}),
        )
        for i in range(count)
    ]
    predictions = ask(served, predicted, rows)
    months = np.array([date(2026, 1 + i % 3, 1) for i in range(count)])
    for month in sorted(set(months)):
        made_in(month, [predictions[i] for i in range(count) if months[i] == month])
    measure(predictions, measured)

    found = model_performance(version=version)
    assert found.overall is not None
    assert found.overall.buildings == count
    agrees(found.overall, predicted, measured)
    set_ups = np.where(scores, np.where(fuels, "c", "b"), np.where(fuels, "f", "a"))
    for groups, keys in (
        (found.by_set_up, set_ups),
        (found.by_primary_property_type, types),
        (found.by_month, months),
    ):
        assert set(groups) == set(keys)
        for key, accuracy in dict(groups).items():
            agrees(accuracy, predicted[keys == key], measured[keys == key])
    assert list(found.by_training) == [None]
    chosen = (types == "Hotel") & (months == date(2026, 2, 1))
    hotels = model_performance(version=version, primary_property_type="Hotel")
    assert list(hotels.by_primary_property_type) == ["Hotel"]
    agrees(hotels.by_month[date(2026, 2, 1)], predicted[chosen], measured[chosen])
    both = model_performance(
        version=version, primary_property_type="Hotel", month=date(2026, 2, 1), data_year=2020
    )
    assert both.overall is not None
    agrees(both.overall, predicted[chosen], measured[chosen])
    assert model_performance(version=version, data_year=2019).overall is None


def test_years_of_one_prediction_count_each(served: FakeServedModel, version: ModelVersion) -> None:
    predictions = ask(served, [100.0], [facts()])
    measure(predictions, [100.0], year=2020)
    measure(predictions, [200.0], year=2021)
    found = model_performance(version=version).overall
    assert found is not None
    assert (found.outcomes, found.buildings, found.mdape) == (2, 1, pytest.approx(0.25))


def test_buildings_that_the_model_was_trained_on_are_told_apart(
    served: FakeServedModel, version: ModelVersion
) -> None:
    known: Any = BenchmarkRecordFactory(is_synthetic=False)
    new: list[Any] = [
        BenchmarkRecordFactory(is_synthetic=False, data_year=2017),
        BenchmarkRecordFactory(is_synthetic=True),
        BenchmarkRecordFactory(is_synthetic=False, compliance_status="Not Compliant"),
    ]
    for record in (known, *new):
        measure(ask(served, [1.0], [facts()], building=record.building), [1.0])
    measure(ask(served, [1.0], [facts()]), [1.0])
    found = model_performance(version=version).by_training
    assert {key: of.buildings for key, of in found.items()} == {True: 1, False: 3, None: 1}
    only = model_performance(version=version, is_trained_on=True).by_training
    assert {key: of.buildings for key, of in only.items()} == {True: 1}
    others = model_performance(version=version, is_trained_on=False).by_training
    assert {key: of.buildings for key, of in others.items()} == {False: 3, None: 1}


# -- what is disclosed --------------------------------------------------------------------------


def test_small_groups_are_withheld_by_buildings_not_by_outcomes(
    served: FakeServedModel, version: ModelVersion
) -> None:
    rows = [
        *(facts(gross_floor_area_sqft=20_000 + i) for i in range(SMALLEST_GROUP)),
        *(
            facts(primary_property_type="Warehouse", gross_floor_area_sqft=20_000 + i % 9)
            for i in range(20)
        ),
    ]
    energies = [float(i + 1) for i in range(len(rows))]
    measure(ask(served, energies, rows), energies)
    found, withheld = model_performance(version=version).disclosed()
    assert list(found.by_primary_property_type) == ["Hotel"]
    assert withheld == 1
    alone, withheld = model_performance(
        version=version, primary_property_type="Warehouse"
    ).disclosed()
    assert (alone, withheld) == (Performance(), 5)


# -- the API ------------------------------------------------------------------------------------


def url(version: ModelVersion) -> str:
    return f"/api/v1/models/{version.name}/versions/{version.version}/performance/"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"primary_property_type": "Hotle"}, "`Hotel`"),
        ({"primary_property_type": ""}, "Not a known value"),
        ({"month": "2026-13"}, "YYYY-MM"),
        ({"month": "2026-1"}, "YYYY-MM"),
        ({"month": "２026-11"}, "YYYY-MM"),
        ({"month": "\x00"}, ""),
        ({"data_year": "1_999"}, "integer"),
        ({"is_trained_on": "1"}, "`true` or `false`"),
        ({"data_year": "1999"}, "2000"),
        ({"moth": "2026-11"}, "month"),
    ],
)
def test_queries_are_read_strictly(
    api: APIClient, version: ModelVersion, query: dict[str, str], says: str
) -> None:
    document = problem(api.get(url(version), query), 400, "invalid-input")
    assert says in document["errors"][0]["detail"]


@pytest.mark.parametrize(
    "path", ["nope/versions/1", "site-energy-use/versions/99999999999999999999", "%00/versions/1"]
)
def test_a_version_that_is_not_there(api: APIClient, path: str) -> None:
    problem(api.get(f"/api/v1/models/{path}/performance/"), 404, "not-found")


def test_anybody_with_a_token_sees_the_same_beside_the_promise(
    served: FakeServedModel,
    version: ModelVersion,
    api_for: Callable[[User], APIClient],
    client: Client,
    django_assert_num_queries: Any,
) -> None:
    problem(client.get(url(version)), 401, "not-authenticated")
    rows = [facts(gross_floor_area_sqft=20_000 + i) for i in range(12)]
    energies = [float(i + 1) for i in range(12)]
    measure(ask(served, energies, rows), energies)
    stranger = api_for(api_caller_get_or_create(username="stranger"))
    with django_assert_num_queries(3):  # token, version, figures
        answer = stranger.get(
            url(version), {"primary_property_type": "hotel", "is_trained_on": "false"}
        )
    document = answer.json()
    assert list(document) == list(PERFORMANCE_EXAMPLE)
    assert document["overall"] == {
        "outcomes": 12,
        "buildings": 12,
        "r2_log": 1.0,
        "mdape": 0.0,
        "bias": 0.0,
        "coverage_80": 1.0,
        "coverage_90": 1.0,
    }
    (set_up,) = document["by_set_up"]
    assert (set_up["set_up"], set_up["promised"]) == ("a", PROMISED)
    for name, example in PERFORMANCE_EXAMPLE.items():
        if isinstance(example, list):
            assert set(document[name][0]) == set(example[0])
    assert document["by_month"][0]["month"] == f"{datetime.now(UTC):%Y-%m}"
    assert document["promised_population"] == "all"


def test_a_version_of_before_has_its_headline_promise(
    api: APIClient, served: FakeServedModel
) -> None:
    old = make_model_version(metrics={"f": {"r2_log": 0.7, "mdape": 0.4}})
    document = api.get(url(old)).json()
    assert (document["overall"], document["promised_population"]) == (None, "non_residential")


# -- the admin ----------------------------------------------------------------------------------


def page_of(version: ModelVersion) -> str:
    return reverse("admin:mlmodel_modelversion_performance", args=[version.pk])


def test_the_admin_shows_every_group_beside_the_promise(
    served: FakeServedModel,
    version: ModelVersion,
    admin_browser: Client,
    django_assert_max_num_queries: Any,
) -> None:
    assert "Nothing was measured yet" in admin_browser.get(page_of(version)).content.decode()
    measure(ask(served, [200.0], [facts()]), [100.0])
    with django_assert_max_num_queries(6):
        page = admin_browser.get(page_of(version), {"type": "Hotel", "new": "on"}).content.decode()
    for text in ("<svg", "100.0%", "+0.693", "basics, as promised", "25.0%", "not known which"):
        assert text in page
    assert "//" not in page[page.index("<svg") : page.index("</svg>")]  # no outside host
    unknown = admin_browser.get(page_of(version), {"type": "<b>Hut</b>"}).content.decode()
    assert "100.0%" in unknown
    assert "Hut" not in unknown
    change = reverse("admin:mlmodel_modelversion_change", args=[version.pk])
    assert page_of(version) in admin_browser.get(change).content.decode()


def test_the_page_is_for_who_may_view_outcomes(client: Client, version: ModelVersion) -> None:
    staff = make_user(is_staff=True)
    client.force_login(staff)
    assert client.get(page_of(version)).status_code == 403
    assert PredictionRequest.objects.count() == 0


def test_no_such_version_in_the_admin(admin_browser: Client) -> None:
    assert (
        admin_browser.get(
            reverse("admin:mlmodel_modelversion_performance", args=[999_999])
        ).status_code
        == 404
    )


def test_the_page_is_computed_once_until_something_is_added(
    served: FakeServedModel, version: ModelVersion, admin_browser: Client
) -> None:
    predictions = ask(served, [100.0, 200.0], [facts(), facts(year_built=1999)])
    measure(predictions, [100.0, 150.0])
    page = reverse("admin:mlmodel_modelversion_performance", args=[version.pk])

    def outcomes_shown() -> tuple[int, int]:
        with statements() as said:
            shown = admin_browser.get(page).context["overall"].outcomes
        return shown, sum("percentile_cont" in statement for statement in said)

    assert outcomes_shown() == (2, 1)
    assert outcomes_shown() == (2, 0)
    measure(predictions[:1], [110.0], year=2019)
    assert outcomes_shown() == (3, 1)
    assert admin_browser.get(page, {"type": "Hotel"}).context["overall"] is not None
    BenchmarkRecordFactory()  # with an import of its own: who was trained on may have changed
    assert outcomes_shown() == (3, 1)
