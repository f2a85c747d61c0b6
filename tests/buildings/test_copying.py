"""COPY: what is written is what was given, and what cannot be is Django's error."""

import json
from typing import Any

import pytest
from django.db import DataError, IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from buildings.models import BenchmarkRecord, PropertyUse, PublishedRow
from buildings.services.copying import _encoded, ids_reserve, rows_copy
from tests.buildings.factories import BenchmarkRecordFactory

USE = ("record", "rank", "use_type", "gfa_sqft")

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\\N",
        "\\",
        "\\.",
        "a\tb\nc\r\nd",
        "NULL",
        '"quoted", comma',
        "'",
        "é 漢 🏢",
        " ",
        "\x01",
    ],
)
def test_any_text_arrives_as_it_was(text: str) -> None:
    record = BenchmarkRecordFactory.create()
    rows_copy(PropertyUse, USE, [(record.pk, 1, text, None), (record.pk, 2, "x", 1.5)])
    stored = PropertyUse.objects.filter(record=record).order_by("rank")
    assert list(stored.values_list("use_type", "gfa_sqft")) == [(text, None), ("x", 1.5)]


@pytest.mark.parametrize("cells", [["a\\b", "\\N", '"', "\t\n", "\\u0041"], [], [""]])
def test_json_arrives_as_it_was(cells: list[str]) -> None:
    record = BenchmarkRecordFactory.create()
    rows_copy(PublishedRow, ("record", "cells"), [(record.pk, json.dumps(cells))])
    assert PublishedRow.objects.get(record=record).cells == cells


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_to_their_last_bit(number: float) -> None:
    assert float(_encoded(number)) == number


def test_bytes_booleans_and_lists_of_words() -> None:
    record = BenchmarkRecordFactory.create()
    (pk,) = ids_reserve(BenchmarkRecord, 1)
    values: dict[str, Any] = {
        "id": pk,
        "building": record.building_id,
        "data_year": 2017,
        "dataset_import": record.dataset_import_id,
        "source_line_number": 2,
        "is_synthetic": True,
        "values_digest": bytes(range(16)),
        "quality_flags": ["emissions_differ", "use_areas_differ"],
        "property_gfa_total_sqft": 0.1 + 0.2,
        **dict.fromkeys(("building_type", "primary_property_type", "epa_property_type"), ""),
        **dict.fromkeys(("neighborhood", "list_of_all_property_use_types", "comments"), ""),
        **dict.fromkeys(("years_energy_star_certified", "compliance_status"), ""),
        **dict.fromkeys(("compliance_issue", "outlier"), ""),
    }
    rows_copy(BenchmarkRecord, list(values), [list(values.values())])
    stored = BenchmarkRecord.objects.get(pk=pk)
    assert bytes(stored.values_digest) == bytes(range(16))
    assert stored.quality_flags == ["emissions_differ", "use_areas_differ"]
    assert stored.is_synthetic
    assert stored.property_gfa_total_sqft == 0.1 + 0.2


def test_what_the_table_refuses_is_djangos_error() -> None:
    record = BenchmarkRecordFactory.create(uses=1)
    with pytest.raises(IntegrityError, match="rank_unique"), transaction.atomic():
        rows_copy(PropertyUse, USE, [(record.pk, 1, "x", None)])
    with pytest.raises(DataError, match="too long"), transaction.atomic():
        rows_copy(PropertyUse, USE, [(record.pk, 2, "x" * 101, None)])


def test_no_rows_ask_nothing_and_other_values_are_refused() -> None:
    rows_copy(PropertyUse, USE, [])
    with pytest.raises(TypeError, match="dict is not written by COPY"):
        rows_copy(PropertyUse, USE, [(1, 1, {}, None)])
    with pytest.raises(TypeError, match="uses is no column"):
        rows_copy(BenchmarkRecord, ("uses",), [(1,)])
