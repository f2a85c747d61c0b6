"""How buildings read in the API: names and units as in the tables, or in SI. Read only."""

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, Final

from drf_spectacular.utils import (
    PolymorphicProxySerializer,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.fields import SkipField

from buildings import units
from buildings.api.units import ConvertedField, InUnitsMixin
from buildings.models import BenchmarkRecord, Building, PropertyUse
from buildings.quality import RULES
from buildings.selectors.peers import Benchmark

#: Fewer peers than this say little; they are answered with a warning.
PEERS_ENOUGH: Final = 5
PEER_DEFINITION: Final = (
    "Records of the same use type and data year whose report is `Compliant` and whose site energy "
    "use intensity is above 0."
)

_TITLES: Final = {rule.code: rule.title for rule in RULES}


class BuildingSummarySerializer(InUnitsMixin):
    """A building in a list: identity, place and main facts, of its newest year or of the one
    asked for."""

    ose_building_id = serializers.IntegerField(help_text="The city's identifier.")
    property_name = serializers.CharField(help_text="Official or common name of the property.")
    address = serializers.CharField(help_text="Street address.")
    neighborhood = serializers.CharField(
        help_text="District, or two on a border (`SHARED: A & B`); empty when not known."
    )
    latitude = serializers.FloatField(allow_null=True, help_text="WGS 84, degrees.")
    longitude = serializers.FloatField(allow_null=True, help_text="WGS 84, degrees.")
    year_built = serializers.IntegerField(
        allow_null=True, help_text="Year of construction or of complete renovation."
    )
    data_year = serializers.IntegerField(
        allow_null=True, help_text="Year of the facts; null: never reported."
    )
    building_type = serializers.CharField(help_text="The city's class of building.")
    primary_property_type = serializers.CharField(help_text="Main use, in the city's grouping.")
    gross_floor_area_sqft = serializers.FloatField(
        allow_null=True, help_text="Gross floor area of buildings and parking."
    )
    energy_star_score = serializers.IntegerField(
        allow_null=True, help_text="ENERGY STAR score, 1 to 100."
    )
    site_energy_use_kbtu = serializers.FloatField(
        allow_null=True, help_text="Site energy used in the year."
    )
    site_eui_kbtu_per_sqft = serializers.FloatField(
        allow_null=True, help_text="Site energy use intensity."
    )
    total_ghg_emissions_mtco2e = serializers.FloatField(
        allow_null=True, help_text="Greenhouse gas emissions of the year, metric tons CO2e."
    )
    compliance_status = serializers.CharField(help_text="Whether the report met the ordinance.")
    is_synthetic = serializers.BooleanField(help_text="Made up: no real building.")

    def to_representation(self, instance: Mapping[str, Any]) -> dict[str, Any]:
        # Rows hold plain values: what the fields would do is nothing, 17 times a row.
        return {
            name: instance[source] if convert is None else convert(instance[source])
            for name, source, convert in self._plan
        }

    @cached_property
    def _plan(self) -> list[tuple[str, str, Any]]:
        return [
            (
                name,
                str(field.source),
                _convert(field) if isinstance(field, ConvertedField) else None,
            )
            for name, field in self.fields.items()
        ]


def _convert(field: ConvertedField) -> Any:
    return lambda value: None if value is None else field.to_representation(value)


class BuildingSummarySISerializer(BuildingSummarySerializer):
    """The same in SI units."""

    units = units.SI


class PropertyUseSerializer(InUnitsMixin, serializers.ModelSerializer[PropertyUse]):
    """One use of a property in a year."""

    class Meta:
        model = PropertyUse
        fields = ("rank", "use_type", "gfa_sqft")
        read_only_fields = fields


class PropertyUseSISerializer(PropertyUseSerializer):
    """The same in SI units."""

    units = units.SI


class QualityFlagSerializer(serializers.Serializer[str]):
    """A data-quality rule that a record breaks."""

    code = serializers.CharField(help_text="The rule's name.")
    title = serializers.CharField(help_text="What is wrong, in words.")

    def to_representation(self, instance: str) -> dict[str, str]:
        return {"code": instance, "title": _TITLES[instance]}


class ProvenanceSerializer(serializers.ModelSerializer[BenchmarkRecord]):
    """Which line of which file a record was read from."""

    dataset_import_id = serializers.IntegerField(
        read_only=True, help_text="The import that last created or changed the record."
    )
    file_name = serializers.CharField(
        source="dataset_import.file_name", read_only=True, help_text="Name of the file."
    )
    sha256 = serializers.CharField(
        source="dataset_import.sha256", read_only=True, help_text="SHA-256 of the file's bytes."
    )

    class Meta:
        model = BenchmarkRecord
        fields = ("dataset_import_id", "file_name", "sha256", "source_line_number")
        read_only_fields = fields


@extend_schema_field(
    {"type": ["object", "null"], "additionalProperties": {"type": ["string", "null"]}}
)
class AsPublishedField(serializers.Field[Any, Any, Any, Any]):
    """The row that a record was read from; absent unless the context has `with_published`."""

    def __init__(self) -> None:
        super().__init__(
            source="*",
            required=False,
            help_text=(
                "With `include=published`: the cells of the row by the headings of its file; null "
                "when the row is not on record."
            ),
        )

    def get_attribute(self, instance: BenchmarkRecord) -> BenchmarkRecord:
        if not self.context.get("with_published"):
            raise SkipField
        return instance

    def to_representation(self, value: BenchmarkRecord) -> dict[str, str] | None:
        if not hasattr(value, "published"):
            return None
        return dict(zip(value.dataset_import.header, value.published.cells, strict=False))


class BenchmarkRecordSerializer(InUnitsMixin, serializers.ModelSerializer[BenchmarkRecord]):
    """What a building reported for one year; `as_published` only if it was asked for."""

    uses = PropertyUseSerializer(many=True, read_only=True)
    quality_flags = QualityFlagSerializer(
        many=True, read_only=True, help_text="Data-quality rules that the record breaks."
    )
    provenance = ProvenanceSerializer(source="*", read_only=True)
    as_published = AsPublishedField()

    class Meta:
        model = BenchmarkRecord
        fields = (
            "data_year",
            "is_synthetic",
            "building_type",
            "primary_property_type",
            "epa_property_type",
            "neighborhood",
            "year_built",
            "number_of_buildings",
            "number_of_floors",
            "property_gfa_total_sqft",
            "property_gfa_parking_sqft",
            "property_gfa_buildings_sqft",
            "uses",
            "years_energy_star_certified",
            "energy_star_score",
            "site_eui_kbtu_per_sqft",
            "site_eui_wn_kbtu_per_sqft",
            "source_eui_kbtu_per_sqft",
            "source_eui_wn_kbtu_per_sqft",
            "site_energy_use_kbtu",
            "site_energy_use_wn_kbtu",
            "steam_use_kbtu",
            "electricity_kwh",
            "electricity_kbtu",
            "natural_gas_therms",
            "natural_gas_kbtu",
            "other_fuel_use_kbtu",
            "total_ghg_emissions_mtco2e",
            "ghg_emissions_intensity_kgco2e_per_sqft",
            "is_default_data",
            "compliance_status",
            "compliance_issue",
            "outlier",
            "quality_flags",
            "provenance",
            "as_published",
        )
        read_only_fields = fields


class BenchmarkRecordSISerializer(BenchmarkRecordSerializer):
    """The same in SI units. Electricity is `electricity_kwh`, as published; therms are left out."""

    units = units.SI
    uses = PropertyUseSISerializer(many=True, read_only=True)


class BuildingSerializer(serializers.ModelSerializer[Building]):
    """A building with every fact that does not change by the year, and its yearly records."""

    records = BenchmarkRecordSerializer(many=True, read_only=True, help_text="Newest first.")

    class Meta:
        model = Building
        fields = (
            "ose_building_id",
            "property_name",
            "address",
            "city",
            "state",
            "zip_code",
            "tax_parcel_identification_number",
            "council_district_code",
            "neighborhood",
            "latitude",
            "longitude",
            "year_built",
            "records",
        )
        read_only_fields = fields


class BuildingSISerializer(BuildingSerializer):
    """The same in SI units."""

    records = BenchmarkRecordSISerializer(many=True, read_only=True, help_text="Newest first.")


class EuiSpreadSerializer(serializers.Serializer[Any]):
    """How the peers' site energy use intensities are spread; null without any peer."""

    units = units.US

    minimum = serializers.FloatField(allow_null=True, help_text="The least.")
    p10 = serializers.FloatField(allow_null=True, help_text="A tenth of the peers use less.")
    p25 = serializers.FloatField(allow_null=True, help_text="A quarter of the peers use less.")
    median = serializers.FloatField(allow_null=True, help_text="Half of the peers use less.")
    p75 = serializers.FloatField(allow_null=True, help_text="Three quarters of the peers use less.")
    p90 = serializers.FloatField(allow_null=True, help_text="Nine tenths of the peers use less.")
    maximum = serializers.FloatField(allow_null=True, help_text="The most.")
    mean = serializers.FloatField(allow_null=True, help_text="Arithmetic mean.")

    def to_representation(self, instance: Any) -> dict[str, float | None]:
        values = {str(name): getattr(instance, str(name)) for name in self.fields}
        if self.units == units.SI:
            in_si = partial(units.in_si, "site_eui_kbtu_per_sqft")
            return {name: in_si(value) for name, value in values.items()}
        return {
            name: None if value is None else units.significant(value)
            for name, value in values.items()
        }


class EuiSpreadSISerializer(EuiSpreadSerializer):
    """The same in SI units."""

    units = units.SI


class BenchmarkLinksSerializer(serializers.Serializer[Any]):
    """Where to read on."""

    buildings = serializers.URLField(
        allow_null=True, help_text="The peers themselves, as a list; null if there is none."
    )


class BenchmarkSerializer(InUnitsMixin):
    """Statistics of the peers of a use type, and where a given intensity stands among them."""

    primary_property_type = serializers.CharField(
        source="criteria.primary_property_type", help_text="Main use of the peers."
    )
    data_year = serializers.IntegerField(
        source="criteria.data_year",
        allow_null=True,
        help_text="Year of their records; null: no year has any peer.",
    )
    is_synthetic = serializers.BooleanField(
        source="criteria.is_synthetic",
        allow_null=True,
        help_text="Whether the peers are made up; null: there is none of either.",
    )
    neighborhood = serializers.CharField(
        source="criteria.neighborhood",
        allow_null=True,
        help_text="District that they are narrowed to.",
    )
    definition = serializers.SerializerMethodField(help_text="What makes a record a peer.")
    count = serializers.IntegerField(help_text="How many peers there are.")
    site_eui_kbtu_per_sqft = EuiSpreadSerializer(source="*", help_text="Site energy use intensity.")
    given_site_eui_kbtu_per_sqft = serializers.FloatField(
        source="site_eui", allow_null=True, help_text="The intensity that was asked about."
    )
    percentile_of_eui = serializers.SerializerMethodField(
        help_text=(
            "Share of the peers, in per cent, that use less than the given intensity; those that "
            "use the same count half."
        ),
    )
    warning = serializers.SerializerMethodField(
        help_text="Why to read the figures with care, if there is a reason."
    )
    links = serializers.SerializerMethodField()

    def get_percentile_of_eui(self, benchmark: Benchmark) -> float | None:
        return None if benchmark.percentile is None else round(benchmark.percentile, 2)

    def get_definition(self, benchmark: Benchmark) -> str:
        return PEER_DEFINITION

    def get_warning(self, benchmark: Benchmark) -> str | None:
        if benchmark.count >= PEERS_ENOUGH:
            return None
        return f"Fewer than {PEERS_ENOUGH} peers: the figures say little."

    @extend_schema_field(BenchmarkLinksSerializer)
    def get_links(self, benchmark: Benchmark) -> dict[str, str | None]:
        return {"buildings": self.context["peers_url"]}


class BenchmarkSISerializer(BenchmarkSerializer):
    """The same in SI units."""

    units = units.SI
    site_eui_kbtu_per_sqft = EuiSpreadSISerializer(
        source="*", help_text="Site energy use intensity."
    )


# For the schema alone: which of two shapes an answer has is said by `units`.


def _either(name: str, *shapes: type[serializers.Serializer[Any]]) -> Any:
    return PolymorphicProxySerializer(
        component_name=name, serializers=list(shapes), resource_type_field_name=None
    )


BUILDING_SUMMARY_SCHEMA: Final = _either(
    "BuildingSummaryInUnits", BuildingSummarySerializer, BuildingSummarySISerializer
)
BUILDING_SCHEMA: Final = _either("BuildingInUnits", BuildingSerializer, BuildingSISerializer)
BENCHMARK_SCHEMA: Final = _either("BenchmarkInUnits", BenchmarkSerializer, BenchmarkSISerializer)


def _constant(value: str) -> Any:
    field = type(f"{value}TypeField", (serializers.CharField,), {})
    return extend_schema_field({"type": "string", "const": value})(field)()


@extend_schema_field(BUILDING_SUMMARY_SCHEMA)
class _SummaryField(serializers.JSONField):
    pass


@extend_schema_field(
    {
        "type": "object",
        "required": ["type", "coordinates"],
        "properties": {
            "type": {"type": "string", "const": "Point"},
            "coordinates": {
                "type": "array",
                "items": {"type": "number"},
                "minItems": 2,
                "maxItems": 2,
            },
        },
    }
)
class _PointField(serializers.JSONField):
    pass


class FeatureSerializer(serializers.Serializer[Any]):
    """A building as a GeoJSON Feature."""

    type = _constant("Feature")
    id = serializers.IntegerField(help_text="The OSE building id.")
    geometry = _PointField(
        allow_null=True, help_text="Longitude and latitude, WGS 84; null when not known."
    )
    properties = _SummaryField(help_text="As in the list in JSON.")


@extend_schema_serializer(many=False)
class FeatureCollectionSerializer(serializers.Serializer[Any]):
    """A page of buildings as GeoJSON (RFC 7946); `next` and `previous` are foreign members."""

    type = _constant("FeatureCollection")
    next = serializers.URLField(allow_null=True, help_text="The next page; null on the last one.")
    previous = serializers.URLField(
        allow_null=True, help_text="The page before; null on the first one."
    )
    features = FeatureSerializer(many=True)
