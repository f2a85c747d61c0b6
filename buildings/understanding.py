"""What a row's cells mean together: values that only other cells of the row can tell.

Each function takes the values that `buildings.parsers` made of the single cells and changes them in
place; what it cannot reconcile is a flag of `buildings.quality`. No Django.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from buildings.choices import PRIMARY_PROPERTY_TYPES, PROPERTY_USE_TYPES
from buildings.parsers import split_use_types
from buildings.quality import FUEL_SUM_TOLERANCE, KBTU_PER_KWH, KBTU_PER_THERM

#: rank (1 is the largest), use type, gross floor area in ft² (published for the first three only).
Use: TypeAlias = tuple[int, str, float | None]
Values: TypeAlias = dict[str, Any]

USE_NAMES: Final = frozenset(PROPERTY_USE_TYPES)
#: What is left of a use that was cut after 11 characters, one of which may have been a blank.
_CUT_LENGTHS: Final = (10, 11)

RANKS: Final = {"largest": 1, "second_largest": 2, "third_largest": 3}

#: An office is a large one from here on: so in the city's files of 2015 to 2017, all of them.
LARGE_OFFICE_FROM_SQFT: Final = 100_000
MULTIFAMILY: Final = {
    "Multifamily LR (1-4)": "Low-Rise Multifamily",
    "Multifamily MR (5-9)": "Mid-Rise Multifamily",
    "Multifamily HR (10+)": "High-Rise Multifamily",
}
_RISES: Final = ((4, "Low-Rise Multifamily"), (9, "Mid-Rise Multifamily"))
#: Portfolio Manager's types (files from 2018 on, and some of 2015) in the city's grouping of 2016:
#: what the same buildings were called there. Types that are not here were `Other` in 2016.
CITY_TYPES: Final = {
    "College/University": "University",
    "Hospital (General Medical & Surgical)": "Hospital",
    "Non-Refrigerated Warehouse": "Warehouse",
    "Other - Restaurant/Bar": "Restaurant",
    "Residence Hall/Dormitory": "Residence Hall",
    "Residential Care Facility": "Senior Care Community",
    "SPS-District K-12": "K-12 School",
    "Senior Living Community": "Senior Care Community",
    "Supermarket/Grocery Store": "Supermarket / Grocery Store",
    "Wholesale Club/Supercenter": "Supermarket / Grocery Store",
}
_BY_KEY: Final = {
    **{name.casefold(): "Other" for name in PROPERTY_USE_TYPES},
    **{name.casefold(): name for name in PRIMARY_PROPERTY_TYPES},
    **{name.casefold(): city_type for name, city_type in CITY_TYPES.items()},
}

_FUELS: Final = (
    "electricity_kbtu",
    "natural_gas_kbtu",
    "steam_use_kbtu",
    "other_fuel_use_kbtu",
    "electricity_kwh",
    "natural_gas_therms",
)
#: None of these can be 0 where any fuel is used.
_TOTALS: Final = (
    "site_energy_use_kbtu",
    "site_energy_use_wn_kbtu",
    "site_eui_kbtu_per_sqft",
    "site_eui_wn_kbtu_per_sqft",
    "source_eui_kbtu_per_sqft",
    "source_eui_wn_kbtu_per_sqft",
)
_ENERGIES: Final = (*_TOTALS, *_FUELS)
_EMISSIONS: Final = ("total_ghg_emissions_mtco2e", "ghg_emissions_intensity_kgco2e_per_sqft")


def place_understood(building: Values, place: Values | None) -> None:
    """What the Location cell says, where no column of its own does."""
    if place is None:
        return
    for name, value in place.items():
        if building.get(name) in (None, ""):
            building[name] = value


def property_type_understood(record: Values) -> Iterator[str]:
    """The primary type in the city's grouping; Portfolio Manager's where the file has no other."""
    published = record["primary_property_type"] or record["epa_property_type"]
    if not published:
        return
    key = published.casefold()
    if key == "office":
        is_large = record["property_gfa_total_sqft"] >= LARGE_OFFICE_FROM_SQFT
        city_type = "Large Office" if is_large else "Small- and Mid-Sized Office"
    elif published in MULTIFAMILY:
        city_type = MULTIFAMILY[published]
    elif key == "multifamily housing":
        city_type = _multifamily(record)
    elif key in _BY_KEY:
        city_type = _BY_KEY[key]
    else:
        city_type = "Other"
        yield "unknown_category"
    record["primary_property_type"] = city_type


def _multifamily(record: Values) -> str:
    known = MULTIFAMILY.get(record["building_type"])
    if known:
        return known
    floors = record["number_of_floors"]
    return next(
        (name for most, name in _RISES if floors is None or floors <= most), "High-Rise Multifamily"
    )


def uses_understood(cells: Values, listed: str) -> tuple[Use, ...]:
    """The three largest at their rank; the others as listed, at the ranks that are free."""
    others = _uses_listed(listed)
    ranked: dict[int, tuple[str, float | None]] = {}
    for name, rank in RANKS.items():
        use_type = cells[name]
        if use_type is not None:
            # Published 0 as often as blank for uses that have no floor area, as swimming pools.
            area = cells[f"{name}_gfa_sqft"] or None
            ranked[rank] = (_completed(use_type, others), area)
    if others:
        named = {use_type for use_type, _ in ranked.values()}
        rank = 1
        for use_type in others:
            if use_type in named:
                continue
            while rank in ranked:
                rank += 1
            ranked[rank] = (use_type, None)
    return tuple((rank, *ranked[rank]) for rank in sorted(ranked))


@lru_cache(maxsize=4_096)
def _uses_listed(listed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(split_use_types(listed)))


def _completed(use_type: str, listed: Sequence[str]) -> str:
    """The 2017 file cuts the largest use after 11 characters; the list of all uses tells the rest,
    or the vocabulary, if only one name begins so."""
    if use_type in USE_NAMES or len(use_type) not in _CUT_LENGTHS:
        return use_type
    for names in (listed, PROPERTY_USE_TYPES):
        whole = [name for name in names if name.startswith(use_type)]
        if len(whole) == 1:
            return whole[0]
    return use_type


def areas_understood(record: Values) -> None:
    """Of parking and buildings the one that is missing: together they are the total."""
    total = record["property_gfa_total_sqft"]
    parking, buildings = record["property_gfa_parking_sqft"], record["property_gfa_buildings_sqft"]
    if parking is None and buildings is not None and buildings <= total:
        record["property_gfa_parking_sqft"] = total - buildings
    elif buildings is None and parking is not None and parking <= total:
        record["property_gfa_buildings_sqft"] = total - parking


def energy_understood(record: Values) -> Iterator[str]:
    """Tells 0 from not known, and fills what one unit says for the other.

    Files write a missing energy as 0 in one year and leave it blank in the next, and likewise a
    fuel that the building does not have. Where no energy was reported at all, zeros mean nothing;
    where some fuel was used, a total of 0 is a missing one, and if the fuels that are known add up
    to the site energy, a blank fuel is one not used.
    """
    _units_filled(record, "electricity_kbtu", "electricity_kwh", KBTU_PER_KWH)
    _units_filled(record, "natural_gas_kbtu", "natural_gas_therms", KBTU_PER_THERM)
    has_fuel = any(record[name] for name in _FUELS)
    if has_fuel:
        _zeros_unknown(record, _TOTALS)
        _blank_fuels_judged(record)
        return
    if not any(record[name] for name in _ENERGIES):
        _zeros_unknown(record, (*_ENERGIES, *_EMISSIONS))
        yield "energy_missing"
        return
    _zeros_unknown(record, (*_FUELS, *_EMISSIONS))
    yield "fuels_missing"


def _units_filled(record: Values, kbtu_name: str, other_name: str, kbtu_per_other: float) -> None:
    kbtu, other = record[kbtu_name], record[other_name]
    if kbtu is None and other is not None:
        record[kbtu_name] = round(other * kbtu_per_other, 3)
    elif other is None and kbtu is not None:
        record[other_name] = round(kbtu / kbtu_per_other, 3)


def _blank_fuels_judged(record: Values) -> None:
    electricity, gas = record["electricity_kbtu"], record["natural_gas_kbtu"]
    steam = record["steam_use_kbtu"]
    if electricity is not None and gas is not None and steam is not None:
        return
    total = (electricity or 0) + (gas or 0) + (steam or 0) + (record["other_fuel_use_kbtu"] or 0)
    for name in ("site_energy_use_kbtu", "site_energy_use_wn_kbtu"):
        energy = record[name]
        if energy and abs(energy - total) <= FUEL_SUM_TOLERANCE * energy:
            for fuel in (name for name in _FUELS if name != "other_fuel_use_kbtu"):
                if record[fuel] is None:
                    record[fuel] = 0.0
            return


def _zeros_unknown(record: Values, names: tuple[str, ...]) -> None:
    for name in names:
        if record[name] == 0:
            record[name] = None


def compliance_understood(record: Values, *, has_issue: bool) -> None:
    """From 2018 on, one column says what `DefaultData` and `Outlier` said before."""
    if not has_issue:
        return
    issue = record["compliance_issue"].casefold()
    if record["is_default_data"] is None:
        record["is_default_data"] = "default data" in issue
    if not record["outlier"]:
        for outlier in ("High outlier", "Low outlier"):
            if outlier.casefold() in issue:
                record["outlier"] = outlier
