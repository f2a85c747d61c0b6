"""The answer to a batch in the format that was asked for, in pieces."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from rest_framework.renderers import JSONRenderer

from buildings.units import US
from predictions.api.serializers import PredictionOutputSerializer
from predictions.batches.answers import AnsweredRow, columns_in
from predictions.exports import formats
from predictions.units import answer_in

_CHUNK: Final = 500
_dumps: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_output_shown: Final = PredictionOutputSerializer().to_representation


class BatchRenderer(JSONRenderer):
    """Problems are JSON in any case; a batch is written in pieces."""

    #: How a file of it is called, if it is one to keep.
    extension: ClassVar[str] = ""

    def pieces(
        self, head: Mapping[str, Any], rows: Iterable[AnsweredRow], *, units: str
    ) -> Iterator[bytes]:
        """The whole answer in `units`: what is known of the call, then the rows in order."""
        lines = (json_line(row, units=units) for row in rows)
        yield from _joined(f'{_dumps(head)[:-1]},"results":[', ",", lines, "]}")


class BatchNDJSONRenderer(BatchRenderer):
    """JSON Lines: an object a row, and nothing of the call."""

    media_type = "application/x-ndjson"
    format = "ndjson"

    def pieces(
        self, head: Mapping[str, Any], rows: Iterable[AnsweredRow], *, units: str
    ) -> Iterator[bytes]:
        lines = (json_line(row, units=units) for row in rows)
        yield from _joined("", "\n", lines, "\n")


class _TableRenderer(BatchRenderer):
    """A row a line, in one of the formats that exports have."""

    table: ClassVar[formats.Format]

    def pieces(
        self, head: Mapping[str, Any], rows: Iterable[AnsweredRow], *, units: str
    ) -> Iterator[bytes]:
        yield from self.table.write(rows, columns_in(units))


class BatchCSVRenderer(_TableRenderer):
    """A header and a line a row."""

    media_type = formats.CSV.media_type
    format = extension = formats.CSV.extension
    table = formats.CSV


class BatchParquetRenderer(_TableRenderer):
    """The table of the CSV with typed columns."""

    media_type = formats.PARQUET.media_type
    format = extension = formats.PARQUET.extension
    table = formats.PARQUET


def json_line(row: AnsweredRow, *, units: str = US) -> str:
    """A row as one line of JSON in `units`, without its end."""
    return _dumps(answer_in(units, row_shown(row)))


def row_shown(row: AnsweredRow) -> dict[str, Any]:
    """A row as JSON: what one prediction answers as `output`, or the errors it was skipped for."""
    stored, output = row.stored, row.output
    building = stored.building if stored is not None else None
    error_code = None if output is None else output.error_code
    return {
        "row": row.row,
        "id": None if stored is None else str(stored.id),
        "ose_building_id": None if building is None else building.ose_building_id,
        "output": None if output is None or error_code else _output_shown(output),
        "warnings": [] if output is None else output.cautions or [],
        "error_code": error_code,
        "errors": row.errors,
    }


def _joined(start: str, between: str, lines: Iterable[str], end: str) -> Iterator[bytes]:
    before, block = start, []
    for line in lines:
        block.append(before + line)
        before = between
        if len(block) == _CHUNK:
            yield "".join(block).encode()
            block.clear()
    yield ("".join(block) + end).encode()
