"""What goes in and what comes out, field by field."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.reverse import reverse

from buildings.selectors.factors import KnownFactors, emission_factor_set_slug
from buildings.units import SYSTEMS, US
from mlmodel.card import headline_metrics
from mlmodel.checking import RowFault, unknown_member
from mlmodel.features import FEATURE_NAMES, FEATURES, Feature, FeatureRow
from mlmodel.models import ModelVersion
from mlmodel.prediction import COVERAGES
from predictions.api.fields import feature_field
from predictions.api.links import PredictionLinksSerializer
from predictions.api.problems import Location, Retry
from predictions.faults import fault_said
from predictions.models import ErrorCode, PredictionInput, PredictionOutput
from predictions.services.answers import output_emissions
from predictions.units import (
    answer_in,
    features_in,
    features_kept,
    row_check_in,
    unknown_feature,
)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what DRF would drop silently: members it does not know."""

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(_object(data))

    def to_internal_value(self, data: Any) -> Any:
        unknown = {name: self._unknown(name) for name in data if name not in self.fields}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**unknown, **error.detail}) from None  # type: ignore[dict-item]  # a serializer's detail is a dict
        if unknown:
            raise serializers.ValidationError(unknown)
        return value

    def _unknown(self, name: str) -> serializers.ErrorDetail:
        fault = self.unknown_fault(name)
        return serializers.ErrorDetail(fault_said(fault), fault.code)

    def unknown_fault(self, name: str) -> RowFault:
        """What is wrong with a member that is none of the fields."""
        return unknown_member(name, [*self.fields])


def _object(data: Any) -> Mapping[str, Any]:
    """The body, if it is an object."""
    if not isinstance(data, Mapping):
        raise serializers.ValidationError(
            {"non_field_errors": _("The body must be a JSON object.")}, "not-an-object"
        )
    return data


class NoInputSerializer(StrictSerializer):
    """An empty object: nothing is read from the body."""


class InUnitsSerializer(StrictSerializer):
    """Features in the units that the context names."""

    members: ClassVar[tuple[Feature, ...]] = FEATURES

    @property
    def units(self) -> str:
        return str(self.context.get("units", US))

    def get_fields(self) -> dict[str, serializers.Field]:
        members = features_in(self.units, self.members)
        return {member.name: feature_field(member) for member in members}

    def unknown_fault(self, name: str) -> RowFault:
        return unknown_feature(name, units=self.units, members=self.members)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return features_kept(attrs, units=self.units, members=self.members)


class FeaturesSerializer(InUnitsSerializer):
    """The facts of one building, known without a meter. Required members first; leave out or send
    null for what is unknown: a missing value is never read as 0."""

    def run_validation(self, data: Any = empty) -> FeatureRow:
        """As the rows of a batch are checked; the fields describe it in the schema."""
        features, faults = row_check_in(self.units)(_object(data))
        if faults:
            raise serializers.ValidationError(
                {
                    fault.name: [serializers.ErrorDetail(fault_said(fault), fault.code)]
                    for fault in faults
                }
            )
        return features


class AnswerSerializer(serializers.Serializer[Any]):
    """An answer in the units that the context names."""

    def to_representation(self, instance: Any) -> Any:
        return answer_in(self.context.get("units", US), super().to_representation(instance))


@extend_schema_field({"type": ["number", "string", "boolean"]})
class FeatureValueField(serializers.JSONField):
    """A feature's value, of whatever kind the feature is; null: unknown."""


class ModelReferenceSerializer(serializers.Serializer[Any]):
    """The model version that answered."""

    name = serializers.CharField()
    version = serializers.IntegerField()


class EmissionFactorSetReferenceSerializer(serializers.Serializer[Any]):
    """The emission factors that made emissions of the fuels."""

    id = serializers.CharField(
        source="*", help_text="Name and version: what `?emission_factor_set=` takes."
    )
    name = serializers.CharField()
    version = serializers.IntegerField()
    data_year = serializers.IntegerField(
        allow_null=True, help_text="Data year whose published emissions it explains."
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {
            "id": emission_factor_set_slug(instance),
            "name": instance.name,
            "version": instance.version,
            "data_year": instance.data_year,
        }


_FACTOR_SET_REFERENCE = EmissionFactorSetReferenceSerializer()  # made once, not once a prediction


class AssumptionSerializer(serializers.Serializer[Any]):
    """What was not said of the building, and what the model made of that."""

    feature = serializers.CharField(help_text="The feature that is missing.")
    treatment = serializers.CharField(help_text="How it was treated.")


class WarningSerializer(serializers.Serializer[Any]):
    """Why a prediction deserves less trust."""

    feature = serializers.CharField(help_text="The feature at fault.")
    detail = serializers.CharField(
        help_text="What is unusual about it, beside the buildings that the model learnt from."
    )


class SentSerializer(serializers.Serializer[Any]):
    """Members as they were sent, in the units they were sent in."""

    units = serializers.ChoiceField(choices=SYSTEMS)
    members = serializers.DictField(
        child=FeatureValueField(allow_null=True), help_text="Feature by its name in these units."
    )


def _bounds(help_text: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, help_text=help_text
    )


class IntervalSerializer(serializers.Serializer[Any]):
    """Between which values the truth lies with the nominal probability: low and high."""

    site_energy_use_kbtu = _bounds("Low and high, kBtu.")
    ghg_emissions_mtco2e = _bounds("Low and high, t CO2e.")


class IntervalsSerializer(serializers.Serializer[Any]):
    """By nominal coverage, per cent."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            str(coverage): IntervalSerializer(help_text=f"Holds the truth {coverage} times in 100.")
            for coverage in COVERAGES
        }


class PredictionOutputSerializer(serializers.Serializer[Any]):
    """What the model answered: a year's site energy use by fuel, what it emits, and how sure that
    is. Predictions of before version 0.2 have only the first two members; the others are null."""

    site_energy_use_kbtu = serializers.FloatField(
        help_text="Site energy use of a year, kBtu: the sum of the three fuels."
    )
    site_eui_kbtu_per_sqft = serializers.FloatField(
        help_text="Site energy use intensity: by building area without parking, kBtu/ft²/year."
    )
    electricity_kbtu = serializers.FloatField(allow_null=True, help_text="Electricity, kBtu.")
    natural_gas_kbtu = serializers.FloatField(allow_null=True, help_text="Natural gas, kBtu.")
    steam_kbtu = serializers.FloatField(allow_null=True, help_text="District steam, kBtu.")
    ghg_emissions_mtco2e = serializers.FloatField(
        allow_null=True, help_text="Greenhouse gas emissions, t CO2e: fuels times factors."
    )
    intervals = IntervalsSerializer(allow_null=True)
    emission_factor_set = EmissionFactorSetReferenceSerializer(allow_null=True)
    is_restated = serializers.BooleanField(
        help_text="Whether the emissions are by other factors than those on the record."
    )
    support = serializers.FloatField(
        allow_null=True,
        help_text="Share of the training buildings that are at least as unusual: 1 is ordinary, 0 "
        "is unlike anything the model learnt from.",
    )

    def to_representation(self, instance: PredictionOutput) -> dict[str, Any]:
        factors: KnownFactors | None = self.context.get("factors")
        emissions = output_emissions(instance, factors=factors)
        return {
            "site_energy_use_kbtu": instance.site_energy_use_kbtu,
            "site_eui_kbtu_per_sqft": instance.site_eui_kbtu_per_sqft,
            "electricity_kbtu": instance.electricity_kbtu,
            "natural_gas_kbtu": instance.natural_gas_kbtu,
            "steam_kbtu": instance.steam_kbtu,
            "ghg_emissions_mtco2e": emissions and emissions.ghg_emissions_mtco2e,
            "intervals": emissions
            and {
                str(coverage): {
                    "site_energy_use_kbtu": [
                        getattr(instance, f"site_energy_use_{end}_{coverage}_kbtu")
                        for end in ("low", "high")
                    ],
                    "ghg_emissions_mtco2e": list(emissions.intervals[coverage]),
                }
                for coverage in COVERAGES
            },
            "emission_factor_set": emissions
            and _FACTOR_SET_REFERENCE.to_representation(emissions.factor_set),
            "is_restated": bool(emissions and emissions.is_restated),
            "support": instance.support,
        }


_TIME: Final = serializers.DateTimeField()
#: What is said of each optional feature that is missing.
_ASSUMPTIONS: Final = {
    feature.name: {"feature": feature.name, "treatment": feature.absent}
    for feature in FEATURES
    if not feature.is_required
}


class PredictionSerializer(AnswerSerializer, serializers.ModelSerializer[PredictionInput]):
    """A prediction on the record. `output` is null when there is none: `error_code` then says why,
    or is null too if the answer was never stored."""

    url = serializers.HyperlinkedIdentityField(view_name="prediction-detail", lookup_field="id")
    created_at = serializers.DateTimeField(
        source="request.created_at",
        read_only=True,
        help_text="When the call was stored, before the model saw it.",
    )
    request_id = serializers.CharField(
        source="request.request_id", help_text="X-Request-ID of the call."
    )
    model = ModelReferenceSerializer(source="request.model_version")
    ose_building_id = serializers.IntegerField(
        source="building.ose_building_id",
        default=None,
        allow_null=True,
        help_text="The building whose stored facts were used, if any.",
    )
    what_if_of = serializers.UUIDField(
        source="what_if_of_id",
        allow_null=True,
        help_text="The prediction whose features this one varies, if any.",
    )
    features = serializers.SerializerMethodField(help_text="Every feature as the model saw it.")
    sent = serializers.SerializerMethodField(
        help_text="What of them was sent, and in which units; of a variation the changes; null "
        "where nothing was, as with stored facts, and for a batch's rows with `units=us`, whose "
        "`features` are what was sent."
    )
    assumptions = serializers.SerializerMethodField(
        help_text="Every feature that is missing and how the model treats that."
    )
    output = serializers.SerializerMethodField()
    warnings = serializers.SerializerMethodField(
        help_text="What lies far outside of what the model learnt from; null where it was not "
        "looked for: without an output, and before version 0.2."
    )
    error_code = serializers.SerializerMethodField()
    links = PredictionLinksSerializer(source="*")

    class Meta:
        model = PredictionInput
        fields = (
            "id",
            "url",
            "created_at",
            "request_id",
            "model",
            "ose_building_id",
            "what_if_of",
            "features",
            "sent",
            "assumptions",
            "output",
            "warnings",
            "error_code",
            "links",
        )
        read_only_fields = fields

    def to_representation(self, instance: PredictionInput) -> dict[str, Any]:
        """What the fields say. DRF would make them anew for each answer, which takes longer than
        all the rest of it."""
        call, building = instance.request, instance.building
        links = PredictionLinksSerializer(context=self.context).to_representation(instance)
        shown: dict[str, Any] = answer_in(
            self.context.get("units", US),
            {
                "id": str(instance.id),
                "url": links["self"],
                "created_at": _TIME.to_representation(call.created_at),
                "request_id": call.request_id,
                "model": {
                    "name": call.model_version.name,
                    "version": call.model_version.version,
                },
                "ose_building_id": None if building is None else building.ose_building_id,
                "what_if_of": instance.what_if_of_id and str(instance.what_if_of_id),
                "features": self.get_features(instance),
                "sent": self.get_sent(instance),
                "assumptions": self.get_assumptions(instance),
                "output": self.get_output(instance),
                "warnings": self.get_warnings(instance),
                "error_code": self.get_error_code(instance),
                "links": links,
            },
        )
        return shown

    @extend_schema_field(FeaturesSerializer)
    def get_features(self, prediction: PredictionInput) -> dict[str, Any]:
        # JSONB keeps no order; the list of features does.
        return {name: prediction.features.get(name) for name in FEATURE_NAMES}

    @extend_schema_field(SentSerializer(allow_null=True))
    def get_sent(self, prediction: PredictionInput) -> dict[str, Any] | None:
        if prediction.sent is None:
            return None
        # JSONB keeps no order; the list of features does.
        units, members = prediction.sent["units"], prediction.sent["members"]
        names = (feature.name for feature in features_in(units))
        return {
            "units": units,
            "members": {name: members[name] for name in names if name in members},
        }

    @extend_schema_field(AssumptionSerializer(many=True))
    def get_assumptions(self, prediction: PredictionInput) -> list[dict[str, Any]]:
        features = prediction.features
        return [said for name, said in _ASSUMPTIONS.items() if features.get(name) is None]

    @extend_schema_field(WarningSerializer(many=True, allow_null=True))
    def get_warnings(self, prediction: PredictionInput) -> list[dict[str, Any]] | None:
        output = getattr(prediction, "output", None)
        return None if output is None else output.cautions

    @extend_schema_field(PredictionOutputSerializer(allow_null=True))
    def get_output(self, prediction: PredictionInput) -> dict[str, Any] | None:
        output = getattr(prediction, "output", None)
        if output is None or output.error_code:
            return None
        return dict(PredictionOutputSerializer(output, context=self.context).data)

    @extend_schema_field(serializers.ChoiceField(choices=ErrorCode.choices, allow_null=True))
    def get_error_code(self, prediction: PredictionInput) -> str | None:
        output = getattr(prediction, "output", None)
        return None if output is None else output.error_code


class ModelVersionSerializer(serializers.Serializer[Any]):
    """A registered version of the served model."""

    name = serializers.CharField()
    version = serializers.IntegerField()
    alias = serializers.CharField(
        allow_null=True,
        help_text="`champion` serves; `challenger` is a candidate; null is neither.",
    )
    created_at = serializers.DateTimeField()
    promoted_at = serializers.DateTimeField(allow_null=True)
    artifact_digest = serializers.CharField(help_text="SHA-256 over the digests of its files.")
    size_bytes = serializers.IntegerField()
    signature = serializers.JSONField(help_text="Inputs and outputs, as MLflow stores them.")
    parameters = serializers.JSONField()
    metrics = serializers.SerializerMethodField(help_text="Cross-validated, by set-up.")
    data_fingerprint = serializers.JSONField(help_text="Which data it was trained on.")
    code_version = serializers.CharField()
    url = serializers.SerializerMethodField(help_text="Where its card and its history are.")

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_metrics(self, version: ModelVersion) -> dict[str, Any]:
        return headline_metrics(version.metrics)

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, version: ModelVersion) -> str:
        return reverse(
            "model-detail",
            kwargs={"name": version.name, "number": version.version},
            request=self.context.get("request"),
        )


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One thing wrong with the request, and where."""

    pointer = serializers.CharField(
        help_text="JSON Pointer (RFC 6901) into that part of the request: a member of the body, or "
        "a parameter or header by its name; empty: all of it."
    )
    detail = serializers.CharField(help_text="What is wrong and what would be right.")
    code = serializers.CharField(help_text="The same in every language, for programs.")
    line = serializers.IntegerField(
        required=False, help_text="Of a CSV, the line that the row starts on."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        place = serializers.ChoiceField(
            [(location.value, location.name) for location in Location],
            help_text="The part of the request that is at fault.",
        )
        return {"in": place, **super().get_fields()}  # `in` is a word of Python's


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a request was refused (RFC 9457)."""

    type = serializers.CharField(
        help_text="The kind of problem: a path of this service, which explains it."
    )
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    request_id = serializers.CharField(help_text="To find it in the log; X-Request-ID has it too.")
    errors = ProblemErrorSerializer(  # type: ignore[assignment]  # RFC 9457 does not reserve it, DRF does
        many=True, required=False, help_text="All that is wrong; with every 4xx."
    )
    error_count = serializers.IntegerField(
        required=False, help_text="Of a batch: errors in all, of which the first 1,000 are told."
    )
    prediction_id = serializers.UUIDField(
        required=False, help_text="The input on the record, when the model failed."
    )
    code = serializers.CharField(required=False, help_text="Why the model failed.")


class ProblemTypeSerializer(serializers.Serializer[Any]):
    """A kind of problem, in the language that Accept-Language prefers."""

    type = serializers.CharField(source="uri", help_text="As in the problem documents.")
    slug = serializers.CharField(help_text="The last part of `type`.")
    status = serializers.IntegerField(help_text="HTTP status.")
    title = serializers.CharField()
    when = serializers.CharField(help_text="When a request is answered so.")
    fix = serializers.CharField(help_text="What to do about it.")
    retry = serializers.ChoiceField(
        [(retry.value, retry.name) for retry in Retry],
        help_text="`never`: change the request first; `later`: send it again after the seconds "
        "that Retry-After states; `once`: send it once more, then tell the operator.",
    )
