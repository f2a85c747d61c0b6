"""Every operation of the committed OpenAPI document is called as its examples say, in every format,
and answers what is documented: status, headers, schema, and the members of the example.

The test walks the document: an operation that is added is called without a line here, unless its
path has a parameter of a new name (`known_in`).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from config.env import BASE_DIR
from mlmodel.models import Alias, ModelPromotion, ModelVersion, PromotionKind
from predictions.api.problems import PROBLEMS
from predictions.models import Scope
from predictions.selectors.performance import SMALLEST_GROUP
from tests.buildings.factories import BenchmarkRecordFactory, BuildingFactory
from tests.fakes import FakeServedModel
from tests.openapi import openapi_document

PREDICTIONS = "/api/v1/predictions/"
OPENAPI = openapi_document()


@dataclass(frozen=True)
class Body:
    """A request example, its format, and the units that its name says it is in."""

    value: Any
    media_type: str
    units: str | None

    def encoded(self) -> str:
        is_json = self.media_type == "application/json"
        return json.dumps(self.value) if is_json else str(self.value)


@dataclass(frozen=True)
class Case:
    """An operation, one of its request examples, and one of the formats it answers in."""

    path: str
    method: str
    operation: dict[str, Any]
    body: "Body | None"
    media_type: str

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path} {self.media_type}"


def _resolved(value: Any) -> Any:
    while isinstance(value, dict) and "$ref" in value:
        reference, value = value["$ref"], OPENAPI
        for name in reference.removeprefix("#/").split("/"):
            value = value[name]
    return value


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def bodies(operation: dict[str, Any]) -> list[Body]:
    content = operation.get("requestBody", {}).get("content", {})
    return [
        Body(each["value"], media_type, "si" if "units=si" in each.get("summary", name) else None)
        for media_type, documented in content.items()
        for name, each in documented.get("examples", {}).items()
    ]


def requests(operation: dict[str, Any]) -> "list[Body | None]":
    """What it is called with: each request example, or once without a body."""
    found = bodies(operation)
    return [*found] if found else [None]


def formats(operation: dict[str, Any]) -> set[str]:
    return {
        media_type
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for media_type in answer["content"]
        if status != "304"
    }


CASES = [
    Case(path, method, operation, body, media_type)
    for path, method, operation in operations()
    for body in requests(operation)
    for media_type in sorted(formats(operation))
]


@pytest.mark.parametrize(("path", "method", "operation"), list(operations()))
def test_every_operation_has_examples(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert bool(bodies(operation)) == ("requestBody" in operation), "a request example"
    for parameter in operation.get("parameters", ()):
        if parameter.get("required") and parameter["in"] == "query":
            assert _example_of(parameter) is not None
    for answer in operation["responses"].values():
        for media_type, content in answer.get("content", {}).items():
            assert content["examples"], f"an example of the answer in {media_type}"


def _example_of(parameter: dict[str, Any]) -> Any:
    schema = _resolved(parameter["schema"])
    return parameter.get("example", schema.get("default", schema.get("enum", [None])[0]))


@pytest.fixture
def api(caller: User, api_for: Callable[..., APIClient]) -> APIClient:
    """A client whose token may do everything."""
    return api_for(caller, *Scope.values)


@pytest.fixture
def champion(served: FakeServedModel) -> ModelVersion:
    """What the shipped version holds, for its card; the model behind the door is the fake."""
    manifest = json.loads((BASE_DIR / "mlmodel/shipped/manifest.json").read_text("utf-8"))
    ModelVersion.objects.update(**manifest)
    version = ModelVersion.objects.get()
    ModelPromotion.objects.create(
        version=version, alias=Alias.CHAMPION, kind=PromotionKind.PROMOTION, promoted_by_name="ann"
    )
    return version


def building_on_record(ose_building_id: int) -> None:
    building = BuildingFactory.create(
        ose_building_id=ose_building_id, latitude=47.61, longitude=-122.33
    )
    BenchmarkRecordFactory.create(building=building, uses=1, quality_flags=["emissions_differ"])


def observed(api: APIClient, prediction_id: str) -> None:
    """What the building used is known by now."""
    measured = {"data_year": 2020, "site_energy_use_kbtu": 7_000_000}
    answer = api.post(f"{PREDICTIONS}{prediction_id}/outcomes/", measured, format="json")
    assert answer.status_code == 201, answer.content


def known_in(case: Case, api: APIClient, champion: ModelVersion) -> dict[str, str]:
    """What the parameters in the path may be: an object of each kind is on the record."""
    for ose_building_id in (900001, 1, 2):
        building_on_record(ose_building_id)
    facts = bodies(OPENAPI["paths"][PREDICTIONS]["post"])[0].value
    prediction_id = api.post(PREDICTIONS, facts, format="json").json()["id"]
    api.post(f"{PREDICTIONS}{prediction_id}/explanations/")
    observed(api, prediction_id)
    identifier = prediction_id
    if "/tokens/" in case.path:
        token = {"name": "x", "scopes": ["read"], "networks": ["192.0.2.0/24"]}
        made = api.post("/api/v1/tokens/", token, format="json")
        identifier = made.json()["id"]
    if case.path.endswith("/performance/"):
        for ose_building_id in range(1001, 1001 + SMALLEST_GROUP):
            building_on_record(ose_building_id)
            made = api.post(f"/api/v1/buildings/{ose_building_id}/predictions/")
            observed(api, made.json()["id"])
    batch = api.post(f"{PREDICTIONS}batch/", {"rows": [facts]}, format="json")
    return {
        "id": identifier,
        "request_id": json.loads(b"".join(batch))["id"],
        "ose_building_id": "900001",
        "slug": PROBLEMS[0].slug,
        "name": champion.name,
        "number": str(champion.version),
    }


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_documented_answer_is_given(api: APIClient, champion: ModelVersion, case: Case) -> None:
    known = known_in(case, api, champion)
    query = {
        parameter["name"]: _example_of(parameter)
        for parameter in case.operation.get("parameters", ())
        if parameter["in"] == "query" and parameter.get("required")
    }
    if case.body and case.body.units:
        query["units"] = case.body.units
    answer = api.generic(
        case.method.upper(),
        case.path.format(**known),
        "" if case.body is None else case.body.encoded(),
        "" if case.body is None else case.body.media_type,
        query_params=query,
        headers={"Accept": case.media_type},
    )
    documented = case.operation["responses"].get(str(answer.status_code))
    body = b"".join(answer)
    assert documented is not None, (answer.status_code, body)
    assert answer.status_code < 300, body
    assert answer["Content-Type"].partition(";")[0] == case.media_type
    content = documented["content"][case.media_type]
    examples = [each["value"] for each in content["examples"].values()]
    if case.media_type == "text/csv":
        headings = [example.partition("\r\n")[0] for example in examples]
        assert body.decode().partition("\r\n")[0] in headings
        return
    if case.media_type == "application/vnd.apache.parquet":
        assert body.startswith(b"PAR1")
        return
    if case.media_type == "application/x-ndjson":
        lines = [json.loads(text) for text in (examples[0], body.splitlines()[0])]
        assert list(lines[0]) == list(lines[1])
        return
    shown = json.loads(body)
    schema = {**content["schema"], "components": OPENAPI["components"]}
    jsonschema.Draft202012Validator(schema).validate(shown)
    assert any(_is_alike(example, shown) for example in examples), shown
    if "features" in shown and case.body:
        assert case.body.value.items() <= shown["features"].items()


def _is_alike(documented: Any, answered: Any) -> bool:
    """The same members, of the same types; an example may leave some out."""
    if isinstance(documented, dict) and isinstance(answered, dict):
        return all(
            name in answered and _is_alike(value, answered[name])
            for name, value in documented.items()
        )
    if isinstance(documented, list) and isinstance(answered, list):
        return not documented or any(_is_alike(documented[0], one) for one in answered)
    if documented is None or answered is None:
        return True
    kinds = (bool, str, (int, float), list, dict)
    return any(isinstance(documented, kind) and isinstance(answered, kind) for kind in kinds)
