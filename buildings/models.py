"""Facts: buildings, what they reported each year, and which file brought it.

Field names are the city's data dictionary in snake case with the unit as suffix. Values are as
published, after the normalisation in `buildings.benchmarking`.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class DatasetImport(models.Model):
    """One load of one file: where it came from, its digest, and what it changed."""

    source = models.CharField(
        max_length=500, help_text="Path, URL or name the file was asked for by."
    )
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(
        max_length=64, db_index=True, help_text="SHA-256 of the file's bytes."
    )
    size_bytes = models.PositiveBigIntegerField()
    is_synthetic = models.BooleanField(
        default=False, help_text="Generated sample, no real building."
    )
    data_years = models.JSONField(default=list, help_text="Data years found in the file.")
    rows_read = models.PositiveIntegerField()
    rows_created = models.PositiveIntegerField()
    rows_updated = models.PositiveIntegerField()
    rows_unchanged = models.PositiveIntegerField()
    rows_rejected = models.PositiveIntegerField()
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="datasetimport_sha256_hex"
            ),
            models.CheckConstraint(
                condition=Q(
                    rows_read=F("rows_created")
                    + F("rows_updated")
                    + F("rows_unchanged")
                    + F("rows_rejected")
                ),
                name="datasetimport_counts_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.sha256[:12]})"


class RejectedRow(models.Model):
    """A row of a file that was not loaded, as it stood, with every reason."""

    dataset_import = models.ForeignKey(
        DatasetImport, on_delete=models.CASCADE, related_name="rejected"
    )
    line_number = models.PositiveIntegerField(help_text="Line in the file; the header is line 1.")
    reasons = models.JSONField(help_text="One {field, reason} for each thing wrong.")
    row = models.JSONField(help_text="The row as published: header -> text.")

    class Meta:
        ordering = ("dataset_import_id", "line_number")
        constraints = [
            models.UniqueConstraint(
                fields=["dataset_import", "line_number"], name="rejectedrow_line_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.line_number}"


class Building(models.Model):
    """A property as the city identifies it; what changes by the year is in BenchmarkRecord."""

    ose_building_id = models.PositiveIntegerField(unique=True, help_text="The city's identifier.")
    property_name = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=2, blank=True)
    zip_code = models.CharField(max_length=10, blank=True)
    tax_parcel_identification_number = models.CharField(max_length=32, blank=True)
    council_district_code = models.PositiveSmallIntegerField(null=True, blank=True)
    neighborhood = models.CharField(max_length=64, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    year_built = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("ose_building_id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(year_built__range=(1800, 2100)), name="building_year_built_plausible"
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True) | Q(latitude__range=(-90, 90)),
                name="building_latitude_range",
            ),
            models.CheckConstraint(
                condition=Q(longitude__isnull=True) | Q(longitude__range=(-180, 180)),
                name="building_longitude_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ose_building_id} {self.property_name}"


class BenchmarkRecord(models.Model):
    """What one building reported for one calendar year.

    Energies are site energy unless the name says source; `_wn` is weather-normalised; emissions
    are metric tons CO2e.
    """

    building = models.ForeignKey(Building, on_delete=models.PROTECT, related_name="records")
    data_year = models.PositiveSmallIntegerField()
    dataset_import = models.ForeignKey(
        DatasetImport,
        on_delete=models.PROTECT,
        related_name="records",
        help_text="The import that last created or changed this record.",
    )
    source_line_number = models.PositiveIntegerField()

    building_type = models.CharField(max_length=64, db_index=True)
    primary_property_type = models.CharField(max_length=100, db_index=True)
    number_of_buildings = models.PositiveSmallIntegerField(null=True, blank=True)
    number_of_floors = models.PositiveSmallIntegerField(null=True, blank=True)
    property_gfa_total_sqft = models.FloatField()
    property_gfa_parking_sqft = models.FloatField(null=True, blank=True)
    property_gfa_buildings_sqft = models.FloatField(null=True, blank=True)
    list_of_all_property_use_types = models.TextField(blank=True)
    years_energy_star_certified = models.CharField(max_length=255, blank=True)
    energy_star_score = models.PositiveSmallIntegerField(null=True, blank=True)

    site_eui_kbtu_per_sqft = models.FloatField(null=True, blank=True)
    site_eui_wn_kbtu_per_sqft = models.FloatField(null=True, blank=True)
    source_eui_kbtu_per_sqft = models.FloatField(null=True, blank=True)
    source_eui_wn_kbtu_per_sqft = models.FloatField(null=True, blank=True)
    site_energy_use_kbtu = models.FloatField(null=True, blank=True)
    site_energy_use_wn_kbtu = models.FloatField(null=True, blank=True)
    steam_use_kbtu = models.FloatField(null=True, blank=True)
    electricity_kwh = models.FloatField(null=True, blank=True)
    electricity_kbtu = models.FloatField(null=True, blank=True)
    natural_gas_therms = models.FloatField(null=True, blank=True)
    natural_gas_kbtu = models.FloatField(null=True, blank=True)
    total_ghg_emissions_mtco2e = models.FloatField(null=True, blank=True)
    ghg_emissions_intensity_kgco2e_per_sqft = models.FloatField(null=True, blank=True)

    is_default_data = models.BooleanField(null=True, blank=True)
    comments = models.TextField(blank=True)
    compliance_status = models.CharField(max_length=64, db_index=True)
    outlier = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ("building_id", "-data_year")
        constraints = [
            models.UniqueConstraint(
                fields=["building", "data_year"], name="benchmarkrecord_one_a_year"
            ),
            models.CheckConstraint(
                condition=Q(property_gfa_total_sqft__gt=0), name="benchmarkrecord_gfa_positive"
            ),
            models.CheckConstraint(
                condition=Q(energy_star_score__isnull=True) | Q(energy_star_score__range=(1, 100)),
                name="benchmarkrecord_score_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.building_id} in {self.data_year}"


class PropertyUse(models.Model):
    """One use of a property in a year: the three largest with area, the others by name only."""

    record = models.ForeignKey(BenchmarkRecord, on_delete=models.CASCADE, related_name="uses")
    rank = models.PositiveSmallIntegerField(help_text="1 is the largest; then as listed.")
    use_type = models.CharField(max_length=100)
    gfa_sqft = models.FloatField(
        null=True, blank=True, help_text="Published for the three largest uses only."
    )

    class Meta:
        ordering = ("record_id", "rank")
        constraints = [
            models.UniqueConstraint(fields=["record", "rank"], name="propertyuse_rank_unique"),
            models.CheckConstraint(
                condition=Q(gfa_sqft__isnull=True) | Q(gfa_sqft__gte=0),
                name="propertyuse_gfa_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.use_type
