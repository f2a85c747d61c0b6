"""Emission factor sets, explanations and what-if, field by field."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from buildings.choices import FUELS
from buildings.units import US
from mlmodel.features import FEATURE_NAMES, FeatureRow
from predictions.api.serializers import (
    AnswerSerializer,
    EmissionFactorSetReferenceSerializer,
    FeaturesSerializer,
    FeatureValueField,
    InUnitsSerializer,
    PredictionSerializer,
    StrictSerializer,
)
from predictions.models import PredictionExplanation
from predictions.units import named_in


class FactorsSerializer(serializers.Serializer[Any]):
    """kg CO2e per MBtu (a million Btu) of site energy."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {fuel: serializers.FloatField(help_text="kg CO2e/MBtu.") for fuel in FUELS}


class EmissionFactorSetSerializer(EmissionFactorSetReferenceSerializer):
    """One version of a set of emission factors."""

    version = serializers.IntegerField(help_text="Counts up; a name means its newest version.")
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True, help_text="Null: still valid.")
    kgco2e_per_mbtu = FactorsSerializer()
    source = serializers.CharField(  # type: ignore[assignment]  # a field of its own name, too
        help_text="Where the figures come from."
    )
    is_derived = serializers.BooleanField(
        help_text="Found by regression on published emissions, not published by anybody."
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {
            **super().to_representation(instance),
            "valid_from": instance.valid_from,
            "valid_to": instance.valid_to,
            "kgco2e_per_mbtu": {fuel: getattr(instance, f"{fuel}_factor") for fuel in FUELS},
            "source": instance.source,
            "is_derived": instance.is_derived,
        }


class SwitchedSerializer(serializers.Serializer[Any]):
    """A feature as the building has it and as the reference has it."""

    feature = serializers.CharField()
    value = FeatureValueField(allow_null=True)
    reference_value = FeatureValueField(allow_null=True)


class ContributionSerializer(SwitchedSerializer):
    """What a feature adds to the prediction, beside the reference."""

    contribution_kbtu = serializers.FloatField(help_text="kBtu; negative: it lowers the energy.")
    together_with = SwitchedSerializer(
        many=True, help_text="Features that only make sense with it; the contribution is of all."
    )


class PeerSerializer(serializers.Serializer[Any]):
    """A building with measured energy."""

    ose_building_id = serializers.IntegerField(help_text="The city's identifier.")
    property_name = serializers.CharField()
    gross_floor_area_sqft = serializers.FloatField()
    year_built = serializers.IntegerField(allow_null=True)
    site_eui_kbtu_per_sqft = serializers.FloatField(help_text="Measured, kBtu/ft²/year.")
    distance = serializers.FloatField(
        help_text="|log2(floor areas' ratio)| + |difference of years built| / 25; a year that is "
        "not known counts as 50 years' difference."
    )


class PeersSerializer(serializers.Serializer[Any]):
    """Buildings of the same primary property type: compliant reports of one year."""

    data_year = serializers.IntegerField(
        allow_null=True, help_text="The newest with any, real ones before made-up ones; null: none."
    )
    is_synthetic = serializers.BooleanField(
        allow_null=True, help_text="Whether they are made up: no real one is on record."
    )
    count = serializers.IntegerField()
    percentile = serializers.FloatField(
        allow_null=True,
        help_text="Share of them, in per cent, whose measured intensity is below the predicted.",
    )
    nearest = PeerSerializer(many=True, help_text="The five nearest in size and age.")


class ExplanationSerializer(AnswerSerializer):
    """Why a prediction is what it is: `reference_kbtu` plus every contribution is
    `site_energy_use_kbtu`."""

    prediction_id = serializers.UUIDField(source="input_id")
    created_at = serializers.DateTimeField()
    site_energy_use_kbtu = serializers.FloatField(help_text="The prediction.")
    reference_kbtu = serializers.FloatField(
        help_text="What the same model version predicts for the reference."
    )
    reference = serializers.SerializerMethodField(
        help_text="A usual building of the same primary property type."
    )
    contributions = ContributionSerializer(many=True, help_text="The largest first.")
    orders = serializers.IntegerField(
        help_text="Random orders of switching features that were averaged; 0: all, exactly."
    )
    seed = serializers.IntegerField(help_text="Of the random orders.")
    peers = serializers.SerializerMethodField()

    @extend_schema_field(FeaturesSerializer)
    def get_reference(self, explanation: PredictionExplanation) -> dict[str, Any]:
        return {name: explanation.reference_features.get(name) for name in FEATURE_NAMES}

    @extend_schema_field(PeersSerializer)
    def get_peers(self, explanation: PredictionExplanation) -> dict[str, Any]:
        return {
            "data_year": explanation.peers_data_year,
            "is_synthetic": explanation.peers_are_synthetic,
            "count": explanation.peer_count,
            "percentile": explanation.percentile,
            "nearest": explanation.peers,
        }


class FeatureChangesSerializer(InUnitsSerializer):
    """The features to change; null takes one away."""

    #: Of the object as a whole, for the schema.
    bounds = {"minProperties": 1}

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields


class WhatIfSerializer(StrictSerializer):
    """What to change."""

    changes = FeatureChangesSerializer()

    def varied(self, features: FeatureRow) -> FeatureRow:
        """These features with the changes, valid together. Raises ValidationError."""
        changes = self.validated_data["changes"]
        if not changes:
            raise serializers.ValidationError(
                {"changes": _("Change one feature at least.")}, "empty"
            )
        known = {name: features.get(name) for name in FEATURE_NAMES}
        merged = FeaturesSerializer(data={**known, **changes})
        if not merged.is_valid():
            units = self.context.get("units", US)
            raise serializers.ValidationError(
                {
                    "changes": {
                        named_in(name, units=units): [
                            serializers.ErrorDetail(named_in(said, units=units), said.code)
                            for said in details
                        ]
                        for name, details in merged.errors.items()
                    }
                }
            )
        varied: FeatureRow = merged.validated_data
        return varied


class DifferenceSerializer(serializers.Serializer[Any]):
    """Variation less original; percentages are of the original, null where that is 0."""

    site_energy_use_kbtu = serializers.FloatField()
    site_energy_use_percent = serializers.FloatField(allow_null=True)
    ghg_emissions_mtco2e = serializers.FloatField(allow_null=True)
    ghg_emissions_percent = serializers.FloatField(allow_null=True)


class WhatIfAnswerSerializer(AnswerSerializer):
    """Two predictions by the same model version and emission factors, and what they differ by."""

    original = PredictionSerializer()
    variation = PredictionSerializer()
    difference = DifferenceSerializer()
