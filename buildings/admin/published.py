"""A record's row as it was published, cell by cell, beside what is stored of it."""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from buildings.admin.facts import FACTS, value_said
from buildings.benchmarking import COLUMNS, Column, columns_known
from buildings.figures import NOT_KNOWN
from buildings.models import BenchmarkRecord, Building, PublishedRow
from buildings.parsers import MISSING, SetAsideError, boolean
from buildings.understanding import RANKS

_RECORD_FIELDS: Final = frozenset(
    field.name for field in BenchmarkRecord._meta.concrete_fields if field.name in FACTS
)
_PLACE: Final = ("address", "city", "state", "zip_code", "latitude", "longitude")
_OTHERWISE: Final = {"primary_property_type": gettext_noop("in the city’s grouping of 2016")}
UNDERSTOOD_OTHERWISE: Final = gettext_noop("understood otherwise")
WORKED_OUT: Final = gettext_noop("worked out from other cells of the row")


@dataclass(frozen=True, slots=True)
class PublishedCell:
    """One cell and what it was understood as; a note where that is more than formatting.

    `is_kept` is False for facts of a building that a newer year's row has replaced.
    """

    header: str
    text: str
    label: str = ""
    value: str = ""
    note: str = ""
    is_kept: bool = True


def published_of(record: BenchmarkRecord) -> PublishedRow | None:
    """The row, unless the record is older than the keeping of rows."""
    return getattr(record, "published", None)


def cells_understood(record: BenchmarkRecord) -> list[PublishedCell]:
    """Every cell of the row, then the facts that no cell of it says.

    Asks nothing of the database if building, import, row and uses were read with the record.
    """
    row = published_of(record)
    if row is None:
        return []
    stored = _Stored(record)
    header = record.dataset_import.header
    columns = columns_known(header)
    cells = [
        _cell(stored, columns.get(name), name, text)
        for name, text in zip_longest(header, row.cells, fillvalue="")
    ]
    return cells + list(_worked_out(stored, {column.field for column in columns.values()}))


class _Stored:
    """Stored values by column, wherever they are kept."""

    def __init__(self, record: BenchmarkRecord) -> None:
        self.record = record
        self.building: Building = record.building
        self.is_newest = self.building.data_year == record.data_year
        self._uses = {use.rank: use for use in record.uses.all()}

    def is_kept(self, column: Column) -> bool:
        return column.target != "building" or self.is_newest or column.field in _RECORD_FIELDS

    def value(self, column: Column) -> Any:
        if column.target == "use":
            name = column.field.removesuffix("_gfa_sqft")
            use = self._uses.get(RANKS[name])
            if use is None:
                return None
            return use.use_type if name == column.field else use.gfa_sqft
        if column.field == "ose_building_id":
            return self.building.ose_building_id
        return self.named(column.field)

    def named(self, field: str) -> Any:
        owner: Any = self.record if field in _RECORD_FIELDS else self.building
        return getattr(owner, field)

    def place(self) -> dict[str, Any]:
        """What is kept of address and coordinates."""
        return {
            field: self.named(field)
            for field in _PLACE
            if self.is_newest or field in _RECORD_FIELDS
        }


def _cell(stored: _Stored, column: Column | None, header: str, text: str) -> PublishedCell:
    if column is None:
        return PublishedCell(header, text)
    label = _(FACTS[column.field].label)
    if column.target == "location":
        return _location_cell(stored, column, header, text)
    if column.field != "ose_building_id" and not stored.is_kept(column):
        return PublishedCell(header, text, label, is_kept=False)
    value = stored.value(column)
    said = value_said(column.field, value)
    return PublishedCell(header, text, label, said, _note(column, text, value))


def _location_cell(stored: _Stored, column: Column, header: str, text: str) -> PublishedCell:
    place = stored.place()
    said = ", ".join(value_said(name, value) for name, value in place.items() if value)
    try:
        parsed = column.parse(text.strip()) if text.strip() not in MISSING else {}
    except SetAsideError as error:
        note = _("set aside: %(why)s") % {"why": error}
    else:
        differs = any(
            not is_as_published(str(value), place[name])
            for name, value in parsed.items()
            if name in place
        )
        note = _("understood otherwise, or another column says") if differs else ""
    return PublishedCell(header, text, _(FACTS[column.field].label), said or NOT_KNOWN, note)


def _note(column: Column, text: str, value: Any) -> str:
    """What is more than formatting between a cell and the value stored."""
    if is_as_published(text, value):
        return ""
    if text.strip() in MISSING:
        return _(WORKED_OUT)
    try:
        column.parse(text.strip())
    except SetAsideError as error:
        return _("set aside: %(why)s") % {"why": error}
    except ValueError:
        pass  # rules of another day took what today's refuse
    if value in (None, ""):
        return _("understood as not known")
    return _(_OTHERWISE.get(column.field, UNDERSTOOD_OTHERWISE))


def _worked_out(stored: _Stored, there: set[str]) -> Iterator[PublishedCell]:
    """Facts of the record whose column the file does not have."""
    if "location" in there:
        there = there | {"latitude", "longitude"}
    for column in COLUMNS:
        if column.field in there or column.field not in _RECORD_FIELDS:
            continue
        value = stored.named(column.field)
        if value not in (None, ""):
            said = value_said(column.field, value)
            yield PublishedCell("", "", _(FACTS[column.field].label), said, _(WORKED_OUT))


def is_as_published(text: str, value: Any) -> bool:
    """Whether the value says what the text says: separators, case and blanks apart.

    >>> is_as_published("88,434.0", 88434), is_as_published("0", None), is_as_published("NA", None)
    (True, False, True)
    """
    stripped = text.strip()
    if stripped in MISSING or value is None or value == "":
        return stripped in MISSING and value in (None, "")
    if isinstance(value, bool):
        try:
            return boolean(stripped) == value
        except ValueError:
            return False
    if isinstance(value, int | float):
        try:
            return float(stripped.replace(",", "")) == value
        except ValueError:
            return False
    return _loose(stripped) == _loose(str(value))


def _loose(text: str) -> str:
    """Letters and digits alone; a number that went through a spreadsheet lost its zeros."""
    folded = html.unescape(text).casefold().removesuffix(".0")
    return "".join(c for c in folded if c.isalnum()).lstrip("0")
