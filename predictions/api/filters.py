"""The query parameters of predictions, read strictly."""

import re
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from buildings import units
from buildings.api.filters import UnitsQuerySerializer, VocabularyField, WholeNumberField
from predictions.models import Channel
from predictions.selectors import Outcome, PredictionFilters

_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_YEARS: Final = (2000, 2100)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@extend_schema_field({"type": "string", "format": "date-time", "pattern": "^(20[0-9]{2}|2100)-"})
class TimeField(serializers.Field[datetime, str, str, datetime]):
    """A time with its zone, ISO 8601."""

    default_error_messages = {
        "not-a-time": gettext_lazy(
            "Must be a time with its zone, ISO 8601, as 2026-11-24T09:30:00Z; a plus sign in a URL "
            "is written %(plus)s."
        ),
        "out-of-range": gettext_lazy("Must be in a year from %(first)d to %(last)d."),
    }

    def to_internal_value(self, data: str) -> datetime:
        if not _TIME.fullmatch(data):
            raise self._refusal("not-a-time")
        try:
            moment = datetime.fromisoformat(data)
        except ValueError:
            raise self._refusal("not-a-time") from None
        if not _YEARS[0] <= moment.year <= _YEARS[1]:
            raise self._refusal("out-of-range")
        return moment

    def _refusal(self, code: str) -> serializers.ValidationError:
        said = self.error_messages[code] % {
            "plus": "%2B",
            "first": _YEARS[0],
            "last": _YEARS[1],
        }
        return serializers.ValidationError(said, code)


class IdField(serializers.UUIDField):
    """A UUID as answers write it, with hyphens."""

    def to_internal_value(self, data: Any) -> UUID:
        if not _UUID.fullmatch(data):
            self.fail("invalid", value="")
        return UUID(data)


class PredictionUnitsQuerySerializer(UnitsQuerySerializer):
    """`units`, which everything that has energies or areas takes."""

    units = VocabularyField(
        units.SYSTEMS,
        default=units.US,
        help_text=(
            "`us`: ft² and kBtu. `si`: m² and kWh (1 ft² = 0.09290304 m², 1 kWh = 3.412141633 "
            "kBtu), rounded to 10 significant digits. Members of request and answer are named by "
            "their units: `gross_floor_area_sqft` or `gross_floor_area_m2`. Emissions are t CO2e "
            "in both. What is kept is ft² and kBtu, and beside them what was sent."
        ),
    )


class EmissionFactorSetQuerySerializer(PredictionUnitsQuerySerializer):
    """By which factors fuels become emissions."""

    emission_factor_set = serializers.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$",
        required=False,
        help_text="A set's `name` (its newest version) or its `id`, as `emission-factor-sets/` "
        "lists them: `seattle-2016` or `seattle-2016-v1`. Without: the latest set for a new "
        "prediction; of one on the record, the set it was stored with.",
        error_messages={
            "invalid": gettext_lazy(
                "Must be the name or id of a set, as `emission-factor-sets/` lists them."
            )
        },
    )


class PredictionListQuerySerializer(PredictionUnitsQuerySerializer):
    """What narrows the record; filters narrow together."""

    created_after = TimeField(
        required=False,
        help_text="Stored at this time or later: ISO 8601 with zone, `2026-11-24T09:30:00Z`.",
    )
    created_before = TimeField(
        required=False,
        help_text="Stored before this time; so that periods can follow one another.",
    )
    model_version = WholeNumberField(
        required=False,
        min_value=1,
        help_text="Number of the model version that was asked.",
    )
    ose_building_id = WholeNumberField(
        required=False,
        help_text="The building whose stored facts were used.",
    )
    outcome = VocabularyField(
        [outcome.value for outcome in Outcome],
        required=False,
        help_text="`answered`: has an output; `failed`: has an error code; `no-output`: has "
        "neither, because the answer was never stored.",
    )
    channel = VocabularyField(
        Channel.values,
        required=False,
        help_text="How the call came in: over this API, or by a command on the server.",
    )
    call = IdField(
        required=False,
        help_text="The call that asked, to see all of its predictions; as in `links.call`.",
    )
    request_id = serializers.RegexField(
        r"^[A-Za-z0-9._-]{1,64}\Z",
        required=False,
        trim_whitespace=False,
        help_text="X-Request-ID of the call.",
        error_messages={"invalid": gettext_lazy("Must be an X-Request-ID, as answers have it.")},
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        after, before = attrs.get("created_after"), attrs.get("created_before")
        if after and before and after >= before:
            said = _("Must be earlier than `created_before`.")
            raise serializers.ValidationError({"created_after": said}, "conflict")
        return super().validate(attrs)

    def filters(self) -> PredictionFilters:
        values = {name: value for name, value in self.validated_data.items() if name != "units"}
        return PredictionFilters(**values)
