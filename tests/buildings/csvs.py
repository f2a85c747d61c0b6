"""Small benchmarking files for tests, in the city's 2016 schema. Every row is made up."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_HEADER_LINE: Final = (
    "OSEBuildingID,DataYear,BuildingType,PrimaryPropertyType,PropertyName,Address,City,State,"
    "ZipCode,TaxParcelIdentificationNumber,CouncilDistrictCode,Neighborhood,Latitude,Longitude,"
    "YearBuilt,NumberofBuildings,NumberofFloors,PropertyGFATotal,PropertyGFAParking,"
    "PropertyGFABuilding(s),ListOfAllPropertyUseTypes,LargestPropertyUseType,"
    "LargestPropertyUseTypeGFA,SecondLargestPropertyUseType,SecondLargestPropertyUseTypeGFA,"
    "ThirdLargestPropertyUseType,ThirdLargestPropertyUseTypeGFA,YearsENERGYSTARCertified,"
    "ENERGYSTARScore,SiteEUI(kBtu/sf),SiteEUIWN(kBtu/sf),SourceEUI(kBtu/sf),SourceEUIWN(kBtu/sf),"
    "SiteEnergyUse(kBtu),SiteEnergyUseWN(kBtu),SteamUse(kBtu),Electricity(kWh),Electricity(kBtu),"
    "NaturalGas(therms),NaturalGas(kBtu),DefaultData,Comments,ComplianceStatus,Outlier,"
    "TotalGHGEmissions,GHGEmissionsIntensity"
)
HEADER: Final = tuple(_HEADER_LINE.split(","))

_ROW: Final = {
    "OSEBuildingID": "101",
    "DataYear": "2016",
    "BuildingType": "NonResidential",
    "PrimaryPropertyType": "Hotel",
    "PropertyName": "Example Hotel",
    "Address": "1 Example Street",
    "City": "Seattle",
    "State": "WA",
    "ZipCode": "98101",
    "TaxParcelIdentificationNumber": "0000000101",
    "CouncilDistrictCode": "7",
    "Neighborhood": "DOWNTOWN",
    "Latitude": "47.61",
    "Longitude": "-122.33",
    "YearBuilt": "1968",
    "NumberofBuildings": "1",
    "NumberofFloors": "9",
    "PropertyGFATotal": "95000",
    "PropertyGFAParking": "5000",
    "PropertyGFABuilding(s)": "90000",
    "ListOfAllPropertyUseTypes": "Hotel, Parking",
    "LargestPropertyUseType": "Hotel",
    "LargestPropertyUseTypeGFA": "90000",
    "SecondLargestPropertyUseType": "Parking",
    "SecondLargestPropertyUseTypeGFA": "5000",
    "ENERGYSTARScore": "58",
    "SiteEUI(kBtu/sf)": "80",
    "SiteEnergyUse(kBtu)": "7200000",
    "SteamUse(kBtu)": "0",
    "Electricity(kWh)": "1172284.5",
    "Electricity(kBtu)": "4000000",
    "NaturalGas(therms)": "32000",
    "NaturalGas(kBtu)": "3200000",
    "DefaultData": "false",
    "ComplianceStatus": "Compliant",
    "TotalGHGEmissions": "197.84",
    "GHGEmissionsIntensity": "2.08",
}


def row(ose_building_id: int | None = None, /, **cells: str) -> dict[str, str]:
    """A good row; `cells` replaces what it names (a header that is no name: pass it by **)."""
    given = {} if ose_building_id is None else {"OSEBuildingID": str(ose_building_id)}
    return _ROW | given | cells


def text(
    rows: Sequence[Mapping[str, str]], header: Sequence[str] = HEADER, line_end: str = "\n"
) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator=line_end)
    writer.writerow(header)
    writer.writerows([cells.get(name, "") for name in header] for cells in rows)
    return written.getvalue()


def lines(content: str | bytes) -> list[bytes]:
    """As a file opened in binary mode gives them."""
    data = content.encode() if isinstance(content, str) else content
    return list(io.BytesIO(data))


def file(directory: Path, rows: Sequence[Mapping[str, str]], name: str = "rows.csv") -> Path:
    path = directory / name
    path.write_text(text(rows), encoding="utf-8", newline="")
    return path
