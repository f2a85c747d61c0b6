"""The answer to a batch, row by row in the order of its rows, and as a table: CSV or Parquet."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from buildings.api.renderers import csv_cell
from buildings.selectors.factors import emission_factor_set_slug
from buildings.units import SI, US, in_si, quantity_of
from predictions.exports.columns import FIGURES
from predictions.models import PredictionBatch, PredictionInput, PredictionOutput
from predictions.units import answer_in

_TEXTS: Final = ("prediction_id", "emission_factor_set", "warnings", "error_code", "errors")
#: One line a row that came in. Energies are as kept, emissions t CO2e; `warnings` is JSON, `errors`
#: what was wrong with a row that was skipped.
_COLUMNS: Final = (
    "row",
    "prediction_id",
    "ose_building_id",
    *FIGURES,
    "emission_factor_set",
    "warnings",
    "error_code",
    "errors",
)
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """A row that came in, from 0: its stored input, or why it was skipped."""

    row: int
    stored: PredictionInput | None
    errors: list[dict[str, Any]]

    @property
    def output(self) -> PredictionOutput | None:
        """What was stored of the answer; None if it was skipped, or was never answered."""
        return getattr(self.stored, "output", None)

    @property
    def is_lacking(self) -> bool:
        """Whether it has no prediction, for whatever reason."""
        return self.output is None or self.output.error_code is not None


def answered_rows(
    batch: PredictionBatch, inputs: Iterable[PredictionInput], *, first_row: int = 0
) -> Iterator[AnsweredRow]:
    """Every row that came in, in order; the first is `first_row` of them all."""
    refused = {refusal["row"]: refusal["errors"] for refusal in batch.refused_rows}
    stored = iter(inputs)
    for row in range(batch.rows_received):
        if row in refused:
            yield AnsweredRow(first_row + row, None, refused[row])
        else:
            yield AnsweredRow(first_row + row, next(stored), [])


def row_counts(batch: PredictionBatch, inputs: Iterable[PredictionInput]) -> dict[str, int]:
    """How many rows came in and what became of them; these add up."""
    outputs = [getattr(stored, "output", None) for stored in inputs]
    failed = sum(output is not None and output.error_code is not None for output in outputs)
    unanswered = outputs.count(None)
    return {
        "received": batch.rows_received,
        "predicted": len(outputs) - failed - unanswered,
        "failed": failed,
        "unanswered": unanswered,
        "refused": len(batch.refused_rows),
    }


def columns_in(units: str) -> list[str]:
    """The columns of the table, named by these units."""
    quantities = map(quantity_of, _COLUMNS)
    return [
        name if quantity is None else quantity.name_in(units)
        for name, quantity in zip(_COLUMNS, quantities, strict=True)
    ]


def csv_chunks(
    rows: Iterable[AnsweredRow], *, units: str = US, with_header: bool = True
) -> Iterator[str]:
    """A CSV in pieces: a header and a line a row. A text that a spreadsheet would take for a
    formula begins with an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    if with_header:
        writer.writerow(columns_in(units))
    for number, row in enumerate(rows, start=1):
        writer.writerow(map(csv_cell, _cells(row, units)))
        if number % _CHUNK == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def parquet_bytes(rows: Iterable[AnsweredRow], *, units: str = US) -> bytes:
    """The same as Parquet, with typed columns."""
    import pyarrow as pa  # late: its libraries are large, and few ask for them
    from pyarrow import parquet

    types: Mapping[str, Any] = {
        "row": pa.int32(),
        "ose_building_id": pa.int32(),
        **dict.fromkeys(_TEXTS, pa.string()),
    }
    schema = pa.schema([(name, types.get(name, pa.float64())) for name in columns_in(units)])
    columns = zip(*(_cells(row, units) for row in rows), strict=True)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
    written = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), written)
    return written.getvalue()


def _cells(row: AnsweredRow, units: str) -> tuple[Any, ...]:
    stored, output = row.stored, row.output
    building = stored.building if stored is not None else None
    factor_set = output.emission_factor_set if output is not None else None
    figures = [getattr(output, name, None) for name in FIGURES]
    if units == SI:
        figures = list(map(in_si, FIGURES, figures))
    cautions = None if output is None else answer_in(units, output.cautions)
    return (
        row.row,
        None if stored is None else str(stored.id),
        None if building is None else building.ose_building_id,
        *figures,
        None if factor_set is None else emission_factor_set_slug(factor_set),
        None if cautions is None else json.dumps(cautions),
        None if output is None or output.error_code is None else str(output.error_code),
        "; ".join(_said(error) for error in row.errors) or None,
    )


def _said(error: Mapping[str, Any]) -> str:
    member = error["pointer"].split("/", 3)[3:]
    return f"{member[0]}: {error['detail']}" if member else str(error["detail"])
