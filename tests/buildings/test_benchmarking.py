"""Reading the city's CSV: what is taken, what is put right, what is refused and why."""

from typing import Any

import pytest
from django.db.models import CharField

from buildings import benchmarking
from buildings.benchmarking import COLUMNS, BadRow, ParsedRow, rows_read
from buildings.errors import DatasetFormatError
from buildings.models import BenchmarkRecord, Building, PropertyUse
from tests.buildings import csvs


def parsed(**cells: str) -> ParsedRow:
    row = next(rows_read(csvs.lines(csvs.text([csvs.row(**cells)]))))
    assert isinstance(row, ParsedRow), row
    return row


def reasons(**cells: str) -> list[tuple[str, str]]:
    row = next(rows_read(csvs.lines(csvs.text([csvs.row(**cells)]))))
    assert isinstance(row, BadRow), row
    return [(reason.field, reason.reason) for reason in row.reasons]


def refusal(content: str | bytes) -> DatasetFormatError:
    with pytest.raises(DatasetFormatError) as caught:
        list(rows_read(csvs.lines(content)))
    return caught.value


# Files that are not the city's CSV


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b",,,\n , \n"])
def test_empty_file_is_refused(content: bytes) -> None:
    error = refusal(content)
    assert error.line_number == 1
    assert "empty" in str(error)


def test_header_without_rows_is_refused() -> None:
    error = refusal(csvs.text([]) + "\n" + "," * 45 + "\n")
    assert str(error) == "line 1: a header but no row below it"


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    content = csvs.text([csvs.row(), csvs.row(102, PropertyName="Caf\xe9")]).encode("latin-1")
    error = refusal(content)
    assert error.line_number == 3
    assert "0xe9" in str(error)
    assert "UTF-8" in str(error)


def test_nul_is_refused_with_its_line() -> None:
    error = refusal(csvs.text([csvs.row(), csvs.row(102, PropertyName="a\0b")]))
    assert error.line_number == 3
    assert "NUL" in str(error)


def test_utf16_is_refused() -> None:
    assert refusal(csvs.text([csvs.row()]).encode("utf-16")).line_number == 1


def test_quote_never_closed_is_refused_with_the_line_it_opens_on() -> None:
    content = csvs.text([csvs.row(), csvs.row(102)]) + '103,2016,"never closed\nand on\n'
    error = refusal(content)
    assert error.line_number == 4
    assert "quoted cell" in str(error)


def test_semicolons_are_named() -> None:
    error = refusal(csvs.text([csvs.row()]).replace(",", ";"))
    assert "semicolons" in str(error)


def test_missing_column_is_named_with_the_nearest_header() -> None:
    header = [name.replace("YearBuilt", "Year_Built") for name in csvs.HEADER]
    error = refusal(csvs.text([csvs.row()], header=header))
    assert "'YearBuilt' (nearest in the file: 'Year_Built')" in str(error)
    assert error.line_number == 1


def test_missing_columns_are_all_named_before_any_row() -> None:
    header = [name for name in csvs.HEADER if name not in {"YearBuilt", "Outlier"}]
    rows = rows_read(csvs.lines(csvs.text([csvs.row()], header=header)))
    with pytest.raises(
        DatasetFormatError, match="2 required columns are missing: 'YearBuilt', 'Outlier'"
    ):
        next(rows)


def test_column_given_twice_is_refused() -> None:
    error = refusal(csvs.text([csvs.row()], header=[*csvs.HEADER, "year built"]))
    assert "'year built'" in str(error)
    assert "15. and the 47." in str(error)


def test_comments_may_be_absent_and_other_columns_are_ignored() -> None:
    header = [*(name for name in csvs.HEADER if name != "Comments"), "Extra", "", ""]
    row = next(rows_read(csvs.lines(csvs.text([csvs.row()], header=header))))
    assert isinstance(row, ParsedRow)
    assert "comments" not in row.record


def test_names_of_other_years_are_known() -> None:
    aliases = {column.header: column.aliases[0] for column in COLUMNS if column.aliases}
    header = [aliases.get(name, name) for name in csvs.HEADER]
    cells = {aliases.get(name, name): cell for name, cell in csvs.row(Comments="x").items()}
    row = next(rows_read(csvs.lines(csvs.text([cells], header=header))))
    assert isinstance(row, ParsedRow)
    assert (row.building, row.record) == (
        parsed(Comments="x").building,
        parsed(Comments="x").record,
    )


def test_header_check_reads_the_header_only() -> None:
    benchmarking.header_check(csvs.lines(csvs.text([csvs.row()]) + "\0"))
    with pytest.raises(DatasetFormatError):
        benchmarking.header_check([b"<html>\n", b"</html>\n"])


# What is forgiven


def test_every_spelling_of_the_same_file_reads_the_same() -> None:
    plain = parsed(PropertyGFATotal="95000", Comments="")
    header = [f" {name.upper()} " for name in csvs.HEADER]
    cells = csvs.row(PropertyGFATotal=" 95,000 ", Comments="NULL", Neighborhood=" Downtown")
    renamed = {f" {name.upper()} ": value for name, value in cells.items()}
    content = "\ufeff" + csvs.text([renamed], header=header, line_end="\r\n")
    row = next(rows_read(csvs.lines(content)))
    assert isinstance(row, ParsedRow)
    assert (row.building, row.record, row.uses) == (plain.building, plain.record, plain.uses)


@pytest.mark.parametrize(
    ("header", "cell", "field", "value"),
    [
        ("NumberofBuildings", "0", "number_of_buildings", None),
        ("NumberofBuildings", "", "number_of_buildings", None),
        ("NumberofBuildings", "111", "number_of_buildings", 111),
        ("NumberofFloors", "0", "number_of_floors", None),
        ("NumberofFloors", "99", "number_of_floors", None),
        ("NumberofFloors", "76.0", "number_of_floors", 76),
        ("Neighborhood", " Delridge  Neighborhoods", "neighborhood", "DELRIDGE"),
        ("Neighborhood", "Ballard", "neighborhood", "BALLARD"),
        ("Neighborhood", "", "neighborhood", ""),
        ("PrimaryPropertyType", "Office", "primary_property_type", "Small- and Mid-Sized Office"),
        ("PrimaryPropertyType", "Large Office\n", "primary_property_type", "Large Office"),
        ("TaxParcelIdentificationNumber", "0000001", "tax_parcel_identification_number", "0000001"),
        ("ZipCode", "98101.0", "zip_code", "98101"),
        ("ZipCode", "00501", "zip_code", "00501"),
        ("ENERGYSTARScore", "null", "energy_star_score", None),
        ("Electricity(kWh)", "-33,826.5", "electricity_kwh", -33826.5),
        ("SiteEnergyUse(kBtu)", "1.5e6", "site_energy_use_kbtu", 1_500_000.0),
        ("SiteEnergyUse(kBtu)", "0", "site_energy_use_kbtu", 0.0),
        ("SiteEnergyUse(kBtu)", "", "site_energy_use_kbtu", None),
        ("DefaultData", "TRUE", "is_default_data", True),
        ("DefaultData", "No", "is_default_data", False),
        ("DefaultData", "", "is_default_data", None),
        ("Outlier", "NULL", "outlier", ""),
    ],
)
def test_cell_is_normalised(header: str, cell: str, field: str, value: Any) -> None:
    row = parsed(**{header: cell})
    found = (row.building | row.record)[field]
    assert found == value
    assert type(found) is type(value)


def test_every_column_of_2016_reaches_a_field() -> None:
    assert tuple(column.header for column in COLUMNS) == csvs.HEADER
    tables = {"building": Building, "record": BenchmarkRecord}
    for column in COLUMNS:
        if column.target in tables:
            assert tables[column.target]._meta.get_field(column.field)


def test_no_text_is_longer_than_its_field() -> None:
    tables = {"building": Building, "record": BenchmarkRecord, "use": PropertyUse}
    for column in COLUMNS:
        name = "use_type" if column.target == "use" else column.field
        field = tables[column.target]._meta.get_field(name)
        if isinstance(field, CharField) and not column.field.endswith("sqft"):
            column.parse("9" * (field.max_length or 0))
            with pytest.raises(ValueError, match=f"at most {field.max_length} are kept"):
                column.parse("9" * ((field.max_length or 0) + 1))


# Uses


def test_uses_keep_their_rank_and_the_others_follow_as_listed() -> None:
    row = parsed(
        ListOfAllPropertyUseTypes="Bar/Nightclub, Hotel, Parking, Repair Services (Shoe, Etc)"
    )
    assert row.uses == (
        (1, "Hotel", 90_000.0),
        (2, "Parking", 5_000.0),
        (3, "Bar/Nightclub", None),
        (4, "Repair Services (Shoe, Etc)", None),
    )


def test_first_listed_use_takes_the_place_of_a_missing_largest() -> None:
    row = parsed(
        LargestPropertyUseType="",
        LargestPropertyUseTypeGFA="",
        ListOfAllPropertyUseTypes="Parking, Hotel, Hotel",
    )
    assert row.uses == ((1, "Hotel", None), (2, "Parking", 5_000.0))


def test_row_without_uses_has_none() -> None:
    blank = dict.fromkeys(
        (
            "ListOfAllPropertyUseTypes",
            "LargestPropertyUseType",
            "LargestPropertyUseTypeGFA",
            "SecondLargestPropertyUseType",
            "SecondLargestPropertyUseTypeGFA",
        ),
        "",
    )
    assert parsed(**blank).uses == ()


# What is rejected


@pytest.mark.parametrize(
    ("header", "cell", "reason"),
    [
        ("OSEBuildingID", "", "missing; every row needs it"),
        ("OSEBuildingID", "0", "'0' is not between 1 and 2147483647"),
        ("OSEBuildingID", "2147483648", "'2147483648' is not between 1 and 2147483647"),
        ("OSEBuildingID", "1.5", "'1.5' is not a whole number"),
        ("DataYear", "1916", "'1916' is not between 2000 and 2100"),
        ("YearBuilt", "NULL", "missing; every row needs it"),
        ("YearBuilt", "1799", "'1799' is not between 1800 and 2100"),
        ("PropertyGFATotal", "0", "'0' is not above 0"),
        ("PropertyGFATotal", "-1", "'-1' is not above 0"),
        ("PropertyGFAParking", "-1", "'-1' is not 0 or more"),
        ("ENERGYSTARScore", "0", "'0' is not between 1 and 100"),
        ("ENERGYSTARScore", "101", "'101' is not between 1 and 100"),
        ("Latitude", "91", "'91' is not between -90 and 90"),
        ("DefaultData", "maybe", "'maybe' is neither true nor false"),
        ("State", "WAS", "3 characters; at most 2 are kept"),
        ("SiteEnergyUse(kBtu)", "1e400", "'1e400' is too large for a number"),
    ],
)
def test_bad_cell_is_rejected_with_the_reason(header: str, cell: str, reason: str) -> None:
    assert reasons(**{header: cell}) == [(header, reason)]


@pytest.mark.parametrize(
    "cell", ["abc", "1_000", "nan", "inf", "0x10", "1,00", "1.000,5", "1 000", "١٢٣", "--1", "1e"]
)
def test_what_is_no_number_is_rejected(cell: str) -> None:
    ((field, reason),) = reasons(**{"SiteEnergyUse(kBtu)": cell})
    assert field == "SiteEnergyUse(kBtu)"
    assert reason == f"{cell!r} is not a number; right would be 88434 or 88,434.5"


def test_long_cell_is_shortened_in_the_reason() -> None:
    ((_, reason),) = reasons(YearBuilt="x" * 500)
    assert len(reason) < 150


def test_every_bad_cell_of_a_row_is_named() -> None:
    found = reasons(YearBuilt="soon", DataYear="", Latitude="north")
    assert [field for field, _ in found] == ["DataYear", "Latitude", "YearBuilt"]


def test_ragged_rows_are_rejected_with_the_counts_and_as_they_stood() -> None:
    content = csvs.text([csvs.row()]) + "102,2016\n" + ",".join("x" * 48) + "\n"
    _, short, long = rows_read(csvs.lines(content))
    assert isinstance(short, BadRow)
    assert isinstance(long, BadRow)
    assert short.reasons[0].reason == "2 cells where the header has 46"
    assert short.cells == {"OSEBuildingID": "102", "DataYear": "2016"}
    assert long.reasons[0].reason == "48 cells where the header has 46"
    assert long.cells["cell 48"] == "x"
    assert len(long.cells) == 48


def test_line_numbers_are_those_of_the_file() -> None:
    rows = [
        csvs.row(101, Comments="two\nlines"),
        csvs.row(102, Address="a\r\nb\r\nc"),
        csvs.row(103),
    ]
    content = csvs.text(rows) + "\n" + "," * 45 + "\n" + csvs.text([csvs.row(104)]).split("\n")[1]
    found = list(rows_read(csvs.lines(content)))
    assert [row.line_number for row in found] == [2, 4, 7, 10]
    assert isinstance(found[0], ParsedRow)
    assert found[0].record["comments"] == "two\nlines"
