"""The units that quantities can be given in: one vocabulary, read from the end of a name. Pure.

A name ends in its unit (`gross_floor_area_sqft`), so that the name alone says what it becomes in
SI (`gross_floor_area_m2`) and by which factor.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from buildings.quality import KBTU_PER_KWH

#: Exactly: a foot is 0.3048 m.
M2_PER_SQFT: Final = 0.09290304

#: Values of the parameter `units`.
US: Final = "us"
SI: Final = "si"
SYSTEMS: Final = (US, SI)

#: Published figures have fewer digits than this; beyond it are only the traces of the arithmetic.
SIGNIFICANT_DIGITS: Final = 10

_KWH: Final = 1 / KBTU_PER_KWH
#: End of a name and its unit, as kept and in SI, with the factor between them; longer ends first.
_KINDS: Final = (
    (
        ("_kgco2e_per_sqft", "kg CO2e/ft²"),
        ("_kgco2e_per_m2", "kg CO2e/m²"),
        1 / M2_PER_SQFT,
    ),
    (("_kbtu_per_sqft", "kBtu/ft²"), ("_kwh_per_m2", "kWh/m²"), _KWH / M2_PER_SQFT),
    (("_kbtu", "kBtu"), ("_kwh", "kWh"), _KWH),
    (("_sqft", "ft²"), ("_m2", "m²"), M2_PER_SQFT),
)


def significant(value: float, digits: int = SIGNIFICANT_DIGITS) -> float:
    """The value without the traces of the arithmetic that led to it."""
    return float(f"{value:.{digits}g}")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A name with a unit: as kept, and in SI, where the value is `factor` times as much."""

    name: str
    unit: str
    si_name: str
    si_unit: str
    factor: float

    def to_si(self, value: float) -> float:
        """Rounded to ten significant digits."""
        return significant(value * self.factor)

    def from_si(self, value: float) -> float:
        """The shortest number that reads back as `value` in SI.

        So a value of up to ten significant digits reads back as it was sent, and one that was
        converted to SI before (from up to eight digits) is what it was.
        """
        sought, plain = significant(value), value / self.factor
        for digits in range(1, 17):
            candidate = significant(plain, digits)
            if self.to_si(candidate) == sought:
                return candidate
        return plain

    def name_in(self, units: str) -> str:
        return self.si_name if units == SI else self.name

    def unit_in(self, units: str) -> str:
        return self.si_unit if units == SI else self.unit


@lru_cache(maxsize=1024)
def quantity_of(name: str) -> Quantity | None:
    """What a name (as kept, so in kBtu and ft²) stands for; None if its unit is the same in both
    systems or it has none."""
    for (end, unit), (si_end, si_unit), factor in _KINDS:
        if name.endswith(end):
            return Quantity(name, unit, f"{name.removesuffix(end)}{si_end}", si_unit, factor)
    return None


@lru_cache(maxsize=1024)
def quantity_of_si(si_name: str) -> Quantity | None:
    """The same from the name in SI."""
    for (end, _), (si_end, _), _ in _KINDS:
        if si_name.endswith(si_end):
            return quantity_of(f"{si_name.removesuffix(si_end)}{end}")
    return None


def name_in(name: str, units: str) -> str:
    """What is kept under `name`, by its name in these units."""
    quantity = quantity_of(name)
    return name if quantity is None else quantity.name_in(units)


def in_si(name: str, value: Any) -> Any:
    """A value, or a list of values, that is kept under `name`; None stays None."""
    quantity = quantity_of(name)
    if quantity is None or value is None:
        return value
    if isinstance(value, list | tuple):
        return [in_si(name, one) for one in value]
    return quantity.to_si(value)


def as_kept(name: str, value: float, *, units: str) -> float:
    """A value of `name` that was given in `units`, in the unit that it is kept in."""
    quantity = quantity_of(name)
    return quantity.from_si(value) if quantity is not None and units == SI else value
