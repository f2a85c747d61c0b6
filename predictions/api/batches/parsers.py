"""Bodies of a batch: JSON, CSV and Parquet, each with its limit."""

import io
from typing import Any, ClassVar, Final, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from mlmodel.checking import RowFault, unknown_member
from mlmodel.messages import Message
from predictions.api.exceptions import MalformedBodyError
from predictions.api.parsers import REPEATED, StrictJSONParser, member_repeated
from predictions.batches.csv_rows import rows_of_csv
from predictions.batches.parquet_rows import rows_of_parquet
from predictions.batches.rows import ROWS_MAX, Rows, error_of, too_many_rows
from predictions.errors import RowsRefusedError
from predictions.models import BatchFormat
from predictions.services.batches import BUILDING_IDS

ROWS: Final = "rows"
#: What no documented body comes near: brackets and commas of the whole text.
_BRACKETS_MAX: Final = 3 * ROWS_MAX
_COMMAS_MAX: Final = 60 * ROWS_MAX


class BatchParser(BaseParser):
    """Reads the rows of a body: `Rows`, or a list of building ids."""

    format: ClassVar[str]

    @classmethod
    def limit_bytes(cls) -> int:
        """Larger bodies are not read."""
        return int(settings.BATCH_BODY_BYTES_MAX[cls.format])

    def rows(self, body: bytes, *, units: str) -> Rows | list[Any]:
        """Its rows are named and given in `units`. Raises RowsRefusedError, and what says that it
        cannot be read or is too much."""
        raise NotImplementedError


class BatchJSONParser(StrictJSONParser, BatchParser):
    """`{"rows": [{…}, …]}` or `{"ose_building_ids": [1, …]}`, as strict as the body of one row."""

    format = "json"

    def rows(self, body: bytes, *, units: str) -> Rows | list[Any]:
        content: Any = self.parse(io.BytesIO(body))
        if isinstance(content, _Repeated):
            raise MalformedBodyError(_(REPEATED), member=content.member, code="duplicate")
        items = _items(content)
        if BUILDING_IDS in content:
            return items
        rows = Rows(BatchFormat.JSON, units)
        for item in items:
            if isinstance(item, dict):
                rows.add(item)
            elif isinstance(item, _Repeated):
                rows.refuse(RowFault(item.member, "duplicate", Message(REPEATED)))
            else:
                rows.refuse(RowFault("", "not-an-object", Message("Must be a JSON object.")))
        return rows

    def check_extent(self, text: str) -> None:
        """Depth is bounded by the parser itself, and no row may hold anything nested; what must be
        bounded beforehand is how many objects there will be."""
        brackets = text.count("{") + text.count("[")
        if brackets > _BRACKETS_MAX or text.count(",") > _COMMAS_MAX:
            raise too_many_rows()

    def read_object(self, pairs: list[tuple[str, Any]]) -> Any:
        """A member given twice is reported with its row, which is not known yet."""
        members = dict(pairs)
        return members if len(members) == len(pairs) else _Repeated(member_repeated(pairs))


class BatchCSVParser(BatchParser):
    """A header of feature names and a line a row."""

    media_type = "text/csv"
    format = "csv"

    def rows(self, body: bytes, *, units: str) -> Rows:
        return rows_of_csv(io.BytesIO(body), limit=ROWS_MAX, units=units)


class BatchParquetParser(BatchParser):
    """A flat table whose columns are named after features."""

    media_type = "application/vnd.apache.parquet"
    format = "parquet"

    def rows(self, body: bytes, *, units: str) -> Rows:
        return rows_of_parquet(body, units=units)


class _Repeated:
    """Stands for an object that has a member twice."""

    def __init__(self, member: str) -> None:
        self.member = member


def body_parsed(parser: BatchParser, body: bytes, *, units: str) -> Rows | list[Any]:
    """What this parser makes of a whole body in `units`; at least one row. Raises
    RowsRefusedError, and what the parser raises."""
    parsed = parser.rows(body, units=units)
    if not (parsed if isinstance(parsed, list) else parsed.received):
        member = BUILDING_IDS if isinstance(parsed, list) else ROWS
        _refuse(error_of(RowFault(member, "empty", Message("Give one row at least.")), member))
    return parsed


def _items(body: Any) -> list[Any]:
    """The only member's list."""
    known = (ROWS, BUILDING_IDS)
    if not isinstance(body, dict):
        said = Message('Send an object: {"rows": […]} or {"ose_building_ids": […]}.')
        _refuse(error_of(RowFault("", "not-an-object", said)))
    unknown = [name for name in body if name not in known]
    if unknown:
        shown = unknown[: len(known)]
        _refuse(
            *(error_of(unknown_member(name, known), name) for name in shown), count=len(unknown)
        )
    if len(body) != 1:
        _refuse(
            error_of(RowFault("", "required", Message("Give either `rows` or `ose_building_ids`.")))
        )
    ((name, items),) = body.items()
    if not isinstance(items, list):
        _refuse(error_of(RowFault(name, "not-a-list", Message("Must be a list.")), name))
    if len(items) > ROWS_MAX:
        raise too_many_rows()
    found: list[Any] = items
    return found


def _refuse(*errors: dict[str, Any], count: int | None = None) -> NoReturn:
    raise RowsRefusedError(errors, error_count=len(errors) if count is None else count)
