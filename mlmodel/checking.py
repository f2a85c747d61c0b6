"""Whether a row is what a list of features asks for, and what is wrong with it: one rule for every
way in.

Compiled from the list once. A caller's values are never repeated in what is said of them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from mlmodel.features import Feature, FeatureValue
from mlmodel.messages import Message

Check = Callable[[Any], FeatureValue]
#: From a row to its features, None for what is absent, and all that is wrong with it. The features
#: are usable only if nothing is wrong.
RowCheck = Callable[[Mapping[str, Any]], "tuple[dict[str, FeatureValue], list[RowFault]]"]


@dataclass(frozen=True, slots=True)
class RowFault:
    """One thing wrong with a row: the member at fault ("" for the row as a whole), a code, and what
    would be right.

    A message that names `bounds` means those of `feature`. `given` is what was said instead of one
    of `known`; it is compared with them and never shown.
    """

    name: str
    code: str
    message: Message
    feature: Feature | None = None
    given: str = ""
    known: Sequence[str] = ()


class FeatureFaultError(ValueError):
    """A value is not what its feature holds."""

    def __init__(self, fault: RowFault) -> None:
        super().__init__(fault.message.template)
        self.fault = fault


def feature_check(feature: Feature) -> Check:
    """A function that returns the value as the model is told it, or raises FeatureFaultError."""
    match feature.kind:
        case "number":
            return _number_check(feature)
        case "integer":
            return _integer_check(feature)
        case "boolean":
            return _boolean_check(feature)
        case "category":
            return choice_check(feature.choices, name=feature.name)


def choice_check(choices: Sequence[str], *, name: str = "") -> Callable[[Any], str]:
    """A function that returns the value if it is one of these words, letter for letter, or raises
    FeatureFaultError about the member `name`."""
    known = frozenset(choices)
    unknown = Message(
        "Not one of the %(count)d known values, which the schema lists.", {"count": len(known)}
    )

    def check(value: Any) -> str:
        if value.__class__ is not str:
            said = Message("Must be a string.")
            raise FeatureFaultError(RowFault(name, "not-a-string", said))
        if value not in known:
            raise FeatureFaultError(
                RowFault(name, "unknown-choice", unknown, given=value, known=choices)
            )
        return str(value)

    return check


def members_check(features: Sequence[Feature], *, unknown: Callable[[str], RowFault]) -> RowCheck:
    """A check of each member of a row by itself; what contradicts what is for `feature_conflicts`
    to tell. `unknown` says what is wrong with a name that is none of these.

    It gives the features in the order of the list. A RowFault in the place of a value, where that
    could not be read, is reported as it is.
    """
    checks = [(feature.name, feature_check(feature), feature.is_required) for feature in features]
    names = frozenset(feature.name for feature in features)

    def check(row: Mapping[str, Any]) -> tuple[dict[str, FeatureValue], list[RowFault]]:
        checked: dict[str, FeatureValue] = {}
        faults: list[RowFault] = []
        known = 0
        for name, check_value, is_required in checks:
            value = row.get(name)
            if value is not None:
                known += 1
                try:
                    checked[name] = check_value(value)
                except FeatureFaultError as error:
                    faults.append(value if isinstance(value, RowFault) else error.fault)
            else:
                checked[name] = None
                if name in row:
                    known += 1
                    if is_required:
                        faults.append(RowFault(name, "null", _NULL))
                elif is_required:
                    faults.append(RowFault(name, "required", _REQUIRED))
        if len(row) > known:
            faults[:0] = [unknown(name) for name in row if name not in names]
        return checked, faults

    return check


def unknown_member(name: str, known: Sequence[str]) -> RowFault:
    """A member that is none of those known."""
    return RowFault(name, "unknown-member", _UNKNOWN, given=str(name), known=known)


def _number_check(feature: Feature) -> Callable[[Any], float]:
    minimum, maximum = feature.minimum, feature.maximum
    if minimum is None or maximum is None:
        raise ValueError(f"{feature.name} has no bounds")

    def check(value: Any) -> float:
        kind = value.__class__
        if kind is not float and kind is not int:
            said = Message("Must be a JSON number from %(bounds)s, without quotes.")
            _refuse(feature, "not-a-number", said)
        if not minimum <= value <= maximum:
            if not math.isfinite(value):
                said = Message("Must be a finite number from %(bounds)s.")
                _refuse(feature, "not-finite", said)
            _refuse(feature, "out-of-range", Message("Must be from %(bounds)s."))
        # Adding zero turns -0.0 into 0.0, which JSONB would do anyway.
        return float(value) + 0.0

    return check


def _integer_check(feature: Feature) -> Callable[[Any], int]:
    check_number = _number_check(feature)

    def check(value: Any) -> int:
        number = check_number(value)
        if not number.is_integer():  # 12.0 is whole: JSON has only numbers
            _refuse(feature, "not-whole", Message("Must be a whole number from %(bounds)s."))
        return int(number)

    return check


def _boolean_check(feature: Feature) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        if value is not True and value is not False:
            said = Message("Must be true or false, without quotes.")
            raise FeatureFaultError(RowFault(feature.name, "not-a-boolean", said))
        return bool(value)

    return check


def _refuse(feature: Feature, code: str, said: Message) -> NoReturn:
    raise FeatureFaultError(RowFault(feature.name, code, said, feature))


_NULL: Final = Message("This field may not be null.")
_REQUIRED: Final = Message("This field is required.")
_UNKNOWN: Final = Message("Not known here.")
