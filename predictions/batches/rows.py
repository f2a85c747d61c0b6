"""The rows of a batch, checked as they come in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _

from buildings.models import Building
from buildings.units import US
from mlmodel.checking import RowCheck, RowFault
from mlmodel.features import FeatureRow
from predictions.errors import RowsRefusedError, TooManyRowsError
from predictions.faults import fault_said, grouped, pointer
from predictions.models import BatchFormat
from predictions.units import row_check_in

#: Rows of one call.
ROWS_MAX: Final = 10_000
#: Errors that a refusal tells; it counts them all.
ERRORS_TOLD_MAX: Final = 1_000
#: Errors that are told of each row that is skipped.
_ERRORS_OF_ROW_MAX: Final = 5
#: For so many errors the nearest of the known words is sought: the search is slow.
_NEAREST_SOUGHT_MAX: Final = 200

Error = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row, from 0, that cannot be predicted, with the line of the file that it starts on."""

    row: int
    line: int | None
    faults: Sequence[RowFault]


@dataclass(slots=True)
class Rows:
    """Rows in the order they came in: those that are valid as the model is told of them, and those
    that are not."""

    format: BatchFormat
    #: What rows are named and given in.
    units: str = US
    #: The member of the body that holds them.
    member: str = "rows"
    received: int = 0
    features: list[FeatureRow] = field(default_factory=list)
    #: Of each of those, whose stored facts they are, if so.
    buildings: list[Building | None] = field(default_factory=list)
    #: And its members as they came in, unless they are its features.
    sent: list[Mapping[str, Any] | None] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    _check: RowCheck = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._check = row_check_in(self.units)

    def add(self, row: Mapping[str, Any], *, line: int | None = None) -> None:
        """Take one more row, good or bad. Raises TooManyRowsError."""
        features, faults = self._check(row)
        if faults:
            self.refuse(*faults, line=line)
        else:
            self.accept(features, sent=None if self.units == US else row)

    def accept(
        self,
        features: FeatureRow,
        *,
        building: Building | None = None,
        sent: Mapping[str, Any] | None = None,
    ) -> None:
        """One more row that is valid."""
        self._count()
        self.features.append(features)
        self.buildings.append(building)
        self.sent.append(sent)

    def refuse(self, *faults: RowFault, line: int | None = None) -> None:
        """One more row that is not, or that could not be read."""
        self.refused.append(RefusedRow(self.received, line, faults))
        self._count()

    def _count(self) -> None:
        if self.received == ROWS_MAX:
            raise too_many_rows()
        self.received += 1

    def require_all(self) -> None:
        """Raises RowsRefusedError, which names every bad row, if there is any."""
        if not self.refused:
            return
        errors: list[Error] = []
        for row in self.refused:
            errors += self._errors(row, ERRORS_TOLD_MAX - len(errors), told=len(errors))
            if len(errors) == ERRORS_TOLD_MAX:
                break
        count = sum(len(row.faults) for row in self.refused)
        raise RowsRefusedError(errors, error_count=count)

    def refused_report(self) -> list[dict[str, Any]]:
        """Each bad row as {row, line, errors}, with its first errors."""
        report, told = [], 0
        for row in self.refused:
            errors = list(self._errors(row, _ERRORS_OF_ROW_MAX, told=told))
            told += len(errors)
            report.append({"row": row.row, "line": row.line, "errors": errors})
        return report

    def _errors(self, row: RefusedRow, limit: int, *, told: int) -> Iterator[Error]:
        for number, fault in enumerate(row.faults[:limit], start=told):
            names = (self.member, row.row, fault.name) if fault.name else (self.member, row.row)
            yield error_of(fault, *names, line=row.line, nearest=number < _NEAREST_SOUGHT_MAX)


def error_of(
    fault: RowFault, *names: str | int, line: int | None = None, nearest: bool = True
) -> Error:
    """A fault as refusals tell it; `names` lead to the member at fault."""
    # In the order that JSONB gives them back in.
    return {
        "in": "body",
        "code": fault.code,
        **({} if line is None else {"line": line}),
        "detail": fault_said(fault, is_nearest_sought=nearest),
        "pointer": pointer(*names),
    }


def too_many_rows() -> TooManyRowsError:
    """The refusal, which names the limit."""
    said = _("At most %(limit)s rows are taken at once; send the rest apart.")
    return TooManyRowsError(said % {"limit": grouped(f"{ROWS_MAX:,}")})
