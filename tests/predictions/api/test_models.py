"""Model versions by the API, and calls that pin one: who is entitled to which, and what is gone."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from rest_framework.test import APIClient

from mlmodel import registry
from mlmodel.errors import ArtifactIntegrityError
from mlmodel.features import FeatureRow
from mlmodel.models import Alias, ModelPromotion, ModelVersion, PromotionKind
from mlmodel.prediction import Prediction
from mlmodel.runtime import ServedModel
from predictions.api import examples
from predictions.models import PredictionInput, PredictionRequest
from predictions.services import serving as serving_module
from predictions.services.accounts import groups_ensure
from tests.buildings.factories import BenchmarkRecordFactory
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.factories import facts, make_model_version, make_user

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/predictions/"
MODELS = "/api/v1/models/"


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Files whose model answers the number of its version, kBtu; which were loaded."""
    found: list[int] = []

    def load(directory: object, *, version: int, **_: Any) -> FakeServedModel:
        found.append(version)

        def answer(rows: Sequence[FeatureRow]) -> list[Prediction]:
            return [prediction_of(electricity_kbtu=float(version)) for _ in rows]

        return FakeServedModel(answer)

    monkeypatch.setattr(registry, "artifact_directory", lambda version: "a directory")
    monkeypatch.setattr(ServedModel, "load", load)
    return iter([found])


def pin(api: APIClient, version: object, url: str = URL) -> Any:
    body = b"" if "buildings" in url else json.dumps(facts()).encode()
    return api.generic(
        "POST",
        f"{url}?model_version={version}",
        body,  # type: ignore[arg-type]  # bytes too
        "application/json",
    )


def crowned(version: ModelVersion, **values: Any) -> ModelPromotion:
    return ModelPromotion.objects.create(
        version=version,
        alias=Alias.CHAMPION,
        kind=PromotionKind.PROMOTION,
        promoted_by_name="ann",
        **values,
    )


def champion() -> ModelVersion:
    return ModelVersion.objects.get(alias="champion")


# -- who may pin what ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["0", "-1", "1.5", "one", "", "1_0", "%201", "٣", "9" * 30, "9" * 5000, "champion"]
)
def test_what_is_no_version_number_is_refused(
    api: APIClient, served: FakeServedModel, number: str
) -> None:
    answer = pin(api, number)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/model_version"]
    assert PredictionRequest.objects.count() == 0


def test_a_version_that_is_not_registered_is_refused(
    api: APIClient, served: FakeServedModel
) -> None:
    make_model_version(name="another-model", version=4711)
    answer = pin(api, 4711)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["type"] == "/api/v1/problems/invalid-input/"
    assert problem["errors"] == [
        {
            "in": "query",
            "pointer": "/model_version",
            "detail": "There is no such model version; `models/` lists those there are.",
            "code": "unknown-choice",
        }
    ]
    assert b"4711" not in answer.content
    assert PredictionRequest.objects.count() == 0


@pytest.mark.parametrize("alias", [None, "challenger"])
def test_a_version_that_never_served_takes_a_permission(
    api: APIClient,
    api_for: Callable[[User], APIClient],
    caller: User,
    served: FakeServedModel,
    loads: Iterator[list[int]],
    alias: str | None,
) -> None:
    version = make_model_version(alias=alias)
    answer = pin(api, version.version)
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["type"] == "/api/v1/problems/not-permitted/"
    assert [error["pointer"] for error in problem["errors"]] == ["/model_version"]
    assert "champion" in problem["detail"]
    assert (PredictionRequest.objects.count(), served.seen, next(loads)) == (0, [], [])

    groups_ensure()
    caller.groups.add(Group.objects.get(name="data_scientist"))
    answer = pin(api, version.version)
    assert answer.status_code == 201
    assert answer.json()["model"]["version"] == version.version
    assert answer.json()["output"]["site_energy_use_kbtu"] == version.version
    assert PredictionRequest.objects.get().model_version == version


def test_a_permission_to_choose_is_none_to_predict(
    api_for: Callable[[User], APIClient], served: FakeServedModel
) -> None:
    scientist = make_user()
    groups_ensure()
    scientist.groups.add(Group.objects.get(name="data_scientist"))
    assert pin(api_for(scientist), champion().version).status_code == 403
    assert PredictionRequest.objects.count() == 0


def test_champions_and_former_ones_answer_everybody(
    api: APIClient, served: FakeServedModel, loads: Iterator[list[int]]
) -> None:
    former, replaced = make_model_version(), make_model_version()
    crowned(former, replaced_version=replaced)  # the latter was one before there was a history
    building: Any = BenchmarkRecordFactory(primary_property_type="Hotel").building
    for version in (former, replaced):
        for url in (URL, f"/api/v1/buildings/{building.ose_building_id}/predictions/"):
            answer = pin(api, version.version, url)
            assert answer.status_code == 201, answer.content
            assert answer.json()["model"]["version"] == version.version
            assert answer.json()["output"]["electricity_kbtu"] == version.version
    assert next(loads) == [former.version, replaced.version]
    assert served.seen == []
    assert pin(api, champion().version).json()["model"]["version"] == champion().version
    assert len(served.seen) == 1


def test_a_former_challenger_is_no_former_champion(api: APIClient, served: FakeServedModel) -> None:
    version = make_model_version()
    ModelPromotion.objects.create(
        version=version,
        alias=Alias.CHALLENGER,
        kind=PromotionKind.CHALLENGE,
        promoted_by_name="ann",
    )
    assert pin(api, version.version).status_code == 403


def test_files_that_are_gone_are_a_conflict_and_nothing_is_stored(
    api: APIClient, served: FakeServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise ArtifactIntegrityError("served.npz is missing from the registered files.")

    version = make_model_version()
    crowned(version)
    monkeypatch.setattr(registry, "artifact_directory", lambda version: "a directory")
    monkeypatch.setattr(ServedModel, "load", gone)
    answer = pin(api, version.version)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["type"] == "/api/v1/problems/model-version-gone/"
    assert problem["errors"][0]["pointer"] == "/model_version"
    assert "Leave `model_version` out" in problem["detail"]
    assert b"served.npz" not in answer.content
    assert PredictionRequest.objects.count() == 0
    assert pin(api, champion().version).status_code == 201


def test_without_a_champion_a_former_one_can_still_be_pinned(
    api: APIClient, served: FakeServedModel, loads: Iterator[list[int]]
) -> None:
    version = champion()
    crowned(version)
    ModelVersion.objects.update(alias=None)
    serving_module.serving_reset()
    assert pin(api, version.version).status_code == 201
    assert next(loads) == [version.version]


def test_pinning_costs_one_query_and_bounded_memory(
    api: APIClient,
    served: FakeServedModel,
    loads: Iterator[list[int]],
    django_assert_num_queries: Any,
) -> None:
    versions = [make_model_version() for _ in range(5)]
    for version in versions:
        crowned(version)
        assert pin(api, version.version).status_code == 201
        assert len(serving_module._cache) <= serving_module._CACHED_VERSIONS
    assert next(loads) == [version.version for version in versions]
    with django_assert_num_queries(9):
        assert api.post(URL, facts(), format="json").status_code == 201
    with django_assert_num_queries(10):
        assert pin(api, versions[-1].version).status_code == 201


def test_a_pin_is_on_the_record_as_the_version_that_answered(
    api: APIClient, served: FakeServedModel, loads: Iterator[list[int]]
) -> None:
    version = make_model_version()
    crowned(version)
    shown = pin(api, version.version).json()
    stored = PredictionInput.objects.get()
    assert stored.request.model_version == version
    assert api.get(shown["url"]).json() == shown


# -- what is shown of a version -----------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "site-energy-use/versions/999999/",
        "site-energy-use/versions/99999999999999999999/",
        f"site-energy-use/versions/{'9' * 5000}/",
        "another-model/versions/1/",
        "site-energy-use/versions/x/",
        "a%00b/versions/1/",
        "site-energy-use/",
    ],
)
def test_a_version_that_is_not_there_is_404(
    api: APIClient, served: FakeServedModel, path: str
) -> None:
    answer = api.get(MODELS + path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_without_a_champion_there_is_no_current_version(api: APIClient) -> None:
    make_model_version(alias="challenger")
    assert api.get(f"{MODELS}current/").status_code == 404


@pytest.mark.parametrize("path", ["current/", "site-energy-use/versions/1/"])
def test_versions_take_a_token_and_no_parameters(
    api: APIClient, served: FakeServedModel, path: str
) -> None:
    assert APIClient().get(MODELS + path).status_code == 401
    assert api.get(f"{MODELS}{path}?card=no").status_code == 400
    assert api.delete(MODELS + path).status_code == 405


def test_a_version_is_shown_with_its_history_and_without_names(
    api: APIClient, served: FakeServedModel, django_assert_num_queries: Any
) -> None:
    version = champion()
    former = make_model_version()
    crowned(version, replaced_version=former, reason="Ann says so", is_forced=True)
    with django_assert_num_queries(3):
        answer = api.get(f"{MODELS}{version.name}/versions/{version.version}/")
    assert answer.status_code == 200
    shown = answer.json()
    (promotion,) = shown["promotions"]
    promotion = {**promotion}
    assert promotion.pop("created_at")
    assert promotion == {
        "kind": "promotion",
        "alias": "champion",
        "replaced_version": former.version,
        "is_forced": True,
    }
    assert b"nn says" not in answer.content
    assert (shown["version"], shown["alias"]) == (version.version, "champion")
    assert (shown["file_digests"], shown["card"]) == ({}, None)
    with django_assert_num_queries(3):
        assert api.get(f"{MODELS}current/").json() == shown
    assert api.get(shown["url"]).json() == shown


def test_the_list_leads_to_each_version(api: APIClient, served: FakeServedModel) -> None:
    version = champion()
    version.metrics = {"scores": {}, "details": {"set_up": "f"}}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mlmodel_modelversion SET metrics = %s", [json.dumps(version.metrics)]
        )
    (shown,) = api.get(MODELS).json()
    assert shown["metrics"] == {"scores": {}}
    assert shown["url"] == f"http://testserver{MODELS}site-energy-use/versions/{version.version}/"


def test_the_card_of_the_champion_is_readable_by_machine(
    api: APIClient, served: FakeServedModel
) -> None:
    manifest = registry.shipped_manifest()
    ModelVersion.objects.filter(alias="champion").update(
        **{name: value for name, value in manifest.items() if name != "file_digests"}
    )
    shown = api.get(f"{MODELS}current/").json()
    card = shown["card"]
    facts_of, texts = card["facts"], card["texts"]
    assert facts_of["scores"] == manifest["metrics"]["scores"]
    assert facts_of["data"]["rows"] == manifest["data_fingerprint"]["row_count"]
    assert set(texts) == {"en", "fr"}
    assert list(texts["en"]) == list(texts["fr"])
    assert "Not a substitute for a meter" in texts["en"]["out_of_scope"]
    assert "Ne remplace pas un compteur" in texts["fr"]["out_of_scope"]
    # The documented example shows what there is.
    example = examples.MODEL_VERSION_DETAIL
    assert example.keys() == shown.keys()
    assert _paths(example["card"]) <= _paths(card)


def _paths(value: Any, *path: str) -> set[tuple[str, ...]]:
    if not isinstance(value, dict):
        return {path}
    return {found for key, nested in value.items() for found in _paths(nested, *path, key)}
