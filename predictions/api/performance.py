"""How good a model version turned out to be."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from buildings.api.filters import TruthField, VocabularyField, WholeNumberField
from buildings.api.pagination import StrictQueryMixin
from mlmodel.comparison import promised_scores
from mlmodel.features import PRIMARY_PROPERTY_TYPES
from mlmodel.models import ModelVersion
from mlmodel.selectors import model_version_list
from predictions.api.serializers import ModelReferenceSerializer
from predictions.models import FIRST_DATA_YEAR
from predictions.selectors.performance import SMALLEST_GROUP, Accuracy, model_performance

_PROMISED: Final = ("r2_log", "mdape", "bias", "coverage_80", "coverage_90")
_MONTH: Final = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
_ACCURACY_EXAMPLE: Final[dict[str, Any]] = {
    "outcomes": 412,
    "buildings": 398,
    "r2_log": 0.781,
    "mdape": 0.312,
    "bias": 0.021,
    "coverage_80": 0.806,
    "coverage_90": 0.903,
}
_PROMISE_EXAMPLE: Final = dict(zip(_PROMISED, (0.79, 0.29, 0.01, 0.8, 0.9), strict=True))
PERFORMANCE_EXAMPLE: Final[dict[str, Any]] = {
    "model": {"name": "site-energy-use", "version": 2},
    "smallest_group": SMALLEST_GROUP,
    "groups_withheld": 0,
    "promised_population": "all",
    "overall": _ACCURACY_EXAMPLE,
    "by_set_up": [{"set_up": "f", **_ACCURACY_EXAMPLE, "promised": _PROMISE_EXAMPLE}],
    "by_training": [{"is_trained_on": None, **_ACCURACY_EXAMPLE}],
    "by_primary_property_type": [{"primary_property_type": "Hotel", **_ACCURACY_EXAMPLE}],
    "by_month": [{"month": "2026-11", **_ACCURACY_EXAMPLE}],
}


@extend_schema_field({"type": "string", "pattern": f"^{_MONTH.pattern}$"})
class MonthField(serializers.CharField):
    """`2026-11`, as its first day."""

    def to_internal_value(self, data: Any) -> Any:
        if not _MONTH.fullmatch(data):
            said = _("Must be a month as YYYY-MM, for instance 2026-11.")
            raise serializers.ValidationError(said, "invalid")
        return date.fromisoformat(f"{data}-01")


class PerformanceQuerySerializer(serializers.Serializer[Any]):
    """Which outcomes are looked at."""

    primary_property_type = VocabularyField(
        PRIMARY_PROPERTY_TYPES,
        required=False,
        help_text="Of buildings of this type only, in any letter case.",
    )
    month = MonthField(
        required=False, help_text="Of predictions made in this month (UTC) only: `2026-11`."
    )
    data_year = WholeNumberField(
        required=False,
        min_value=FIRST_DATA_YEAR,
        max_value=2100,
        help_text="Of this measured year only.",
    )
    is_trained_on = TruthField(
        required=False,
        allow_null=True,
        default=None,
        help_text="`false`: without the buildings that the model may have been trained on, as in "
        "cross-validation, whose promise this is to be held against; `true`: only those.",
    )


class PromiseSerializer(serializers.Serializer[Any]):
    """Cross-validated: means over the folds; null where the version's metrics lack one."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {name: serializers.FloatField(allow_null=True) for name in _PROMISED}


class AccuracySerializer(serializers.Serializer[Any]):
    """How close predicted site energy came to measured."""

    outcomes = serializers.IntegerField(
        help_text="Pairs of a prediction and a measured year, the latest outcome of each."
    )
    buildings = serializers.IntegerField(
        help_text="Different buildings among them: by their id, or else by all their features."
    )
    r2_log = serializers.FloatField(
        allow_null=True, help_text="R² of the logarithm; null where all measured the same."
    )
    mdape = serializers.FloatField(help_text="Median of |predicted / measured - 1|: 0.3 is 30 %.")
    bias = serializers.FloatField(
        help_text="Median of ln(predicted / measured); above 0, predictions are too high."
    )
    coverage_80 = serializers.FloatField(
        allow_null=True, help_text="Share of measured values within the 80 % interval."
    )
    coverage_90 = serializers.FloatField(
        allow_null=True, help_text="The same of the 90 % interval."
    )


class SetUpAccuracySerializer(AccuracySerializer):
    """By what the caller knew, beside what cross-validation promised for it."""

    set_up = serializers.CharField(
        help_text="`a` neither fuels nor ENERGY STAR score, `f` which fuels are connected, `b` the "
        "score, `c` both."
    )
    promised = PromiseSerializer(
        allow_null=True, help_text="Null: this set-up was not cross-validated."
    )


class TrainingAccuracySerializer(AccuracySerializer):
    """By whether the model may have been trained on the building, which flatters it."""

    is_trained_on = serializers.BooleanField(
        allow_null=True, help_text="Null: the prediction names no building on record."
    )


class TypeAccuracySerializer(AccuracySerializer):
    """By primary property type."""

    primary_property_type = serializers.CharField()


class MonthAccuracySerializer(AccuracySerializer):
    """By the month (UTC) in which the predictions were made."""

    month = serializers.CharField(help_text="`2026-11`.")


class PerformanceSerializer(serializers.Serializer[Any]):
    """Predicted beside measured site energy, over everybody's predictions by one model version."""

    model = ModelReferenceSerializer()
    smallest_group = serializers.IntegerField(
        help_text="A group of fewer different buildings is withheld, for it would tell of them."
    )
    groups_withheld = serializers.IntegerField(help_text="How many groups were.")
    promised_population = serializers.CharField(
        help_text="Whom cross-validation was of: `all` buildings, or `non_residential` ones."
    )
    overall = AccuracySerializer(
        allow_null=True, help_text="Null: nothing was measured yet, or of too few buildings."
    )
    by_set_up = SetUpAccuracySerializer(many=True)
    by_training = TrainingAccuracySerializer(many=True)
    by_primary_property_type = TypeAccuracySerializer(many=True)
    by_month = MonthAccuracySerializer(many=True)


class ModelPerformanceViewSet(StrictQueryMixin, viewsets.GenericViewSet[ModelVersion]):
    """What became of a version's predictions."""

    queryset = ModelVersion.objects.none()
    serializer_class = PerformanceSerializer
    pagination_class = None
    query_serializers = {"retrieve": PerformanceQuerySerializer}

    @extend_schema(
        summary="A model version's predictions beside what was measured",
        description=(
            "Accuracy of site energy over the predictions whose outcome is known, beside what "
            "cross-validation promised. Of everybody's predictions, for any caller: a group of "
            f"fewer than {SMALLEST_GROUP} different buildings is withheld. Groups and filters "
            "combine: `?primary_property_type=Hotel` gives the hotels by month. Left out "
            "are predictions and measured years of 0 kBtu, which have no logarithm."
        ),
        parameters=[PerformanceQuerySerializer],
        responses=PerformanceSerializer,
        examples=[
            OpenApiExample("After a year", value=PERFORMANCE_EXAMPLE, response_only=True),
        ],
    )
    def retrieve(self, request: Request, name: str, number: int) -> Response:
        asked = self.query.validated_data
        found = get_object_or_404(model_version_list(), name=name, version=number)
        performance, withheld = model_performance(version=found, **asked).disclosed()
        population, promised = promised_scores(found.metrics)
        document = {
            "model": {"name": found.name, "version": found.version},
            "smallest_group": SMALLEST_GROUP,
            "groups_withheld": withheld,
            "promised_population": population,
            "overall": performance.overall and asdict(performance.overall),
            "by_set_up": [
                {**group, "promised": _promise(promised.get(group["set_up"]))}
                for group in _groups("set_up", performance.by_set_up)
            ],
            "by_training": _groups("is_trained_on", performance.by_training),
            "by_primary_property_type": _groups(
                "primary_property_type", performance.by_primary_property_type
            ),
            "by_month": _groups(
                "month", {f"{month:%Y-%m}": of for month, of in performance.by_month.items()}
            ),
        }
        return Response(PerformanceSerializer(document).data)


def _groups(name: str, groups: Mapping[Any, Accuracy]) -> list[dict[str, Any]]:
    return [{name: key, **asdict(accuracy)} for key, accuracy in groups.items()]


def _promise(scores: Mapping[str, float] | None) -> dict[str, float | None] | None:
    if scores is None:
        return None
    return {name: scores.get(name) for name in _PROMISED}
