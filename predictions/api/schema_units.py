"""Both shapes of what `units` names, in the OpenAPI document.

An answer is one serializer, whose members are renamed as it is given; here its schema is, so that
no second serializer has to be kept in step.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from buildings.units import SI, Quantity, in_si, name_in, quantity_of

_REF: Final = "#/components/schemas/"
_PATH: Final = "/predictions/"


def postprocess_units(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give every operation on predictions that takes `units` both shapes of its bodies."""
    schemas: dict[str, Any] = result["components"]["schemas"]
    contents = [
        content
        for path, operations in result["paths"].items()
        if _PATH in path
        for operation in operations.values()
        if any(parameter["name"] == "units" for parameter in operation.get("parameters", ()))
        for content in _contents(operation)
    ]
    named: dict[str, None] = {}
    for content in contents:
        _collect(content.get("schema"), schemas, named)
    differing = _differing(list(named), schemas)
    for name in differing:
        schemas[f"{name}SI"] = _in_si(schemas[name], differing)
    for content in contents:
        reference = content.get("schema", {}).get("$ref", "")
        if reference.removeprefix(_REF) in differing:
            content["schema"] = {"anyOf": [{"$ref": reference}, {"$ref": f"{reference}SI"}]}
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


def _contents(operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    bodies = [operation.get("requestBody", {})]
    bodies += [body for status, body in operation["responses"].items() if status.startswith("2")]
    for body in bodies:
        yield from body.get("content", {}).values()


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield schema["$ref"].removeprefix(_REF)
        for part in schema.values():
            yield from _references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def _collect(schema: Any, schemas: Mapping[str, Any], named: dict[str, None]) -> None:
    for name in _references(schema):
        if name not in named:
            named[name] = None
            _collect(schemas[name], schemas, named)


def _differing(names: list[str], schemas: Mapping[str, Any]) -> set[str]:
    """Those with a quantity among their members, or with a member that has one."""
    differing = {
        name for name in names if any(map(quantity_of, schemas[name].get("properties", ())))
    }
    while (
        more := {name for name in names if differing.intersection(_references(schemas[name]))}
        - differing
    ):
        differing |= more
    return differing


def _in_si(schema: Any, differing: set[str]) -> Any:
    if isinstance(schema, list):
        return [_in_si(part, differing) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    copy = {name: _in_si(part, differing) for name, part in schema.items()}
    if schema.get("$ref", "").removeprefix(_REF) in differing:
        copy["$ref"] = f"{schema['$ref']}SI"
    if "properties" in schema:
        copy["properties"] = {}
        for name, part in schema["properties"].items():
            quantity = quantity_of(name)
            converted = _in_si(part, differing)
            if quantity is not None:
                converted = _converted(converted, quantity)
            copy["properties"][name_in(name, SI)] = converted
        if "required" in schema:
            copy["required"] = [name_in(name, SI) for name in schema["required"]]
    return copy


def _converted(schema: Mapping[str, Any], quantity: Quantity) -> dict[str, Any]:
    """A quantity's own schema: its unit where it is described, and its bounds."""
    copy = dict(schema)
    for bound in ("minimum", "maximum"):
        if bound in copy:
            copy[bound] = in_si(quantity.name, copy[bound])
    if "description" in copy:
        copy["description"] = copy["description"].replace(quantity.unit, quantity.si_unit)
    return copy
