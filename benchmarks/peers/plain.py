"""Plain Django REST framework: a serializer, scikit-learn's pipeline, the ORM, a response.

Served by `plain_wsgi`; or the view alone, within another project (`benchmarks/batch.py`).
"""

import uuid
from functools import cache
from typing import Any

from django.db import models
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.peers.scoring import FUELS, Scorer, scorer
from mlmodel.features import FEATURES, Feature


class Exchange(models.Model):
    """Inputs and outputs in one row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    created_at = models.DateTimeField(auto_now_add=True)
    caller = models.CharField(max_length=150)
    features = models.JSONField()
    electricity_kbtu = models.FloatField()
    natural_gas_kbtu = models.FloatField()
    steam_kbtu = models.FloatField()

    objects: models.Manager["Exchange"] = models.Manager()

    class Meta:
        app_label = "peers"
        db_table = "peers_exchange"

    def __str__(self) -> str:
        return str(self.id)


class FeaturesSerializer(serializers.Serializer[Any]):
    """DRF's own fields."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {feature.name: _field(feature) for feature in FEATURES}


class ExchangeSerializer(serializers.ModelSerializer[Exchange]):
    """What is answered."""

    class Meta:
        model = Exchange
        fields = ("id", "created_at", "features", *FUELS)


class PredictView(APIView):
    """POST of one object, or of a list of them."""

    def post(self, request: Request) -> Response:
        is_many = isinstance(request.data, list)
        asked = FeaturesSerializer(data=request.data, many=is_many)
        asked.is_valid(raise_exception=True)
        rows = asked.validated_data if is_many else [asked.validated_data]
        made = [
            Exchange(caller=request.user.get_username(), features=dict(row), **fuels)
            for row, fuels in zip(rows, scorer_loaded()(rows), strict=True)
        ]
        if is_many:
            Exchange.objects.bulk_create(made)
        else:
            made[0].save()
        shown = ExchangeSerializer(made if is_many else made[0], many=is_many).data
        return Response(shown, status=201)


@cache
def scorer_loaded() -> Scorer:
    """Loaded once a process."""
    return scorer()


def _field(feature: Feature) -> serializers.Field:
    options: dict[str, Any] = {
        "required": feature.is_required,
        "allow_null": not feature.is_required,
    }
    match feature.kind:
        case "category":
            return serializers.ChoiceField(choices=feature.choices, **options)
        case "boolean":
            return serializers.BooleanField(**options)
        case "integer":
            kind: Any = serializers.IntegerField
        case _:
            kind = serializers.FloatField
    field: serializers.Field = kind(min_value=feature.minimum, max_value=feature.maximum, **options)
    return field


urlpatterns = [path("predict/", PredictView.as_view())]
