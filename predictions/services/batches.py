"""Batches: many buildings in one call, through the door like one."""

from collections.abc import Sequence
from typing import Any, Final

from buildings.selectors.buildings import OSE_BUILDING_ID_MAX
from buildings.services.interpreter import interpreter_tuned
from mlmodel.checking import RowFault
from mlmodel.errors import IncompleteFactsError
from mlmodel.messages import Message
from predictions.batches.rows import ROWS_MAX, Rows, too_many_rows
from predictions.metrics import BATCH_ROWS
from predictions.models import BatchFormat, PredictionBatch, PredictionInput
from predictions.selectors.batches import buildings_features
from predictions.services.door import Call, Question, prediction_create
from predictions.services.serving import Serving

BUILDING_IDS: Final = "ose_building_ids"
_NOT_AN_ID: Final = Message("Must be a whole number from 1 to 2147483647.")
_UNKNOWN: Final = Message("There is no building with this id.")


def rows_admit(*, rows: Rows, is_skipping: bool) -> None:
    """Count the rows. Raises RowsRefusedError where the batch is not to be predicted: a row is bad
    or, if bad rows are skipped, all are."""
    BATCH_ROWS.labels(rows.format, "valid").inc(len(rows.features))
    BATCH_ROWS.labels(rows.format, "not valid").inc(rows.received - len(rows.features))
    if not (is_skipping and rows.features):
        rows.require_all()


def batch_create(
    *,
    call: Call,
    rows: Rows,
    emission_factor_set: str | None = None,
    serving: Serving | None = None,
) -> tuple[PredictionBatch, list[PredictionInput]]:
    """Predict the good rows, of which there must be one, in one call; the stored inputs, each with
    its output, in order.

    Bad rows are reported on the batch: whoever does not want to skip them asks `rows_admit`
    before. A model that fails leaves an error code in each output.

    The model is the one served, or `serving`'s. Raises what `prediction_create` raises.
    """
    with interpreter_tuned():  # ten thousand rows are many objects and no cycles
        inputs = prediction_create(
            call=call,
            questions=[
                Question(
                    features=features,
                    building=building,
                    sent=None if sent is None else {"units": rows.units, "members": sent},
                )
                for features, building, sent in zip(
                    rows.features, rows.buildings, rows.sent, strict=True
                )
            ],
            emission_factor_set=emission_factor_set,
            serving=serving,
            batch=batch_of(rows),
        )
    # Of a repeated call that was cut short, what was stored with it then.
    return inputs[0].request.batch, inputs


def batch_of(rows: Rows) -> PredictionBatch:
    """What of these rows is stored beside the inputs; not saved."""
    return PredictionBatch(
        format=rows.format, rows_received=rows.received, refused_rows=rows.refused_report()
    )


def building_rows(*, ose_building_ids: Sequence[Any]) -> Rows:
    """The stored facts of these buildings, in order; what is no identifier is refused like a bad
    row. Three queries, however many. Raises TooManyRowsError."""
    rows = Rows(BatchFormat.BUILDINGS, member=BUILDING_IDS)
    if len(ose_building_ids) > ROWS_MAX:
        raise too_many_rows()
    known = buildings_features(ose_building_ids=set(filter(_is_id, ose_building_ids)))
    for number in ose_building_ids:
        found = known.get(number) if _is_id(number) else None
        if not _is_id(number):
            rows.refuse(RowFault("", "not-an-id", _NOT_AN_ID))
        elif found is None:
            rows.refuse(RowFault("", "unknown-building", _UNKNOWN))
        elif isinstance(found, IncompleteFactsError):
            rows.refuse(RowFault("", "incomplete-facts", Message(str(found))))
        else:
            building, features = found
            rows.accept(features, building=building)
    return rows


def _is_id(value: Any) -> bool:
    return value.__class__ is int and 0 < value <= OSE_BUILDING_ID_MAX
