"""The answer to a batch, row by row in the order of its rows, and the columns of its table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from operator import attrgetter
from typing import Any

from buildings.selectors.factors import emission_factor_set_slug
from predictions.exports.columns import FIGURES, Column, column_in
from predictions.models import PredictionBatch, PredictionInput, PredictionOutput
from predictions.units import answer_in


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


@cache
def columns_in(units: str) -> Sequence[Column]:
    """Of the table of a batch: a line a row that came in. Energies are in `units`, emissions in
    t CO2e; `warnings` is JSON, `errors` what was wrong with a row that was skipped."""
    columns = (
        Column("row", "integer", attrgetter("row")),
        Column("prediction_id", "text", _prediction_id),
        Column("ose_building_id", "integer", _ose_building_id),
        *(Column(name, "number", partial(_of_output, name=name)) for name in FIGURES),
        Column("emission_factor_set", "text", _factor_set),
        Column("warnings", "json", lambda row: answer_in(units, _of_output(row, name="cautions"))),
        Column("error_code", "text", partial(_of_output, name="error_code")),
        Column("errors", "text", lambda row: "; ".join(map(_said, row.errors)) or None),
    )
    return tuple(column_in(column, units) for column in columns)


def _prediction_id(row: AnsweredRow) -> str | None:
    return None if row.stored is None else str(row.stored.id)


def _ose_building_id(row: AnsweredRow) -> int | None:
    building = None if row.stored is None else row.stored.building
    return None if building is None else building.ose_building_id


def _of_output(row: AnsweredRow, *, name: str) -> Any:
    return getattr(row.output, name, None)


def _factor_set(row: AnsweredRow) -> str | None:
    factor_set = _of_output(row, name="emission_factor_set")
    return None if factor_set is None else emission_factor_set_slug(factor_set)


def _said(error: Mapping[str, Any]) -> str:
    member = error["pointer"].split("/", 3)[3:]
    return f"{member[0]}: {error['detail']}" if member else str(error["detail"])
