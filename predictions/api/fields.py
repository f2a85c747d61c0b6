"""Serializer fields that accept exactly what they document, made from FEATURES.

DRF's own fields are lenient: `true` is a number, `"1_000"` is 1000, 12.7 becomes 12, and a list of
one choice is a choice. Each class here refuses instead, and says what would be right.
"""

import difflib
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from mlmodel.features import Feature
from predictions.api.parsers import Unrepresentable
from predictions.api.problems import grouped


class StrictNumberField(serializers.FloatField):
    """A JSON number within the feature's bounds; a whole one where `feature.kind` is integer."""

    def __init__(self, *, feature: Feature, **kwargs: Any) -> None:
        super().__init__(min_value=feature.minimum, max_value=feature.maximum, **kwargs)
        self.feature = feature

    def run_validators(self, value: float) -> None:
        """The bounds are checked with the type, for one message that gives them with their unit."""

    def to_internal_value(self, data: Any) -> float:
        feature = self.feature
        if isinstance(data, Unrepresentable):
            self._refuse(_("Must be a finite number from %(bounds)s."), "not-finite")
        if isinstance(data, bool) or not isinstance(data, int | float):
            self._refuse(
                _("Must be a JSON number from %(bounds)s, without quotes."), "not-a-number"
            )
        if not feature.minimum <= data <= feature.maximum:
            self._refuse(_("Must be from %(bounds)s."), "out-of-range")
        # Adding zero turns -0.0 into 0.0, which JSONB would do anyway.
        return float(data) + 0.0

    def _refuse(self, message: str, code: str) -> None:
        raise serializers.ValidationError(message % {"bounds": _bounds(self.feature)}, code)


class StrictIntegerField(StrictNumberField):
    """A whole JSON number within the feature's bounds; 12.0 is one (JSON has only numbers)."""

    def to_internal_value(self, data: Any) -> int:
        number = super().to_internal_value(data)
        if not number.is_integer():
            self._refuse(_("Must be a whole number from %(bounds)s."), "not-whole")
        return int(number)


class StrictTextField(serializers.CharField):
    """A JSON string; DRF's own field would take a number for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(_("Must be a string."), "not-a-string")
        return str(super().to_internal_value(data))


class StrictBooleanField(serializers.BooleanField):
    """`true` or `false`; not 1, "yes" or "on"."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError(
                _("Must be true or false, without quotes."), "not-a-boolean"
            )
        return data


class StrictChoiceField(serializers.ChoiceField):
    """One of the documented words, letter for letter; a near miss is told the nearest."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(_("Must be a string."), "not-a-string")
        if data not in self.choices:
            said = _("Not one of the %(count)d known values, which the schema lists.") % {
                "count": len(self.choices)
            }
            near = difflib.get_close_matches(data[:100], list(self.choices), n=1)
            hint = " " + _("Did you mean %(name)s?") % {"name": repr(near[0])} if near else ""
            raise serializers.ValidationError(f"{said}{hint}", "unknown-choice")
        return data


def _bounds(feature: Feature) -> str:
    """The feature's inclusive bounds with their unit, in the active language."""
    return _("%(minimum)s to %(maximum)s") % {
        "minimum": grouped(feature.written(feature.minimum)),
        "maximum": grouped(feature.written(feature.maximum)) + feature.unit_suffix,
    }


def feature_field(feature: Feature) -> serializers.Field:
    """The field that reads this feature from a request body."""
    options: dict[str, Any] = {
        "required": feature.is_required,
        "allow_null": not feature.is_required,
        "label": feature.label,
        "help_text": feature.help
        + (f" Unit: {feature.unit}." if feature.unit else "")
        + (f" If missing: {feature.absent}." if feature.absent else ""),
    }
    match feature.kind:
        case "number":
            return StrictNumberField(feature=feature, **options)
        case "integer":
            return StrictIntegerField(feature=feature, **options)
        case "boolean":
            return StrictBooleanField(**options)
        case "category":
            return StrictChoiceField(choices=feature.choices, **options)
