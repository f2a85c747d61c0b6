"""Data-quality rules: what about a record contradicts itself, and by how much.

A broken rule is a flag on the record, never a rejection (as in SEED, the US DOE's benchmarking
platform). Rules see the values as understood. No Django.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from buildings.emissions import Factors, emissions_mtco2e, is_explained

KBTU_PER_KWH: Final = 3.412141633
KBTU_PER_THERM: Final = 100.0

#: Shares of the larger figure that two figures for one thing may differ by.
UNIT_TOLERANCE: Final = 0.01
FUEL_SUM_TOLERANCE: Final = 0.01
FLOOR_AREA_TOLERANCE: Final = 0.01
EUI_TOLERANCE: Final = 0.05
USE_AREA_TOLERANCE: Final = 0.2
#: kBtu/ft² a year: below a vacant shell, above any laboratory or data hall.
EUI_PLAUSIBLE: Final = (1.0, 2_000.0)
#: Differences of rounding: kBtu, ft².
SMALL_DIFFERENCE: Final = 100.0

PARKING: Final = "Parking"
_FUELS: Final = (
    "electricity_kbtu",
    "natural_gas_kbtu",
    "steam_use_kbtu",
    "other_fuel_use_kbtu",
)


@dataclass(slots=True)
class Facts:
    """One record as understood: values by field name, uses as (rank, type, ft²), and its year's
    emission factors, if there are any."""

    values: Mapping[str, Any]
    uses: Sequence[tuple[int, str, float | None]] = ()
    factors: Factors | None = None
    #: What several rules ask for: the sum of the fuels (None if none is known), and whether it is
    #: the weather-normalised figure and not the metered one.
    fuels_kbtu: float | None = field(init=False)
    is_exchanged: bool = field(init=False)

    def __post_init__(self) -> None:
        total = fuels_kbtu(self.values)
        self.fuels_kbtu = total
        self.is_exchanged = total is not None and _is_exchanged(self.values, total)


class Detail(NamedTuple):
    """What is wrong, with the figures apart, so that whoever shows it can translate `template`;
    `str()` of it is the English sentence."""

    template: str
    figures: Mapping[str, str]

    def __str__(self) -> str:
        return self.template % self.figures


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` says in words what is wrong, or None. Rules without one are noted while reading."""

    code: str
    title: str
    tolerance: str
    check: Callable[[Facts], Detail | None] | None = None


def _differ(first: float, second: float, tolerance: float) -> bool:
    difference = abs(first - second)
    return difference > SMALL_DIFFERENCE and difference > tolerance * max(abs(first), abs(second))


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _electricity_units(facts: Facts) -> Detail | None:
    kwh, kbtu = facts.values["electricity_kwh"], facts.values["electricity_kbtu"]
    if kwh is None or kbtu is None or not _differ(kwh * KBTU_PER_KWH, kbtu, UNIT_TOLERANCE):
        return None
    return Detail(
        "%(kwh)s kWh are %(converted)s kBtu, not %(kbtu)s",
        {"kwh": _whole(kwh), "converted": _whole(kwh * KBTU_PER_KWH), "kbtu": _whole(kbtu)},
    )


def _natural_gas_units(facts: Facts) -> Detail | None:
    therms, kbtu = facts.values["natural_gas_therms"], facts.values["natural_gas_kbtu"]
    if therms is None or kbtu is None or not _differ(therms * KBTU_PER_THERM, kbtu, UNIT_TOLERANCE):
        return None
    return Detail(
        "%(therms)s therms are %(converted)s kBtu, not %(kbtu)s",
        {
            "therms": _whole(therms),
            "converted": _whole(therms * KBTU_PER_THERM),
            "kbtu": _whole(kbtu),
        },
    )


def fuels_kbtu(values: Mapping[str, Any]) -> float | None:
    """Sum of the fuels that are known; None if none is."""
    known = [kbtu for name in _FUELS if (kbtu := values.get(name)) is not None]
    return sum(known) if known else None


def _is_exchanged(values: Mapping[str, Any], total: float) -> bool:
    site, normalised = values["site_energy_use_kbtu"], values["site_energy_use_wn_kbtu"]
    return (
        site is not None
        and normalised is not None
        and _differ(total, site, 0.001)
        and not _differ(total, normalised, 0.001)
    )


def _exchanged(facts: Facts) -> Detail | None:
    if not facts.is_exchanged:
        return None
    return Detail(
        "the fuels add up to %(fuels)s kBtu, which is published as weather-normalised; %(metered)s "
        "is published as metered",
        {
            "fuels": _whole(facts.fuels_kbtu),
            "metered": _whole(facts.values["site_energy_use_kbtu"]),
        },
    )


def _fuel_sum(facts: Facts) -> Detail | None:
    total, site = facts.fuels_kbtu, facts.values["site_energy_use_kbtu"]
    if total is None or site is None or not _differ(total, site, FUEL_SUM_TOLERANCE):
        return None
    if facts.is_exchanged:
        return None
    return Detail(
        "the fuels add up to %(fuels)s kBtu, site energy is %(site)s",
        {"fuels": _whole(total), "site": _whole(site)},
    )


def _site_eui(facts: Facts) -> Detail | None:
    values = facts.values
    eui = values["site_eui_kbtu_per_sqft"]
    name = "site_energy_use_wn_kbtu" if facts.is_exchanged else "site_energy_use_kbtu"
    energy = values[name]
    if not eui or not energy or eui < 0 or energy < 0:
        return None
    implied = energy / eui
    tolerance = EUI_TOLERANCE * implied
    for area in _floor_areas_known(facts):
        if area and abs(area - implied) <= tolerance:
            return None
    return Detail(
        "%(energy)s kBtu at %(eui)s kBtu/ft² are %(area)s ft²: no area on record",
        {"energy": _whole(energy), "eui": format(eui, ",.1f"), "area": _whole(implied)},
    )


def _floor_areas_known(facts: Facts) -> Iterator[float | None]:
    yield facts.values["property_gfa_buildings_sqft"]
    yield facts.values["property_gfa_total_sqft"]
    yield sum(area or 0 for _, use, area in facts.uses if use != PARKING)
    yield sum(area or 0 for _, _, area in facts.uses)


def _eui_plausible(facts: Facts) -> Detail | None:
    eui = facts.values["site_eui_kbtu_per_sqft"]
    low, high = EUI_PLAUSIBLE
    if eui is None or low <= eui <= high:
        return None
    return Detail(
        "%(eui)s kBtu/ft² is not between %(low)s and %(high)s",
        {"eui": format(eui, ",.1f"), "low": _whole(low), "high": _whole(high)},
    )


def _floor_areas(facts: Facts) -> Detail | None:
    total = facts.values["property_gfa_total_sqft"]
    parking = facts.values["property_gfa_parking_sqft"]
    buildings = facts.values["property_gfa_buildings_sqft"]
    if parking is None or buildings is None:
        return None
    if not _differ(parking + buildings, total, FLOOR_AREA_TOLERANCE):
        return None
    return Detail(
        "parking %(parking)s and buildings %(buildings)s are not %(total)s ft² in all",
        {
            "parking": _whole(parking),
            "buildings": _whole(buildings),
            "total": _whole(total),
        },
    )


def _use_areas(facts: Facts) -> Detail | None:
    used = sum(area or 0 for _, _, area in facts.uses)
    total = facts.values["property_gfa_total_sqft"]
    if not used or not _differ(used, total, USE_AREA_TOLERANCE):
        return None
    return Detail(
        "the largest uses cover %(used)s ft², the property %(total)s",
        {"used": _whole(used), "total": _whole(total)},
    )


def _emissions(facts: Facts) -> Detail | None:
    values = facts.values
    reported = values["total_ghg_emissions_mtco2e"]
    if facts.factors is None or reported is None or facts.fuels_kbtu is None:
        return None
    computed = emissions_mtco2e(
        facts.factors,
        electricity_kbtu=values["electricity_kbtu"] or 0,
        natural_gas_kbtu=values["natural_gas_kbtu"] or 0,
        steam_use_kbtu=values["steam_use_kbtu"] or 0,
    )
    if is_explained(reported, computed):
        return None
    return Detail(
        "%(reported)s t CO2e reported, %(computed)s by the year's factors",
        {"reported": format(reported, ",.2f"), "computed": format(computed, ",.2f")},
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "electricity_units_differ",
        "Electricity in kWh and in kBtu disagree",
        f"{UNIT_TOLERANCE:.0%}; 1 kWh = {KBTU_PER_KWH} kBtu",
        _electricity_units,
    ),
    Rule(
        "natural_gas_units_differ",
        "Natural gas in therms and in kBtu disagree",
        f"{UNIT_TOLERANCE:.0%}; 1 therm = {KBTU_PER_THERM:.0f} kBtu",
        _natural_gas_units,
    ),
    Rule(
        "site_energy_exchanged_with_wn",
        "Metered and weather-normalised site energy look exchanged",
        "the fuels add up to the weather-normalised figure within 0.1 % and not to the metered one",
        _exchanged,
    ),
    Rule(
        "fuels_differ_from_site_energy",
        "The fuels do not add up to the site energy",
        f"{FUEL_SUM_TOLERANCE:.0%}; not flagged when the two site energies are exchanged",
        _fuel_sum,
    ),
    Rule(
        "site_eui_differs",
        "Site EUI is not energy over any floor area on record",
        f"{EUI_TOLERANCE:.0%} of total, buildings', uses' or uses' area without parking",
        _site_eui,
    ),
    Rule(
        "site_eui_implausible",
        "Site EUI beyond any real building",
        f"outside {EUI_PLAUSIBLE[0]:,.0f} to {EUI_PLAUSIBLE[1]:,.0f} kBtu/ft²",
        _eui_plausible,
    ),
    Rule(
        "floor_areas_differ",
        "Parking and buildings do not add up to the total floor area",
        f"{FLOOR_AREA_TOLERANCE:.0%}",
        _floor_areas,
    ),
    Rule(
        "use_areas_differ",
        "The areas of the uses are far from the total floor area",
        f"{USE_AREA_TOLERANCE:.0%}",
        _use_areas,
    ),
    Rule(
        "emissions_differ",
        "Emissions are not what the year's factors make of the fuels",
        "1 % or 0.1 t CO2e, whichever is more",
        _emissions,
    ),
    Rule(
        "energy_missing",
        "No energy was reported: blank, or 0 throughout",
        "every energy figure is 0 or blank; zeros are understood as not known",
    ),
    Rule(
        "fuels_missing",
        "Site energy without any fuel",
        "every fuel is 0 or blank; zeros are understood as not known",
    ),
    Rule(
        "value_set_aside",
        "A published value cannot be right and is understood as not known",
        "outside the column's range, for instance a negative area or a score of 0",
    ),
    Rule(
        "unknown_category",
        "A category outside its vocabulary",
        "understood as not known, or as `Other` for the primary property type",
    ),
)
_CODES: Final = frozenset(rule.code for rule in RULES)
_CHECKED: Final = tuple((rule.code, rule.check) for rule in RULES if rule.check)


def flag_code(code: str) -> str:
    """The code, if a rule has it; KeyError tells of a slip of the pen at import time."""
    if code not in _CODES:
        raise KeyError(code)
    return code


#: Rules whose breach leaves in doubt how much energy was metered. The others are of other things,
#: but for `site_energy_exchanged_with_wn`: then the fuels tell the metered energy.
METERED_IN_DOUBT: Final = tuple(
    flag_code(code)
    for code in (
        "electricity_units_differ",
        "natural_gas_units_differ",
        "fuels_differ_from_site_energy",
        "site_eui_differs",
        "site_eui_implausible",
        "energy_missing",
        "fuels_missing",
        "value_set_aside",
    )
)
EXCHANGED_WITH_WN: Final = flag_code("site_energy_exchanged_with_wn")
EMISSIONS_DIFFER: Final = flag_code("emissions_differ")


def flags_of(facts: Facts, noted: Sequence[str] = ()) -> list[str]:
    """Codes of the rules that a record breaks, with those noted while it was read, sorted."""
    broken = [code for code, check in _CHECKED if check(facts)]
    return sorted({*broken, *noted}) if noted else sorted(broken)


def findings(facts: Facts, flags: Sequence[str]) -> list[tuple[Rule, Detail | None]]:
    """The stored flags in words: rule and detail (none for what was noted while reading)."""
    return [
        (rule, rule.check(facts) if rule.check else None) for rule in RULES if rule.code in flags
    ]
