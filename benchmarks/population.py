"""A made-up city of any size, as benchmarking files in the city's schema.

A base of some thousand buildings comes from the generator of the bundled sample
(`fixtures/generate_sample.py`): its mix of types, uses, districts and ages, and the oddities of the
published files (floors of 0, uses of NULL, blank energy, outliers, district names in mixed case).
NumPy then draws as many buildings as asked for from that base. Each gets an identifier, a name, an
address and a place of its own, a size around its model's, and for every year an energy use around
its own usual one; totals, intensities and emissions are computed from these, so that a row
contradicts itself no more often than in the base.

A block of rows depends on the seed, the year and its position alone: nothing is held in memory but
the block at hand, and equal arguments give equal bytes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fixtures.generate_sample import (
    FIRST_OSE_BUILDING_ID,
    HEADER,
    KBTU_PER_KWH,
    KBTU_PER_THERM,
    KG_ELECTRICITY,
    KG_GAS,
    KG_STEAM,
    SOURCE_ELECTRICITY,
    SOURCE_GAS,
    SOURCE_STEAM,
    generate_rows,
)

DATA_YEARS: Final = (2015, 2016, 2017, 2018, 2019)
DEFAULT_SEED: Final = 2016
#: What a later edition of a file says otherwise is this much off.
REVISION: Final = 1.05

#: The header of the city's 2019 file, in its order (data.seattle.gov, dataset 3th6-ticf).
HEADER_FROM_2018: Final = tuple(
    """
    OSEBuildingID DataYear BuildingName BuildingType TaxParcelIdentificationNumber Address City
    State ZipCode Latitude Longitude Neighborhood CouncilDistrictCode YearBuilt NumberofFloors
    PropertyGFATotal PropertyGFABuilding(s) PropertyGFAParking PrimaryPropertyType ENERGYSTARScore
    SiteEUIWN(kBtu/sf) SiteEUI(kBtu/sf) SiteEnergyUse(kBtu) SiteEnergyUseWN(kBtu)
    SourceEUIWN(kBtu/sf) SourceEUI(kBtu/sf) LargestPropertyUseType LargestPropertyUseTypeGFA
    SecondLargestPropertyUseType SecondLargestPropertyUseTypeGFA ThirdLargestPropertyUseType
    ThirdLargestPropertyUseTypeGFA Electricity(kWh) SteamUse(kBtu) NaturalGas(therms)
    EPAPropertyType ComplianceStatus ComplianceIssue Electricity(kBtu) NaturalGas(kBtu)
    TotalGHGEmissions GHGEmissionsIntensity
    """.split()  # noqa: SIM905 -- reads like the first line of the file
)

_BASE_ROWS: Final = 4_000
_BLOCK_ROWS: Final = 50_000
_TREES: Final = ("Alder", "Aspen", "Cedar", "Cherry", "Dogwood", "Elm", "Fir", "Hawthorn", "Hazel")
_TREES_MORE: Final = ("Hemlock", "Juniper", "Larch", "Madrona", "Maple", "Oak", "Spruce", "Yew")
_SIGHTS: Final = ("Bay", "Beach", "Court", "Creek", "Crest", "Gate", "Harbor", "Hill", "Lake")
_SIGHTS_MORE: Final = ("Landing", "Park", "Place", "Point", "Ridge", "Square", "View", "Yard")
_STREETS: Final = ("Ave", "Ave E", "Ave N", "Ave NE", "Ave S", "Ave SW", "Pl NW", "St", "St NE")
#: Cells that stand as the base has them.
_COPIED: Final = (
    "BuildingType",
    "PrimaryPropertyType",
    "City",
    "State",
    "ZipCode",
    "CouncilDistrictCode",
    "Neighborhood",
    "YearBuilt",
    "NumberofBuildings",
    "NumberofFloors",
    "ListOfAllPropertyUseTypes",
    "LargestPropertyUseType",
    "SecondLargestPropertyUseType",
    "ThirdLargestPropertyUseType",
    "YearsENERGYSTARCertified",
    "DefaultData",
    "Comments",
    "ComplianceStatus",
    "Outlier",
)
_USE_AREAS: Final = tuple(
    f"{rank}PropertyUseTypeGFA" for rank in ("Largest", "SecondLargest", "ThirdLargest")
)
_NUMBERS: Final = (
    "PropertyGFAParking",
    "PropertyGFABuilding(s)",
    *_USE_AREAS,
    "Latitude",
    "Longitude",
    "ENERGYSTARScore",
    "SiteEnergyUse(kBtu)",
    "SiteEnergyUseWN(kBtu)",
    "SteamUse(kBtu)",
    "Electricity(kWh)",
    "Electricity(kBtu)",
    "NaturalGas(therms)",
    "NaturalGas(kBtu)",
)

Numbers: TypeAlias = NDArray[np.float64]
Cells: TypeAlias = list[str]


class Population:
    """`buildings` made-up buildings that report every year."""

    def __init__(self, buildings: int, seed: int = DEFAULT_SEED) -> None:
        self.buildings = buildings
        self._seed = seed
        base = generate_rows(min(buildings, _BASE_ROWS), seed)
        self._texts: dict[str, NDArray[Any]] = {
            name: np.array([_quoted(row[name]) for row in base], dtype=object) for name in _COPIED
        }
        self._numbers: dict[str, Numbers] = {
            name: np.array([float(row[name] or "nan") for row in base]) for name in _NUMBERS
        }

    def file_write(
        self,
        path: Path,
        data_year: int,
        *,
        revised_share: float = 0.0,
        on_rows: Callable[[int], object] = lambda rows: None,
    ) -> None:
        """Write the year's file. In a later edition, a share of the rows has other energies."""
        header = HEADER if data_year < 2018 else HEADER_FROM_2018
        missing = "" if data_year < 2018 else "NA"
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(header) + "\n")
            for first in range(0, self.buildings, _BLOCK_ROWS):
                numbers = np.arange(first, min(first + _BLOCK_ROWS, self.buildings))
                cells = self._cells(numbers, data_year, revised_share, missing)
                file.write("\n".join(map(",".join, zip(*(cells[n] for n in header), strict=True))))
                file.write("\n")
                on_rows(len(numbers))

    def _cells(
        self, numbers: NDArray[np.int64], data_year: int, revised_share: float, missing: str
    ) -> dict[str, Cells]:
        """The block of buildings `numbers` (from 0), column by column."""
        lasting = np.random.default_rng([self._seed, int(numbers[0])])
        yearly = np.random.default_rng([self._seed, int(numbers[0]), data_year])
        count = len(numbers)
        model = lasting.integers(0, len(self._texts["City"]), count)
        base = {name: values[model] for name, values in self._numbers.items()}
        size = np.exp(lasting.normal(0, 0.25, count))
        habit = size * np.exp(lasting.normal(0, 0.2, count))

        columns: dict[str, Numbers] = {
            name: np.rint(base[name] * size)
            for name in ("PropertyGFAParking", "PropertyGFABuilding(s)", *_USE_AREAS)
        }
        total = columns["PropertyGFAParking"] + columns["PropertyGFABuilding(s)"]
        columns["PropertyGFATotal"] = total
        energy = habit * np.exp(yearly.normal(0, 0.06, count))
        score = base["ENERGYSTARScore"] + yearly.integers(-3, 4, count)
        columns["ENERGYSTARScore"] = np.clip(score, 1, 100)
        energy[yearly.random(count) < revised_share] *= REVISION
        columns |= _energy(base, energy, total, columns["PropertyGFABuilding(s)"])

        cells = {name: _shown(values, missing) for name, values in columns.items()}
        cells |= {name: values[model].tolist() for name, values in self._texts.items()}
        cells |= {
            name: _shown(base[name] + lasting.normal(0, 0.004, count), missing, 5)
            for name in ("Latitude", "Longitude")
        }
        cells |= _named(numbers, lasting)
        cells["BuildingName"] = cells["PropertyName"]
        cells["EPAPropertyType"] = cells["LargestPropertyUseType"]
        cells["DataYear"] = [str(data_year)] * count
        cells["ComplianceIssue"] = [
            "No Issue" if status == "Compliant" else "Account Requires Verification"
            for status in cells["ComplianceStatus"]
        ]
        if missing:
            for name in ("SecondLargestPropertyUseType", "ThirdLargestPropertyUseType"):
                cells[name] = [cell or missing for cell in cells[name]]
        return cells


def _energy(
    base: dict[str, Numbers], factor: Numbers, total: Numbers, buildings: Numbers
) -> dict[str, Numbers]:
    """Fuels around the model's, and what follows from them."""
    kwh = np.round(base["Electricity(kWh)"] * factor, 1)
    therms = np.round(base["NaturalGas(therms)"] * factor, 1)
    steam = np.rint(base["SteamUse(kBtu)"] * factor)
    electricity, gas = np.rint(kwh * KBTU_PER_KWH), np.rint(therms * KBTU_PER_THERM)
    model = base["Electricity(kBtu)"] + base["NaturalGas(kBtu)"] + base["SteamUse(kBtu)"]
    with np.errstate(invalid="ignore"):
        unseen = np.where(model > 0, base["SiteEnergyUse(kBtu)"] / model, 1)  # fuels of no column
        site = np.rint((electricity + gas + steam) * unseen)
        weather = base["SiteEnergyUseWN(kBtu)"] / base["SiteEnergyUse(kBtu)"]
    weather = np.where(np.isfinite(weather) | np.isnan(site), weather, 1)
    source = SOURCE_ELECTRICITY * electricity + SOURCE_GAS * gas + SOURCE_STEAM * steam
    kg = (KG_ELECTRICITY * electricity + KG_GAS * gas + KG_STEAM * steam) / 1000
    return {
        "SiteEUI(kBtu/sf)": np.round(site / buildings, 2),
        "SiteEUIWN(kBtu/sf)": np.round(site * weather / buildings, 2),
        "SourceEUI(kBtu/sf)": np.round(source / buildings, 1),
        "SourceEUIWN(kBtu/sf)": np.round(source * (1 + (weather - 1) * 0.7) / buildings, 1),
        "SiteEnergyUse(kBtu)": site,
        "SiteEnergyUseWN(kBtu)": np.rint(site * weather),
        "SteamUse(kBtu)": steam,
        "Electricity(kWh)": kwh,
        "Electricity(kBtu)": electricity,
        "NaturalGas(therms)": therms,
        "NaturalGas(kBtu)": gas,
        "TotalGHGEmissions": np.round(kg / 1000, 2),
        "GHGEmissionsIntensity": np.round(kg / total, 2),
    }


def _named(numbers: NDArray[np.int64], draw: np.random.Generator) -> dict[str, Cells]:
    """Identifier, parcel, name and address."""
    count = len(numbers)
    trees, sights = (
        _picked(_TREES + _TREES_MORE, draw, count),
        _picked(_SIGHTS + _SIGHTS_MORE, draw, count),
    )
    houses, streets = draw.integers(100, 12_000, count), draw.integers(1, 145, count)
    kinds = _picked(_STREETS, draw, count)
    return {
        "OSEBuildingID": list(map(str, (numbers + FIRST_OSE_BUILDING_ID).tolist())),
        "TaxParcelIdentificationNumber": [f"{9 * 10**9 + n}" for n in numbers.tolist()],
        "PropertyName": [
            f"{tree} {sight} {number} (synthetic)"
            for tree, sight, number in zip(trees, sights, numbers.tolist(), strict=True)
        ],
        "Address": [
            f"{house} {street}{_ordinal(street)} {kind}"
            for house, street, kind in zip(houses.tolist(), streets.tolist(), kinds, strict=True)
        ],
    }


def _picked(items: Sequence[str], draw: np.random.Generator, count: int) -> Cells:
    picked: Cells = np.array(items, dtype=object)[draw.integers(0, len(items), count)].tolist()
    return picked


def _ordinal(number: int) -> str:
    if number % 100 in {11, 12, 13}:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _shown(values: Numbers, missing: str, digits: int | None = None) -> Cells:
    """Numbers as text: whole ones without a point; NaN is `missing`."""
    if digits is not None:
        values = np.round(values, digits)
    is_known = ~np.isnan(values)
    if (values[is_known] == np.rint(values[is_known])).all():
        whole = np.where(is_known, values, 0).astype(np.int64).tolist()
        shown = list(map(str, whole))
    else:
        shown = list(map(repr, values.tolist()))
    for at in np.flatnonzero(~is_known).tolist():
        shown[at] = missing
    return shown


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n\r') else cell
