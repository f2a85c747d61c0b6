"""Emission factor sets: which is in force for a data year."""

from collections.abc import Collection

from buildings.choices import FUELS
from buildings.emissions import Factors
from buildings.models import EmissionFactorSet


def emission_factor_set_latest(*, data_year: int) -> EmissionFactorSet | None:
    """The set in force for a data year, with its factors, or None. Two queries."""
    sets = EmissionFactorSet.objects.filter(data_year=data_year).prefetch_related("factors")
    return sets.order_by("-version").first()


def factors_of(factor_set: EmissionFactorSet) -> Factors:
    """A set's factors; needs `factors` prefetched."""
    by_fuel = {factor.fuel: factor.kgco2e_per_mbtu for factor in factor_set.factors.all()}
    return Factors(*(by_fuel[fuel] for fuel in FUELS))


def factors_of_years(*, data_years: Collection[int]) -> dict[int, Factors]:
    """The factors in force for each of these years that has any. Two queries."""
    sets = EmissionFactorSet.objects.filter(data_year__in=data_years).prefetch_related("factors")
    return {
        factor_set.data_year: factors_of(factor_set)
        for factor_set in sets.order_by("version")
        if factor_set.data_year is not None
    }
