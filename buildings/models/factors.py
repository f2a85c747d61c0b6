"""Emission factors."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from buildings.choices import (
    FUELS,
)
from buildings.models.imports import DatasetImport


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
        return _("%(name)s version %(version)d") % {"name": self.name, "version": self.version}


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
