"""Reading a benchmarking CSV, twice: once to see what file it is, once for its rows.

`survey` reads the whole file before anything is written, and refuses what is not the city's CSV.
`rows_read` then streams its rows, good ones and bad ones. No Django.
"""

import csv
import hashlib
import marshal
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any, Final, TypeAlias, cast

from buildings.benchmarking import COLUMNS, YEAR_HEADER, Column, columns_located
from buildings.emissions import Factors
from buildings.errors import DatasetFormatError
from buildings.parsers import MISSING, SetAsideError
from buildings.quality import Facts, flags_of
from buildings.understanding import (
    USE_NAMES,
    Use,
    Values,
    areas_understood,
    compliance_understood,
    energy_understood,
    place_understood,
    property_type_understood,
    uses_understood,
)

#: Facts that a record keeps of its building, as they were in its year.
PLACE_FIELDS: Final = ("neighborhood", "latitude", "longitude", "year_built")
#: A year with less than this share of a file's rows, beside one with nearly all, is a slip.
_STRAY_YEAR_SHARE: Final = 0.05
#: Cells that keep coming back are parsed once; beyond so many, a column's are all different.
_CACHED_CELLS: Final = 2_000
_SAMPLED_ROWS: Final = 20_000
_ENERGY_FIELDS: Final = (
    "electricity_kbtu",
    "natural_gas_kbtu",
    "steam_use_kbtu",
    "total_ghg_emissions_mtco2e",
)
#: Text in which letter case and blanks carry no meaning: copies of one file differ in them.
_LOOSE_FIELDS: Final = ("property_name", "address", "city")

#: The last form of marshal in which equal values have equal bytes, whatever objects they share.
_MARSHAL_VERSION: Final = 2

Lines: TypeAlias = Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row is not loaded: the column as the city names it (or "row") and what is wrong."""

    field: str
    reason: str


@dataclass(slots=True)
class ParsedRow:
    """One good row: the building's and the record's fields by name, the uses by rank, the flags."""

    line_number: int
    cells: list[str]
    ose_building_id: int
    data_year: int
    building: Values
    record: Values
    uses: tuple[Use, ...]
    flags: list[str]
    digest: bytes


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that cannot be loaded, as it stood, with every reason."""

    line_number: int
    cells: list[str]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class BlankRow:
    """One row without any value."""

    line_number: int


Row: TypeAlias = ParsedRow | BadRow | BlankRow


@dataclass(slots=True)
class Survey:
    """What the file is: its header, rows (blank ones included), years, bytes and their digest.

    `energies` holds, for each year, electricity, natural gas, steam (kBtu) and emissions (t CO2e)
    of its first rows, four numbers a row: enough to tell the year's emission factors.
    """

    header: list[str] = field(default_factory=list)
    rows: int = 0
    years: Counter[int] = field(default_factory=Counter)
    size_bytes: int = 0
    sha256: str = ""
    energies: dict[int, "array[float]"] = field(default_factory=dict)

    @property
    def stray_years(self) -> frozenset[int]:
        """Years of so few rows that they are slips: the file is another year's."""
        total = self.years.total()
        few = {year for year, rows in self.years.items() if rows < _STRAY_YEAR_SHARE * total}
        is_one_years_file = len(self.years) - len(few) == 1
        return frozenset(few) if is_one_years_file else frozenset()

    @property
    def data_years(self) -> set[int]:
        """The years that the file is about."""
        return self.years.keys() - self.stray_years

    @property
    def main_year(self) -> int:
        return self.years.most_common(1)[0][0]


class DigestedLines:
    """The lines of a file, with the digest and size of what was read of it so far."""

    def __init__(self, file: Lines) -> None:
        self.size_bytes = 0
        self._sha256 = hashlib.sha256()
        self._file = file

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        for line in self._file:
            self._sha256.update(line)
            self.size_bytes += len(line)
            yield line


# The whole file


def survey(lines: DigestedLines) -> Survey:
    """Read the file to its end without understanding more than its structure and its years.

    Raises:
        DatasetFormatError: it is not UTF-8 text, no CSV, has no header, lacks a required column, or
            has no row, or none with as many cells as its header.
    """
    rows = rows_of_cells(lines)
    found = Survey()
    header_line, found.header = _header(rows)
    columns = {column.field: at for at, column in columns_located(found.header, header_line)}
    year_at = columns["data_year"]
    year_column = next(column for column in COLUMNS if column.header == YEAR_HEADER)
    energy_at = [columns.get(name) for name in _ENERGY_FIELDS]
    width = len(found.header)
    widths: Counter[int] = Counter()
    year_of = lru_cache(maxsize=_CACHED_CELLS)(partial(_year, year_column))
    for _, cells in rows:
        found.rows += 1
        year = year_of(cells[year_at].strip()) if len(cells) == width else None
        if year is None:
            if not is_blank(cells):
                widths[len(cells)] += 1
            continue
        widths[width] += 1
        found.years[year] += 1
        if found.years[year] <= _SAMPLED_ROWS and None not in energy_at:
            sample = found.energies.setdefault(year, array("d"))
            sample.extend(_number_or_zero(cells[at]) for at in energy_at if at is not None)
    if not widths:
        raise DatasetFormatError("a header but no row below it", line_number=header_line)
    if not widths[width]:
        most = widths.most_common(1)[0][0]
        raise DatasetFormatError(
            f"the header has {width} cells, and no row has: most have {most}. Is there a "
            "separator too many or too few in every row?",
            line_number=header_line,
        )
    found.size_bytes, found.sha256 = lines.size_bytes, lines.sha256
    return found


def header_check(file: Lines) -> None:
    """Read no further than to the first row; raises DatasetFormatError as `survey` does."""
    rows = rows_of_cells(file)
    header_line, header = _header(rows)
    columns_located(header, header_line)
    if next(rows, None) is None:
        raise DatasetFormatError("a header but no row below it", line_number=header_line)


def _header(rows: Iterator[tuple[int, list[str]]]) -> tuple[int, list[str]]:
    for line_number, cells in rows:
        if not is_blank(cells):
            return line_number, [cell.strip() for cell in cells]
    raise DatasetFormatError(
        "the file is empty; right would be the city's header and its rows", line_number=1
    )


def _year(column: Column, cell: str) -> int | None:
    try:
        return cast("int", column.parse(cell))
    except (ValueError, SetAsideError):
        return None


def _number_or_zero(cell: str) -> float:
    try:
        return float(cell.replace(",", ""))
    except ValueError:
        return 0.0


def rows_of_cells(file: Lines, *, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """The line each row of a CSV starts on, and its cells. Raises DatasetFormatError where it is
    not UTF-8 text or no CSV."""
    reader = csv.reader(_lines_decoded(file), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DatasetFormatError(_csv_error_said(str(error)), line_number=start) from error
        yield start, cells


def _csv_error_said(problem: str) -> str:
    if "new-line character" in problem:
        return "carriage returns alone end its lines; right would be LF or CRLF"
    return (
        f"not readable as CSV ({problem}); is a quoted cell not closed, or not doubled a quote "
        "inside it?"
    )


def _lines_decoded(file: Lines) -> Iterator[str]:
    for line_number, line in enumerate(file, start=1):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise DatasetFormatError(
                f"byte 0x{line[error.start]:02x} at position {error.start + 1} is not UTF-8"
                f"{_encoding_guessed(line)}; save the file as UTF-8",
                line_number=line_number,
            ) from error
        if "\0" in text:
            raise DatasetFormatError(
                "a NUL character; right would be a text file in UTF-8", line_number=line_number
            )
        yield text.removeprefix("\ufeff") if line_number == 1 else text


def _encoding_guessed(line: bytes) -> str:
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        return " (the file looks like UTF-16)"
    return " (the file looks like Windows-1252 or Latin-1)"


def is_blank(cells: Sequence[str]) -> bool:
    """Whether no cell of a row says anything."""
    return not any(cells) or all(cell.strip() in MISSING for cell in cells)


# Its rows


def rows_read(file: Lines, factors: Mapping[int, Factors] | None = None) -> Iterator[Row]:
    """Stream the rows of a CSV, given as its lines of bytes: good, bad and blank, in file order.

    Line numbers count the file's lines from 1 and name the one a row starts on. `factors` are the
    emission factors of each data year, against which reported emissions are checked.

    Raises:
        DatasetFormatError: as `survey`, which finds it before the first row.
    """
    rows = rows_of_cells(file)
    header_line, header = _header(rows)
    reader = RowReader(header, header_line, factors)
    for line_number, cells in rows:
        yield reader.read(line_number, cells)


class RowReader:
    """Reads rows below one header: cells into values, values into what they mean together."""

    def __init__(
        self,
        header: Sequence[str],
        header_line: int = 1,
        factors: Mapping[int, Factors] | None = None,
    ) -> None:
        self.header = header
        self._factors = factors or {}
        located = columns_located(header, header_line)
        #: Position, target and field of each column, what its cells have been read as, and itself.
        self._plan: list[tuple[int, str, str, dict[str, Any], Column]] = [
            (position, column.target, column.field, {}, column) for position, column in located
        ]
        present = {column.header for _, column in located}
        self._has_issue = "ComplianceIssue" in present
        self._templates: dict[str, Values] = {"building": {}, "record": {}, "use": {}}
        for column in COLUMNS:
            if column.target != "location":
                self._templates[column.target][column.field] = column.missing

    def read(self, line_number: int, cells: list[str]) -> Row:
        """One row of cells, understood; or what is wrong with it."""
        if len(cells) != len(self.header):
            if is_blank(cells):
                return BlankRow(line_number)
            reason = f"{len(cells)} cells where the header has {len(self.header)}"
            return BadRow(line_number, cells, (Reason("row", reason),))
        building = self._templates["building"].copy()
        record = self._templates["record"].copy()
        uses = self._templates["use"].copy()
        targets = {"building": building, "record": record, "use": uses, "location": {}}
        noted: list[str] = []
        reasons: list[Reason] = []
        for position, target, name, known, column in self._plan:
            cell = cells[position]
            if cell in known:
                targets[target][name] = known[cell]
                continue
            try:
                value = self._value(column, cell)
            except SetAsideError as error:
                if column.is_mandatory:
                    reasons.append(Reason(column.header, str(error)))
                targets[target][name] = error.value
                noted.append(error.flag)
            except ValueError as error:
                reasons.append(Reason(column.header, str(error)))
            else:
                targets[target][name] = value
                if len(known) < _CACHED_CELLS:
                    known[cell] = value
        if reasons:
            if is_blank(cells):
                return BlankRow(line_number)
            return BadRow(line_number, cells, tuple(reasons))
        return self._understood(line_number, cells, targets, noted)

    @staticmethod
    def _value(column: Column, cell: str) -> Any:
        stripped = cell.strip()
        if stripped in MISSING:
            if column.is_mandatory:
                raise ValueError("missing; every row needs it")
            return column.missing
        return column.parse(stripped)

    def _understood(
        self, line_number: int, cells: list[str], targets: dict[str, Values], noted: list[str]
    ) -> ParsedRow:
        building, record = targets["building"], targets["record"]
        place_understood(building, targets["location"].get("location"))
        noted += property_type_understood(record)
        uses = uses_understood(targets["use"], record["list_of_all_property_use_types"])
        if any(use_type not in USE_NAMES for _, use_type, _ in uses):
            noted.append("unknown_category")
        areas_understood(record)
        noted += energy_understood(record)
        compliance_understood(record, has_issue=self._has_issue)
        for name in PLACE_FIELDS:
            record[name] = building[name]
        data_year = record["data_year"]
        flags = flags_of(Facts(record, uses, self._factors.get(data_year)), noted)
        return ParsedRow(
            line_number=line_number,
            cells=cells,
            ose_building_id=building["ose_building_id"],
            data_year=data_year,
            building=building,
            record=record,
            uses=uses,
            flags=flags,
            digest=_digest(building, record, uses),
        )


def _digest(building: Values, record: Values, uses: tuple[Use, ...]) -> bytes:
    """Equal for rows that mean the same, however they are written."""
    facts = building.copy()
    for name in _LOOSE_FIELDS:
        facts[name] = " ".join(facts[name].casefold().split())
    content = (list(facts.values()), list(record.values()), uses)
    return blake2b(marshal.dumps(content, _MARSHAL_VERSION), digest_size=16).digest()


def row_named(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """A row as header -> text; cells beyond the header are numbered."""
    names = [*header, *(f"cell {n}" for n in range(len(header) + 1, len(cells) + 1))]
    return dict(zip(names, cells, strict=False))
