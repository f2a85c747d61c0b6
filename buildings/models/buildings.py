"""Buildings."""

from typing import Final

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat, Upper

from buildings.choices import (
    BUILDING_TYPES,
    NEIGHBORHOOD_PATTERN,
    PRIMARY_PROPERTY_TYPES,
)
from buildings.models.constraints import in_range, one_of

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
