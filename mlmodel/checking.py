"""Whether a row is what FEATURES asks for, and what is wrong with it: one rule for every way in.

Compiled from the list once. A caller's values are never repeated in what is said of them; only the
nearest of the documented names is.
"""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from mlmodel.features import (
    FEATURE_NAMES,
    FEATURES,
    Feature,
    FeatureValue,
    feature_conflicts,
)

Check = Callable[[Any], FeatureValue]

#: Of what was given instead, no more is compared with the names and words there are.
_COMPARED_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a row: the member at fault ("" for the row as a whole), a code, and what
    would be right.

    `given` is what was said instead of one of `known`. It is compared and never shown.
    """

    name: str
    code: str
    text: str
    given: str = ""
    known: Sequence[str] = ()

    def said(self, *, is_nearest_sought: bool = True) -> str:
        """The text, and the nearest of what is known. Looking for that takes up to a millisecond,
        which is too much for each row of a large batch."""
        if not self.known:
            return self.text
        given = self.given[:_COMPARED_LENGTH] if is_nearest_sought else ""
        is_member = self.code == "unknown-member"
        for near in difflib.get_close_matches(given, self.known, n=1):
            return f"{self.text} Did you mean {f'`{near}`' if is_member else repr(near)}?"
        return f"{self.text} Leave it out." if is_member else self.text


class FeatureFaultError(ValueError):
    """A value is not what its feature holds."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
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
            return _category_check(feature)


def row_check(row: Mapping[str, Any]) -> tuple[dict[str, FeatureValue], list[Fault]]:
    """A row's features in the order of FEATURES, None for what is absent, and all that is wrong.

    The features are usable only if nothing is wrong. A Fault in the place of a value, where that
    could not be read, is reported as it is.
    """
    features: dict[str, FeatureValue] = {}
    faults: list[Fault] = []
    known = 0
    for name, check, is_required in _CHECKS:
        value = row.get(name)
        if value is not None:
            known += 1
            try:
                features[name] = check(value)
            except FeatureFaultError as error:
                faults.append(value if isinstance(value, Fault) else error.fault)
        else:
            features[name] = None
            if name in row:
                known += 1
                if is_required:
                    faults.append(Fault(name, "null", "This field may not be null."))
            elif is_required:
                faults.append(Fault(name, "required", "This field is required."))
    if len(row) > known:
        faults[:0] = [unknown_member(name) for name in row if name not in _NAMES]
    if not faults:
        faults = [
            Fault(name, "conflict", text) for name, text in feature_conflicts(features).items()
        ]
    return features, faults


def unknown_member(name: str, known: Sequence[str] = FEATURE_NAMES) -> Fault:
    """A member that is none of those known."""
    return Fault(name, "unknown-member", "Not known here.", str(name), known)


def _number_check(feature: Feature) -> Callable[[Any], float]:
    name, minimum, maximum = feature.name, feature.minimum, feature.maximum
    if minimum is None or maximum is None:
        raise ValueError(f"{name} has no bounds")

    def check(value: Any) -> float:
        kind = value.__class__
        if kind is not float and kind is not int:
            _refuse(
                name,
                "not-a-number",
                f"Must be a JSON number from {feature.bounds}, without quotes.",
            )
        if not minimum <= value <= maximum:
            if not math.isfinite(value):
                _refuse(name, "not-finite", f"Must be a finite number from {feature.bounds}.")
            _refuse(name, "out-of-range", f"Must be from {feature.bounds}.")
        # Adding zero turns -0.0 into 0.0, which JSONB would do anyway.
        return float(value) + 0.0

    return check


def _integer_check(feature: Feature) -> Callable[[Any], int]:
    check_number = _number_check(feature)

    def check(value: Any) -> int:
        number = check_number(value)
        if not number.is_integer():  # 12.0 is whole: JSON has only numbers
            _refuse(feature.name, "not-whole", f"Must be a whole number from {feature.bounds}.")
        return int(number)

    return check


def _boolean_check(feature: Feature) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        if value is not True and value is not False:
            _refuse(feature.name, "not-a-boolean", "Must be true or false, without quotes.")
        return bool(value)

    return check


def _category_check(feature: Feature) -> Callable[[Any], str]:
    known = frozenset(feature.choices)

    def check(value: Any) -> str:
        if value.__class__ is not str:
            _refuse(feature.name, "not-a-string", "Must be a string.")
        if value not in known:
            raise FeatureFaultError(
                Fault(
                    feature.name,
                    "unknown-choice",
                    f"Not one of the {len(known)} known values, which the schema lists.",
                    value,
                    feature.choices,
                )
            )
        return str(value)

    return check


def _refuse(name: str, code: str, text: str) -> NoReturn:
    raise FeatureFaultError(Fault(name, code, text))


_CHECKS: Final = [
    (feature.name, feature_check(feature), feature.is_required) for feature in FEATURES
]
_NAMES: Final = frozenset(FEATURE_NAMES)
