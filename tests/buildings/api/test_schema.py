"""The views' part of the OpenAPI document: parameters, examples, answers."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from buildings.api.pagination import StrictCursorPagination
from buildings.api.urls import urlpatterns
from buildings.api.views import BuildingViewSet


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    schema = SchemaGenerator(patterns=urlpatterns).get_schema(request=None, public=True)
    found: dict[str, Any] = schema["paths"]
    return found


def test_only_reading_is_offered(paths: dict[str, Any]) -> None:
    assert {path: list(operations) for path, operations in paths.items()} == {
        "/buildings/": ["get"],
        "/buildings/{ose_building_id}/": ["get"],
    }


def test_every_parameter_is_described(paths: dict[str, Any]) -> None:
    parameters = {
        parameter["name"]: parameter for parameter in paths["/buildings/"]["get"]["parameters"]
    }
    assert sorted(parameters) == [
        "building_type",
        "cursor",
        "neighborhood",
        "page_size",
        "primary_property_type",
        "search",
    ]
    assert all(parameter["description"] for parameter in parameters.values())
    page_size = parameters["page_size"]["schema"]
    assert (page_size["minimum"], page_size["maximum"]) == (1, 200)
    (identifier,) = paths["/buildings/{ose_building_id}/"]["get"]["parameters"]
    assert identifier["schema"]["type"] == "integer"


def test_every_operation_has_an_example(paths: dict[str, Any]) -> None:
    for operations in paths.values():
        content = operations["get"]["responses"]["200"]["content"]["application/json"]
        (example,) = content["examples"].values()
        assert "900001" in str(example["value"])


def test_paginator_of_fixed_page_size_offers_none() -> None:
    paginator = type("Fixed", (StrictCursorPagination,), {"page_size_query_param": None})()
    parameters = paginator.get_schema_operation_parameters(BuildingViewSet())
    assert [parameter["name"] for parameter in parameters] == ["cursor"]
