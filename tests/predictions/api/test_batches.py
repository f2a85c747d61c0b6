"""POST and GET predictions/batch/: refusals first, then answers, rows, statements."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from mlmodel.features import FEATURES
from mlmodel.runtime import ServedModel
from predictions.models import (
    PredictionBatch,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.services.accounts import api_caller_get_or_create
from tests.buildings.factories import BenchmarkRecordFactory, BuildingFactory
from tests.fakes import FakeServedModel, prediction_of
from tests.predictions.batches.bodies import (
    CSV,
    JSON,
    NDJSON,
    PARQUET,
    URL,
    csv_of,
    parquet_of,
    post,
    read,
    results,
    rows_of,
)
from tests.predictions.factories import facts, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def counts() -> tuple[int, int, int, int]:
    return (
        PredictionRequest.objects.count(),
        PredictionBatch.objects.count(),
        PredictionInput.objects.count(),
        PredictionOutput.objects.count(),
    )


def refused(answer: Any, status: int = 400) -> Any:
    """The problem; nothing was stored."""
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert counts() == (0, 0, 0, 0)
    return answer.json()


def test_one_bad_row_of_ten_thousand_is_named_and_nothing_is_stored(
    api: APIClient, served: FakeServedModel
) -> None:
    rows = rows_of(10_000)
    rows[1234]["year_built"] = 1066
    problem = refused(post(api, {"rows": rows}))
    assert problem["type"] == "/api/v1/problems/invalid-input/"
    assert problem["error_count"] == 1
    assert problem["errors"] == [
        {
            "in": "body",
            "pointer": "/rows/1234/year_built",
            "detail": "Must be from 1850 to 2050.",
            "code": "out-of-range",
        }
    ]
    assert served.seen == []


def test_each_bad_row_is_named_but_not_more_than_a_thousand(
    api: APIClient, served: FakeServedModel
) -> None:
    problem = refused(post(api, {"rows": [{"nonsense": at} for at in range(2_000)]}))
    assert problem["error_count"] == 8_000
    assert len(problem["errors"]) == 1_000
    assert [error["pointer"] for error in problem["errors"][:5]] == [
        "/rows/0/nonsense",
        "/rows/0/primary_property_type",
        "/rows/0/gross_floor_area_sqft",
        "/rows/0/year_built",
        "/rows/1/nonsense",
    ]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"[]", "", "not-an-object"),
        (b"null", "", "not-an-object"),
        (b"{}", "", "required"),
        (b'{"rows": []}', "/rows", "empty"),
        (b'{"ose_building_ids": []}', "/ose_building_ids", "empty"),
        (b'{"rows": {}}', "/rows", "not-a-list"),
        (b'{"rows": null}', "/rows", "not-a-list"),
        (b'{"row": [{}]}', "/row", "unknown-member"),
        (b'{"rows": [], "ose_building_ids": []}', "", "required"),
        (b'{"rows": [], "rows": []}', "/rows", "duplicate"),
        (b'{"rows": [1]}', "/rows/0", "not-an-object"),
        (b'{"rows": [null]}', "/rows/0", "not-an-object"),
        (b'{"rows": [[[]]]}', "/rows/0", "not-an-object"),
        (b'{"rows": [{"year_built": 1, "year_built": 2}]}', "/rows/0/year_built", "duplicate"),
        (b'{"rows": [' + b"[" * 20_000 + b"]" * 20_000 + b"]}", "", "too-deep"),
        (b'{"rows": [', "", "malformed"),
        (b"", "", "malformed"),
        (b"\xff", "", "malformed"),
        (b'{"ose_building_ids": [true]}', "/ose_building_ids/0", "not-an-id"),
        (b'{"ose_building_ids": ["1"]}', "/ose_building_ids/0", "not-an-id"),
        (b'{"ose_building_ids": [99999999999]}', "/ose_building_ids/0", "not-an-id"),
        (b'{"ose_building_ids": [7]}', "/ose_building_ids/0", "unknown-building"),
    ],
)
def test_what_is_no_batch_is_refused(
    api: APIClient, served: FakeServedModel, body: bytes, pointer: str, code: str
) -> None:
    error = refused(post(api, body))["errors"][0]
    assert (error["pointer"], error["code"]) == (pointer, code)


@pytest.mark.parametrize("value", [True, "x", [], {}, 1e400, -1, 10**400, "\ud800"])
def test_a_row_is_refused_as_it_is_alone(
    api: APIClient, served: FakeServedModel, value: Any
) -> None:
    rows = [facts(**{feature.name: value}) for feature in FEATURES] + [{"nonsense": value}]
    together = refused(post(api, {"rows": rows}))["errors"]
    alone = []
    for at, row in enumerate(rows):
        answer = api.generic("POST", "/api/v1/predictions/", json.dumps(row), JSON)
        for error in answer.json().get("errors", ()):
            alone.append({**error, "pointer": f"/rows/{at}{error['pointer']}"})
    assert together == alone


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, json.dumps({"rows": rows_of(10_001)}).encode()),
        (JSON, b'{"rows": [' + b"[]," * 100_000 + b"[]]}"),
        (JSON, json.dumps({"ose_building_ids": [1] * 10_001}).encode()),
        (JSON, b'{"rows": [' + b"1," * 1_000_000 + b"1]}"),
        (CSV, csv_of(rows_of(10_001))),
        (CSV, b"," * 1_000 + b"x\n"),
    ],
)
def test_too_many_rows_are_413_and_the_limit_is_named(
    api: APIClient, served: FakeServedModel, content_type: str, body: bytes
) -> None:
    problem = refused(post(api, body, content_type=content_type), 413)
    assert problem["type"] == "/api/v1/problems/body-too-large/"
    assert "10,000 rows" in problem["detail"] or "200 columns" in problem["detail"]


@pytest.mark.parametrize(
    ("content_type", "name"), [(JSON, "json"), (CSV, "csv"), (PARQUET, "parquet")]
)
def test_too_many_bytes_are_413_by_format(
    api: APIClient, served: FakeServedModel, settings: Any, content_type: str, name: str
) -> None:
    settings.BATCH_BODY_BYTES_MAX = {**settings.BATCH_BODY_BYTES_MAX, name: 1_000}
    problem = refused(post(api, b" " * 1_001, content_type=content_type), 413)
    assert problem["detail"] == "At most 1,000 bytes are read."


def test_a_batch_without_a_body_is_empty_whatever_its_format(
    api: APIClient, served: FakeServedModel
) -> None:
    for content_type in ("", "text/plain", JSON, CSV):
        problem = refused(post(api, b"", content_type=content_type))
        assert problem["type"] == "/api/v1/problems/malformed-body/"
        assert "is empty" in problem["detail"]


def test_another_format_is_415_and_those_there_are_named(
    api: APIClient, served: FakeServedModel
) -> None:
    detail = refused(post(api, b"x", content_type="text/plain"), 415)["detail"]
    assert all(name in detail for name in (JSON, CSV, PARQUET))
    refused(post(api, {"rows": rows_of(1)}, accept="text/html"), 406)


def test_who_may_only_read_cannot(
    served: FakeServedModel, api_for: Callable[[User], APIClient]
) -> None:
    refused(post(api_for(make_user()), {"rows": rows_of(1)}), 403)


@pytest.mark.parametrize(
    "query", ["?on_error=ignore", "?on_error=", "?x=1", "?on_error=skip&on_error=skip"]
)
def test_a_query_that_means_nothing_is_refused(
    api: APIClient, served: FakeServedModel, query: str
) -> None:
    refused(post(api, {"rows": rows_of(1)}, query=query))


def test_rows_are_charged_to_the_token(
    api: APIClient, served: FakeServedModel, settings: Any
) -> None:
    settings.RATE_LIMIT_ROWS_PER_MINUTE = 100
    problem = refused(post(api, {"rows": rows_of(101)}), 429)
    assert "101" in problem["detail"]
    answer = post(api, {"rows": rows_of(100)})
    assert answer.status_code == 201
    assert '"rows";r=0' in answer["RateLimit"]


def test_without_a_model_503_and_nothing_stored(api: APIClient) -> None:
    refused(post(api, {"rows": rows_of(200)}), 503)


def test_unknown_factors_are_refused(api: APIClient, served: FakeServedModel) -> None:
    problem = refused(post(api, {"rows": rows_of(2)}, query="?emission_factor_set=none"))
    assert problem["errors"][0]["pointer"] == "/emission_factor_set"


def test_a_model_that_fails_leaves_a_code_in_each_row_of_its_block(
    api: APIClient, served: FakeServedModel
) -> None:
    def fail_once(rows: Any) -> Any:
        if rows[0]["gross_floor_area_sqft"] == 10_000:
            raise ValueError("boom")
        return FakeServedModel.by_area(rows)

    served.answer = fail_once
    answer = post(api, {"rows": rows_of(2_500)})
    assert answer.status_code == 201
    shown = json.loads(read(answer))
    assert shown["row_counts"] == {
        "received": 2_500,
        "predicted": 500,
        "failed": 2_000,
        "unanswered": 0,
        "refused": 0,
    }
    assert (shown["results"][0]["output"], shown["results"][0]["error_code"]) == (
        None,
        "model-failure",
    )
    assert shown["results"][2_000]["output"]["site_energy_use_kbtu"] == 80.0 * 12_000
    assert PredictionOutput.objects.filter(error_code="model-failure").count() == 2_000


@pytest.mark.parametrize("count", [3, 300])
def test_killed_between_inputs_and_outputs_leaves_inputs_alone(
    api: APIClient, served: FakeServedModel, count: int
) -> None:
    def die(rows: Any) -> Any:
        assert counts() == (1, 1, count, 0)
        raise SystemExit

    served.answer = die
    with pytest.raises(SystemExit):
        post(api, {"rows": rows_of(count)})
    assert counts() == (1, 1, count, 0)
    call = PredictionRequest.objects.get()
    again = json.loads(read(api.get(f"{URL}{call.id}/")))
    assert again["row_counts"]["unanswered"] == count
    assert {(row["output"], row["error_code"]) for row in again["results"]} == {(None, None)}


@pytest.mark.parametrize("count", [1, 99, 100, 1_000])
def test_every_row_is_answered_in_order_and_stored(
    api: APIClient, caller: User, served: FakeServedModel, count: int
) -> None:
    rows = rows_of(count)
    answer = post(api, {"rows": rows}, **{"X-Request-ID": "mine"})
    assert answer.status_code == 201
    assert (answer["Content-Type"], answer["X-Request-ID"]) == (JSON, "mine")
    shown = json.loads(read(answer))
    call = PredictionRequest.objects.get()
    assert shown["id"] == str(call.id)
    assert answer["Location"] == shown["url"] == f"http://testserver{URL}{call.id}/"
    assert (call.caller, call.row_count, call.channel) == (caller, count, "api")
    assert shown["row_counts"]["predicted"] == shown["row_counts"]["received"] == count
    assert [row["row"] for row in shown["results"]] == list(range(count))
    stored = list(PredictionInput.objects.order_by("position").select_related("output"))
    assert [row["id"] for row in shown["results"]] == [str(one.id) for one in stored]
    assert [one.position for one in stored] == list(range(count))
    for sent, one, row in zip(rows, stored, shown["results"], strict=True):
        assert one.features["gross_floor_area_sqft"] == sent["gross_floor_area_sqft"]
        assert one.output.site_energy_use_kbtu == row["output"]["site_energy_use_kbtu"]
        assert row["output"]["site_energy_use_kbtu"] == 80.0 * sent["gross_floor_area_sqft"]
        assert one.created_at >= call.received_at
        assert one.output.created_at >= one.created_at
    assert (
        read(api.get(shown["url"]))
        == json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
    )


@pytest.mark.parametrize("count", [40, 400])
def test_answers_are_those_of_one_row_at_a_time_bit_for_bit(
    api: APIClient,
    served: FakeServedModel,
    shipped_model: ServedModel,
    count: int,
) -> None:
    served.answer = shipped_model.predict
    rows = rows_of(count, number_of_floors=30, parking_gfa_sqft=1_000, has_steam=True)
    many = results(post(api, {"rows": rows}))
    for row, answer in list(zip(rows, many, strict=True))[:: count // 20]:
        alone = api.generic("POST", "/api/v1/predictions/", json.dumps(row), JSON).json()
        assert answer["output"] == alone["output"]
        assert answer["warnings"] == alone["warnings"] != []
        again = api.get(f"/api/v1/predictions/{answer['id']}/").json()
        assert (again["output"], again["features"]) == (alone["output"], alone["features"])


class TestIdempotency:
    """Idempotency-Key"""

    def test_a_repeat_gives_the_same_bytes_and_no_row(
        self, api: APIClient, served: FakeServedModel
    ) -> None:
        body = {"rows": rows_of(150)}
        first = post(api, body, **{"Idempotency-Key": "once"})
        again = post(api, body, **{"Idempotency-Key": "once"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again["Location"] == first["Location"]
        assert counts() == (1, 1, 150, 150)

    def test_a_call_that_was_cut_short_is_finished(
        self, api: APIClient, served: FakeServedModel
    ) -> None:
        def die(rows: Any) -> Any:
            raise SystemExit

        body = {"rows": [*rows_of(150), {}]}
        served.answer = die
        with pytest.raises(SystemExit):
            post(api, body, query="?on_error=skip", **{"Idempotency-Key": "once"})
        assert counts() == (1, 1, 150, 0)
        served.answer = FakeServedModel.by_area
        answer = post(api, body, query="?on_error=skip", **{"Idempotency-Key": "once"})
        assert answer.status_code == 201
        assert counts() == (1, 1, 150, 150)
        assert answer.json()["row_counts"] == {
            "received": 151,
            "predicted": 150,
            "failed": 0,
            "unanswered": 0,
            "refused": 1,
        }
        assert read(api.get(answer["Location"])) == answer.content


class TestSkipping:
    """?on_error=skip"""

    def test_good_rows_are_predicted_and_bad_ones_reported_in_place(
        self, api: APIClient, served: FakeServedModel
    ) -> None:
        rows: list[Any] = rows_of(4)
        rows[1]["year_built"] = "1927"
        rows[2] = 7
        answer = post(api, {"rows": rows}, query="?on_error=skip")
        shown = json.loads(read(answer))
        assert answer.status_code == 201
        assert shown["row_counts"] == {
            "received": 4,
            "predicted": 2,
            "failed": 0,
            "unanswered": 0,
            "refused": 2,
        }
        assert [row["output"] is None for row in shown["results"]] == [False, True, True, False]
        assert shown["results"][1]["errors"] == [
            {
                "in": "body",
                "pointer": "/rows/1/year_built",
                "detail": "Must be a JSON number from 1850 to 2050, without quotes.",
                "code": "not-a-number",
            }
        ]
        assert shown["results"][2]["errors"][0]["pointer"] == "/rows/2"
        assert counts() == (1, 1, 2, 2)
        assert PredictionRequest.objects.get().row_count == 2
        assert json.loads(read(api.get(shown["url"]))) == shown

    def test_without_a_good_row_all_are_refused(
        self, api: APIClient, served: FakeServedModel
    ) -> None:
        assert refused(post(api, {"rows": [{}, 1]}, query="?on_error=skip"))["error_count"] == 4

    def test_a_row_tells_five_errors(self, api: APIClient, served: FakeServedModel) -> None:
        bad = {f"x{at}": at for at in range(50)}
        answer = post(api, {"rows": [*rows_of(1), bad]}, query="?on_error=skip")
        assert len(results(answer)[1]["errors"]) == 5


class TestBuildings:
    """By ids."""

    def test_stored_facts_are_used_in_a_few_statements(
        self, api: APIClient, served: FakeServedModel, django_assert_num_queries: Any
    ) -> None:
        ids = []
        for _ in range(3):
            building: Any = BuildingFactory()
            for year, area in ((2016, 88434), (2015, 70000)):
                BenchmarkRecordFactory(
                    building=building, data_year=year, property_gfa_total_sqft=area
                )
            ids.append(building.ose_building_id)
        asked = [ids[2], ids[0], ids[2]]
        # 11 of any batch; buildings, records, uses
        with django_assert_num_queries(14):
            answer = post(api, {"ose_building_ids": asked})
            shown = json.loads(read(answer))
        assert (answer.status_code, shown["format"]) == (201, "buildings")
        assert [row["ose_building_id"] for row in shown["results"]] == asked
        stored = PredictionInput.objects.order_by("position").select_related("building")
        assert [one.building.ose_building_id for one in stored if one.building] == asked
        alone = api.generic("POST", f"/api/v1/buildings/{ids[0]}/predictions/", b"", JSON).json()  # type: ignore[arg-type]
        assert alone["output"] == shown["results"][1]["output"]
        assert json.loads(read(api.get(shown["url"]))) == shown

    def test_incomplete_facts_are_reported_like_bad_rows(
        self, api: APIClient, served: FakeServedModel
    ) -> None:
        known: Any = BenchmarkRecordFactory(property_gfa_total_sqft=88434).building
        bare: Any = BuildingFactory()
        ids = [bare.ose_building_id, known.ose_building_id, 77]
        errors = refused(post(api, {"ose_building_ids": ids}))["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [
            ("/ose_building_ids/0", "incomplete-facts"),
            ("/ose_building_ids/2", "unknown-building"),
        ]
        rows = results(post(api, {"ose_building_ids": ids}, query="?on_error=skip"))
        assert [row["output"] is None for row in rows] == [True, False, True]


def test_statements_do_not_grow_with_the_rows(
    api: APIClient, served: FakeServedModel, django_assert_num_queries: Any
) -> None:
    # token; rate; factors; BEGIN, INSERT call, INSERT batch, INSERT inputs, COMMIT; BEGIN, INSERT
    # outputs, COMMIT; of many rows COPY instead of the INSERTs of inputs and outputs
    for count in (2, 50, 100, 2_000):
        with django_assert_num_queries(11):
            answer = post(api, {"rows": rows_of(count)})
            url = json.loads(read(answer))["url"]
        with django_assert_num_queries(3):
            read(api.get(url))


def test_one_reads_ones_own_and_staff_read_all(
    api: APIClient, served: FakeServedModel, api_for: Callable[[User], APIClient]
) -> None:
    url = json.loads(read(post(api, {"rows": rows_of(1)})))["url"]
    other = api_for(api_caller_get_or_create(username="other"))
    assert other.get(url).status_code == 404
    assert api_for(make_user(is_staff=True)).get(url).status_code == 200
    one = api.generic("POST", "/api/v1/predictions/", json.dumps(facts()), JSON)
    call = PredictionInput.objects.get(pk=one.json()["id"]).request_id
    assert api.get(f"{URL}{call}/").status_code == 404


class TestFormats:
    """By Content-Type and Accept."""

    @pytest.fixture
    def sent(self) -> list[dict[str, Any]]:
        return [
            facts(gross_floor_area_sqft=20_000.0, has_steam=True, number_of_floors=3),
            facts(gross_floor_area_sqft=30_000.0, number_of_floors=None, energy_star_score=50),
        ]

    @pytest.mark.parametrize("accept", [JSON, NDJSON, CSV, PARQUET])
    def test_each_says_the_same_and_again(
        self, api: APIClient, served: FakeServedModel, accept: str
    ) -> None:
        rows = rows_of(501)
        rows[3]["year_built"] = 3
        served.answer = lambda rows: [
            prediction_of(electricity_kbtu=float(row["gross_floor_area_sqft"] or 0)) for row in rows
        ]
        answer = post(api, {"rows": rows}, accept=accept, query="?on_error=skip")
        assert (answer.status_code, answer["Content-Type"]) == (201, accept)
        content = read(answer)
        table = list(rows_shown(content, accept))
        assert [row["row"] for row in table] == list(range(501))
        assert table[3]["energy"] is None
        assert "1850 to 2050" in table[3]["errors"]
        del rows[3], table[3]
        assert [row["energy"] for row in table] == [row["gross_floor_area_sqft"] for row in rows]
        again = api.get(answer["Location"], headers={"Accept": accept})
        assert again["Content-Type"] == accept
        assert read(again) == content

    def test_csv_parquet_and_json_are_understood_alike(
        self, api: APIClient, served: FakeServedModel, sent: list[dict[str, Any]]
    ) -> None:
        names = list(dict.fromkeys(name for row in sent for name in row))
        bodies = [
            (JSON, json.dumps({"rows": sent}).encode()),
            (CSV, csv_of(sent)),
            (CSV, b"\xef\xbb\xbf" + csv_of(sent, delimiter=";", end="\r\n")),
            (PARQUET, parquet_of({name: [row.get(name) for row in sent] for name in names})),
        ]
        stored = []
        for content_type, body in bodies:
            assert post(api, body, content_type=content_type).status_code == 201
            call = PredictionRequest.objects.latest("id")
            stored.append(list(call.inputs.order_by("position").values_list("features", flat=True)))
        assert stored[0] == stored[1] == stored[2] == stored[3]
        assert list(PredictionBatch.objects.order_by("pk").values_list("format", flat=True)) == [
            "json",
            "csv",
            "csv",
            "parquet",
        ]

    def test_a_bad_line_of_a_csv_is_named_by_row_and_line(
        self, api: APIClient, served: FakeServedModel
    ) -> None:
        body = csv_of([facts(), facts(), facts(year_built="soon")]).replace(b"\n", b"\n\n", 2)
        (error,) = refused(post(api, body, content_type=CSV))["errors"]
        assert (error["pointer"], error["line"]) == ("/rows/2/year_built", 6)
        assert "soon" not in json.dumps(error)

    def test_formulas_are_inert_in_csv(self, api: APIClient, served: FakeServedModel) -> None:
        body = {"rows": [facts(), {"=cmd|'/c calc'!A0": 1, **facts()}]}
        content = read(post(api, body, accept=CSV, query="?on_error=skip")).decode()
        cells = [cell for line in csv.reader(io.StringIO(content)) for cell in line]
        assert any("Not known here" in cell for cell in cells)
        assert not any(cell.startswith(("=", "+", "@", "-")) for cell in cells)


def rows_shown(content: bytes, accept: str) -> Any:
    if accept == PARQUET:
        from pyarrow import parquet

        table = parquet.read_table(io.BytesIO(content)).to_pylist()
    elif accept == CSV:
        table = [
            {name: cell or None for name, cell in row.items()}
            for row in csv.DictReader(io.StringIO(content.decode(), newline=""))
        ]
    else:
        found = (
            json.loads(content)["results"]
            if accept == JSON
            else [json.loads(line) for line in content.splitlines()]
        )
        table = [
            {
                "row": row["row"],
                "site_energy_use_kbtu": row["output"] and row["output"]["site_energy_use_kbtu"],
                "errors": json.dumps(row["errors"]),
            }
            for row in found
        ]
    for row in table:
        energy = row["site_energy_use_kbtu"]
        yield {
            "row": int(row["row"]),
            "energy": None if energy is None else float(energy),
            "errors": row["errors"],
        }
