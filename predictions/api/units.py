"""The API in the units that the parameter `units` names: features in, answers out.

Kept, and seen by the model, are ft² and kBtu alone; the conversions stand here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from buildings.units import SI, US, as_kept, in_si, quantity_of, quantity_of_si
from mlmodel.features import FEATURES, Feature, FeatureRow

#: Members of an answer that are as they were sent, whatever units it is asked for in.
_AS_SENT: Final = "sent"


@cache
def features_in(units: str) -> tuple[Feature, ...]:
    """FEATURES with names, units and bounds in these units."""
    return tuple(_feature_in(feature, units) for feature in FEATURES)


def _feature_in(feature: Feature, units: str) -> Feature:
    quantity = quantity_of(feature.name)
    if quantity is None or units == US:
        return feature
    return replace(
        feature,
        name=quantity.si_name,
        unit=quantity.si_unit,
        example=in_si(feature.name, feature.example),
        minimum=in_si(feature.name, feature.minimum),
        maximum=in_si(feature.name, feature.maximum),
    )


@cache
def _kept_names(units: str) -> Mapping[str, str]:
    return {
        named.name: feature.name
        for named, feature in zip(features_in(units), FEATURES, strict=True)
    }


def features_kept(values: FeatureRow, *, units: str) -> dict[str, Any]:
    """Valid features that were given in `units`, under the names and in the units they are kept in.

    One foot is 0.3048 m exactly; see `Quantity.from_si` for what is rounded.
    """
    if units == US:
        return dict(values)
    names = _kept_names(units)
    return {
        names[name]: as_kept(names[name], value, units=units)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else value
        for name, value in values.items()
    }


def named_in(text: str, *, units: str) -> str:
    """A sentence about features, or the name of one, with their names in `units`."""
    if units == US:
        return text
    for name, kept in _kept_names(units).items():
        if name != kept:
            text = text.replace(kept, name)
    return text


def name_in_other_units(name: str, *, units: str) -> str | None:
    """What a feature that was named in the other system's unit is called in this one."""
    other = US if units == SI else SI
    if name not in _kept_names(other) or name in _kept_names(units):
        return None
    quantity = quantity_of(name) if other == US else quantity_of_si(name)
    return None if quantity is None else quantity.name_in(units)


def answer_in(units: str, data: Any) -> Any:
    """An answer (what a serializer gives) in these units: members are renamed and converted by the
    end of their names, at any depth; so are features that are named by a member `feature`."""
    return _in_si(data) if units == SI else data


def _in_si(data: Any) -> Any:
    if isinstance(data, list | tuple):
        return [_in_si(one) for one in data]
    if not isinstance(data, Mapping):
        return data
    feature = data.get("feature")
    quantity = quantity_of(feature) if isinstance(feature, str) else None
    converted: dict[str, Any] = {}
    for name, value in data.items():
        if name == _AS_SENT:
            converted[name] = value
        elif quantity is not None and name == "feature":
            converted[name] = quantity.si_name
        elif quantity is not None and name in ("value", "reference_value"):
            converted[name] = in_si(quantity.name, value)
        elif (own := quantity_of(name)) is not None:
            converted[own.si_name] = in_si(name, value)
        else:
            converted[name] = _in_si(value)
    return converted
