"""The views' part of the OpenAPI document: parameters, units, formats, examples, answers."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from buildings.api.urls import urlpatterns
from buildings.choices import NEIGHBORHOODS, PRIMARY_PROPERTY_TYPES
from buildings.units import quantity_of


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return dict(SchemaGenerator(patterns=urlpatterns).get_schema(request=None, public=True))


@pytest.fixture(scope="module")
def paths(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["paths"]
    return found


def parameters_of(operation: dict[str, Any]) -> dict[str, Any]:
    return {parameter["name"]: parameter for parameter in operation["parameters"]}


def test_only_reading_is_offered(paths: dict[str, Any]) -> None:
    assert {path: list(operations) for path, operations in paths.items()} == {
        "/benchmarks/": ["get"],
        "/buildings/": ["get"],
        "/buildings/{ose_building_id}/": ["get"],
    }


def test_every_parameter_is_described(paths: dict[str, Any]) -> None:
    parameters = parameters_of(paths["/buildings/"]["get"])
    assert sorted(parameters) == [
        "building_type",
        "compliance_status",
        "cursor",
        "data_year",
        "gross_floor_area_max",
        "gross_floor_area_min",
        "has_quality_flags",
        "is_synthetic",
        "neighborhood",
        "ordering",
        "page_size",
        "primary_property_type",
        "quality_flag",
        "search",
        "site_eui_max",
        "site_eui_min",
        "units",
        "year_built_max",
        "year_built_min",
    ]
    for operations in paths.values():
        for parameter in operations["get"]["parameters"]:
            has_description = parameter.get("description") or parameter["in"] == "path"
            assert has_description, parameter["name"]
    page_size = parameters["page_size"]["schema"]
    assert (page_size["minimum"], page_size["maximum"]) == (1, 2000)
    one = parameters_of(paths["/buildings/{ose_building_id}/"]["get"])
    assert sorted(one) == ["If-None-Match", "include", "ose_building_id", "units"]
    assert one["ose_building_id"]["schema"]["type"] == "integer"


def test_vocabularies_are_enumerations(paths: dict[str, Any]) -> None:
    parameters = parameters_of(paths["/buildings/"]["get"])
    assert parameters["primary_property_type"]["schema"]["enum"] == list(PRIMARY_PROPERTY_TYPES)
    assert parameters["neighborhood"]["schema"]["anyOf"][0]["enum"] == list(NEIGHBORHOODS)
    assert parameters["units"]["schema"]["enum"] == ["us", "si"]
    assert "-site_eui_kbtu_per_sqft" in parameters["ordering"]["schema"]["enum"]
    assert "left out" in parameters["ordering"]["description"]
    assert parameters_of(paths["/benchmarks/"]["get"])["primary_property_type"]["required"] is True


def test_parameters_whose_unit_follows_say_so(paths: dict[str, Any]) -> None:
    for path in ("/buildings/", "/benchmarks/"):
        for name, parameter in parameters_of(paths[path]["get"]).items():
            if name.startswith(("gross_floor_area", "site_eui")):
                assert "`units`" in parameter["description"]


def test_both_shapes_of_every_answer_are_declared_with_their_units(schema: dict[str, Any]) -> None:
    components = schema["components"]["schemas"]
    for name in ("BuildingSummary", "Building", "BenchmarkRecord", "PropertyUse", "Benchmark"):
        assert {name, f"{name}SI"} <= components.keys()
    for name in ("BuildingSummary", "BenchmarkRecord"):
        published = components[name]["properties"]
        si = components[f"{name}SI"]["properties"]
        for field in published:
            quantity = quantity_of(field)
            if quantity is not None and field != "electricity_kbtu":  # in SI by another name
                assert f"Unit: {quantity.unit}." in published[field]["description"]
                assert f"Unit: {quantity.si_unit}." in si[quantity.si_name]["description"]
        assert not [field for field in si if field.endswith(("_sqft", "_kbtu", "_therms"))]
    for name in ("BuildingSummary", "Building", "Benchmark"):
        shapes = [shape["$ref"] for shape in components[f"{name}InUnits"]["oneOf"]]
        assert shapes == [f"#/components/schemas/{name}", f"#/components/schemas/{name}SI"]
    assert "as_published" not in components["BenchmarkRecord"]["required"]


def test_every_format_is_declared_with_an_example(paths: dict[str, Any]) -> None:
    answer = paths["/buildings/"]["get"]["responses"]["200"]
    assert sorted(answer["content"]) == ["application/geo+json", "application/json", "text/csv"]
    assert "Link" in answer["headers"]
    for content in answer["content"].values():
        assert content["examples"]


def test_every_operation_has_an_example(paths: dict[str, Any]) -> None:
    for path, operations in paths.items():
        content = operations["get"]["responses"]["200"]["content"]["application/json"]
        expected = "73" if path == "/benchmarks/" else "900001"
        for example in content["examples"].values():
            assert expected in str(example["value"])
