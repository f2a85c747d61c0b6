"""Bodies of batches and how they are sent."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.test import APIClient

from tests.predictions.factories import facts

URL = "/api/v1/predictions/batch/"
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
PARQUET = "application/vnd.apache.parquet"


def rows_of(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Valid rows that differ in their floor area, ft²."""
    return [facts(gross_floor_area_sqft=10_000 + at, **changes) for at in range(count)]


def post(
    api: APIClient,
    body: Any,
    *,
    content_type: str = JSON,
    accept: str = JSON,
    query: str = "",
    **headers: str,
) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.generic(
        "POST",
        URL + query,
        content,  # type: ignore[arg-type]  # bytes too
        content_type,
        headers={"Accept": accept, **headers},
    )


def read(answer: Any) -> bytes:
    """The whole streamed body."""
    return b"".join(answer.streaming_content)


def results(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(read(answer))["results"]
    return found


def csv_of(rows: Sequence[Mapping[str, Any]], *, delimiter: str = ",", end: str = "\n") -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [delimiter.join(names)]
    for row in rows:
        cells = ["" if row.get(name) is None else str(row[name]) for name in names]
        lines.append(delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in cells))
    return (end.join(lines) + end).encode()


def parquet_of(columns: Mapping[str, Any], **options: Any) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    written = io.BytesIO()
    parquet.write_table(pa.table(dict(columns)), written, **options)
    return written.getvalue()
