"""`{% load figures %}`: numbers and quantities as the reader writes them (`buildings.figures`)."""

from django import template

from buildings import figures

register = template.Library()


@register.filter
def figure(value: float | None, form: str = ",.0f") -> str:
    """`{{ count|figure }}`, `{{ share|figure:".1%" }}`: separators of the reader's language."""
    return figures.NOT_KNOWN if value is None else figures.figure(value, form)


@register.filter
def quantity(value: float | None, name: str) -> str:
    """`{{ value|quantity:"site_energy_use_kbtu" }}`: with its unit, and in the reader's too."""
    form = ",.1f" if "_per_" in name else ",.0f"
    return figures.quantity_said(name, value, form)
