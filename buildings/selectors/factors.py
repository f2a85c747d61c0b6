"""Emission factor sets: all of them, one by its name, and which is in force for a data year."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self

from django.db.models import F, Max, Q, QuerySet

from buildings.choices import FUELS
from buildings.emissions import Factors
from buildings.models import EmissionFactorSet

#: `seattle-2016` is the newest version of that set, `seattle-2016-v1` its first.
_VERSIONED: Final = re.compile(r"(?P<name>.+)-v(?P<version>[1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class KnownFactors:
    """A stored set and its factors, kg CO2e/MBtu."""

    factor_set: EmissionFactorSet
    factors: Factors

    @property
    def slug(self) -> str:
        """What names this version and no other: `seattle-2016-v1`."""
        return emission_factor_set_slug(self.factor_set)

    @classmethod
    def of(cls, row: Any) -> Self:
        """From a row of `emission_factor_set_list`."""
        return cls(row, Factors(*(getattr(row, f"{fuel}_factor") for fuel in FUELS)))


def emission_factor_set_slug(factor_set: EmissionFactorSet) -> str:
    """What names this version of a set and no other: `seattle-2016-v1`."""
    return f"{factor_set.name}-v{factor_set.version}"


def emission_factor_set_list() -> QuerySet[Any]:
    """Every set that has all its factors, the latest first: newest data year, newest version.

    One query. Rows for `KnownFactors.of`: each has `<fuel>_factor`, kg CO2e/MBtu, beside its
    columns.
    """
    factors: dict[str, Any] = {
        f"{fuel}_factor": Max("factors__kgco2e_per_mbtu", filter=Q(factors__fuel=fuel))
        for fuel in FUELS
    }
    sets = EmissionFactorSet.objects.annotate(**factors)
    sets = sets.filter(**{f"{name}__isnull": False for name in factors})
    return sets.order_by(F("data_year").desc(nulls_last=True), "-version", "-id")


def known_factors_get(*, slug: str | None = None) -> KnownFactors | None:
    """The latest set, or the one of this name; None if there is no such set. One query.

    `slug` is a set's name, which means its newest version, or name and version as in
    `seattle-2016-v1`.
    """
    if slug is None:
        rows: Iterable[Any] = EmissionFactorSet.objects.raw(*_latest())
    else:
        condition = Q(name=slug)
        if found := _VERSIONED.fullmatch(slug):
            condition |= Q(name=found["name"], version=int(found["version"]))
        rows = emission_factor_set_list().filter(condition)[:1]
    row = next(iter(rows), None)
    return None if row is None else KnownFactors.of(row)


@cache
def _latest() -> tuple[str, tuple[Any, ...]]:
    """The query for the latest set. Every prediction asks it: to put it together takes ten times as
    long as to run it."""
    sql, parameters = emission_factor_set_list()[:1].query.sql_with_params()
    return sql, tuple(parameters)


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
