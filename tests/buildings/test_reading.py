"""Reading the city's CSV: what is taken, what is put right, what is refused and why."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db.models import CharField

from buildings.benchmarking import COLUMNS
from buildings.errors import DatasetFormatError
from buildings.models import BenchmarkRecord, Building, PropertyUse
from buildings.parsers import SetAsideError
from buildings.reading import (
    BadRow,
    BlankRow,
    DigestedLines,
    ParsedRow,
    header_check,
    row_named,
    rows_read,
    survey,
)
from tests.buildings import csvs

_BUILDINGS_GFA = "property_gfa_buildings_sqft"


def parsed(**cells: str) -> ParsedRow:
    row = next(rows_read(csvs.lines(csvs.text([csvs.row(**cells)]))))
    assert isinstance(row, ParsedRow), row
    return row


def reasons(**cells: str) -> list[tuple[str, str]]:
    row = next(rows_read(csvs.lines(csvs.text([csvs.row(**cells)]))))
    assert isinstance(row, BadRow), row
    return [(reason.field, reason.reason) for reason in row.reasons]


def flags(**cells: str) -> list[str]:
    return parsed(**cells).flags


def refusal(content: str | bytes) -> DatasetFormatError:
    """What the survey says, before any row is read."""
    with pytest.raises(DatasetFormatError) as caught:
        survey(DigestedLines(csvs.lines(content)))
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
    header = [name.replace("YearBuilt", "YearBuild") for name in csvs.HEADER]
    error = refusal(csvs.text([csvs.row()], header=header))
    assert "'YearBuilt' (nearest in the file: 'YearBuild')" in str(error)
    assert error.line_number == 1


def test_missing_columns_are_all_named_before_any_row() -> None:
    header = [name for name in csvs.HEADER if name not in {"YearBuilt", "Neighborhood"}]
    rows = rows_read(csvs.lines(csvs.text([csvs.row()], header=header)))
    with pytest.raises(
        DatasetFormatError, match="2 required columns are missing: 'Neighborhood', 'YearBuilt'"
    ):
        next(rows)


def test_column_given_twice_is_refused() -> None:
    error = refusal(csvs.text([csvs.row()], header=[*csvs.HEADER, "year built"]))
    assert "'YearBuilt': the 15. ('YearBuilt') and the 47. ('year built')" in str(error)


def test_comments_may_be_absent_and_other_columns_are_ignored() -> None:
    header = [*(name for name in csvs.HEADER if name != "Comments"), "Extra", "", ""]
    row = next(rows_read(csvs.lines(csvs.text([csvs.row()], header=header))))
    assert isinstance(row, ParsedRow)
    assert row.record["comments"] == ""


@pytest.mark.parametrize(
    ("name", "synonym"),
    [(column.header, synonym) for column in COLUMNS for synonym in column.synonyms],
)
def test_names_of_other_years_are_known(name: str, synonym: str) -> None:
    if name not in csvs.HEADER:
        pytest.skip("not in the file of 2016")
    header = [synonym if known == name else known for known in csvs.HEADER]
    cells = csvs.row(Comments="x")
    cells[synonym] = cells.get(name, "")
    row = next(rows_read(csvs.lines(csvs.text([cells], header=header))))
    assert isinstance(row, ParsedRow)
    plain = parsed(Comments="x")
    assert (row.building, row.record, row.digest) == (plain.building, plain.record, plain.digest)


@pytest.mark.parametrize(
    "spelling",
    [
        "Site EUI (kBtu/sf)",
        "siteeui_kbtu_sf",
        "SITE EUI (KBTU/FT²)",
        "Site EUI(kBtu/ft2)",
        "SiteEUI (kBtu/sq ft)",
    ],
)
def test_header_is_known_in_any_case_spacing_and_spelling_of_units(spelling: str) -> None:
    header = [spelling if name == "SiteEUI(kBtu/sf)" else name for name in csvs.HEADER]
    row = next(rows_read(csvs.lines(csvs.text([csvs.row(**{spelling: "80"})], header=header))))
    assert isinstance(row, ParsedRow)
    assert row.record["site_eui_kbtu_per_sqft"] == 80.0


def test_another_unit_is_another_column() -> None:
    header = [name.replace("SteamUse(kBtu)", "SteamUse(MWh)") for name in csvs.HEADER]
    assert "'SteamUse(kBtu)' (nearest in the file: 'SteamUse(MWh)')" in str(
        refusal(csvs.text([csvs.row()], header=header))
    )


def test_another_citys_file_is_refused_naming_every_column_that_is_missing() -> None:
    content = (
        "Property Id,Year Ending,Property Name,Postcode,Property GFA (ft²),Site EUI (kBtu/ft²)\n"
        "1,2016,A,10001,50000,80\n"
    )
    said = str(refusal(content))
    for name in ("OSEBuildingID", "DataYear", "BuildingType", "SiteEnergyUse(kBtu)", "YearBuilt"):
        assert repr(name) in said
    assert "'PropertyName'" not in said


def test_header_check_reads_the_header_only() -> None:
    header_check(csvs.lines(csvs.text([csvs.row()]) + "\0"))
    with pytest.raises(DatasetFormatError):
        header_check([b"<html>\n", b"</html>\n"])


def test_separator_too_many_in_every_row_is_one_error_and_shifts_nothing() -> None:
    head, *rows = csvs.text([csvs.row(101), csvs.row(102)]).splitlines(keepends=True)
    error = refusal(head + "".join(row.replace("\n", ",\n") for row in rows))
    assert "the header has 46 cells, and no row has: most have 47" in str(error)
    assert error.line_number == 1


def test_carriage_returns_alone_are_named() -> None:
    assert "carriage returns alone" in str(refusal(csvs.text([csvs.row()], line_end="\r")))


@pytest.mark.parametrize(("sign", "name"), [("\t", "tabs"), ("|", "vertical bars")])
def test_other_separators_are_named(sign: str, name: str) -> None:
    assert name in str(refusal(csvs.text([csvs.row()]).replace(",", sign)))


def test_cell_of_two_megabytes_is_refused_with_its_line() -> None:
    error = refusal(csvs.text([csvs.row(), csvs.row(102, PropertyName="x" * 2_000_000)]))
    assert error.line_number == 3
    assert "field larger than field limit" in str(error)


@pytest.mark.parametrize(
    ("encoding", "guess"), [("cp1252", "Windows-1252"), ("utf-16", "UTF-16"), ("latin-1", "Latin")]
)
def test_encoding_is_guessed_for_the_message(encoding: str, guess: str) -> None:
    content = csvs.text([csvs.row(PropertyName="Caf\xe9")]).encode(encoding)
    assert guess in str(refusal(content))


# What file it is


def test_survey_says_what_the_file_is() -> None:
    rows = [csvs.row(101), csvs.row(102, DataYear="2017"), csvs.row(103, DataYear="soon")]
    content = csvs.text(rows).encode() + b",,\n" + b"," * 45 + b"\n\n"
    found = survey(DigestedLines(csvs.lines(content)))
    assert found.header == list(csvs.HEADER)
    assert (found.rows, found.size_bytes) == (6, len(content))
    assert found.years == {2016: 1, 2017: 1}
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert list(found.energies[2016]) == [4_000_000, 3_200_000, 0, 197.84]


@pytest.mark.parametrize(
    ("years", "stray"),
    [
        ([2016] * 99 + [2061, 2015], {2015}),
        ([2016] * 30 + [2017] * 30, set()),
        ([2016], set()),
        ([2015] * 40 + [2016] * 40 + [2017], set()),
    ],
)
def test_few_rows_of_another_year_are_strays(years: list[int], stray: set[int]) -> None:
    rows = [csvs.row(n, DataYear=str(year)) for n, year in enumerate(years, 101)]
    assert survey(DigestedLines(csvs.lines(csvs.text(rows)))).stray_years == stray


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


_PARCEL = ("tax_parcel_identification_number",)


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
        ("TaxParcelIdentificationNumber", "1", "tax_parcel_identification_number", "0000000001"),
        ("TaxParcelIdentificationNumber", "659000030.0", *_PARCEL, "0659000030"),
        ("TaxParcelIdentificationNumber", "701100-0000", *_PARCEL, "7011000000"),
        ("TaxParcelIdentificationNumber", "6850700316 and 685", *_PARCEL, "6850700316 and 685"),
        ("TaxParcelIdentificationNumber", "xNA", *_PARCEL, ""),
        ("Neighborhood", "SHARED: Central &amp; East", "neighborhood", "SHARED: CENTRAL & EAST"),
        ("ComplianceStatus", "Non-Compliant", "compliance_status", "Not Compliant"),
        ("Outlier", "High Outlier", "outlier", "High outlier"),
        ("BuildingType", "nonresidential", "building_type", "NonResidential"),
        ("LargestPropertyUseTypeGFA", "NA", "year_built", 1968),
        ("YearBuilt", "", "year_built", None),
        ("YearBuilt", "0", "year_built", None),
        ("PropertyName", "  A   B ", "property_name", "A B"),
        ("State", "wa", "state", "WA"),
        ("ZipCode", "98101.0", "zip_code", "98101"),
        ("ZipCode", "00501", "zip_code", "00501"),
        ("ENERGYSTARScore", "null", "energy_star_score", None),
        ("Electricity(kWh)", "-33,826.5", "electricity_kwh", -33826.5),
        ("SiteEnergyUse(kBtu)", "1.5e6", "site_energy_use_kbtu", 1_500_000.0),
        ("SiteEnergyUse(kBtu)", "0", "site_energy_use_kbtu", None),
        ("TotalGHGEmissions", "0", "total_ghg_emissions_mtco2e", 0.0),
        ("YearsENERGYSTARCertified", "20162015", "years_energy_star_certified", "2016, 2015"),
        ("YearsENERGYSTARCertified", "2,007", "years_energy_star_certified", "2007"),
        ("YearsENERGYSTARCertified", "2.0162e+11", "years_energy_star_certified", "2.0162e+11"),
        ("TaxParcelIdentificationNumber", "0000000", *_PARCEL, ""),
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
    assert set(csvs.HEADER) <= {column.header for column in COLUMNS}
    tables = {"building": Building, "record": BenchmarkRecord}
    for column in COLUMNS:
        if column.target in tables:
            assert tables[column.target]._meta.get_field(column.field)


def test_no_text_is_longer_than_its_field() -> None:
    tables = {"building": Building, "record": BenchmarkRecord, "use": PropertyUse}
    for column in (column for column in COLUMNS if column.target != "location"):
        name = "use_type" if column.target == "use" else column.field
        field = tables[column.target]._meta.get_field(name)
        if isinstance(field, CharField) and not column.field.endswith("sqft"):
            for cell in ("9", "x"):
                try:
                    kept = column.parse(cell * ((field.max_length or 0) + 1))
                except SetAsideError as error:
                    kept = error.value
                assert len(kept) <= (field.max_length or 0)


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


def test_use_that_2017_cut_off_is_completed_from_the_list_or_the_vocabulary() -> None:
    listed = "Other - Recreation, Parking"
    row = parsed(LargestPropertyUseType="Other - Rec", ListOfAllPropertyUseTypes=listed)
    assert row.uses[0] == (1, "Other - Recreation", 90_000.0)
    row = parsed(LargestPropertyUseType="Non-Refrige", ListOfAllPropertyUseTypes="")
    assert row.uses[0][1] == "Non-Refrigerated Warehouse"
    # Two uses begin so, and neither is listed.
    row = parsed(LargestPropertyUseType="Other - Res", ListOfAllPropertyUseTypes="")
    assert row.uses[0][1] == "Other - Restaurant/Bar"
    row = parsed(LargestPropertyUseType="Residential", ListOfAllPropertyUseTypes="Hotel")
    assert row.uses[0][1] == "Residential Care Facility"
    row = parsed(LargestPropertyUseType="Convenience", ListOfAllPropertyUseTypes="")
    assert row.uses[0][1] == "Convenience"
    assert row.flags == ["unknown_category"]


@pytest.mark.parametrize("area", ["0", ""])
def test_use_without_area_has_none_however_that_is_written(area: str) -> None:
    assert parsed(SecondLargestPropertyUseTypeGFA=area).uses[1] == (2, "Parking", None)


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
        ("DataYear", "1916", f"'1916' is not between 2000 and {datetime.now(UTC).year}"),
        ("DataYear", "2099", f"'2099' is not between 2000 and {datetime.now(UTC).year}"),
        ("PropertyGFATotal", "0", "'0' is not above 0"),
        ("PropertyGFATotal", "-1", "'-1' is not above 0"),
        ("PropertyGFATotal", "", "missing; every row needs it"),
        ("NumberofFloors", "2.5", "'2.5' is not a whole number"),
        ("DefaultData", "maybe", "'maybe' is neither true nor false"),
        ("SiteEnergyUse(kBtu)", "1e400", "'1e400' is too large for a number"),
    ],
)
def test_bad_cell_is_rejected_with_the_reason(header: str, cell: str, reason: str) -> None:
    assert reasons(**{header: cell}) == [(header, reason)]


@pytest.mark.parametrize(
    ("header", "cell", "field", "value", "flag"),
    [
        ("YearBuilt", "1799", "year_built", None, "value_set_aside"),
        ("PropertyGFAParking", "-3", "property_gfa_parking_sqft", 5_000.0, "value_set_aside"),
        ("PropertyGFABuilding(s)", "-50550", _BUILDINGS_GFA, 90_000.0, "value_set_aside"),
        ("ENERGYSTARScore", "0", "energy_star_score", None, "value_set_aside"),
        ("ENERGYSTARScore", "101", "energy_star_score", None, "value_set_aside"),
        ("Latitude", "91", "latitude", None, "value_set_aside"),
        ("State", "WAS", "state", "", "value_set_aside"),
        ("PropertyName", "x" * 256, "property_name", "", "value_set_aside"),
        ("ZipCode", "not a zip code", "zip_code", "", "value_set_aside"),
        ("Neighborhood", "water", "neighborhood", "", "unknown_category"),
        ("Neighborhood", "SHARED: NORTH", "neighborhood", "", "unknown_category"),
        ("BuildingType", "Spaceship", "building_type", "", "unknown_category"),
        ("Outlier", "middling", "outlier", "", "unknown_category"),
        ("PrimaryPropertyType", "Castle", "primary_property_type", "Other", "unknown_category"),
        ("LargestPropertyUseType", "Castle", "year_built", 1968, "unknown_category"),
    ],
)
def test_value_that_cannot_be_right_is_set_aside_and_flagged(
    header: str, cell: str, field: str, value: Any, flag: str
) -> None:
    row = parsed(**{header: cell})
    assert (row.building | row.record)[field] == value
    assert flag in row.flags


@pytest.mark.parametrize(
    "cell", ["abc", "1_000", "inf", "0x10", "1,00", "1.000,5", "1 000", "١٢٣", "--1", "1e"]
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
    assert row_named(csvs.HEADER, short.cells) == {"OSEBuildingID": "102", "DataYear": "2016"}
    assert long.reasons[0].reason == "48 cells where the header has 46"
    named = row_named(csvs.HEADER, long.cells)
    assert named["cell 48"] == "x"
    assert len(named) == 48


def test_line_numbers_are_those_of_the_file() -> None:
    rows = [
        csvs.row(101, Comments="two\nlines"),
        csvs.row(102, Address="a\r\nb\r\nc"),
        csvs.row(103),
    ]
    content = csvs.text(rows) + "\n" + "," * 45 + "\n" + csvs.text([csvs.row(104)]).split("\n")[1]
    found = list(rows_read(csvs.lines(content)))
    assert [row.line_number for row in found] == [2, 4, 7, 8, 9, 10]
    assert [type(row) for row in found[3:5]] == [BlankRow, BlankRow]
    assert isinstance(found[0], ParsedRow)
    assert found[0].record["comments"] == "two\nlines"
