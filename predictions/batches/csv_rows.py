"""Rows out of a CSV, read as forgivingly as the city's files are: byte-order mark, CRLF, semicolons
or tabs, thousands separators, headers in whatever case and punctuation.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from django.utils.translation import gettext as _

from buildings.benchmarking import header_key
from buildings.errors import DatasetFormatError
from buildings.parsers import MISSING, SetAsideError, boolean, number, one_of
from buildings.reading import is_blank, rows_of_cells
from buildings.units import US
from mlmodel.checking import RowFault
from mlmodel.features import FEATURE_NAMES, Feature
from mlmodel.messages import Message
from predictions.batches.rows import Error, Rows, error_of, too_many_rows
from predictions.errors import BatchFormatError, RowsRefusedError, TooManyRowsError
from predictions.models import BatchFormat
from predictions.units import features_in, other_units, unknown_feature

_DELIMITERS: Final = b",;\t"
#: Cells that keep coming back are parsed once; beyond so many, a column's are all different.
_CACHED_CELLS: Final = 2_000
#: A file of more columns is another file.
COLUMNS_MAX: Final = 200


class CSVReader:
    """Reads the rows below a header whose names are features in `units`; others are refused by
    name.

    Raises BatchFormatError, here and in `block`, where it is no CSV in UTF-8, and RowsRefusedError
    for columns that are unknown, given twice, or missing though required.
    """

    def __init__(self, lines: Iterable[bytes], *, units: str = US) -> None:
        self._units = units
        lines = iter(lines)
        first = next(lines, b"")
        delimiter = max(_DELIMITERS, key=first.count)
        self._rows = rows_of_cells(itertools.chain([first], lines), delimiter=chr(delimiter))
        header = self._next()
        if header is None:
            raise BatchFormatError(_("The file is empty: a header and a row below it are needed."))
        self._columns = [
            FeatureCells(feature)
            for feature in columns_located(header[1], units=units, line=header[0])
        ]

    def block(self, *, size: int) -> Rows:
        """The next rows, at most `size`; none at the end. Blank ones are passed over."""
        rows = Rows(BatchFormat.CSV, self._units)
        while rows.received < size and (found := self._next()) is not None:
            line, cells = found
            if len(cells) == len(self._columns):
                columns = zip(self._columns, cells, strict=True)
                rows.add({column.name: column.value(cell) for column, cell in columns}, line=line)
            else:
                said = Message(
                    "%(cells)d cells where the header has %(columns)d.",
                    {"cells": len(cells), "columns": len(self._columns)},
                )
                rows.refuse(RowFault("", "wrong-width", said), line=line)
        return rows

    def _next(self) -> tuple[int, list[str]] | None:
        try:
            return next((row for row in self._rows if not is_blank(row[1])), None)
        except DatasetFormatError as error:
            problem = error.problem if error.problem.endswith("?") else f"{error.problem}."
            raise BatchFormatError(
                _("Line %(line)d: %(problem)s") % {"line": error.line_number, "problem": problem}
            ) from None


class FeatureCells:
    """Reads texts, as cells of a file or options of a command, as values of one feature."""

    def __init__(self, feature: Feature) -> None:
        self.name = feature.name
        self._parse, self._fault = _parser(feature)
        self._known: dict[str, Any] = {}

    def value(self, cell: str) -> Any:
        """The cell's value, or a RowFault; whether the value is right is for `Rows` to say."""
        known = self._known
        if cell in known:
            return known[cell]
        stripped = cell.strip()
        value: Any = None
        if stripped not in MISSING:
            try:
                value = self._parse(stripped)
            except SetAsideError:  # a word that is none of the known: the check names the nearest
                value = stripped
            except ValueError:
                value = self._fault
        if len(known) < _CACHED_CELLS:
            known[cell] = value
        return value


def _parser(feature: Feature) -> tuple[Callable[[str], Any], RowFault | None]:
    match feature.kind:
        case "number" | "integer":
            said = Message("Must be a number from %(bounds)s, such as 88434 or 88,434.5.")
            return number(), RowFault(feature.name, "not-a-number", said, feature)
        case "boolean":
            said = Message("Must be true or false.")
            return boolean, RowFault(feature.name, "not-a-boolean", said)
        case "category":
            return one_of(feature.choices), None


def rows_of_csv(body: Iterable[bytes], *, limit: int, units: str = US) -> Rows:
    """Every row of a file, given as its lines; at most `limit`. Raises what CSVReader raises, and
    TooManyRowsError."""
    reader = CSVReader(body, units=units)
    rows = reader.block(size=limit)
    if rows.received == limit and reader.block(size=1).received:
        raise too_many_rows()
    return rows


def columns_located(
    header: Sequence[str], *, units: str = US, line: int | None = None
) -> list[Feature]:
    """The feature that each name of a header means in `units`. Raises RowsRefusedError, and
    TooManyRowsError where there are far more columns than features."""
    if len(header) > COLUMNS_MAX:
        raise too_many_columns()
    located = [_features_by_key(units).get(_key(name)) for name in header]
    errors: list[Error] = []
    for at, (name, feature) in enumerate(zip(header, located, strict=True)):
        if feature is None:
            other = _features_by_key(other_units(units)).get(_key(name))
            spelt = other.name if other else "_".join(name.casefold().split())
            fault = unknown_feature(spelt, units=units)
        elif located.index(feature) < at:
            said = Message(
                "Columns %(first)d and %(second)d are both %(feature)s. Keep one.",
                {"first": located.index(feature) + 1, "second": at + 1, "feature": feature.name},
            )
            fault = RowFault(name, "duplicate", said)
        else:
            continue
        nearest = len(errors) < len(FEATURE_NAMES)
        errors.append(error_of(fault, "columns", name or at, line=line, nearest=nearest))
    for feature in features_in(units):
        if feature.is_required and feature not in located:
            said = Message("There is no column `%(feature)s`.", {"feature": feature.name})
            fault = RowFault(feature.name, "required", said)
            errors.append(error_of(fault, "columns", line=line))
    if errors:
        raise RowsRefusedError(errors, error_count=len(errors))
    return [feature for feature in located if feature is not None]


def _key(name: str) -> str:
    return header_key(name).replace("²", "2")


@cache
def _features_by_key(units: str) -> Mapping[str, Feature]:
    return {_key(feature.name): feature for feature in features_in(units)}


def too_many_columns() -> TooManyRowsError:
    """The refusal, which names the limit."""
    return TooManyRowsError(_("At most %(limit)d columns are looked at.") % {"limit": COLUMNS_MAX})
