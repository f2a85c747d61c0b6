"""Thin views: parse, call the service or selector, serialise."""

import hashlib
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from buildings.api.pagination import StrictQueryMixin
from buildings.models import Building
from mlmodel.models import ModelVersion
from mlmodel.selectors import model_version_list
from predictions.api.authentication import MayPredict
from predictions.api.pagination import NewestFirstPagination
from predictions.api.parsers import request_body
from predictions.api.serializers import (
    FeaturesSerializer,
    ModelVersionSerializer,
    NoInputSerializer,
    PredictionSerializer,
)
from predictions.errors import PredictionFailedError
from predictions.models import Channel, PredictionInput
from predictions.selectors import building_features, prediction_list
from predictions.services.door import Call, Question, prediction_create

_FACTS = {
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 88434,
    "year_built": 1927,
    "number_of_floors": 12,
    "neighborhood": "DOWNTOWN",
}
_PREDICTION = {
    "id": "0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10",
    "url": "http://127.0.0.1:8000/api/v1/predictions/0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10/",
    "created_at": "2026-11-24T09:30:00.123456Z",
    "request_id": "0199d3a0-5b1b-7f10-8c55-6a7f3c0e9b21",
    "model": {"name": "site-energy-use", "version": 1},
    "ose_building_id": None,
    "features": _FACTS,
    "output": {"site_energy_use_kbtu": 7_246_831.9, "site_eui_kbtu_per_sqft": 81.95},
    "error_code": None,
}
_MODEL_VERSION = {
    "name": "site-energy-use",
    "version": 1,
    "alias": "champion",
    "created_at": "2026-11-24T09:00:00Z",
    "promoted_at": "2026-11-24T09:00:01Z",
    "artifact_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "size_bytes": 8_170_000,
    "signature": {"inputs": [], "outputs": []},
    "parameters": {"seed": 42},
    "metrics": {
        "scores": {"non_residential": {"energy": {"f": {"r2_log": 0.779, "mdape": 0.335}}}}
    },
    "data_fingerprint": {"is_synthetic": False, "row_count": 3211},
    "code_version": "0.1.0",
}
_ANSWER_EXAMPLE = OpenApiExample("A prediction", value=_PREDICTION, response_only=True)
_STORED_ANSWER_EXAMPLE = OpenApiExample(
    "A prediction from stored facts",
    value={**_PREDICTION, "ose_building_id": 1},
    response_only=True,
)


class _Predicting:
    """How a POST asks the door and what it makes of the answer."""

    def predict(self, request: Request, *, body: bytes, question: Question) -> Response:
        user: Any = request.user
        token: Any = request.auth
        call = Call(
            caller=user,
            caller_name=user.get_username(),
            token_prefix=token.token_key[:8],
            channel=Channel.API,
            request_id=request.META["HTTP_X_REQUEST_ID"],
            body_sha256=hashlib.sha256(body).hexdigest() if body else "",
            received_at=timezone.now(),
        )
        (prediction,) = prediction_create(call=call, questions=[question])
        if prediction.output.error_code:
            raise PredictionFailedError(
                prediction_id=prediction.id, error_code=prediction.output.error_code
            )
        answer = PredictionSerializer(prediction, context={"request": request}).data
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": answer["url"]})


@extend_schema_view(
    list=extend_schema(
        summary="Predictions on the record, newest first",
        description="Your own; staff see everybody's.",
        examples=[_ANSWER_EXAMPLE],
    ),
    retrieve=extend_schema(summary="One prediction on the record", examples=[_ANSWER_EXAMPLE]),
)
class PredictionViewSet(
    StrictQueryMixin,
    _Predicting,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[PredictionInput],
):
    """Ask for a prediction; read those asked for before."""

    queryset = PredictionInput.objects.none()
    serializer_class = PredictionSerializer
    pagination_class = NewestFirstPagination
    lookup_field = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[PredictionInput]:
        user: Any = self.request.user
        return prediction_list(user=user)

    def get_permissions(self) -> list[Any]:
        permissions = [*super().get_permissions()]
        return [*permissions, MayPredict()] if self.action == "create" else permissions

    @extend_schema(
        summary="Predict a building's yearly site energy use",
        description="The input and the answer are on the record before the answer is given.",
        request=FeaturesSerializer,
        responses={201: OpenApiResponse(PredictionSerializer, description="Stored and answered.")},
        examples=[
            OpenApiExample("A hotel of 1927", value=_FACTS, request_only=True),
            _ANSWER_EXAMPLE,
        ],
    )
    def create(self, request: Request) -> Response:
        body = request_body(request)
        facts = FeaturesSerializer(data=request.data)
        facts.is_valid(raise_exception=True)
        return self.predict(request, body=body, question=Question(features=facts.validated_data))


class BuildingPredictionViewSet(StrictQueryMixin, _Predicting, viewsets.GenericViewSet[Building]):
    """Predict from the facts that are stored of a building."""

    queryset = Building.objects.none()

    def get_permissions(self) -> list[Any]:
        return [*super().get_permissions(), MayPredict()]

    @extend_schema(
        summary="Predict from a building's stored facts",
        description=(
            "Uses the facts of the building's latest yearly record: areas, uses, age, place, fuels "
            "connected and ENERGY STAR score, never its metered energy. The body is empty or `{}`."
        ),
        request=NoInputSerializer,
        responses={201: OpenApiResponse(PredictionSerializer, description="Stored and answered.")},
        examples=[
            OpenApiExample("Nothing to say", value={}, request_only=True),
            _STORED_ANSWER_EXAMPLE,
        ],
    )
    def create(self, request: Request, ose_building_id: int) -> Response:
        body = request_body(request)
        if body:
            NoInputSerializer(data=request.data).is_valid(raise_exception=True)
        try:
            building, features = building_features(ose_building_id=ose_building_id)
        except Building.DoesNotExist:
            raise Http404 from None
        return self.predict(
            request, body=body, question=Question(features=features, building=building)
        )


@extend_schema_view(
    list=extend_schema(
        summary="Registered model versions, newest first",
        description="The one whose alias is `champion` serves.",
        examples=[OpenApiExample("A version", value=_MODEL_VERSION, response_only=True)],
    )
)
class ModelVersionViewSet(
    StrictQueryMixin, mixins.ListModelMixin, viewsets.GenericViewSet[ModelVersion]
):
    """Which model versions there are, what they were trained on and how well they do."""

    queryset = ModelVersion.objects.none()
    serializer_class = ModelVersionSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[ModelVersion]:
        return model_version_list()
