"""The city's benchmarking CSV: source header -> field, unit, parser.

The only place that knows the city's column names. Schema: City of Seattle, Building Energy
Benchmarking, one file a year since 2015 (data.seattle.gov). Headers are compared by letters and
digits alone, without case, and with one spelling of ft²; a year that renames a column is one more
synonym here. `buildings.reading` reads the rows. No Django.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from buildings import parsers
from buildings.choices import BUILDING_TYPES, OUTLIERS
from buildings.errors import DatasetFormatError
from buildings.parsers import Parser, Value

Target: TypeAlias = Literal["building", "record", "use", "location"]

#: The column that says which building a row is about, and the one that says which year.
IDENTIFIER_HEADER: Final = "OSEBuildingID"
YEAR_HEADER: Final = "DataYear"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: where its cells go and how they are read.

    `parse` gets a cell that is not blank. It raises ValueError with the reason when the cell is
    not what the column holds, and `parsers.SetAsideError` when it is but cannot be right. A
    missing cell becomes `missing`, unless `is_mandatory`. A missing column stops the load if
    `is_required`, unless the one that `stands_in` names is there.
    """

    header: str
    target: Target
    field: str
    parse: Parser
    unit: str | None = None
    missing: Value = None
    is_mandatory: bool = False
    is_required: bool = False
    stands_in: str | None = None
    synonyms: tuple[str, ...] = ()


# Energies and emissions may be negative: solar power fed into the grid.
_any_number = parsers.number()
_area = parsers.number(0)
_use_type = parsers.use_type

COLUMNS: Final[tuple[Column, ...]] = (
    Column(
        IDENTIFIER_HEADER,
        "building",
        "ose_building_id",
        parsers.integer(1, 2_147_483_647),
        is_mandatory=True,
        is_required=True,
    ),
    Column(
        YEAR_HEADER,
        "record",
        "data_year",
        parsers.data_year,
        "year",
        is_mandatory=True,
        is_required=True,
    ),
    Column(
        "BuildingType",
        "record",
        "building_type",
        parsers.one_of(BUILDING_TYPES),
        missing="",
        is_required=True,
    ),
    Column(
        "PrimaryPropertyType",
        "record",
        "primary_property_type",
        parsers.text(100),
        missing="",
        is_required=True,
        stands_in="EPAPropertyType",  # 2020 on
    ),
    Column(
        "EPAPropertyType",
        "record",
        "epa_property_type",
        parsers.text(100),
        missing="",
        synonyms=("EPABuildingSubTypeName",),  # 2018
    ),
    Column(
        "PropertyName",
        "building",
        "property_name",
        parsers.text(255),
        missing="",
        is_required=True,
        synonyms=("BuildingName",),  # 2018 on
    ),
    Column(
        "Address",
        "building",
        "address",
        parsers.text(255),
        missing="",
        is_required=True,
        stands_in="Location",  # 2015
    ),
    Column("City", "building", "city", parsers.text(100), missing=""),
    Column("State", "building", "state", parsers.state, missing=""),
    Column("ZipCode", "building", "zip_code", parsers.zip_code, missing="", synonyms=("Zip",)),
    Column(
        "TaxParcelIdentificationNumber",
        "building",
        "tax_parcel_identification_number",
        parsers.parcel_number,
        missing="",
        synonyms=("TaxParcelIdentificationNumbers", "TaxParcel"),
    ),
    # 2015, and other exports of the portal: address, city, state, ZIP code and coordinates in one.
    Column("Location", "location", "location", parsers.location),
    Column("CouncilDistrictCode", "building", "council_district_code", parsers.integer(0, 99)),
    Column(
        "Neighborhood",
        "building",
        "neighborhood",
        parsers.neighborhood,
        missing="",
        is_required=True,
    ),
    Column("Latitude", "building", "latitude", parsers.number(-90, 90), "°"),
    Column("Longitude", "building", "longitude", parsers.number(-180, 180), "°"),
    Column(
        "YearBuilt",
        "building",
        "year_built",
        parsers.integer(1800, 2100, unknown=(0,)),
        "year",
        is_required=True,
    ),
    Column(
        "NumberofBuildings", "record", "number_of_buildings", parsers.integer(0, 9999, unknown=(0,))
    ),
    Column(
        "NumberofFloors",
        "record",
        "number_of_floors",
        parsers.integer(0, 199, unknown=(0, 99)),
        is_required=True,
    ),
    Column(
        "PropertyGFATotal",
        "record",
        "property_gfa_total_sqft",
        parsers.number(is_positive=True),
        "ft²",
        is_mandatory=True,
        is_required=True,
    ),
    Column("PropertyGFAParking", "record", "property_gfa_parking_sqft", _area, "ft²"),
    Column("PropertyGFABuilding(s)", "record", "property_gfa_buildings_sqft", _area, "ft²"),
    Column(
        "ListOfAllPropertyUseTypes",
        "record",
        "list_of_all_property_use_types",
        parsers.use_list,
        missing="",
    ),
    Column("LargestPropertyUseType", "use", "largest", _use_type, is_required=True),
    Column("LargestPropertyUseTypeGFA", "use", "largest_gfa_sqft", _area, "ft²", is_required=True),
    Column("SecondLargestPropertyUseType", "use", "second_largest", _use_type),
    Column("SecondLargestPropertyUseTypeGFA", "use", "second_largest_gfa_sqft", _area, "ft²"),
    Column("ThirdLargestPropertyUseType", "use", "third_largest", _use_type),
    Column("ThirdLargestPropertyUseTypeGFA", "use", "third_largest_gfa_sqft", _area, "ft²"),
    Column(
        "YearsENERGYSTARCertified",
        "record",
        "years_energy_star_certified",
        parsers.years_certified,
        missing="",
    ),
    Column(
        "ENERGYSTARScore",
        "record",
        "energy_star_score",
        parsers.integer(1, 100),
        "points",
        is_required=True,
    ),
    Column("SiteEUI(kBtu/sf)", "record", "site_eui_kbtu_per_sqft", _any_number, "kBtu/ft²"),
    Column("SiteEUIWN(kBtu/sf)", "record", "site_eui_wn_kbtu_per_sqft", _any_number, "kBtu/ft²"),
    Column("SourceEUI(kBtu/sf)", "record", "source_eui_kbtu_per_sqft", _any_number, "kBtu/ft²"),
    Column(
        "SourceEUIWN(kBtu/sf)", "record", "source_eui_wn_kbtu_per_sqft", _any_number, "kBtu/ft²"
    ),
    Column(
        "SiteEnergyUse(kBtu)",
        "record",
        "site_energy_use_kbtu",
        _any_number,
        "kBtu",
        is_required=True,
    ),
    Column("SiteEnergyUseWN(kBtu)", "record", "site_energy_use_wn_kbtu", _any_number, "kBtu"),
    Column("SteamUse(kBtu)", "record", "steam_use_kbtu", _any_number, "kBtu", is_required=True),
    Column("Electricity(kWh)", "record", "electricity_kwh", _any_number, "kWh"),
    Column(
        "Electricity(kBtu)",
        "record",
        "electricity_kbtu",
        _any_number,
        "kBtu",
        is_required=True,
        stands_in="Electricity(kWh)",
    ),
    Column("NaturalGas(therms)", "record", "natural_gas_therms", _any_number, "therm"),
    Column(
        "NaturalGas(kBtu)",
        "record",
        "natural_gas_kbtu",
        _any_number,
        "kBtu",
        is_required=True,
        stands_in="NaturalGas(therms)",
    ),
    Column("OtherFuelUse(kBtu)", "record", "other_fuel_use_kbtu", _any_number, "kBtu"),  # 2015
    Column("DefaultData", "record", "is_default_data", parsers.boolean),  # until 2017
    Column("Comments", "record", "comments", parsers.text(), missing="", synonyms=("Comment",)),
    Column(
        "ComplianceStatus",
        "record",
        "compliance_status",
        parsers.compliance_status,
        missing="",
        is_required=True,
    ),
    Column("ComplianceIssue", "record", "compliance_issue", parsers.text(100), missing=""),  # 2018
    Column("Outlier", "record", "outlier", parsers.one_of(OUTLIERS), missing=""),  # until 2017
    Column(
        "TotalGHGEmissions",
        "record",
        "total_ghg_emissions_mtco2e",
        _any_number,
        "t CO2e",
        is_required=True,
        synonyms=("GHGEmissions(MetricTonsCO2e)", "TotalGHGEmissions(MetricTonsCO2e)"),  # 2015
    ),
    Column(
        "GHGEmissionsIntensity",
        "record",
        "ghg_emissions_intensity_kgco2e_per_sqft",
        _any_number,
        "kg CO2e/ft²",
        synonyms=("GHGEmissionsIntensity(kgCO2e/ft2)",),  # 2015
    ),
)

_UNTIL_2017: Final = (2015, 2016, 2017)
_FROM_2016: Final = (2016, 2017, 2018, 2019)
#: The years whose files were looked at, and the headers that not each of them has.
YEARS_KNOWN: Final = (2015, 2016, 2017, 2018, 2019)
YEARS_PUBLISHED: Final[dict[str, tuple[int, ...]]] = {
    "EPABuildingSubTypeName": (2018,),
    "EPAPropertyType": (2019,),
    "PropertyName": _UNTIL_2017,
    "BuildingName": (2018, 2019),
    "Address": _FROM_2016,
    "City": _FROM_2016,
    "State": _FROM_2016,
    "ZipCode": _FROM_2016,
    "TaxParcelIdentificationNumber": (2015, 2016, 2017, 2019),
    "Location": (2015,),
    "Latitude": _FROM_2016,
    "Longitude": _FROM_2016,
    "NumberofBuildings": _UNTIL_2017,
    "ListOfAllPropertyUseTypes": _UNTIL_2017,
    "YearsENERGYSTARCertified": _UNTIL_2017,
    "OtherFuelUse(kBtu)": (2015,),
    "DefaultData": _UNTIL_2017,
    "Comment": (2015,),
    "Comments": (2016,),
    "ComplianceIssue": (2018, 2019),
    "Outlier": _UNTIL_2017,
    "TotalGHGEmissions": _FROM_2016,
    "GHGEmissions(MetricTonsCO2e)": (2015,),
    "GHGEmissionsIntensity": _FROM_2016,
    "GHGEmissionsIntensity(kgCO2e/ft2)": (2015,),
    # Other exports of the portal.
    "Zip": (),
    "TaxParcelIdentificationNumbers": (),
    "TaxParcel": (),
    "TotalGHGEmissions(MetricTonsCO2e)": (),
}

_SQUARE_FEET: Final = re.compile(r"ft2|ft²|sqft|sq\.?\s*ft\.?|square\s*feet")


def header_key(header: str) -> str:
    """What two spellings of one header have in common.

    >>> header_key("Site EUI (kBtu/ft²)") == header_key("siteeui_kbtu_sf")
    True
    """
    folded = _SQUARE_FEET.sub("sf", header.casefold())
    return "".join(c for c in folded if c.isalnum())


_KNOWN: Final = {
    header_key(name): column for column in COLUMNS for name in (column.header, *column.synonyms)
}


def columns_known(header: Sequence[str]) -> dict[str, Column]:
    """The known columns of a header that was read before, by its own spelling of them."""
    return {name: _KNOWN[header_key(name)] for name in header if header_key(name) in _KNOWN}


def columns_located(header: Sequence[str], line_number: int) -> list[tuple[int, Column]]:
    """Position and column of each known header, in the order of COLUMNS.

    Raises:
        DatasetFormatError: a known column stands twice, or a required one is missing.
    """
    found: dict[str, int] = {}
    unknown: dict[str, str] = {}
    for position, name in enumerate(header):
        column = _KNOWN.get(header_key(name))
        if column is None:
            unknown[header_key(name)] = name
        elif column.header in found:
            first = found[column.header]
            raise DatasetFormatError(
                f"two columns are {column.header!r}: the {first + 1}. ({header[first]!r}) and the "
                f"{position + 1}. ({name!r}); right would be one of them",
                line_number=line_number,
            )
        else:
            found[column.header] = position
    missing = [
        column.header
        for column in COLUMNS
        if column.is_required and column.header not in found and column.stands_in not in found
    ]
    if missing:
        raise DatasetFormatError(_missing_said(missing, unknown, header), line_number=line_number)
    return [(found[column.header], column) for column in COLUMNS if column.header in found]


def _missing_said(missing: list[str], unknown: dict[str, str], header: Sequence[str]) -> str:
    if len(header) == 1:
        for sign, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
            if header[0].count(sign) > 1:
                return f"cells are separated by {name}; right would be commas"
    said = []
    for name in missing:
        near = difflib.get_close_matches(header_key(name), unknown, n=1, cutoff=0.65)
        said.append(f"{name!r} (nearest in the file: {unknown[near[0]]!r})" if near else repr(name))
    noun = "a required column is" if len(said) == 1 else f"{len(said)} required columns are"
    return f"{noun} missing: {', '.join(said)}"
