"""Constraints that several tables have."""

from django.db import models
from django.db.models import Q


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
