"""Features in and answers out, in the units that the parameter `units` names.

Kept, and seen by the model, are ft² and kBtu alone; the conversions stand here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final

from buildings.units import SI, US, as_kept, in_si, quantity_of, quantity_of_si
from mlmodel.checking import RowCheck, RowFault, members_check, unknown_member
from mlmodel.features import FEATURES, Feature, FeatureRow, FeatureValue, feature_conflicts
from mlmodel.messages import Message

#: Members of an answer that are as they were sent, whatever units it is asked for in.
_AS_SENT: Final = "sent"


@cache
def features_in(units: str, members: tuple[Feature, ...] = FEATURES) -> tuple[Feature, ...]:
    """FEATURES, or what else is read in the same way, with names, units and bounds in these
    units."""
    return tuple(_feature_in(feature, units) for feature in members)


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
def _kept_names(units: str, members: tuple[Feature, ...] = FEATURES) -> Mapping[str, str]:
    return {
        named.name: feature.name
        for named, feature in zip(features_in(units, members), members, strict=True)
    }


def features_kept(
    values: FeatureRow, *, units: str, members: tuple[Feature, ...] = FEATURES
) -> dict[str, Any]:
    """Valid features, or `members`, that were given in `units`, under the names and in the units
    they are kept in.

    One foot is 0.3048 m exactly; see `Quantity.from_si` for what is rounded.
    """
    if units == US:
        return dict(values)
    names = _kept_names(units, members)
    return {
        kept: as_kept(kept, value, units=units)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else value
        for kept, value in ((names.get(name, name), value) for name, value in values.items())
    }


def named_in(text: str, *, units: str) -> str:
    """A sentence about features, or the name of one, with their names in `units`."""
    if units == US:
        return text
    for name, kept in _kept_names(units).items():
        if name != kept:
            text = text.replace(kept, name)
    return text


def other_units(units: str) -> str:
    """The other system."""
    return US if units == SI else SI


def unknown_feature(name: str, *, units: str, members: tuple[Feature, ...] = FEATURES) -> RowFault:
    """What is wrong with a name that is no feature's in `units`: it may be the other system's."""
    if name not in _kept_names(other_units(units), members):
        return unknown_member(name, [*_kept_names(units, members)])
    quantity = quantity_of(name) or quantity_of_si(name)
    here = name if quantity is None else quantity.name_in(units)
    said = Message(
        "Not with `units=%(units)s`: give `%(name)s`, and only that.",
        {"units": units, "name": here},
    )
    return RowFault(name, "other-units", said)


def conflicts_in(features: FeatureRow, *, units: str) -> dict[str, Message]:
    """`feature_conflicts` of features as they are kept, told by their names in `units`."""
    conflicts = feature_conflicts(features)
    if units == US:
        return conflicts
    return {
        named_in(name, units=units): Message(
            said.template,
            {key: named_in(str(value), units=units) for key, value in said.parameters.items()},
        )
        for name, said in conflicts.items()
    }


@cache
def row_check_in(units: str) -> RowCheck:
    """A check of rows that are named and given in `units`: its features are those that are kept,
    its faults are told in `units`."""
    check_members = members_check(features_in(units), unknown=partial(unknown_feature, units=units))

    def check(row: Mapping[str, Any]) -> tuple[dict[str, FeatureValue], list[RowFault]]:
        features, faults = check_members(row)
        if not faults:
            if units != US:
                features = features_kept(features, units=units)
            faults = [
                RowFault(name, "conflict", said)
                for name, said in conflicts_in(features, units=units).items()
            ]
        return features, faults

    return check


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
