"""Thin views: parse, call the service or selector, serialise."""

from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from buildings.api.caching import IF_NONE_MATCH, UNCHANGED, CachingMixin
from buildings.api.pagination import StrictQueryMixin
from buildings.models import Building, EmissionFactorSet
from buildings.selectors.factors import emission_factor_set_list
from mlmodel.models import ModelVersion
from mlmodel.selectors import model_version_documented, model_version_list
from predictions.api import examples, problems
from predictions.api.authentication import MayPredict
from predictions.api.calls import call_of, prediction_logged
from predictions.api.explaining import (
    EmissionFactorSetSerializer,
    ExplanationSerializer,
    WhatIfAnswerSerializer,
    WhatIfSerializer,
)
from predictions.api.filters import (
    EmissionFactorSetQuerySerializer,
    PredictionListQuerySerializer,
    PredictionUnitsQuerySerializer,
)
from predictions.api.idempotency import idempotent
from predictions.api.pagination import NewestFirstPagination
from predictions.api.parsers import request_body
from predictions.api.serializers import (
    FeaturesSerializer,
    ModelVersionSerializer,
    NoInputSerializer,
    PredictionSerializer,
)
from predictions.api.versions import ModelVersionDetailSerializer, PredictionQuerySerializer
from predictions.errors import PredictionFailedError
from predictions.models import PredictionInput
from predictions.selectors import (
    PredictionFilters,
    building_features,
    explanation_get,
    factors_chosen,
    prediction_list,
)
from predictions.services.door import Question, prediction_create
from predictions.services.explanations import explanation_create
from predictions.services.variations import variation_create
from predictions.services.versions import serving_pinned

_ANSWER_EXAMPLE = OpenApiExample("A prediction", value=examples.PREDICTION, response_only=True)
_SI_EXAMPLE = OpenApiExample(
    "A prediction with units=si", value=examples.PREDICTION_SI, response_only=True
)
_EXPLANATION_EXAMPLE = OpenApiExample(
    "An explanation", value=examples.EXPLANATION, response_only=True
)
_VERSION_EXAMPLE = OpenApiExample(
    "The champion", value=examples.MODEL_VERSION_DETAIL, response_only=True
)
_NOTHING_EXAMPLE = OpenApiExample("Nothing to say", value={}, request_only=True)
_ASKING: Final = frozenset({"create", "explain", "what_if"})


def _empty_body(request: Request) -> bytes:
    """The body, which is empty or `{}`."""
    body = request_body(request)
    if body:
        NoInputSerializer(data=request.data).is_valid(raise_exception=True)
    return body


def _location(answer: Any) -> dict[str, str]:
    # DRF's URLs are of a type of their own, which WSGI (PEP 3333) does not allow in a header.
    return {"Location": str(answer["url"])}


class _Predicting(CachingMixin, StrictQueryMixin):
    """How a POST asks the door and what it makes of the answer."""

    validated_actions = frozenset({"retrieve", "explanations"})
    query_serializers = {
        "list": PredictionListQuerySerializer,
        "create": PredictionQuerySerializer,
        "retrieve": EmissionFactorSetQuerySerializer,
        "explanations": PredictionUnitsQuerySerializer,
        "explain": PredictionUnitsQuerySerializer,
        "what_if": PredictionUnitsQuerySerializer,
    }

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "units": self.query.validated_data["units"]}

    def sent(self, members: Any) -> dict[str, Any]:
        return {"units": self.query.validated_data["units"], "members": members}

    def predict(self, request: Request, *, body: bytes, question: Question) -> Response:
        asked = self.query.validated_data
        user: Any = request.user
        (prediction,) = prediction_create(
            call=call_of(request, body),
            questions=[question],
            emission_factor_set=asked.get("emission_factor_set"),
            serving=serving_pinned(user=user, number=asked.get("model_version")),
        )
        prediction_logged(request, prediction.id)
        if prediction.output.error_code:
            raise PredictionFailedError(
                prediction_id=prediction.id, error_code=prediction.output.error_code
            )
        answer = PredictionSerializer(prediction, context=self.get_serializer_context()).data
        return Response(answer, status=status.HTTP_201_CREATED, headers=_location(answer))


@extend_schema_view(
    list=extend_schema(
        summary="Predictions on the record, newest first",
        description="Your own; staff see everybody's. Filters narrow together. Follow `next` and "
        "`previous`, or the header `Link`, for other pages; nothing is counted.",
        parameters=[PredictionListQuerySerializer],
        examples=[_ANSWER_EXAMPLE],
    ),
    retrieve=extend_schema(
        summary="One prediction on the record",
        description="With `emission_factor_set`, its emissions and their intervals restated by "
        "other factors, `is_restated` being true: fuels are on the record, so no model is asked "
        "and nothing is stored.",
        parameters=[EmissionFactorSetQuerySerializer, IF_NONE_MATCH],
        responses={200: PredictionSerializer, 304: UNCHANGED},
        examples=[_ANSWER_EXAMPLE],
    ),
)
class PredictionViewSet(
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
    problems_of = {
        "create": (problems.MODEL_VERSION_GONE,),
        "retrieve": (problems.INVALID_INPUT, problems.UNSUITABLE_PREDICTION),
        "explain": (problems.UNSUITABLE_PREDICTION, problems.MODEL_VERSION_GONE),
        "what_if": (problems.UNSUITABLE_PREDICTION, problems.MODEL_VERSION_GONE),
    }

    def get_queryset(self) -> QuerySet[PredictionInput]:
        user: Any = self.request.user
        filters = self.query.filters() if self.action == "list" else PredictionFilters()
        return prediction_list(user=user, filters=filters)

    def get_permissions(self) -> list[Any]:
        permissions = [*super().get_permissions()]
        return [*permissions, MayPredict()] if self.action in _ASKING else permissions

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        prediction = self.get_object()
        slug = self.query.validated_data.get("emission_factor_set")
        factors = None if slug is None else factors_chosen(slug=slug)
        context = {**self.get_serializer_context(), "factors": factors}
        return Response(PredictionSerializer(prediction, context=context).data)

    @extend_schema(
        summary="Predict a building's yearly site energy use",
        description="The input and the answer are on the record before the answer is given.",
        parameters=[PredictionQuerySerializer],
        request=FeaturesSerializer,
        responses={201: OpenApiResponse(PredictionSerializer, description="Stored and answered.")},
        examples=[
            OpenApiExample("A hotel of 1927", value=examples.FACTS, request_only=True),
            OpenApiExample("The same with units=si", value=examples.FACTS_SI, request_only=True),
            _ANSWER_EXAMPLE,
            _SI_EXAMPLE,
        ],
    )
    @idempotent(writes_ahead=True)
    def create(self, request: Request) -> Response:
        body = request_body(request)
        facts = FeaturesSerializer(data=request.data, context=self.get_serializer_context())
        facts.is_valid(raise_exception=True)
        question = Question(features=facts.validated_data, sent=self.sent(request.data))
        return self.predict(request, body=body, question=question)

    @extend_schema(
        summary="The explanation of a prediction",
        description="404 if nobody asked for it yet: ask by POST.",
        parameters=[PredictionUnitsQuerySerializer, IF_NONE_MATCH],
        responses={200: ExplanationSerializer, 304: UNCHANGED},
        examples=[_EXPLANATION_EXAMPLE],
    )
    @action(detail=True, methods=["get"], url_path="explanations", pagination_class=None)
    def explanations(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- the lookup field
        explanation = explanation_get(prediction=self.get_object())
        if explanation is None:
            raise Http404
        context = self.get_serializer_context()
        return Response(ExplanationSerializer(explanation, context=context).data)

    @extend_schema(
        summary="Explain a prediction",
        description=(
            "What each feature adds to the prediction, beside a usual building of the same primary "
            "property type, in kBtu: Shapley values, which add up. And the nearest peers with "
            "measured energy. Computed once, by the model version that made the prediction, and "
            "stored: a second POST answers the same with 200. The body is empty or `{}`."
        ),
        parameters=[PredictionUnitsQuerySerializer],
        request=NoInputSerializer,
        responses={
            201: OpenApiResponse(ExplanationSerializer, description="Computed and stored."),
            200: OpenApiResponse(ExplanationSerializer, description="Stored before."),
        },
        examples=[_NOTHING_EXAMPLE, _EXPLANATION_EXAMPLE],
    )
    @explanations.mapping.post
    @idempotent()
    def explain(self, request: Request, id: UUID) -> Response:  # noqa: A002
        prediction = self.get_object()
        body = _empty_body(request)
        explanation, is_new = explanation_create(call=call_of(request, body), prediction=prediction)
        return Response(
            ExplanationSerializer(explanation, context=self.get_serializer_context()).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )

    @extend_schema(
        summary="Predict with some features changed",
        description=(
            "A prediction like any other, on the record, of the same features with the changes: "
            "by the model version and the emission factors of the original, so that only the "
            "changes make the difference. null takes a feature away; a pointer of an error leads "
            "into `changes` even where an unchanged feature is at fault."
        ),
        parameters=[PredictionUnitsQuerySerializer],
        request=WhatIfSerializer,
        responses={
            201: OpenApiResponse(WhatIfAnswerSerializer, description="Stored and answered.")
        },
        examples=[
            OpenApiExample("Without steam", value=examples.CHANGES, request_only=True),
            OpenApiExample("The difference", value=examples.WHAT_IF, response_only=True),
        ],
    )
    @action(detail=True, methods=["post"], url_path="what-if")
    @idempotent(writes_ahead=True)
    def what_if(self, request: Request, id: UUID) -> Response:  # noqa: A002
        original = self.get_object()
        body = request_body(request)
        context = self.get_serializer_context()
        asked = WhatIfSerializer(data=request.data, context=context)
        asked.is_valid(raise_exception=True)
        variation, difference = variation_create(
            call=call_of(request, body),
            original=original,
            features=asked.varied(original.features),
            sent=self.sent(asked.initial_data["changes"]),
        )
        shown = WhatIfAnswerSerializer(
            {"original": original, "variation": variation, "difference": difference},
            context=context,
        ).data
        return Response(
            shown,
            status=status.HTTP_201_CREATED,
            headers=_location(shown["variation"]),
        )


class BuildingPredictionViewSet(_Predicting, viewsets.GenericViewSet[Building]):
    """Predict from the facts that are stored of a building."""

    queryset = Building.objects.none()
    problems_of = {"create": (problems.INCOMPLETE_FACTS, problems.MODEL_VERSION_GONE)}

    def get_permissions(self) -> list[Any]:
        return [*super().get_permissions(), MayPredict()]

    @extend_schema(
        summary="Predict from a building's stored facts",
        description=(
            "Uses the facts of the building's latest yearly record: areas, uses, age, place, fuels "
            "connected and ENERGY STAR score, never its metered energy. The body is empty or `{}`."
        ),
        parameters=[PredictionQuerySerializer],
        request=NoInputSerializer,
        responses={201: OpenApiResponse(PredictionSerializer, description="Stored and answered.")},
        examples=[
            _NOTHING_EXAMPLE,
            OpenApiExample(
                "A prediction from stored facts",
                value=examples.STORED_PREDICTION,
                response_only=True,
            ),
        ],
    )
    @idempotent(writes_ahead=True)
    def create(self, request: Request, ose_building_id: int) -> Response:
        body = _empty_body(request)
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
        examples=[OpenApiExample("A version", value=examples.MODEL_VERSION, response_only=True)],
    )
)
class ModelVersionViewSet(
    CachingMixin, StrictQueryMixin, mixins.ListModelMixin, viewsets.GenericViewSet[ModelVersion]
):
    """Which model versions there are, what they were trained on and how well they do."""

    queryset = ModelVersion.objects.none()
    serializer_class = ModelVersionSerializer
    pagination_class = None
    problems_of = {"current": (problems.NOT_FOUND,)}
    validated_actions = frozenset({"version", "current"})

    def get_queryset(self) -> QuerySet[ModelVersion]:
        return model_version_list()

    @extend_schema(
        summary="One model version, with its card",
        parameters=[IF_NONE_MATCH],
        responses={200: ModelVersionDetailSerializer, 304: UNCHANGED},
        examples=[_VERSION_EXAMPLE],
    )
    def version(self, request: Request, name: str, number: int) -> Response:
        return self._documented(name=name, number=number)

    @extend_schema(
        summary="The model version that serves, with its card",
        description="The champion; 404 if there is none.",
        parameters=[IF_NONE_MATCH],
        responses={200: ModelVersionDetailSerializer, 304: UNCHANGED},
        examples=[_VERSION_EXAMPLE],
    )
    @action(detail=False, methods=["get"])
    def current(self, request: Request) -> Response:
        return self._documented(name=settings.SERVED_MODEL_NAME)

    def _documented(self, *, name: str, number: int | None = None) -> Response:
        version = model_version_documented(name=name, number=number)
        if version is None:
            raise Http404
        context = self.get_serializer_context()
        return Response(ModelVersionDetailSerializer(version, context=context).data)


@extend_schema_view(
    list=extend_schema(
        summary="Sets of emission factors, the latest first",
        description="The first is what new predictions are made with if they name none.",
        examples=[OpenApiExample("A set", value=examples.EMISSION_FACTOR_SET, response_only=True)],
    )
)
class EmissionFactorSetViewSet(
    CachingMixin,
    StrictQueryMixin,
    mixins.ListModelMixin,
    viewsets.GenericViewSet[EmissionFactorSet],
):
    """By which factors fuels become emissions, and where the figures come from."""

    queryset = EmissionFactorSet.objects.none()
    serializer_class = EmissionFactorSetSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[EmissionFactorSet]:
        return emission_factor_set_list()
