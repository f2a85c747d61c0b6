"""Batches in SI units, and by a pinned model version: refusals first, then answers and rows."""

import csv
import io
import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from buildings.units import in_si
from mlmodel.features import FeatureRow
from mlmodel.models import Alias, ModelPromotion, ModelVersion, PromotionKind
from mlmodel.prediction import Caution, Prediction
from mlmodel.runtime import ServedModel
from predictions.models import PredictionInput, PredictionRequest
from predictions.services import versions
from predictions.services.serving import Serving
from tests.buildings.factories import BenchmarkRecordFactory
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.batches.bodies import (
    CSV,
    JSON,
    NDJSON,
    PARQUET,
    csv_of,
    parquet_of,
    post,
    read,
    results,
    rows_of,
)
from tests.predictions.factories import facts, make_model_version

pytestmark = pytest.mark.django_db(transaction=True)

SI_FACTS = {"primary_property_type": "Hotel", "gross_floor_area_m2": 8215.8, "year_built": 1927}
SI = "?units=si"


def si_rows(count: int) -> list[dict[str, Any]]:
    return [{**SI_FACTS, "gross_floor_area_m2": 1000 + at} for at in range(count)]


def encoded(rows: list[dict[str, Any]], content_type: str) -> bytes:
    if content_type == CSV:
        return csv_of(rows)
    if content_type == PARQUET:
        names = list(dict.fromkeys(name for row in rows for name in row))
        return parquet_of({name: [row.get(name) for row in rows] for name in names})
    return json.dumps({"rows": rows}).encode()


def refused(answer: Any) -> dict[str, tuple[str, str]]:
    """Detail and code by pointer; nothing was stored."""
    assert answer.status_code == 400, read(answer)
    assert PredictionRequest.objects.count() == 0
    return {error["pointer"]: (error["detail"], error["code"]) for error in answer.json()["errors"]}


# -- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "place", "row"),
    [
        (JSON, "/rows/0/", "/rows/0/"),
        (CSV, "/columns/", "/columns"),
        (PARQUET, "/columns/", "/columns"),
    ],
)
@pytest.mark.parametrize(
    ("query", "sent", "wrong", "right"),
    [
        ("", SI_FACTS, "gross_floor_area_m2", "gross_floor_area_sqft"),
        (SI, facts(), "gross_floor_area_sqft", "gross_floor_area_m2"),
    ],
)
def test_a_name_of_the_other_units_is_refused_and_this_units_told(
    api: APIClient,
    served: FakeServedModel,
    content_type: str,
    place: str,
    row: str,
    query: str,
    sent: dict[str, Any],
    wrong: str,
    right: str,
) -> None:
    body = encoded([sent], content_type)
    errors = refused(post(api, body, content_type=content_type, query=query))
    detail, code = errors[f"{place}{wrong}"]
    assert code == "other-units"
    assert f"`{right}`" in detail
    missing = f"{row}{right}" if content_type == JSON else row
    assert {pointer: code for pointer, (_, code) in errors.items()} == {
        f"{place}{wrong}": "other-units",
        missing: "required",
    }


def test_a_csv_s_own_spelling_of_the_other_unit_is_understood_as_such(
    api: APIClient, served: FakeServedModel
) -> None:
    body = b"Primary property type;Gross floor area (sqft);Year built\nHotel;88,434;1927\n"
    errors = refused(post(api, body, content_type=CSV, query=SI))
    assert errors["/columns/Gross floor area (sqft)"][1] == "other-units"


@pytest.mark.parametrize(
    "row",
    [
        {**SI_FACTS, "gross_floor_area_m2": 92},
        {**SI_FACTS, "gross_floor_area_m2": "8215.8"},
        {**SI_FACTS, "parking_gfa_m2": 9000, "second_largest_property_use_type_gfa_m2": 10},
        {**SI_FACTS, "parking_gfa_m": 1},
        {**SI_FACTS, "gross_floor_area_sqft": 90_000},
        {**SI_FACTS, "latitude": 47.6},
        facts(),
    ],
)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_row_is_refused_as_it_is_alone(
    api: APIClient, served: FakeServedModel, row: dict[str, Any], language: str
) -> None:
    headers = {"Accept-Language": language}
    together = refused(post(api, {"rows": [row]}, query=SI, **headers))
    alone = refused(
        api.generic("POST", f"/api/v1/predictions/{SI}", json.dumps(row), JSON, headers=headers)
    )
    assert together == {f"/rows/0{pointer}": said for pointer, said in alone.items()}


@pytest.mark.parametrize("content_type", [JSON, CSV, PARQUET])
def test_bounds_and_conflicts_are_said_in_si(
    api: APIClient, served: FakeServedModel, content_type: str
) -> None:
    rows = [
        {**SI_FACTS, "parking_gfa_m2": 0, "gross_floor_area_m2": 92},
        {**SI_FACTS, "parking_gfa_m2": 9000},
    ]
    errors = refused(post(api, encoded(rows, content_type), content_type=content_type, query=SI))
    assert errors == {
        "/rows/0/gross_floor_area_m2": ("Must be from 92.90304 to 1,393,545.6 m².", "out-of-range"),
        "/rows/1/parking_gfa_m2": (
            "Must not exceed gross_floor_area_m2, which includes parking.",
            "conflict",
        ),
    }


def test_units_that_are_not_known_are_refused(api: APIClient, served: FakeServedModel) -> None:
    assert "/units" in refused(post(api, {"rows": rows_of(1)}, query="?units=metric"))


def test_a_key_used_again_with_other_units_is_422(api: APIClient, served: FakeServedModel) -> None:
    building: Any = BenchmarkRecordFactory(property_gfa_total_sqft=88434).building
    body = {"ose_building_ids": [building.ose_building_id]}
    first = post(api, body, query=SI, **{"Idempotency-Key": "once"})
    assert post(api, body, **{"Idempotency-Key": "once"}).status_code == 422
    again = post(api, body, query=SI, **{"Idempotency-Key": "once"})
    assert (first.status_code, again.content) == (201, first.content)
    assert PredictionRequest.objects.count() == 1


# -- answered ------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", [JSON, CSV, PARQUET])
@pytest.mark.parametrize("count", [2, 120])  # by INSERT and by COPY
def test_answers_are_those_of_one_row_in_si(
    api: APIClient,
    served: FakeServedModel,
    shipped_model: ServedModel,
    content_type: str,
    count: int,
) -> None:
    served.answer = shipped_model.predict
    rows = [{**row, "parking_gfa_m2": 10.5, "has_steam": True} for row in si_rows(count)]
    answer = post(api, encoded(rows, content_type), content_type=content_type, query=SI)
    assert answer.status_code == 201
    together = results(answer)
    assert results(api.get(f"{answer['Location']}{SI}")) == together
    for row, shown in list(zip(rows, together, strict=True))[:: count // 2]:
        alone = api.generic("POST", f"/api/v1/predictions/{SI}", json.dumps(row), JSON).json()
        stored = api.get(f"/api/v1/predictions/{shown['id']}/{SI}").json()
        for member in ("output", "warnings"):
            assert shown[member] == stored[member] == alone[member]
        for member in ("features", "sent"):
            assert stored[member] == alone[member]
        assert stored["sent"] == {"units": "si", "members": row}


def test_of_rows_in_us_units_nothing_is_kept_twice(api: APIClient, served: FakeServedModel) -> None:
    assert post(api, {"rows": rows_of(2)}).status_code == 201
    assert set(PredictionInput.objects.values_list("sent", flat=True)) == {None}


def test_of_buildings_only_the_answer_is_in_si(api: APIClient, served: FakeServedModel) -> None:
    building: Any = BenchmarkRecordFactory(property_gfa_total_sqft=88434).building
    body = {"ose_building_ids": [building.ose_building_id]}
    (us,), (si,) = (results(post(api, body, query=query)) for query in ("", SI))
    assert si["output"]["site_energy_use_kwh"] == in_si(
        "site_energy_use_kbtu", us["output"]["site_energy_use_kbtu"]
    )
    stored = PredictionInput.objects.values_list("features__gross_floor_area_sqft", "sent")
    assert set(stored) == {(88434.0, None)}


@pytest.mark.parametrize("accept", [JSON, NDJSON, CSV, PARQUET])
def test_every_format_is_renamed_and_converted(
    api: APIClient, served: FakeServedModel, accept: str
) -> None:
    def answer(rows: Any) -> list[Prediction]:
        return [
            prediction_of(
                electricity_kbtu=1e6, cautions=[Caution("gross_floor_area_sqft", "Unusual.")]
            )
            for _ in rows
        ]

    served.answer = answer
    body = {"rows": [*si_rows(1), {}]}
    answered = post(api, body, accept=accept, query=f"{SI}&on_error=skip")
    assert answered.status_code == 201
    content = read(answered)
    assert read(api.get(f"{answered['Location']}{SI}", headers={"Accept": accept})) == content
    if accept == PARQUET:
        from pyarrow import parquet

        row: dict[str, Any] = parquet.read_table(io.BytesIO(content)).to_pylist()[0]
    elif accept == CSV:
        row = next(csv.DictReader(io.StringIO(content.decode(), newline="")))
    else:
        found = json.loads(content if accept == JSON else content.splitlines()[0])
        found = found["results"][0] if accept == JSON else found
        low, high = found["output"]["intervals"]["80"]["site_energy_use_kwh"]
        row = {
            **found["output"],
            "site_energy_use_low_80_kwh": low,
            "site_energy_use_high_80_kwh": high,
            "warnings": json.dumps(found["warnings"]),
        }
    output = PredictionInput.objects.get().output
    for name in (
        "site_energy_use_kbtu",
        "site_eui_kbtu_per_sqft",
        "electricity_kbtu",
    ):
        si_name = name.replace("_kbtu_per_sqft", "_kwh_per_m2").replace("_kbtu", "_kwh")
        assert float(row[si_name]) == in_si(name, getattr(output, name))
    for end in ("low", "high"):
        kept = getattr(output, f"site_energy_use_{end}_80_kbtu")
        assert float(row[f"site_energy_use_{end}_80_kwh"]) == in_si("x_kbtu", kept)
    assert float(row["ghg_emissions_mtco2e"]) == output.ghg_emissions_mtco2e
    assert json.loads(row["warnings"])[0]["feature"] == "gross_floor_area_m2"
    assert not any("kbtu" in name or "sqft" in name for name in row)


# -- pinned --------------------------------------------------------------------------------------


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which versions were loaded; their models answer the number of their version, kBtu."""
    found: list[int] = []

    def load(*, version: ModelVersion) -> Serving:
        found.append(version.version)

        def answer(rows: list[FeatureRow]) -> list[Prediction]:
            return [prediction_of(electricity_kbtu=float(version.version)) for _ in rows]

        return Serving(version, FakeServedModel(answer))  # type: ignore[arg-type]

    monkeypatch.setattr(versions, "serving_of", load)
    return found


@pytest.fixture
def crowned(db: None) -> ModelVersion:
    """A former champion."""
    version = make_model_version()
    ModelPromotion.objects.create(
        version=version,
        alias=Alias.CHAMPION,
        kind=PromotionKind.PROMOTION,
        promoted_by_name="ann",
    )
    return version


def test_a_version_that_there_is_not_is_refused(api: APIClient, served: FakeServedModel) -> None:
    errors = refused(post(api, {"rows": rows_of(2)}, query="?model_version=987654"))
    assert errors["/model_version"][1] == "unknown-choice"


def test_bad_rows_are_told_before_a_bad_pin_as_for_one_row(
    api: APIClient, served: FakeServedModel
) -> None:
    rows = rows_of(1, year_built=1)
    errors = refused(post(api, {"rows": rows}, query="?model_version=987654"))
    assert errors.keys() == {"/rows/0/year_built"}
    one = api.post("/api/v1/predictions/?model_version=987654", rows[0], format="json")
    assert [error["pointer"] for error in one.json()["errors"]] == ["/year_built"]


def test_a_version_that_never_served_is_not_permitted(
    api: APIClient, served: FakeServedModel, loads: list[int]
) -> None:
    version = make_model_version()
    answer = post(api, {"rows": rows_of(2)}, query=f"?model_version={version.version}")
    assert answer.status_code == 403
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/model_version"]
    assert (PredictionRequest.objects.count(), loads, served.seen) == (0, [], [])


def test_the_pinned_version_answers_every_row(
    api: APIClient, served: FakeServedModel, loads: list[int], crowned: ModelVersion
) -> None:
    answer = post(api, {"rows": rows_of(3)}, query=f"?model_version={crowned.version}")
    assert answer.status_code == 201
    shown = json.loads(read(answer))
    assert shown["model"]["version"] == crowned.version
    assert {row["output"]["electricity_kbtu"] for row in shown["results"]} == {crowned.version}
    assert (loads, served.seen) == ([crowned.version], [])
    assert PredictionRequest.objects.get().model_version == crowned
