"""Numbers and quantities as English and French readers write them."""

import pytest
from django.template import Context, Template
from django.utils import translation

from buildings.figures import figure, quantity_said


@pytest.mark.parametrize(
    ("value", "form", "english", "french"),
    [
        (7456910.13, ",.0f", "7,456,910", "7\u202f456\u202f910"),
        (0.1234, ".1%", "12.3%", "12,3\u00a0%"),
        (-1234.5, "+,.1f", "-1,234.5", "-1\u202f234,5"),
        (0, ",", "0", "0"),
    ],
)
def test_a_figure_has_the_reader_s_separators(
    value: float, form: str, english: str, french: str
) -> None:
    assert figure(value, form) == english
    with translation.override("fr"):
        assert figure(value, form) == french


@pytest.mark.parametrize(
    ("name", "value", "form", "english", "french"),
    [
        (
            "site_energy_use_kbtu",
            3412141.633,
            ",.0f",
            "3,412,142 kBtu",
            "3\u202f412\u202f142 kBtu (1\u202f000\u202f000\u00a0kWh)",
        ),
        (
            "site_eui_kbtu_per_sqft",
            52.54,
            ",.1f",
            "52.5 kBtu/ft²",
            "52,5 kBtu/ft² (165,7\u00a0kWh/m²)",
        ),
        ("gross_floor_area_sqft", None, ",.0f", "–", "–"),
        ("ghg_emissions_mtco2e", 12.5, ",.1f", "12.5", "12,5"),
    ],
)
def test_french_readers_see_si_beside_what_is_on_record(
    name: str, value: float | None, form: str, english: str, french: str
) -> None:
    assert quantity_said(name, value, form) == english
    with translation.override("fr"):
        assert quantity_said(name, value, form) == french


def test_templates_have_them_as_filters() -> None:
    template = Template(
        "{% load figures %}{{ area|quantity:'gross_floor_area_sqft' }}; {{ count|figure }}; "
        "{{ share|figure:'.1%' }}; {{ nothing|figure }}"
    )
    context = Context({"area": 50_000, "count": 1234, "share": 0.5, "nothing": None})
    assert template.render(context) == "50,000 ft²; 1,234; 50.0%; –"
    with translation.override("fr"):
        assert template.render(context) == (
            "50\u202f000 ft² (4\u202f645\u00a0m²); 1\u202f234; 50,0\u00a0%; –"
        )
