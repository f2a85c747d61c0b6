"""The pages about the dataset: every field has a meaning and, where its name says so, a unit."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from buildings.benchmarking import COLUMNS
from buildings.choices import PRIMARY_PROPERTY_TYPES, PROPERTY_USE_TYPES
from buildings.quality import RULES
from config.data_dictionary import UNITS, data_dictionary_page, sources_of, unit_of
from config.data_pages import data_quality_page, emission_factors_page, queries_page

DOCS: Path = settings.PROJECT_DIR / "docs"
MODELS = list(apps.get_app_config("buildings").get_models())
FIELDS = [(model, field) for model in MODELS for field in model._meta.concrete_fields]


def named(pair: object) -> str:
    return pair.__name__ if isinstance(pair, type) else getattr(pair, "name", "")


@pytest.mark.parametrize(("model", "field"), FIELDS, ids=named)
def test_every_field_has_a_meaning_and_a_unit(
    model: type[models.Model], field: models.Field
) -> None:
    assert field.help_text or (field.primary_key and not field.is_relation)
    if any(field.name.endswith(suffix) for suffix in UNITS):
        assert unit_of(model, field)


def test_units_of_the_columns_are_those_of_the_names() -> None:
    for column in COLUMNS:
        suffix = next((suffix for suffix in UNITS if column.field.endswith(suffix)), None)
        if suffix and column.target != "location":
            assert column.unit == UNITS[suffix], column.header


def test_every_column_of_the_city_fills_one_of_the_tables() -> None:
    page = data_dictionary_page()
    for column in COLUMNS:
        header = column.header.removesuffix("PropertyUseType").removesuffix("PropertyUseTypeGFA")
        assert f"`{header}" in page, column.header


@pytest.mark.django_db
def test_every_table_and_column_is_in_the_dictionary() -> None:
    page = data_dictionary_page()
    for model in MODELS:
        section = page.split(f"\n## `{model._meta.db_table}`\n")[1].split("\n## ")[0]
        listed = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
        assert listed == [field.column for field in model._meta.concrete_fields]
        rows = [line for line in section.splitlines() if line.startswith("|")]
        assert {line.replace("\\|", "").count("|") for line in rows} == {8}


def test_sources_say_which_years_have_them() -> None:
    building, record = (
        apps.get_model("buildings.Building"),
        apps.get_model("buildings.BenchmarkRecord"),
    )
    assert list(sources_of(building, building._meta.get_field("property_name"))) == [
        "`PropertyName` (2015 to 2017)",
        "`BuildingName` (2018, 2019)",
    ]
    assert list(sources_of(building, building._meta.get_field("address"))) == [
        "`Address` (2016 to 2019)",
        "`Location` (2015)",
    ]
    assert list(sources_of(record, record._meta.get_field("quality_flags"))) == []
    assert list(sources_of(building, building._meta.get_field("data_year"))) == ["newest record"]


def test_constraints_are_told_in_words() -> None:
    page = data_dictionary_page()
    assert "| 1800 to 2100 |" in page
    assert f"one of {len(PRIMARY_PROPERTY_TYPES)} (below)" in page
    assert f"{len(RULES)}" in page
    assert "`rows_read` = `rows_created` + `rows_updated`" in page
    assert "`valid_to` ≥ `valid_from`" in page
    assert all(f"- {use}\n" in page for use in PROPERTY_USE_TYPES)


def test_every_rule_is_on_the_page_of_data_quality() -> None:
    page = data_quality_page()
    for rule in RULES:
        assert f"| `{rule.code}` | {rule.title} | {rule.tolerance} |" in page


def test_the_factors_that_ship_are_on_their_page() -> None:
    assert "| `seattle-2016` | 1 | 2016 | 6.9714 | 53.11 | 77.188 |" in emission_factors_page()


@pytest.mark.django_db
def test_the_links_of_every_page_lead_somewhere() -> None:
    assert "](#eui-by-type)" in queries_page()
    pages = [path for path in settings.PROJECT_DIR.glob("*.md") if path.name != "CHANGELOG.md"]
    pages += [settings.PROJECT_DIR / "fixtures" / "README.md", *DOCS.rglob("*.md")]
    for page in pages:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
