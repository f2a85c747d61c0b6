"""What was measured of a prediction: enter it, and read what was entered."""

from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from buildings.api.pagination import StrictQueryMixin
from buildings.units import SI, name_in
from mlmodel.features import Feature
from predictions.api import problems
from predictions.api.authentication import MayPredict
from predictions.api.fields import StrictTextField
from predictions.api.filters import PredictionUnitsQuerySerializer
from predictions.api.idempotency import idempotent
from predictions.api.pagination import NewestOutcomeFirstPagination
from predictions.api.parsers import request_body
from predictions.api.serializers import AnswerSerializer, InUnitsSerializer
from predictions.models import (
    FIRST_DATA_YEAR,
    MEASURED_MAX_KBTU,
    MEASURED_MAX_MTCO2E,
    ObservedOutcome,
    OutcomeSource,
    PredictionInput,
)
from predictions.selectors import prediction_list
from predictions.selectors.outcomes import outcome_list
from predictions.services.outcomes import outcome_conflicts, outcome_create
from predictions.units import answer_in


def _fuel(name: str, label: str, help_text: str) -> Feature:
    return Feature(
        name=name,
        kind="number",
        label=label,
        help=help_text,
        example=None,
        unit="kBtu",
        minimum=0,
        maximum=MEASURED_MAX_KBTU,
        absent="not known",
    )


#: What was measured, described as features are, so that the same strict fields read it.
_MEMBERS: Final = (
    Feature(
        name="data_year",
        kind="integer",
        label="Data year",
        help="The calendar year that was measured; it must be over.",
        example=2025,
        unit="year",
        minimum=FIRST_DATA_YEAR,
        maximum=2100,
    ),
    Feature(
        name="site_energy_use_kbtu",
        kind="number",
        label="Site energy use",
        help="Site energy used in that year as metered, not weather-normalised.",
        example=7_400_000,
        unit="kBtu",
        minimum=0,
        maximum=MEASURED_MAX_KBTU,
    ),
    _fuel("electricity_kbtu", "Electricity", "Electricity of it."),
    _fuel("natural_gas_kbtu", "Natural gas", "Natural gas of it."),
    _fuel("steam_kbtu", "District steam", "District steam of it."),
    Feature(
        name="ghg_emissions_mtco2e",
        kind="number",
        label="Emissions",
        help="Greenhouse gas emissions of that energy as reported.",
        example=None,
        unit="t CO2e",
        minimum=0,
        maximum=MEASURED_MAX_MTCO2E,
        absent="not known",
    ),
)

ENTERED_EXAMPLE: Final[dict[str, Any]] = {
    "data_year": 2025,
    "site_energy_use_kbtu": 7_400_000.0,
    "electricity_kbtu": 4_300_000.0,
    "natural_gas_kbtu": 2_100_000.0,
    "steam_kbtu": 1_000_000.0,
    "ghg_emissions_mtco2e": 218.7,
    "note": "Utility bills, January to December.",
}
OUTCOME_EXAMPLE: Final[dict[str, Any]] = {
    "prediction_id": "0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10",
    **ENTERED_EXAMPLE,
    "source": "api",
    "entered_by": "energy-desk",
    "created_at": "2026-11-27T10:00:00.123456Z",
    "is_latest": True,
}
ENTERED_SI_EXAMPLE: Final[dict[str, Any]] = answer_in(SI, ENTERED_EXAMPLE)
OUTCOME_SI_EXAMPLE: Final[dict[str, Any]] = answer_in(SI, OUTCOME_EXAMPLE)


class OutcomeEntrySerializer(InUnitsSerializer):
    """What was measured in a year. Leave out or send null for what is not known: a missing value is
    never read as 0. If all three fuels are given, they add up to the site energy within 1 %.
    1 kWh = 3.412141633 kBtu, 1 therm = 100 kBtu."""

    members = _MEMBERS

    def get_fields(self) -> dict[str, serializers.Field]:
        note = StrictTextField(
            required=False,
            allow_blank=True,
            max_length=500,
            help_text="Where the figure is from, in words; at most 500 characters.",
        )
        return {**super().get_fields(), "note": note}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        values = super().validate(attrs)
        if conflicts := outcome_conflicts(values):
            raise serializers.ValidationError(
                {
                    name_in(name, self.units): serializers.ErrorDetail(text, "conflict")
                    for name, text in conflicts.items()
                }
            )
        return values


class OutcomeSerializer(AnswerSerializer, serializers.ModelSerializer[ObservedOutcome]):
    """What was measured of a prediction's building in a year, kBtu and t CO2e; null is not
    known."""

    prediction_id = serializers.UUIDField(source="input_id")
    entered_by = serializers.CharField(
        source="entered_by_name", help_text="Who entered it, by the name of then."
    )
    is_latest = serializers.BooleanField(
        help_text="Whether it counts: no later outcome of the same year corrects it."
    )

    class Meta:
        model = ObservedOutcome
        fields = (
            "prediction_id",
            *(member.name for member in _MEMBERS),
            "note",
            "source",
            "entered_by",
            "created_at",
            "is_latest",
        )
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(
        summary="What was measured of a prediction, newest first",
        description="Everything that was entered or matched, corrections included; of each year "
        "the one whose `is_latest` is true counts.",
        parameters=[PredictionUnitsQuerySerializer],
        examples=[
            OpenApiExample("An outcome", value=OUTCOME_EXAMPLE, response_only=True),
            OpenApiExample("With units=si", value=OUTCOME_SI_EXAMPLE, response_only=True),
        ],
    )
)
class PredictionOutcomeViewSet(
    StrictQueryMixin, mixins.ListModelMixin, viewsets.GenericViewSet[ObservedOutcome]
):
    """Outcomes of one prediction: one's own; staff, anybody's."""

    queryset = ObservedOutcome.objects.none()
    serializer_class = OutcomeSerializer
    pagination_class = NewestOutcomeFirstPagination
    query_serializers = {
        "list": PredictionUnitsQuerySerializer,
        "create": PredictionUnitsQuerySerializer,
    }
    problems_of = {"create": (problems.UNSUITABLE_PREDICTION,)}

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "units": self.query.validated_data["units"]}

    def get_permissions(self) -> list[Any]:
        permissions = [*super().get_permissions()]
        return [*permissions, MayPredict()] if self.action == "create" else permissions

    def _prediction(self) -> PredictionInput:
        user: Any = self.request.user
        return get_object_or_404(prediction_list(user=user), pk=self.kwargs["id"])

    def get_queryset(self) -> QuerySet[ObservedOutcome]:
        return outcome_list(prediction=self._prediction())

    @extend_schema(
        summary="Enter what was measured",
        description=(
            "What the prediction's building really used in a year that is over. Nothing is "
            "replaced: another outcome of the same year is a correction, and the latest counts. "
            "The predictions of a model version beside their outcomes: "
            "`models/{name}/versions/{number}/performance/`."
        ),
        parameters=[PredictionUnitsQuerySerializer],
        request=OutcomeEntrySerializer,
        responses={201: OpenApiResponse(OutcomeSerializer, description="Stored.")},
        examples=[
            OpenApiExample("A year's bills", value=ENTERED_EXAMPLE, request_only=True),
            OpenApiExample(
                "A year's bills with units=si", value=ENTERED_SI_EXAMPLE, request_only=True
            ),
            OpenApiExample("As stored", value=OUTCOME_EXAMPLE, response_only=True),
            OpenApiExample("With units=si", value=OUTCOME_SI_EXAMPLE, response_only=True),
        ],
    )
    @idempotent()
    def create(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as predictions' paths name it
        prediction = self._prediction()
        request_body(request)
        context = self.get_serializer_context()
        entered = OutcomeEntrySerializer(data=request.data, context=context)
        entered.is_valid(raise_exception=True)
        user: Any = request.user
        outcome: Any = outcome_create(
            prediction=prediction,
            values=entered.validated_data,
            source=OutcomeSource.API,
            entered_by=user,
            request_id=request.META["HTTP_X_REQUEST_ID"],
        )
        outcome.is_latest = True
        shown = OutcomeSerializer(outcome, context=context).data
        return Response(shown, status=status.HTTP_201_CREATED)
