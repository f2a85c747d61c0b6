"""Facts: buildings, what they reported each year, and which file brought it.

Field names are the city's data dictionary in snake case with the unit as suffix. Values are as
understood by `buildings.benchmarking`; the row as published stands beside them in PublishedRow.
Each help text is the field's entry in the data dictionary (docs/reference/data-dictionary.md).
"""

from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Now, Upper

from buildings.choices import (
    BUILDING_TYPES,
    FUELS,
    NEIGHBORHOOD_PATTERN,
    OUTLIERS,
    PRIMARY_PROPERTY_TYPES,
)
from buildings.quality import RULES

#: Tables that PostgreSQL itself keeps insert-only: where a fact came from and what it was before.
PROVENANCE_TABLES: Final = (
    "buildings_datasetimport",
    "buildings_rejectedrow",
    "buildings_recordrevision",
    "buildings_emissionfactorset",
    "buildings_emissionfactor",
)

#: Fields of a record that its building repeats while the record is its newest.
NEWEST_YEAR_FACTS: Final = (
    "data_year",
    "is_synthetic",
    "building_type",
    "primary_property_type",
    "property_gfa_total_sqft",
    "energy_star_score",
    "site_energy_use_kbtu",
    "site_eui_kbtu_per_sqft",
    "total_ghg_emissions_mtco2e",
    "compliance_status",
)


def one_of(field: str, values: tuple[str, ...], name: str) -> models.CheckConstraint:
    """The field holds one of the values, or is blank: not known."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": ("", *values)}), name=name)


def at_least(field: str, minimum: float, name: str) -> models.CheckConstraint:
    """The field is null or not below the minimum."""
    condition = Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": minimum})
    return models.CheckConstraint(condition=condition, name=name)


def in_range(field: str, minimum: float, maximum: float, name: str) -> models.CheckConstraint:
    """The field is null or within the bounds."""
    condition = Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__range": (minimum, maximum)})
    return models.CheckConstraint(condition=condition, name=name)


class DatasetImport(models.Model):
    """One load of one file: where it came from, its digest, and what it changed. Insert-only."""

    source = models.CharField(
        max_length=500, help_text="Path, URL or name the file was asked for by."
    )
    file_name = models.CharField(max_length=255, help_text="Name of the file that was read.")
    sha256 = models.CharField(
        max_length=64, db_index=True, help_text="SHA-256 of the file's bytes."
    )
    size_bytes = models.PositiveBigIntegerField(help_text="Size of the file.")
    is_synthetic = models.BooleanField(
        default=False, help_text="Generated sample, no real building."
    )
    header = models.JSONField(
        default=list, help_text="The file's header, cell by cell, as published."
    )
    data_years = models.JSONField(default=list, help_text="Data years found in the file.")
    rows_read = models.PositiveIntegerField(help_text="Rows below the header, blank ones included.")
    rows_created = models.PositiveIntegerField(help_text="Rows that became a new record.")
    rows_updated = models.PositiveIntegerField(help_text="Rows that changed a stored record.")
    rows_unchanged = models.PositiveIntegerField(help_text="Rows that are stored already.")
    rows_rejected = models.PositiveIntegerField(help_text="Rows not loaded; see RejectedRow.")
    rows_blank = models.PositiveIntegerField(default=0, help_text="Rows without any value.")
    rows_duplicate = models.PositiveIntegerField(
        default=0, help_text="Rows that repeat an earlier row of the same file."
    )
    quality_flags = models.JSONField(
        default=dict,
        help_text="Data-quality flag -> records that this import created or changed with it.",
    )
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who loaded it in the application; empty for the command line.",
    )
    database_role = models.CharField(
        max_length=63, blank=True, help_text="PostgreSQL role that loaded it."
    )
    started_at = models.DateTimeField(help_text="When the load began.")
    finished_at = models.DateTimeField(db_default=Now(), help_text="When it was complete.")

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
                    + F("rows_blank")
                    + F("rows_duplicate")
                ),
                name="datasetimport_counts_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.sha256[:12]})"


class RejectedRow(models.Model):
    """A row of a file that was not loaded, as it stood, with every reason. Insert-only."""

    dataset_import = models.ForeignKey(
        DatasetImport,
        on_delete=models.PROTECT,
        related_name="rejected",
        db_index=False,  # rejectedrow_line_unique begins with it
        help_text="The import that rejected it.",
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
    """A property as the city identifies it, with the facts of the newest year it reported.

    Each year's own facts are in BenchmarkRecord. The newest year's are repeated here, by
    `buildings.services` alone, so that a list of buildings reads one table.
    """

    ose_building_id = models.PositiveIntegerField(unique=True, help_text="The city's identifier.")
    property_name = models.CharField(
        max_length=255, blank=True, help_text="Official or common name of the property."
    )
    address = models.CharField(max_length=255, blank=True, help_text="Street address.")
    city = models.CharField(max_length=100, blank=True, help_text="City.")
    state = models.CharField(max_length=2, blank=True, help_text="State, two letters.")
    zip_code = models.CharField(max_length=10, blank=True, help_text="ZIP code, as text.")
    tax_parcel_identification_number = models.CharField(
        max_length=64,
        blank=True,
        help_text="King County parcel number (PIN): ten digits, leading zeros restored.",
    )
    council_district_code = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="City council district, as of the file's year."
    )
    neighborhood = models.CharField(
        max_length=64,
        blank=True,
        help_text="District of the Department of Neighborhoods; two on a border (`SHARED: A & B`).",
    )
    latitude = models.FloatField(null=True, blank=True, help_text="Latitude, WGS 84, degrees.")
    longitude = models.FloatField(null=True, blank=True, help_text="Longitude, WGS 84, degrees.")
    year_built = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Year of construction or of complete renovation."
    )

    data_year = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Newest year reported; all facts here are of that year."
    )
    is_synthetic = models.BooleanField(default=False, help_text="Made up: no real building.")
    building_type = models.CharField(
        max_length=64, blank=True, help_text="The city's class of building."
    )
    primary_property_type = models.CharField(
        max_length=100, blank=True, help_text="Main use, in the city's grouping of 2016."
    )
    property_gfa_total_sqft = models.FloatField(
        null=True, blank=True, help_text="Gross floor area of buildings and parking."
    )
    energy_star_score = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="ENERGY STAR score, 1 to 100."
    )
    site_energy_use_kbtu = models.FloatField(
        null=True, blank=True, help_text="Site energy used in the newest year."
    )
    site_eui_kbtu_per_sqft = models.FloatField(
        null=True, blank=True, help_text="Site energy use intensity in the newest year."
    )
    total_ghg_emissions_mtco2e = models.FloatField(
        null=True, blank=True, help_text="Greenhouse gas emissions in the newest year."
    )
    compliance_status = models.CharField(
        max_length=64, blank=True, help_text="Whether the newest report met the ordinance."
    )

    search_text = models.GeneratedField(
        expression=Upper(Concat("property_name", Value(" "), "address")),
        output_field=models.TextField(),
        db_persist=True,
        help_text="Name and address in capitals, for search.",
    )

    class Meta:
        ordering = ("ose_building_id",)
        constraints = [
            in_range("year_built", 1800, 2100, "building_year_built_plausible"),
            in_range("latitude", -90, 90, "building_latitude_range"),
            in_range("longitude", -180, 180, "building_longitude_range"),
            in_range("energy_star_score", 1, 100, "building_score_range"),
            models.CheckConstraint(
                condition=Q(property_gfa_total_sqft__isnull=True)
                | Q(property_gfa_total_sqft__gt=0),
                name="building_gfa_positive",
            ),
            models.CheckConstraint(
                condition=Q(neighborhood__regex=NEIGHBORHOOD_PATTERN),
                name="building_neighborhood_known",
            ),
            one_of("building_type", BUILDING_TYPES, "building_type_known"),
            one_of("primary_property_type", PRIMARY_PROPERTY_TYPES, "building_primary_type_known"),
        ]
        # Which query each serves: docs/explanation/dataset-volume.md.
        indexes = [
            models.Index(fields=["year_built", "id"], name="building_year_built"),
            # The last field of these orders nothing: it lets a range of it be checked in the index.
            models.Index(
                fields=["property_gfa_total_sqft", "id", "site_eui_kbtu_per_sqft"],
                name="building_gfa",
            ),
            models.Index(
                fields=["site_eui_kbtu_per_sqft", "id", "property_gfa_total_sqft"],
                name="building_eui",
            ),
            models.Index(
                fields=["site_energy_use_kbtu", "id", "property_gfa_total_sqft"],
                name="building_energy",
            ),
            models.Index(
                fields=["primary_property_type", "ose_building_id"], name="building_primary_type"
            ),
            models.Index(fields=["neighborhood", "ose_building_id"], name="building_neighborhood"),
            models.Index(fields=["building_type", "ose_building_id"], name="building_type"),
            models.Index(fields=["compliance_status", "ose_building_id"], name="building_status"),
            models.Index(fields=["is_synthetic", "ose_building_id"], name="building_synthetic"),
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="building_search"),
        ]

    def __str__(self) -> str:
        return f"{self.ose_building_id} {self.property_name}"


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
                fields=["quality_flags"],
                condition=~Q(quality_flags=[]),
                name="benchmarkrecord_flags",
            ),
        ]

    def __str__(self) -> str:
        # The city's identifier where it is at hand: a name is no reason for a query.
        is_read = BenchmarkRecord.building.is_cached(self)
        building = self.building.ose_building_id if is_read else f"building {self.building_id}"
        return f"{building} in {self.data_year}"


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
        return f"row of record {self.record_id}"


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
        return f"record {self.record_id} before import {self.dataset_import_id}"


class EmissionFactorSet(models.Model):
    """Emission factors by fuel: one version of one set, never changed. Insert-only."""

    name = models.CharField(max_length=64, help_text="For instance `seattle-2016`.")
    version = models.PositiveSmallIntegerField(help_text="Counts up; the highest is in force.")
    data_year = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Data year whose published emissions it explains."
    )
    valid_from = models.DateField(help_text="First day it applies to.")
    valid_to = models.DateField(null=True, blank=True, help_text="Last day; none: still valid.")
    source = models.TextField(help_text="Where the figures come from.")
    is_derived = models.BooleanField(
        help_text="Found by regression on published emissions, not published by anybody."
    )
    derivation = models.JSONField(
        null=True,
        blank=True,
        help_text="How it was derived: records, residuals, share of records it explains.",
    )
    dataset_import = models.ForeignKey(
        DatasetImport,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="emission_factor_sets",
        db_index=False,
        help_text="The import whose rows it was derived from.",
    )
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was stored.")

    class Meta:
        ordering = ("name", "-version")
        constraints = [
            models.UniqueConstraint(
                fields=["name", "version"], name="emissionfactorset_version_unique"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="emissionfactorset_period_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} version {self.version}"


class EmissionFactor(models.Model):
    """What one fuel emits. Insert-only."""

    factor_set = models.ForeignKey(
        EmissionFactorSet,
        on_delete=models.PROTECT,
        related_name="factors",
        db_index=False,  # emissionfactor_fuel_unique begins with it
        help_text="The set it belongs to.",
    )
    fuel = models.CharField(max_length=16, help_text="`electricity`, `natural_gas` or `steam`.")
    kgco2e_per_mbtu = models.FloatField(
        help_text="Emissions, kg CO2e per MBtu (a million Btu) of site energy."
    )

    class Meta:
        ordering = ("factor_set_id", "fuel")
        constraints = [
            models.UniqueConstraint(
                fields=["factor_set", "fuel"], name="emissionfactor_fuel_unique"
            ),
            models.CheckConstraint(condition=Q(fuel__in=FUELS), name="emissionfactor_fuel_known"),
            models.CheckConstraint(
                condition=Q(kgco2e_per_mbtu__gte=0), name="emissionfactor_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fuel}: {self.kgco2e_per_mbtu} kg CO2e/MBtu"
