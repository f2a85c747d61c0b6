"""The query parameters of each view, read strictly: what they mean, and what is refused."""

import difflib
import re
from collections.abc import Iterable
from typing import Any, Final, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from buildings import units
from buildings.choices import (
    BUILDING_TYPES,
    NEIGHBORHOOD_PATTERN,
    NEIGHBORHOODS,
    PRIMARY_PROPERTY_TYPES,
    SHARED_PATTERN,
)
from buildings.quality import RULES
from buildings.selectors.buildings import (
    OSE_BUILDING_ID_MAX,
    SEARCH_LENGTH_MIN,
    BuildingFilters,
)
from buildings.selectors.peers import PeerCriteria

#: PostgreSQL's largest integer.
_INTEGER_MAX: Final = 2**31 - 1
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?")
_NUMBER_MAX: Final = 1e12
#: A bound taken from an answer in SI must still find that answer's row.
_ROUNDING: Final = 2e-9
#: The city adds to these; others are taken as they are written.
_STATUSES: Final = (
    "Compliant",
    "Error - Correct Default Data",
    "Missing Data",
    "Not Compliant",
)
_YEAR_BUILT: Final = (1800, 2100)
_DATA_YEAR: Final = (2000, 2100)


class WholeNumberField(serializers.IntegerField):
    """Digits only: no sign, no space, no underscore, no digits of other scripts."""

    def __init__(self, *, min_value: int = 0, max_value: int = _INTEGER_MAX, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if not _WHOLE_NUMBER.fullmatch(data):
            self.fail("invalid")
        return int(data)


class NumberField(serializers.FloatField):
    """A decimal number, not negative and no larger than any conversion of units can bear."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=_NUMBER_MAX, **kwargs)

    def to_internal_value(self, data: Any) -> float:
        if not _NUMBER.fullmatch(data):
            self.fail("invalid")
        return float(data)


class TruthField(serializers.BooleanField):
    """`true` or `false`."""

    default_error_messages = {"invalid": gettext_lazy("Must be `true` or `false`.")}

    def to_internal_value(self, data: Any) -> bool:
        if data not in {"true", "false"}:
            self.fail("invalid", input=data)
        return bool(data == "true")


class VocabularyField(serializers.ChoiceField):
    """One of a closed list, in any letter case."""

    def __init__(self, vocabulary: Iterable[str], **kwargs: Any) -> None:
        self.by_folded = {value.casefold(): value for value in vocabulary}
        values = list(self.by_folded.values())
        super().__init__(choices=values, **kwargs)
        # Of choices alone, the description would repeat every value.
        extend_schema_field({"type": "string", "enum": values})(cast("Any", self))

    def to_internal_value(self, data: Any) -> str:
        try:
            return self.by_folded[data.casefold()]
        except KeyError:
            raise _unknown_choice(data, self.by_folded) from None


@extend_schema_field(
    {"type": "string", "anyOf": [{"enum": list(NEIGHBORHOODS)}, {"pattern": SHARED_PATTERN}]}
)
class NeighborhoodField(serializers.CharField):
    """A district, or two that share a border, in any letter case."""

    _by_folded = {value.casefold(): value for value in NEIGHBORHOODS}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data).upper()
        if not re.fullmatch(NEIGHBORHOOD_PATTERN, name):
            raise _unknown_choice(name, self._by_folded)
        return name


@extend_schema_field(
    {
        "type": "string",
        "anyOf": [{"minLength": SEARCH_LENGTH_MIN}, {"pattern": "^[0-9]+$"}],
        "maxLength": 100,
    }
)
class SearchField(serializers.CharField):
    """A text that the index of the search can find, or an OSE building id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=100, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        is_number = text.isascii() and text.isdigit()
        if len(text) < SEARCH_LENGTH_MIN and not is_number:
            said = _(
                "At least %(minimum)d characters are needed to search names and addresses; only an "
                "OSE building id may be shorter."
            )
            raise serializers.ValidationError(said % {"minimum": SEARCH_LENGTH_MIN}, "too-short")
        if not any(character.isalnum() for character in text):
            said = _("Letters or digits are needed to search for.")
            raise serializers.ValidationError(said, "no-letters")
        return text


class StatusField(serializers.CharField):
    """A compliance status: the usual ones in any letter case, others as published."""

    _by_folded = {value.casefold(): value for value in _STATUSES}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return self._by_folded.get(text.casefold(), text)


def _unknown_choice(given: str, by_folded: dict[str, str]) -> serializers.ValidationError:
    """Says which known values are close to the given one, which is not repeated."""
    close = difflib.get_close_matches(given.casefold()[:100], by_folded, n=3)
    names = ", ".join(f"`{by_folded[name]}`" for name in (close or by_folded))
    said = (
        _("Not a known value. Did you mean: %(names)s?")
        if close
        else _("Not a known value. Known: %(names)s.")
    )
    return serializers.ValidationError(said % {"names": names}, "unknown-choice")


class UnitsQuerySerializer(serializers.Serializer[Any]):
    """`units`, which every view of buildings takes."""

    units = VocabularyField(
        units.SYSTEMS,
        default=units.US,
        help_text=(
            "`us`: kBtu and ft², as the city publishes. `si`: kWh and m², kWh/m² for an "
            "energy use intensity (1 kWh = 3.412141633 kBtu, 1 ft² = 0.09290304 m²), rounded to "
            "10 significant digits. The names of the answer's fields end in their units; "
            "parameters without a unit in their name are in the same units."
        ),
    )

    def kept(self, name: str, column: str) -> float | None:
        """The parameter in the unit that the column is kept in."""
        value: float | None = self.validated_data.get(name)
        if value is None:
            return None
        return units.as_kept(column, value, units=self.validated_data["units"])

    def bound(self, name: str, column: str) -> float | None:
        """Likewise a bound; one in SI is widened by the rounding of answers."""
        value = self.kept(name, column)
        if value is None or self.validated_data["units"] != units.SI:
            return value
        return value * (1 - _ROUNDING if name.endswith("_min") else 1 + _ROUNDING)


class BuildingQuerySerializer(UnitsQuerySerializer):
    """Parameters of one building."""

    include = VocabularyField(
        ("published",),
        required=False,
        help_text=(
            "`published`: each record also has `as_published`, the cells of its row by the "
            "headings of its file, as they stand there."
        ),
    )


class _PlaceAndSizeSerializer(UnitsQuerySerializer):
    """What both the list and the peers can be narrowed to."""

    neighborhood = NeighborhoodField(
        required=False,
        help_text=(
            "District of the Department of Neighborhoods, e.g. `DOWNTOWN`; letter case is "
            "ignored. A building on a border is in two: it is found by `SHARED: CENTRAL & EAST`, "
            "written as published, and not by either district alone."
        ),
    )
    gross_floor_area_min = NumberField(
        required=False,
        help_text="Smallest gross floor area, of buildings and parking, in ft² or as `units` says.",
    )
    gross_floor_area_max = NumberField(
        required=False, help_text="Largest gross floor area, in ft² or as `units` says."
    )
    is_synthetic = TruthField(
        required=False,
        help_text="`true`: only made-up rows; `false`: only real ones.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        errors = {}
        for name, low in attrs.items():
            maximum = f"{name.removesuffix('_min')}_max"
            high = attrs.get(maximum)
            if name.endswith("_min") and high is not None and low > high:
                errors[name] = _("Larger than `%(maximum)s`.") % {"maximum": maximum}
        if errors:
            raise serializers.ValidationError(errors, "conflict")
        return attrs


class BuildingListQuerySerializer(_PlaceAndSizeSerializer):
    """Parameters of the list, besides those of its pages."""

    search = SearchField(
        required=False,
        help_text=(
            "Part of a name or address, at least 3 characters, letter case ignored; or a whole "
            f"OSE building id. Digits are tried as an id up to {OSE_BUILDING_ID_MAX} and, from "
            "3 digits on, as text too."
        ),
    )
    data_year = WholeNumberField(
        required=False,
        min_value=_DATA_YEAR[0],
        max_value=_DATA_YEAR[1],
        help_text=(
            "Facts of this year, for the buildings that reported it, and filters on these. "
            "Without it: facts of each building's newest year."
        ),
    )
    primary_property_type = VocabularyField(
        PRIMARY_PROPERTY_TYPES,
        required=False,
        help_text="Main use, in the city's grouping; letter case is ignored.",
    )
    building_type = VocabularyField(
        BUILDING_TYPES,
        required=False,
        help_text="The city's class of building; letter case is ignored.",
    )
    compliance_status = StatusField(
        required=False,
        max_length=64,
        help_text=(
            "Whether the report met the ordinance: "
            f"{', '.join(f'`{name}`' for name in _STATUSES)}, in any letter case; or another "
            "status, which the city may add, as published."
        ),
    )
    quality_flag = VocabularyField(
        [rule.code for rule in RULES],
        required=False,
        help_text="Only records that break this data-quality rule.",
    )
    has_quality_flags = TruthField(
        required=False,
        help_text=(
            "`true`: only records that break a data-quality rule; `false`: only those that break "
            "none."
        ),
    )
    year_built_min = WholeNumberField(
        required=False,
        min_value=_YEAR_BUILT[0],
        max_value=_YEAR_BUILT[1],
        help_text="First year of construction.",
    )
    year_built_max = WholeNumberField(
        required=False,
        min_value=_YEAR_BUILT[0],
        max_value=_YEAR_BUILT[1],
        help_text="Last year of construction.",
    )
    site_eui_min = NumberField(
        required=False,
        help_text="Smallest site energy use intensity, in kBtu/ft² or as `units` says.",
    )
    site_eui_max = NumberField(
        required=False,
        help_text="Largest site energy use intensity, in kBtu/ft² or as `units` says.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "quality_flag" in attrs and attrs.get("has_quality_flags") is False:
            said = _("No record without flags has the one that `quality_flag` asks for.")
            raise serializers.ValidationError({"has_quality_flags": said}, "conflict")
        return super().validate(attrs)

    def filters(self) -> BuildingFilters:
        values = self.validated_data
        named = {
            name: values.get(name)
            for name in (
                "data_year",
                "search",
                "primary_property_type",
                "building_type",
                "neighborhood",
                "compliance_status",
                "is_synthetic",
                "quality_flag",
                "has_quality_flags",
                "year_built_min",
                "year_built_max",
            )
        }
        return BuildingFilters(
            **named,
            gross_floor_area_sqft_min=self.bound("gross_floor_area_min", "gross_floor_area_sqft"),
            gross_floor_area_sqft_max=self.bound("gross_floor_area_max", "gross_floor_area_sqft"),
            site_eui_kbtu_per_sqft_min=self.bound("site_eui_min", "site_eui_kbtu_per_sqft"),
            site_eui_kbtu_per_sqft_max=self.bound("site_eui_max", "site_eui_kbtu_per_sqft"),
        )


class BenchmarkQuerySerializer(_PlaceAndSizeSerializer):
    """Parameters of the peers' statistics."""

    primary_property_type = VocabularyField(
        PRIMARY_PROPERTY_TYPES,
        help_text="Main use of the peers, in the city's grouping; letter case is ignored.",
    )
    data_year = WholeNumberField(
        required=False,
        min_value=_DATA_YEAR[0],
        max_value=_DATA_YEAR[1],
        help_text="Year of the peers' records. Without it: the newest year that has any.",
    )
    is_synthetic = TruthField(
        required=False,
        help_text=(
            "`true`: made-up peers; `false`: real ones. Without it: real ones if there are any."
        ),
    )
    site_eui = NumberField(
        required=False,
        help_text=(
            "Site energy use intensity to place among the peers, in kBtu/ft² or as `units` says."
        ),
    )

    def criteria(self) -> PeerCriteria:
        values = self.validated_data
        return PeerCriteria(
            primary_property_type=values["primary_property_type"],
            data_year=values.get("data_year"),
            is_synthetic=values.get("is_synthetic"),
            neighborhood=values.get("neighborhood"),
            gross_floor_area_sqft_min=self.bound("gross_floor_area_min", "gross_floor_area_sqft"),
            gross_floor_area_sqft_max=self.bound("gross_floor_area_max", "gross_floor_area_sqft"),
        )

    def given_site_eui(self) -> float | None:
        """In kBtu/ft²."""
        return self.kept("site_eui", "site_eui_kbtu_per_sqft")
