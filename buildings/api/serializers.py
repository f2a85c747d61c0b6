"""How buildings read in the API: names and units as in the tables. Read only."""

from rest_framework import serializers

from buildings.models import BenchmarkRecord, Building, PropertyUse


class BuildingSummarySerializer(serializers.ModelSerializer[Building]):
    """A building in a list: identity, place and the main facts of its newest year."""

    data_year = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Newest year reported."
    )
    building_type = serializers.CharField(read_only=True, allow_null=True)
    primary_property_type = serializers.CharField(read_only=True, allow_null=True)
    gross_floor_area_sqft = serializers.FloatField(
        read_only=True, allow_null=True, help_text="Building and parking, ft²."
    )
    is_synthetic = serializers.BooleanField(
        read_only=True, allow_null=True, help_text="Made up: no real building."
    )

    class Meta:
        model = Building
        fields = (
            "ose_building_id",
            "property_name",
            "address",
            "neighborhood",
            "year_built",
            "data_year",
            "building_type",
            "primary_property_type",
            "gross_floor_area_sqft",
            "is_synthetic",
        )
        read_only_fields = fields


class PropertyUseSerializer(serializers.ModelSerializer[PropertyUse]):
    """One use of a property in a year."""

    class Meta:
        model = PropertyUse
        fields = ("rank", "use_type", "gfa_sqft")
        read_only_fields = fields


class BenchmarkRecordSerializer(serializers.ModelSerializer[BenchmarkRecord]):
    """What a building reported for one year; energies in kBtu a year unless named otherwise."""

    uses = PropertyUseSerializer(many=True, read_only=True)
    is_synthetic = serializers.BooleanField(
        source="dataset_import.is_synthetic", read_only=True, help_text="Made up."
    )

    class Meta:
        model = BenchmarkRecord
        fields = (
            "data_year",
            "is_synthetic",
            "building_type",
            "primary_property_type",
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
            "total_ghg_emissions_mtco2e",
            "ghg_emissions_intensity_kgco2e_per_sqft",
            "is_default_data",
            "compliance_status",
            "outlier",
        )
        read_only_fields = fields


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
