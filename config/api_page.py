"""The reference page of the API's operations, from the OpenAPI document that the code makes."""

from collections.abc import Iterator
from typing import Any, Final

from drf_spectacular.generators import SchemaGenerator

_HEADER: Final = """\
# API

Made from the OpenAPI document by `manage.py export_reference`; do not edit. All of it, with schemas
and examples: [openapi.yaml](openapi.yaml), shown by [ReDoc](redoc.html) in the site, and by the
running service at `/api/v1/docs/` (Swagger UI, with *Try it out*) and `/api/v1/redoc/`.

{description}

Refusals: [errors](errors.md). What a request may ask for: [limits](limits.md). m² and kWh:
[units](units.md). A first call: [tutorial](../tutorials/quickstart.md).
"""


def api_page() -> str:
    """Markdown: every operation by tag, with the scope it needs and the formats it speaks."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    sections = "".join(
        f"\n## {tag['name']}\n\n{tag['description']}\n\n"
        "| operation | what | scope | formats |\n|---|---|---|---|\n"
        f"{''.join(_rows(document, tag['name']))}"
        for tag in document["tags"]
    )
    return _HEADER.format(description=document["info"]["description"]) + sections


def _rows(document: dict[str, Any], tag: str) -> Iterator[str]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if tag in operation["tags"]:
                yield (
                    f"| `{method.upper()} {path}` | {operation['summary']} | {_scope(operation)} | "
                    f"{_formats(operation)} |\n"
                )


def _scope(operation: dict[str, Any]) -> str:
    needed = [scope for each in operation.get("security", ()) for scope in each.get("token", ())]
    return ", ".join(f"`{scope}`" for scope in needed) or "none: no token"


def _formats(operation: dict[str, Any]) -> str:
    names = {
        "application/json": "JSON",
        "text/csv": "CSV",
        "application/x-ndjson": "JSON Lines",
        "application/vnd.apache.parquet": "Parquet",
    }
    kinds = {
        kind
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for kind in answer.get("content", ())
    }
    return ", ".join(name for kind, name in names.items() if kind in kinds)
