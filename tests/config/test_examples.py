"""Every operation of the committed OpenAPI document is called as its examples say, in every format,
and answers what is documented: status, headers, schema, and the members of the example.

The test walks the document: an operation that is added is called without a line here, unless its
path has a parameter of a new name (`known`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
import yaml
from rest_framework.test import APIClient

from config.env import BASE_DIR
from mlmodel.models import Alias, ModelPromotion, ModelVersion, PromotionKind
from predictions.api.problems import PROBLEMS
from tests.buildings.factories import BenchmarkRecordFactory, BuildingFactory
from tests.fakes import FakeServedModel

OPENAPI = yaml.safe_load((BASE_DIR / "docs/reference/openapi.yaml").read_text("utf-8"))


@dataclass(frozen=True)
class Case:
    """An operation, one of its request examples, and one of the formats it answers in."""

    path: str
    method: str
    operation: dict[str, Any]
    body: Any
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


def bodies(operation: dict[str, Any]) -> list[Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return [
        each["value"]
        for media_type in content.values()
        for each in media_type.get("examples", {}).values()
    ]


def formats(operation: dict[str, Any]) -> set[str]:
    return {
        media_type
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for media_type in answer["content"]
    }


CASES = [
    Case(path, method, operation, body, media_type)
    for path, method, operation in operations()
    for body in bodies(operation) or [None]
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
        for media_type, content in answer["content"].items():
            assert content["examples"], f"an example of the answer in {media_type}"


def _example_of(parameter: dict[str, Any]) -> Any:
    schema = _resolved(parameter["schema"])
    return parameter.get("example", schema.get("default", schema.get("enum", [None])[0]))


@pytest.fixture
def known(api: APIClient, served: FakeServedModel) -> dict[str, str]:
    """What the parameters in paths may be: an object of each kind is on the record."""
    building = BuildingFactory.create(ose_building_id=900001, latitude=47.61, longitude=-122.33)
    BenchmarkRecordFactory.create(building=building, uses=1, quality_flags=["emissions_differ"])
    # What the shipped version holds, for its card; the model behind the door is the fake.
    manifest = json.loads((BASE_DIR / "mlmodel/shipped/manifest.json").read_text("utf-8"))
    ModelVersion.objects.update(**manifest)
    champion = ModelVersion.objects.get()
    ModelPromotion.objects.create(
        version=champion, alias=Alias.CHAMPION, kind=PromotionKind.PROMOTION, promoted_by_name="ann"
    )
    predictions = "/api/v1/predictions/"
    (facts,) = bodies(OPENAPI["paths"][predictions]["post"])
    prediction_id = api.post(predictions, facts, format="json").json()["id"]
    api.post(f"{predictions}{prediction_id}/explanations/")
    return {
        "id": prediction_id,
        "ose_building_id": str(building.ose_building_id),
        "slug": PROBLEMS[0].slug,
        "name": champion.name,
        "number": str(champion.version),
    }


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_documented_answer_is_given(api: APIClient, known: dict[str, str], case: Case) -> None:
    query = {
        parameter["name"]: _example_of(parameter)
        for parameter in case.operation.get("parameters", ())
        if parameter["in"] == "query" and parameter.get("required")
    }
    answer = api.generic(
        case.method.upper(),
        case.path.format(**known),
        "" if case.body is None else json.dumps(case.body),
        "application/json" if case.body is not None else "",
        query_params=query,
        headers={"Accept": case.media_type},
    )
    documented = case.operation["responses"].get(str(answer.status_code))
    assert documented is not None, (answer.status_code, answer.content)
    assert answer.status_code < 300, answer.content
    assert answer["Content-Type"].partition(";")[0] == case.media_type
    content = documented["content"][case.media_type]
    examples = [each["value"] for each in content["examples"].values()]
    if case.media_type == "text/csv":
        headings = [example.partition("\r\n")[0] for example in examples]
        assert answer.content.decode().partition("\r\n")[0] in headings
        return
    schema = {**content["schema"], "components": OPENAPI["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json())
    assert any(_is_alike(example, answer.json()) for example in examples), answer.json()
    if "features" in answer.json() and case.body:
        assert case.body.items() <= answer.json()["features"].items()


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
