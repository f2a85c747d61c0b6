"""Flat rows as CSV, JSON Lines or Parquet, a piece at a time: memory does not grow with them."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from buildings.api.renderers import csv_cell
from predictions.exports.columns import Column

#: Rows that are written at once.
_PIECE_ROWS: Final = 500
#: Rows of a Parquet file that are compressed together, and held in memory until they are.
_GROUP_ROWS: Final = 10_000

Write = Callable[[Iterable[Any], Sequence[Column]], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """How rows are written, and what that is called."""

    media_type: str
    extension: str
    write: Write
    charset: str | None = None

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset={self.charset}" if self.charset else self.media_type


def write_csv(
    rows: Iterable[Any], columns: Sequence[Column], *, with_header: bool = True
) -> Iterator[bytes]:
    """RFC 4180 with a header line, UTF-8. An empty cell is a null; a text that a spreadsheet would
    take for a formula begins with an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    if with_header:
        writer.writerow([column.name for column in columns])
    cells = list(map(_cell_of, columns))
    for piece in _pieces(rows, _PIECE_ROWS):
        writer.writerows([cell(row) for cell in cells] for row in piece)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def write_json_lines(rows: Iterable[Any], columns: Sequence[Column]) -> Iterator[bytes]:
    """One JSON object a line, UTF-8; every column is a member, null where there is nothing."""
    for piece in _pieces(rows, _PIECE_ROWS):
        lines = [
            json.dumps(
                {column.name: _time(column.value(row)) for column in columns}, ensure_ascii=False
            )
            for row in piece
        ]
        yield "".join(f"{line}\n" for line in lines).encode()


def write_parquet(rows: Iterable[Any], columns: Sequence[Column]) -> Iterator[bytes]:
    """Apache Parquet, compressed by Zstandard; times are UTC to the microsecond, nested values JSON
    text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "json": pa.string(),
        "number": pa.float64(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(column.name, types[column.kind]) for column in columns])
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for piece in _pieces(rows, _GROUP_ROWS):
            arrays = [
                pa.array([_typed(column, row) for row in piece], types[column.kind])
                for column in columns
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


CSV: Final = Format("text/csv", "csv", write_csv, "utf-8")
JSON_LINES: Final = Format("application/x-ndjson", "jsonl", write_json_lines)
PARQUET: Final = Format("application/vnd.apache.parquet", "parquet", write_parquet)


class _Sink:
    """A file that hands on what was written to it and keeps nothing."""

    closed = False

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._position = 0

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._written.append(piece)
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing to close; what was written is taken after it."""

    def taken(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        return taken


def _pieces(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while piece := list(islice(iterator, size)):
        yield piece


def _time(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _cell_of(column: Column) -> Callable[[Any], Any]:
    """What makes a row's cell; a number needs nothing done to it."""
    value = column.value
    match column.kind:
        case "number" | "integer":
            return value
        case "time":
            return lambda row: _time(value(row))
        case "json":
            return lambda row: csv_cell(_json(value(row)))
        case _:
            return lambda row: csv_cell(value(row))


def _typed(column: Column, row: Any) -> Any:
    """A value as its column's type in Parquet takes it."""
    value = column.value(row)
    if value is None:
        return None
    match column.kind:
        case "json":
            return _json(value)
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case _:
            return value
