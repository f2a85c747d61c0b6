"""GET predictions/export/: one's own exchanges as a file."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from rest_framework.test import APIClient

from mlmodel.features import FEATURE_NAMES
from predictions.exports import formats
from predictions.exports.columns import columns_in
from predictions.models import PredictionInput
from predictions.services.accounts import api_caller_get_or_create
from predictions.services.door import Question, prediction_create
from tests.buildings.factories import BuildingFactory
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/predictions/export/"
CSV, LINES, PARQUET = "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"


def ask(user: User, count: int = 1, **changes: Any) -> list[PredictionInput]:
    sent = {"units": "us", "members": facts()}
    questions = [Question(features=facts(has_steam=True), sent=sent) for _ in range(count)]
    return prediction_create(call=call_of(user, **changes), questions=questions)


def export(api: APIClient, accept: str = CSV, query: str = "") -> Any:
    answer = api.get(f"{URL}?{query}", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.streaming
    return answer


def rows_of(answer: Any) -> list[dict[str, Any]]:
    content = answer.getvalue()
    match answer["Content-Type"].partition(";")[0]:
        case "text/csv":
            return list(csv.DictReader(io.StringIO(content.decode(), newline="")))
        case "application/x-ndjson":
            return [json.loads(line) for line in content.decode().splitlines()]
        case _:
            return pq.read_table(io.BytesIO(content)).to_pylist()


# -- refused -------------------------------------------------------------------------------------


def test_without_a_token_nothing_is_given(served: FakeServedModel, caller: User) -> None:
    ask(caller)
    answer = APIClient().get(URL, headers={"Accept": CSV})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("accept", ["application/json", "text/html", "application/xml"])
def test_a_format_that_there_is_not_is_told_those_there_are(api: APIClient, accept: str) -> None:
    answer = api.get(URL, headers={"Accept": accept})
    assert answer.status_code == 406
    for media_type in (CSV, LINES, PARQUET):
        assert f"`{media_type}`" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query", ["outcome=gone", "units=x", "page_size=5", "cursor=x", "outcom=failed", "format=csv"]
)
def test_a_parameter_that_means_nothing_is_refused(api: APIClient, query: str) -> None:
    for accept in (CSV, PARQUET):
        answer = api.get(f"{URL}?{query}", headers={"Accept": accept})
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


def test_a_database_that_fails_at_once_is_an_error_and_no_empty_file(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> Any:
        raise OperationalError("gone")
        yield

    monkeypatch.setattr("predictions.api.exporting.prediction_rows", fails)
    answer = api.get(URL, headers={"Accept": CSV})
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"


# -- given ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", [CSV, LINES, PARQUET])
def test_another_callers_rows_never_appear(
    api: APIClient,
    served: FakeServedModel,
    caller: User,
    api_for: Callable[[User], APIClient],
    accept: str,
) -> None:
    (mine,) = ask(caller)
    (theirs,) = ask(api_caller_get_or_create(username="other"), request_id="theirs")
    assert [row["prediction_id"] for row in rows_of(export(api, accept))] == [str(mine.id)]
    assert rows_of(export(api, accept, f"call={theirs.request_id}")) == []
    staff = api_for(make_user(is_staff=True))
    assert [row["prediction_id"] for row in rows_of(export(staff, accept))] == [
        str(theirs.id),
        str(mine.id),
    ]


@pytest.mark.parametrize("units", ["us", "si"])
def test_an_empty_export_has_its_header(api: APIClient, units: str) -> None:
    names = [column.name for column in columns_in(units)]
    assert export(api, CSV, f"units={units}").getvalue() == f"{','.join(names)}\r\n".encode()
    table = pq.read_table(io.BytesIO(export(api, PARQUET, f"units={units}").getvalue()))
    assert (table.column_names, table.num_rows) == (names, 0)
    assert export(api, LINES).getvalue() == b""


def test_a_row_is_what_the_record_holds(
    api: APIClient, served: FakeServedModel, caller: User
) -> None:
    (stored,) = ask(caller, request_id="my-id")
    shown = api.get(f"/api/v1/predictions/{stored.id}/").json()
    (row,) = rows_of(export(api, LINES))
    assert row["created_at"] == shown["created_at"]
    assert (row["caller"], row["request_id"]) == (caller.username, "my-id")
    assert (row["outcome"], row["error_code"]) == ("answered", None)
    assert {name: row[name] for name in FEATURE_NAMES} == shown["features"]
    assert row["site_energy_use_kbtu"] == shown["output"]["site_energy_use_kbtu"]
    low, high = shown["output"]["intervals"]["90"]["site_energy_use_kbtu"]
    assert (row["site_energy_use_low_90_kbtu"], row["site_energy_use_high_90_kbtu"]) == (low, high)
    assert row["emission_factor_set"] == "seattle-2016-v1"
    assert row["sent"] == shown["sent"]
    assert row["warnings"] == []
    (text,) = rows_of(export(api, CSV))
    assert text["has_steam"] == "true"
    assert text["parking_gfa_sqft"] == ""
    assert json.loads(text["sent"]) == shown["sent"]
    (typed,) = rows_of(export(api, PARQUET))
    assert typed["has_steam"] is True
    assert typed["year_built"] == 1927
    assert typed["created_at"].isoformat() == row["created_at"].replace("Z", "+00:00")


@pytest.mark.parametrize("accept", [CSV, LINES, PARQUET])
def test_columns_are_named_and_converted_by_units(
    api: APIClient, served: FakeServedModel, caller: User, accept: str
) -> None:
    ask(caller)
    (row,) = rows_of(export(api, accept, "units=si"))
    assert not [name for name in row if name.endswith(("_sqft", "_kbtu"))]
    assert float(row["gross_floor_area_m2"]) == 8215.787439
    assert float(row["site_eui_kwh_per_m2"]) == 252.3672596
    assert row["parking_gfa_m2"] in (None, "")


def test_what_a_spreadsheet_would_run_is_plain_text(
    served: FakeServedModel, api_for: Callable[[User], APIClient]
) -> None:
    user = make_user(username="=cmd|' /C calc'!A0")
    ask(user)
    client = api_for(user)
    (row,) = rows_of(export(client, CSV))
    assert row["caller"] == "'=cmd|' /C calc'!A0"
    (line,) = rows_of(export(client, LINES))
    assert line["caller"] == "=cmd|' /C calc'!A0"


def test_filters_are_those_of_the_list(
    api: APIClient, served: FakeServedModel, caller: User
) -> None:
    building: Any = BuildingFactory()
    question = Question(features=facts(), building=building)
    (about,) = prediction_create(call=call_of(caller), questions=[question])
    (other,) = ask(caller, request_id="other")
    by_building = export(api, LINES, f"ose_building_id={building.ose_building_id}")
    assert [row["prediction_id"] for row in rows_of(by_building)] == [str(about.id)]
    assert [row["prediction_id"] for row in rows_of(export(api, LINES, "request_id=other"))] == [
        str(other.id)
    ]
    assert rows_of(export(api, LINES, "outcome=failed")) == []


def test_it_is_a_file_that_no_cache_keeps(api: APIClient) -> None:
    for accept, extension in ((CSV, "csv"), (LINES, "jsonl"), (PARQUET, "parquet")):
        answer = export(api, accept)
        assert answer["Content-Disposition"] == f'attachment; filename="predictions.{extension}"'
        assert answer["Cache-Control"] == "no-store"
        assert "Accept" in answer["Vary"]
        assert answer["X-Request-ID"]
    assert export(api, CSV)["Content-Type"] == "text/csv; charset=utf-8"
    assert export(api, "*/*")["Content-Type"].startswith(CSV)


@pytest.mark.parametrize("accept", [CSV, LINES, PARQUET])
def test_one_query_and_pieces_however_many_rows(
    api: APIClient,
    served: FakeServedModel,
    caller: User,
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
    accept: str,
) -> None:
    monkeypatch.setattr(formats, "_PIECE_ROWS", 2)
    monkeypatch.setattr(formats, "_GROUP_ROWS", 2)
    monkeypatch.setattr("predictions.selectors._CHUNK_ROWS", 2)
    created = ask(caller, 5)
    with django_assert_num_queries(2):  # token; the cursor
        answer = export(api, accept)
        pieces = list(answer.streaming_content)
    assert len([piece for piece in pieces if piece]) >= 3
    answer.streaming_content = pieces
    assert [row["prediction_id"] for row in rows_of(answer)] == sorted(
        (str(one.id) for one in created), reverse=True
    )


def test_asking_for_the_head_reads_no_rows(
    api: APIClient, served: FakeServedModel, caller: User, django_assert_num_queries: Any
) -> None:
    ask(caller)
    with django_assert_num_queries(1):
        answer = api.head(URL)
    assert answer.status_code == 200
