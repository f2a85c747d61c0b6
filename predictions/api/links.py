"""Where an answer leads: to itself, to what was asked with it, to what can be asked about it."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from predictions.models import PredictionInput


class PredictionLinksSerializer(serializers.Serializer[PredictionInput]):
    """Absolute URLs."""

    self = serializers.URLField(help_text="This prediction.")
    call = serializers.URLField(help_text="Every prediction of the call that asked for it.")
    explanations = serializers.URLField(help_text="GET: why; POST: ask why.")
    what_if = serializers.URLField(help_text="POST: the same with some features changed.")
    original = serializers.URLField(
        allow_null=True, help_text="What this one varies; null: it is no variation."
    )
    building = serializers.URLField(
        allow_null=True, help_text="The building whose stored facts were used, if any."
    )
    model_version = serializers.URLField(help_text="The model version that was asked.")
    emission_factor_sets = serializers.URLField(help_text="By which its emissions can be restated.")

    def to_representation(self, instance: PredictionInput) -> dict[str, str | None]:
        request = self.context["request"]

        def url(route: str, /, **kwargs: Any) -> str:
            return request.build_absolute_uri(reverse(route, kwargs=kwargs or None))

        def below(prediction_id: Any, *parts: str) -> str:
            return "/".join((f"{predictions}{prediction_id}", *parts, ""))

        predictions = url("prediction-list")
        building, version = instance.building, instance.request.model_version
        return {
            "self": below(instance.id),
            "call": f"{predictions}?call={instance.request_id}",
            "explanations": below(instance.id, "explanations"),
            "what_if": below(instance.id, "what-if"),
            "original": None if instance.what_if_of_id is None else below(instance.what_if_of_id),
            "building": None
            if building is None
            else url("building-detail", ose_building_id=building.ose_building_id),
            "model_version": url("model-detail", name=version.name, number=version.version),
            "emission_factor_sets": url("emission-factor-set-list"),
        }
