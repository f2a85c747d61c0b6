"""The units an answer can be given in: every quantity of the API, once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rest_framework import serializers

from buildings.quality import KBTU_PER_KWH

M2_PER_SQFT: Final = 0.09290304

#: Values of the parameter `units`.
PUBLISHED: Final = "published"
SI: Final = "si"
SYSTEMS: Final = (PUBLISHED, SI)

_KWH = 1 / KBTU_PER_KWH
_KWH_PER_M2 = _KWH / M2_PER_SQFT
#: Published figures have fewer digits than this; beyond it are only the traces of the arithmetic.
_SIGNIFICANT_DIGITS: Final = 10


def significant(value: float) -> float:
    """The value without the traces of the arithmetic that led to it."""
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A field with a unit: as published, and in SI, which is `factor` times the published value."""

    name: str
    unit: str
    si_name: str
    si_unit: str
    factor: float

    def to_si(self, value: float) -> float:
        return significant(value * self.factor)

    def from_si(self, value: float) -> float:
        return value / self.factor

    def name_in(self, units: str) -> str:
        return self.si_name if units == SI else self.name

    def unit_in(self, units: str) -> str:
        return self.si_unit if units == SI else self.unit


def _area(stem: str) -> Quantity:
    return Quantity(f"{stem}_sqft", "ft²", f"{stem}_m2", "m²", M2_PER_SQFT)


def _energy(stem: str) -> Quantity:
    return Quantity(f"{stem}_kbtu", "kBtu", f"{stem}_kwh", "kWh", _KWH)


def _intensity(stem: str) -> Quantity:
    name, si_name = f"{stem}_kbtu_per_sqft", f"{stem}_kwh_per_m2"
    return Quantity(name, "kBtu/ft²", si_name, "kWh/m²", _KWH_PER_M2)


FLOOR_AREA: Final = _area("gross_floor_area")
SITE_EUI: Final = _intensity("site_eui")

QUANTITIES: Final[Mapping[str, Quantity]] = {
    quantity.name: quantity
    for quantity in (
        FLOOR_AREA,
        _area("property_gfa_total"),
        _area("property_gfa_parking"),
        _area("property_gfa_buildings"),
        _area("gfa"),
        SITE_EUI,
        _intensity("site_eui_wn"),
        _intensity("source_eui"),
        _intensity("source_eui_wn"),
        _intensity("given_site_eui"),
        _energy("site_energy_use"),
        _energy("site_energy_use_wn"),
        _energy("steam_use"),
        _energy("natural_gas"),
        _energy("other_fuel_use"),
        Quantity(
            "ghg_emissions_intensity_kgco2e_per_sqft",
            "kg CO2e/ft²",
            "ghg_emissions_intensity_kgco2e_per_m2",
            "kg CO2e/m²",
            1 / M2_PER_SQFT,
        ),
    )
}
#: Published in two units each; in SI they are `electricity_kwh`, published too, and
#: `natural_gas_kwh`.
NOT_IN_SI: Final = frozenset({"electricity_kbtu", "natural_gas_therms"})


class ConvertedField(serializers.FloatField):
    """A quantity in SI units."""

    def __init__(self, *, quantity: Quantity, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)
        self.quantity = quantity

    def to_representation(self, value: Any) -> Any:
        return self.quantity.to_si(value)


class InUnitsMixin(serializers.Serializer[Any]):
    """Gives the fields that are quantities in `units`, under names that say so."""

    units = PUBLISHED

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {}
        for name, field in super().get_fields().items():
            quantity = QUANTITIES.get(name)
            if self.units == SI and name in NOT_IN_SI:
                continue
            if quantity is None:
                fields[name] = field
                continue
            said = f"{field.help_text or ''} Unit: {quantity.unit_in(self.units)}.".strip()
            if self.units == SI and isinstance(field, serializers.FloatField):
                fields[quantity.si_name] = ConvertedField(
                    quantity=quantity,
                    source=field.source or name,
                    allow_null=field.allow_null,
                    help_text=said,
                )
            else:
                field.help_text = said
                fields[quantity.name_in(self.units)] = field
        return fields
