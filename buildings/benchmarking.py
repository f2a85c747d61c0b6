"""The city's benchmarking CSV: source header -> field, unit, parser.

The only place that knows the city's column names. Schema: City of Seattle, 2016 Building Energy
Benchmarking (dataset 2bpz-gwpy), 46 columns; headers are compared without case and blanks, so
another year that only renames a column is one more alias here. No Django: rows come out as plain
values, in the units of the field names.
"""

import csv
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

from buildings import parsers
from buildings.errors import DatasetFormatError
from buildings.parsers import Parser, Value

#: rank (1 is the largest), use type, gross floor area in ft² (published for the first three only).
Use: TypeAlias = tuple[int, str, float | None]

_RANKS: Final = {"largest": 1, "second_largest": 2, "third_largest": 3}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: where its cells go and how they are read.

    `parse` gets a cell that is not blank and raises ValueError with the reason. A missing cell
    becomes `missing`, unless `is_mandatory`; a missing column stops the load if `is_required`.
    """

    header: str
    target: Literal["building", "record", "use"]
    field: str
    parse: Parser
    unit: str | None = None
    missing: Value = None
    is_mandatory: bool = False
    is_required: bool = True
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row is not loaded: the column as the city names it (or "row") and what is wrong."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One good row: the building's and the record's fields by name, and the uses by rank."""

    line_number: int
    cells: dict[str, str]
    ose_building_id: int
    data_year: int
    building: dict[str, Value]
    record: dict[str, Value]
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that cannot be loaded, as it stood (header -> text), with every reason."""

    line_number: int
    cells: dict[str, str]
    reasons: tuple[Reason, ...]


# Energies and emissions may be negative: solar power fed into the grid.
_any_number = parsers.number()
_area = parsers.number(0)
#: The column that says which building a row is about.
IDENTIFIER_HEADER: Final = "OSEBuildingID"
_identifier = parsers.integer(1, 2_147_483_647)

COLUMNS: Final[tuple[Column, ...]] = (
    Column(IDENTIFIER_HEADER, "building", "ose_building_id", _identifier, is_mandatory=True),
    Column(
        "DataYear", "record", "data_year", parsers.integer(2000, 2100), "year", is_mandatory=True
    ),
    Column("BuildingType", "record", "building_type", parsers.category(64), is_mandatory=True),
    Column(
        "PrimaryPropertyType",
        "record",
        "primary_property_type",
        parsers.category(100, renamed={"Office": "Small- and Mid-Sized Office"}),
        is_mandatory=True,
    ),
    Column(
        "PropertyName",
        "building",
        "property_name",
        parsers.text(255),
        missing="",
        aliases=("BuildingName",),  # 2018, 2019
    ),
    Column("Address", "building", "address", parsers.text(255), missing=""),
    Column("City", "building", "city", parsers.text(100), missing=""),
    Column("State", "building", "state", parsers.text(2), missing=""),
    Column("ZipCode", "building", "zip_code", parsers.zip_code, missing=""),
    Column(
        "TaxParcelIdentificationNumber",
        "building",
        "tax_parcel_identification_number",
        parsers.text(32),
        missing="",
    ),
    Column("CouncilDistrictCode", "building", "council_district_code", parsers.integer(0, 99)),
    Column("Neighborhood", "building", "neighborhood", parsers.neighborhood, missing=""),
    Column("Latitude", "building", "latitude", parsers.number(-90, 90), "°"),
    Column("Longitude", "building", "longitude", parsers.number(-180, 180), "°"),
    Column(
        "YearBuilt",
        "building",
        "year_built",
        parsers.integer(1800, 2100),
        "year",
        is_mandatory=True,
    ),
    Column(
        "NumberofBuildings", "record", "number_of_buildings", parsers.integer(0, 999, unknown=(0,))
    ),
    Column(
        "NumberofFloors", "record", "number_of_floors", parsers.integer(0, 999, unknown=(0, 99))
    ),
    Column(
        "PropertyGFATotal",
        "record",
        "property_gfa_total_sqft",
        parsers.number(is_positive=True),
        "ft²",
        is_mandatory=True,
    ),
    Column("PropertyGFAParking", "record", "property_gfa_parking_sqft", _area, "ft²"),
    Column("PropertyGFABuilding(s)", "record", "property_gfa_buildings_sqft", _any_number, "ft²"),
    Column(
        "ListOfAllPropertyUseTypes",
        "record",
        "list_of_all_property_use_types",
        parsers.use_list,
        missing="",
    ),
    Column("LargestPropertyUseType", "use", "largest", parsers.category(100)),
    Column("LargestPropertyUseTypeGFA", "use", "largest_gfa_sqft", _area, "ft²"),
    Column("SecondLargestPropertyUseType", "use", "second_largest", parsers.category(100)),
    Column("SecondLargestPropertyUseTypeGFA", "use", "second_largest_gfa_sqft", _area, "ft²"),
    Column("ThirdLargestPropertyUseType", "use", "third_largest", parsers.category(100)),
    Column("ThirdLargestPropertyUseTypeGFA", "use", "third_largest_gfa_sqft", _area, "ft²"),
    Column(
        "YearsENERGYSTARCertified",
        "record",
        "years_energy_star_certified",
        parsers.text(255),
        missing="",
    ),
    Column("ENERGYSTARScore", "record", "energy_star_score", parsers.integer(1, 100), "points"),
    Column("SiteEUI(kBtu/sf)", "record", "site_eui_kbtu_per_sqft", _any_number, "kBtu/ft²"),
    Column("SiteEUIWN(kBtu/sf)", "record", "site_eui_wn_kbtu_per_sqft", _any_number, "kBtu/ft²"),
    Column("SourceEUI(kBtu/sf)", "record", "source_eui_kbtu_per_sqft", _any_number, "kBtu/ft²"),
    Column(
        "SourceEUIWN(kBtu/sf)", "record", "source_eui_wn_kbtu_per_sqft", _any_number, "kBtu/ft²"
    ),
    Column("SiteEnergyUse(kBtu)", "record", "site_energy_use_kbtu", _any_number, "kBtu"),
    Column("SiteEnergyUseWN(kBtu)", "record", "site_energy_use_wn_kbtu", _any_number, "kBtu"),
    Column("SteamUse(kBtu)", "record", "steam_use_kbtu", _any_number, "kBtu"),
    Column("Electricity(kWh)", "record", "electricity_kwh", _any_number, "kWh"),
    Column("Electricity(kBtu)", "record", "electricity_kbtu", _any_number, "kBtu"),
    Column("NaturalGas(therms)", "record", "natural_gas_therms", _any_number, "therm"),
    Column("NaturalGas(kBtu)", "record", "natural_gas_kbtu", _any_number, "kBtu"),
    Column("DefaultData", "record", "is_default_data", parsers.boolean),
    # The 2017 file is the 2016 schema without this one.
    Column(
        "Comments",
        "record",
        "comments",
        parsers.text(),
        missing="",
        is_required=False,
        aliases=("Comment",),  # 2015
    ),
    Column("ComplianceStatus", "record", "compliance_status", parsers.text(64), is_mandatory=True),
    Column("Outlier", "record", "outlier", parsers.text(32), missing=""),
    Column(
        "TotalGHGEmissions",
        "record",
        "total_ghg_emissions_mtco2e",
        _any_number,
        "t CO2e",
        aliases=("GHGEmissions(MetricTonsCO2e)",),  # 2015
    ),
    Column(
        "GHGEmissionsIntensity",
        "record",
        "ghg_emissions_intensity_kgco2e_per_sqft",
        _any_number,
        "kg CO2e/ft²",
        aliases=("GHGEmissionsIntensity(kgCO2e/ft2)",),  # 2015
    ),
)


# Reading a file


def rows_read(file: Iterable[bytes]) -> Iterator[ParsedRow | BadRow]:
    """Stream the rows of a CSV, given as its lines of bytes: good ones and bad ones, in file order.

    Line numbers count the file's lines from 1 and name the one a row starts on. Rows that are
    blank throughout are passed over.

    Raises:
        DatasetFormatError: not UTF-8 text, no CSV, no header, a required column is missing, or no
            row at all. It may come after some rows were yielded.
    """
    lines = _rows_of_cells(file)
    line_number, header = next(lines, (1, []))
    if not header:
        raise DatasetFormatError(
            "the file is empty; right would be the city's header and its rows", line_number=1
        )
    header = [cell.strip() for cell in header]
    columns = _columns_located(header, line_number)
    is_empty = True
    for start, cells in lines:
        is_empty = False
        yield _row_parsed(start, header, cells, columns)
    if is_empty:
        raise DatasetFormatError("a header but no row below it", line_number=line_number)


def header_check(file: Iterable[bytes]) -> None:
    """Read the header only; raises DatasetFormatError as `rows_read` does."""
    for _ in rows_read(file):
        return


def _rows_of_cells(file: Iterable[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The line each row starts on, and its cells; blank rows are left out."""
    reader = csv.reader(_lines_decoded(file), strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DatasetFormatError(
                f"not readable as CSV ({error}); is a quoted cell not closed, or not doubled a "
                "quote inside it?",
                line_number=start,
            ) from error
        if any(not _is_missing(cell) for cell in cells):
            yield start, cells


def _lines_decoded(file: Iterable[bytes]) -> Iterator[str]:
    for line_number, line in enumerate(file, start=1):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise DatasetFormatError(
                f"byte 0x{line[error.start]:02x} at position {error.start + 1} is not UTF-8; "
                "save the file as UTF-8",
                line_number=line_number,
            ) from error
        if "\0" in text:
            raise DatasetFormatError(
                "a NUL character; right would be a text file in UTF-8", line_number=line_number
            )
        yield text.removeprefix("\ufeff") if line_number == 1 else text


def _columns_located(header: list[str], line_number: int) -> list[tuple[int, Column]]:
    """Position and column of each known header; raises DatasetFormatError for what is missing."""
    positions: dict[str, int] = {}
    for position, name in enumerate(header):
        key = _key(name)
        if key and key in positions:
            raise DatasetFormatError(
                f"two columns are named {name!r}: the {positions[key] + 1}. and the "
                f"{position + 1}.",
                line_number=line_number,
            )
        positions[key] = position
    located = []
    missing = []
    for column in COLUMNS:
        names = (_key(name) for name in (column.header, *column.aliases))
        position_found = next((positions.pop(name) for name in names if name in positions), None)
        if position_found is not None:
            located.append((position_found, column))
        elif column.is_required:
            missing.append(column.header)
    if missing:
        unknown = {key: header[position] for key, position in positions.items() if key}
        raise DatasetFormatError(_missing_said(missing, unknown, header), line_number=line_number)
    return located


def _missing_said(missing: list[str], unknown: dict[str, str], header: list[str]) -> str:
    if len(header) == 1 and header[0].count(";") > 1:
        return "cells are separated by semicolons; right would be commas"
    said = []
    for name in missing:
        near = difflib.get_close_matches(_key(name), unknown, n=1, cutoff=0.75)
        said.append(f"{name!r} (nearest in the file: {unknown[near[0]]!r})" if near else repr(name))
    noun = "a required column is" if len(said) == 1 else f"{len(said)} required columns are"
    return f"{noun} missing: {', '.join(said)}"


def _row_parsed(
    line_number: int, header: list[str], cells: list[str], columns: list[tuple[int, Column]]
) -> ParsedRow | BadRow:
    if len(cells) != len(header):
        names = header + [f"cell {n}" for n in range(len(header) + 1, len(cells) + 1)]
        reason = f"{len(cells)} cells where the header has {len(header)}"
        return BadRow(line_number, dict(zip(names, cells, strict=False)), (Reason("row", reason),))
    named_cells = dict(zip(header, cells, strict=True))
    values: dict[str, dict[str, Value]] = {"building": {}, "record": {}, "use": {}}
    reasons = []
    for position, column in columns:
        cell = cells[position].strip()
        if _is_missing(cell):
            values[column.target][column.field] = column.missing
            if column.is_mandatory:
                reasons.append(Reason(column.header, "missing; every row needs it"))
            continue
        try:
            values[column.target][column.field] = column.parse(cell)
        except ValueError as error:
            reasons.append(Reason(column.header, str(error)))
    if reasons:
        return BadRow(line_number, named_cells, tuple(reasons))
    building, record, uses = values["building"], values["record"], values["use"]
    return ParsedRow(
        line_number=line_number,
        cells=named_cells,
        ose_building_id=cast("int", building["ose_building_id"]),
        data_year=cast("int", record["data_year"]),
        building=building,
        record=record,
        uses=_uses_ranked(
            uses, parsers.split_use_types(str(record["list_of_all_property_use_types"]))
        ),
    )


def _uses_ranked(uses: dict[str, Value], listed: list[str]) -> tuple[Use, ...]:
    """The three largest at their rank; the others as listed, at the ranks that are free."""
    ranked: dict[int, tuple[str, float | None]] = {}
    for name, rank in _RANKS.items():
        use_type, area = uses[name], uses[f"{name}_gfa_sqft"]
        if use_type is not None:
            ranked[rank] = (cast("str", use_type), cast("float | None", area))
    named = {use_type for use_type, _ in ranked.values()}
    rank = 1
    for use_type in dict.fromkeys(listed):
        if use_type in named:
            continue
        while rank in ranked:
            rank += 1
        ranked[rank] = (use_type, None)
    return tuple((rank, *ranked[rank]) for rank in sorted(ranked))


def _key(header: str) -> str:
    return "".join(header.split()).casefold()


def _is_missing(cell: str) -> bool:
    return cell.strip().upper() in {"", "NULL"}
