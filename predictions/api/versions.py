"""Model versions, field by field, and the query parameter that pins one."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from buildings.api.filters import WholeNumberField
from mlmodel.card import LANGUAGES, model_card
from mlmodel.models import Alias, ModelPromotion, ModelVersion, PromotionKind
from predictions.api.filters import EmissionFactorSetQuerySerializer
from predictions.api.serializers import ModelVersionSerializer


class PredictionQuerySerializer(EmissionFactorSetQuerySerializer):
    """What a new prediction is made with."""

    model_version = WholeNumberField(
        required=False,
        min_value=1,
        help_text="The `version` to be answered by, as `models/` lists them; without: the "
        "champion. The champion and former champions answer everybody who may predict; a version "
        "that never was one takes the permission `mlmodel.predict_with_any_version`.",
    )


class ModelPromotionSerializer(serializers.Serializer[ModelPromotion]):
    """A move of an alias. Who did it and why is on the record, for auditors."""

    created_at = serializers.DateTimeField(help_text="When the alias moved.")
    kind = serializers.ChoiceField(choices=PromotionKind.choices)
    alias = serializers.ChoiceField(choices=Alias.choices)
    replaced_version = serializers.IntegerField(
        source="replaced_version.version",
        default=None,
        allow_null=True,
        help_text="The version that had the alias until then; null: none had.",
    )
    is_forced = serializers.BooleanField(
        help_text="Whether it was done although the comparison spoke against it."
    )


class CardTextsSerializer(serializers.Serializer[Any]):
    """The card's words by language, and in each by section, in Markdown."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            language: serializers.DictField(child=serializers.CharField()) for language in LANGUAGES
        }


class ModelCardSerializer(serializers.Serializer[Any]):
    """What the version is for and not for, how good it is and for whom, and what would make it
    wrong."""

    facts = serializers.DictField(
        help_text="Language-neutral: who is in the data, scores overall, by group and of new "
        "buildings, fairness across neighborhoods, emission factors, cost of training, the drift "
        "that stops it. Shares are from 0 to 1, biases are median log errors."
    )
    texts = CardTextsSerializer()


class ModelVersionDetailSerializer(ModelVersionSerializer):
    """A registered version, with all that is known of it."""

    file_digests = serializers.DictField(
        child=serializers.CharField(), help_text="SHA-256 of every file, by its path."
    )
    promotions = ModelPromotionSerializer(many=True, help_text="Newest first.")
    card = serializers.SerializerMethodField(
        help_text="Null: registered without the evaluation that a card is made from."
    )

    @extend_schema_field(ModelCardSerializer(allow_null=True))
    def get_card(self, version: ModelVersion) -> dict[str, Any] | None:
        return model_card(version)
