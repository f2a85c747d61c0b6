"""Serializer fields that accept exactly what they document, made from FEATURES.

DRF's own fields are lenient: `true` is a number, `"1_000"` is 1000, 12.7 becomes 12, and a list of
one choice is a choice. These ask `mlmodel.checking` instead; DRF's classes make the schema.
"""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from mlmodel.checking import Check, FeatureFaultError, choice_check, feature_check
from mlmodel.features import Feature, FeatureValue
from predictions.faults import fault_said


class _CheckedField(serializers.Field):
    """Reads a value by a check that knows no HTTP."""

    check_value: Check

    def run_validators(self, value: Any) -> None:
        """The bounds are checked with the type, for one message that gives them with their unit."""

    def to_internal_value(self, data: Any) -> FeatureValue:
        try:
            return self.check_value(data)
        except FeatureFaultError as error:
            raise serializers.ValidationError(fault_said(error.fault), error.fault.code) from None


class _FeatureField(_CheckedField):
    """By the feature's own check."""

    def __init__(self, *, feature: Feature, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check_value = feature_check(feature)


class StrictNumberField(_FeatureField, serializers.FloatField):
    """A JSON number within the feature's bounds."""


class StrictIntegerField(_FeatureField, serializers.IntegerField):
    """A whole JSON number within the feature's bounds; 12.0 is one (JSON has only numbers)."""


class StrictTextField(serializers.CharField):
    """A JSON string; DRF's own field would take a number for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(_("Must be a string."), "not-a-string")
        return str(super().to_internal_value(data))


class StrictBooleanField(_FeatureField, serializers.BooleanField):
    """`true` or `false`; not 1, "yes" or "on"."""


class StrictChoiceField(_CheckedField, serializers.ChoiceField):
    """One of the documented words, letter for letter; a near miss is told the nearest."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)
        self.check_value = choice_check(tuple(self.choices))


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
        case "number" | "integer":
            options |= {"min_value": feature.minimum, "max_value": feature.maximum}
            field = StrictNumberField if feature.kind == "number" else StrictIntegerField
            return field(feature=feature, **options)
        case "boolean":
            return StrictBooleanField(feature=feature, **options)
        case "category":
            return StrictChoiceField(feature.choices, **options)
