"""What buildings reported each year: as understood, as published, and as it was before."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from buildings.choices import (
    BUILDING_TYPES,
    NEIGHBORHOOD_PATTERN,
    OUTLIERS,
    PRIMARY_PROPERTY_TYPES,
)
from buildings.models.buildings import Building
from buildings.models.constraints import at_least, in_range, one_of
from buildings.models.imports import DatasetImport
from buildings.quality import RULES


class BenchmarkRecord(models.Model):
    """What one building reported for one calendar year.

    Energies are site energy unless the name says source; `_wn` is weather-normalised; emissions
    are metric tons CO2e. Each column keeps what the city published under that heading; where the
    numbers contradict one another, `quality_flags` says so.
    """

    building = models.ForeignKey(
        Building,
        on_delete=models.PROTECT,
        related_name="records",
        db_index=False,  # benchmarkrecord_one_a_year begins with it
        help_text="The building that reported.",
    )
    data_year = models.PositiveSmallIntegerField(help_text="Calendar year of the figures.")
    dataset_import = models.ForeignKey(
        DatasetImport,
        on_delete=models.PROTECT,
        related_name="records",
        help_text="The import that last created or changed this record.",
    )
    source_line_number = models.PositiveIntegerField(help_text="Line of that import's file.")
    is_synthetic = models.BooleanField(default=False, help_text="Made up: no real building.")
    values_digest = models.BinaryField(
        max_length=16,
        default=b"",
        help_text="BLAKE2b of all values as understood: tells whether a row changed.",
    )
    quality_flags = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="Data-quality rules that the record breaks (docs/reference/data-quality.md).",
    )

    building_type = models.CharField(
        max_length=64, blank=True, help_text="The city's class of building."
    )
    primary_property_type = models.CharField(
        max_length=100, blank=True, help_text="Main use, in the city's grouping of 2016."
    )
    epa_property_type = models.CharField(
        max_length=100,
        blank=True,
        help_text="Main use as Portfolio Manager names it, where the file has such a column.",
    )
    neighborhood = models.CharField(
        max_length=64, blank=True, help_text="District, as this year's file has it."
    )
    latitude = models.FloatField(null=True, blank=True, help_text="Latitude, WGS 84, degrees.")
    longitude = models.FloatField(null=True, blank=True, help_text="Longitude, WGS 84, degrees.")
    year_built = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Year of construction, as this year's file has it."
    )
    number_of_buildings = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Buildings of the property; published 0: not known."
    )
    number_of_floors = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Floors above ground; published 0 and 99: not known."
    )
    property_gfa_total_sqft = models.FloatField(
        help_text="Gross floor area of buildings and parking."
    )
    property_gfa_parking_sqft = models.FloatField(
        null=True, blank=True, help_text="Gross floor area of parking."
    )
    property_gfa_buildings_sqft = models.FloatField(
        null=True, blank=True, help_text="Gross floor area of buildings, without parking."
    )
    list_of_all_property_use_types = models.TextField(
        blank=True, help_text="All uses in one text, as published."
    )
    years_energy_star_certified = models.CharField(
        max_length=255, blank=True, help_text="Years of ENERGY STAR certification."
    )
    energy_star_score = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="ENERGY STAR score, 1 to 100; computed from metered use."
    )

    site_eui_kbtu_per_sqft = models.FloatField(
        null=True, blank=True, help_text="Site energy use intensity."
    )
    site_eui_wn_kbtu_per_sqft = models.FloatField(
        null=True, blank=True, help_text="Site energy use intensity, weather-normalised."
    )
    source_eui_kbtu_per_sqft = models.FloatField(
        null=True, blank=True, help_text="Source energy use intensity."
    )
    source_eui_wn_kbtu_per_sqft = models.FloatField(
        null=True, blank=True, help_text="Source energy use intensity, weather-normalised."
    )
    site_energy_use_kbtu = models.FloatField(
        null=True, blank=True, help_text="Site energy used in the year."
    )
    site_energy_use_wn_kbtu = models.FloatField(
        null=True, blank=True, help_text="Site energy used in the year, weather-normalised."
    )
    steam_use_kbtu = models.FloatField(null=True, blank=True, help_text="District steam used.")
    electricity_kwh = models.FloatField(
        null=True, blank=True, help_text="Electricity used; negative when more was fed in."
    )
    electricity_kbtu = models.FloatField(
        null=True, blank=True, help_text="Electricity used; 1 kWh = 3.412141633 kBtu."
    )
    natural_gas_therms = models.FloatField(null=True, blank=True, help_text="Natural gas used.")
    natural_gas_kbtu = models.FloatField(
        null=True, blank=True, help_text="Natural gas used; 1 therm = 100 kBtu."
    )
    other_fuel_use_kbtu = models.FloatField(
        null=True, blank=True, help_text="Other fuels used; published for 2015 only."
    )
    total_ghg_emissions_mtco2e = models.FloatField(
        null=True, blank=True, help_text="Greenhouse gas emissions of the energy used."
    )
    ghg_emissions_intensity_kgco2e_per_sqft = models.FloatField(
        null=True, blank=True, help_text="Greenhouse gas emissions per floor area, as published."
    )

    is_default_data = models.BooleanField(
        null=True, blank=True, help_text="Whether default values stand for some facts."
    )
    comments = models.TextField(blank=True, help_text="The owner's comment, as published.")
    compliance_status = models.CharField(
        max_length=64, blank=True, help_text="Whether the report met the ordinance."
    )
    compliance_issue = models.CharField(
        max_length=100, blank=True, help_text="What the city found wrong (from 2018 on)."
    )
    outlier = models.CharField(
        max_length=32, blank=True, help_text="The city's mark of an outlier (until 2017)."
    )

    class Meta:
        ordering = ("building_id", "-data_year")
        constraints = [
            models.UniqueConstraint(
                fields=["building", "data_year"], name="benchmarkrecord_one_a_year"
            ),
            models.CheckConstraint(
                condition=Q(data_year__range=(2000, 2100)), name="benchmarkrecord_year_plausible"
            ),
            models.CheckConstraint(
                condition=Q(property_gfa_total_sqft__gt=0), name="benchmarkrecord_gfa_positive"
            ),
            in_range("energy_star_score", 1, 100, "benchmarkrecord_score_range"),
            in_range("year_built", 1800, 2100, "benchmarkrecord_year_built_plausible"),
            in_range("latitude", -90, 90, "benchmarkrecord_latitude_range"),
            in_range("longitude", -180, 180, "benchmarkrecord_longitude_range"),
            models.CheckConstraint(
                condition=Q(neighborhood__regex=NEIGHBORHOOD_PATTERN),
                name="benchmarkrecord_neighborhood_known",
            ),
            at_least("property_gfa_parking_sqft", 0, "benchmarkrecord_parking_positive"),
            at_least("property_gfa_buildings_sqft", 0, "benchmarkrecord_buildings_positive"),
            at_least("number_of_buildings", 1, "benchmarkrecord_has_a_building"),
            at_least("number_of_floors", 1, "benchmarkrecord_has_a_floor"),
            one_of("building_type", BUILDING_TYPES, "benchmarkrecord_type_known"),
            one_of(
                "primary_property_type",
                PRIMARY_PROPERTY_TYPES,
                "benchmarkrecord_primary_type_known",
            ),
            one_of("outlier", OUTLIERS, "benchmarkrecord_outlier_known"),
            models.CheckConstraint(
                condition=Q(quality_flags__contained_by=[rule.code for rule in RULES]),
                name="benchmarkrecord_flags_known",
            ),
        ]
        # Which query each serves: docs/explanation/dataset-volume.md.
        indexes = [
            models.Index(
                fields=["data_year", "primary_property_type", "is_synthetic"],
                include=["site_eui_kbtu_per_sqft", "property_gfa_total_sqft", "neighborhood"],
                condition=Q(compliance_status="Compliant", site_eui_kbtu_per_sqft__gt=0),
                name="benchmarkrecord_peers",
            ),
            # The last field of these orders nothing: it lets a range of it be checked in the index.
            models.Index(
                fields=[
                    "data_year",
                    "property_gfa_total_sqft",
                    "building",
                    "site_eui_kbtu_per_sqft",
                ],
                name="benchmarkrecord_year_gfa",
            ),
            models.Index(
                fields=[
                    "data_year",
                    "site_eui_kbtu_per_sqft",
                    "building",
                    "property_gfa_total_sqft",
                ],
                name="benchmarkrecord_year_eui",
            ),
            models.Index(
                fields=[
                    "data_year",
                    "site_energy_use_kbtu",
                    "building",
                    "property_gfa_total_sqft",
                ],
                name="benchmarkrecord_year_energy",
            ),
            models.Index(
                fields=["data_year", "year_built", "building"], name="benchmarkrecord_year_built"
            ),
            # Few distinct keys each, so a few megabytes a million records; PostgreSQL combines
            # them for a list of one year.
            models.Index(
                fields=["data_year", "primary_property_type", "neighborhood"],
                name="benchmarkrecord_year_use",
            ),
            models.Index(fields=["data_year", "neighborhood"], name="benchmarkrecord_year_place"),
            models.Index(fields=["data_year", "building_type"], name="benchmarkrecord_year_type"),
            models.Index(
                fields=["data_year", "compliance_status"], name="benchmarkrecord_year_status"
            ),
            models.Index(fields=["data_year", "is_synthetic"], name="benchmarkrecord_year_kind"),
            GinIndex(
                fields=["data_year", "quality_flags"],
                condition=~Q(quality_flags=[]),
                name="benchmarkrecord_flags",
            ),
        ]

    def __str__(self) -> str:
        # The city's identifier where it is at hand: a name is no reason for a query.
        if BenchmarkRecord.building.is_cached(self):
            building = str(self.building.ose_building_id)
        else:
            building = _("building %(id)s") % {"id": self.building_id}
        return _("%(building)s in %(year)s") % {"building": building, "year": self.data_year}


class PublishedRow(models.Model):
    """The row that a record was read from, verbatim; its import's `header` names the cells."""

    record = models.OneToOneField(
        BenchmarkRecord,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="published",
        help_text="The record that was read from it.",
    )
    cells = models.JSONField(help_text="The cells as published, in the order of the header.")

    def __str__(self) -> str:
        return _("row of record %(id)s") % {"id": self.record_id}


class PropertyUse(models.Model):
    """One use of a property in a year: the three largest with area, the others by name only."""

    record = models.ForeignKey(
        BenchmarkRecord,
        on_delete=models.CASCADE,
        related_name="uses",
        db_index=False,  # propertyuse_rank_unique begins with it
        help_text="The record it belongs to.",
    )
    rank = models.PositiveSmallIntegerField(help_text="1 is the largest; then as listed.")
    use_type = models.CharField(
        max_length=100, help_text="Use, as Portfolio Manager names it (`buildings/choices.py`)."
    )
    gfa_sqft = models.FloatField(
        null=True, blank=True, help_text="Published for the three largest uses only."
    )

    class Meta:
        ordering = ("record_id", "rank")
        constraints = [
            models.UniqueConstraint(fields=["record", "rank"], name="propertyuse_rank_unique"),
            at_least("gfa_sqft", 0, "propertyuse_gfa_positive"),
        ]

    def __str__(self) -> str:
        return self.use_type


class RecordRevision(models.Model):
    """What a record was before an import changed it, and what changed. Insert-only."""

    record = models.ForeignKey(
        BenchmarkRecord,
        on_delete=models.PROTECT,
        related_name="revisions",
        help_text="The record that was changed.",
    )
    dataset_import = models.ForeignKey(
        DatasetImport,
        on_delete=models.PROTECT,
        related_name="revisions",
        help_text="The import that changed it.",
    )
    former_import = models.ForeignKey(
        DatasetImport,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The import that had brought the former values.",
    )
    former_line_number = models.PositiveIntegerField(help_text="Their line in that import's file.")
    former_cells = models.JSONField(
        help_text="The former row as published; the former import's `header` names the cells."
    )
    changes = models.JSONField(help_text="Field -> [value before, value after].")
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was changed.")

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["dataset_import", "id"], name="recordrevision_import")]

    def __str__(self) -> str:
        return _("record %(id)s before import %(import)s") % {
            "id": self.record_id,
            "import": self.dataset_import_id,
        }
