"""Fields of buildings in the units asked for."""

from typing import Any, Final

from rest_framework import serializers

from buildings.units import SI, US, Quantity, quantity_of

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

    units = US

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {}
        for name, field in super().get_fields().items():
            quantity = quantity_of(name)
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
