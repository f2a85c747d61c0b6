"""Lists of the admin as files: what was filtered, whole, inert, and on the record."""

import csv
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, transaction
from django.test import Client

from predictions.exports import formats
from predictions.exports.tables import table_columns
from predictions.models import ApiToken, Export, ExportEnd, PredictionInput, PredictionRequest
from predictions.selectors.exports import rows_by_key
from predictions.services.accounts import api_token_create, groups_ensure
from predictions.services.door import Question, prediction_create
from predictions.services.exports import export_begin, export_write
from predictions.services.staff_log import StaffAction
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db

INPUTS = "/admin/export/predictions/predictioninput/"
CALLS = "/admin/export/predictions/predictionrequest/"


@pytest.fixture
def auditor(client: Client) -> User:
    groups_ensure()
    user = make_user(username="audrey", is_staff=True)
    user.groups.add(Group.objects.get(name="auditor"))
    client.force_login(user)
    return user


@pytest.fixture
def calls(served: FakeServedModel) -> None:
    callers = [make_user(username=name) for name in ("=cmd|' /C calc'!A0", "bob")]
    for caller in (*callers, callers[-1]):
        prediction_create(
            call=call_of(caller),
            questions=[Question(features=facts()), Question(features=facts())],
        )


def exported(client: Client, address: str, form: str = "csv", **headers: Any) -> bytes:
    answer = client.post(address, {"format": form}, headers=headers)
    assert answer.status_code == 200
    assert answer.streaming
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert "no-store" in answer["Cache-Control"]
    return b"".join(answer)


def test_the_filtered_list_is_exported_whole_and_that_is_logged(
    client: Client, auditor: User, calls: None
) -> None:
    text = exported(client, f"{INPUTS}?q=bob&outcome=answered&p=1", **{"X-Request-ID": "abc"})
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert len(rows) == 4
    assert {row["caller"] for row in rows} == {"bob"}
    assert [row["prediction_id"] for row in rows] == sorted(
        (row["prediction_id"] for row in rows), reverse=True
    )
    export = Export.objects.get()
    assert (export.list_name, export.format) == ("predictions.predictioninput", "csv")
    assert export.filters == "q=bob&outcome=answered&p=1"
    assert (export.exported_by, export.exported_by_name) == (auditor, "audrey")
    assert export.request_id == "abc"
    assert (export.end.row_count, export.end.is_finished) == (4, True)
    entry = LogEntry.objects.get(action_flag=StaffAction.EXPORTED)
    assert (entry.user, entry.object_id) == (auditor, str(export.pk))
    listed = client.get("/admin/predictions/export/").content.decode()
    assert "finished" in listed
    assert "outcome=answered" in listed


def test_a_page_offers_the_rows_that_it_found(client: Client, auditor: User, calls: None) -> None:
    page = client.get("/admin/predictions/predictioninput/?q=bob").content.decode()
    assert f'action="{INPUTS}?q=bob"' in page


def test_who_may_not_export_is_offered_nothing(client: Client, calls: None) -> None:
    groups_ensure()
    operator = make_user(is_staff=True)
    operator.groups.add(Group.objects.get(name="operator"))
    client.force_login(operator)
    page = client.get("/admin/predictions/predictioninput/").content.decode()
    assert INPUTS not in page
    assert client.post(INPUTS, {"format": "csv"}).status_code == 403
    assert not Export.objects.exists()


def test_formulas_are_inert_in_csv_and_themselves_elsewhere(
    client: Client, auditor: User, calls: None
) -> None:
    name = "=cmd|' /C calc'!A0"
    rows = csv.DictReader(io.StringIO(exported(client, CALLS).decode()))
    assert {row["caller_name"] for row in rows} == {f"'{name}", "bob"}
    lines = [json.loads(line) for line in exported(client, CALLS, "jsonl").splitlines()]
    assert {line["caller_name"] for line in lines} == {name, "bob"}
    assert {line["row_count"] for line in lines} == {2}
    table = pq.read_table(io.BytesIO(exported(client, CALLS, "parquet")))
    assert set(table["caller_name"].to_pylist()) == {name, "bob"}
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"


def test_secrets_are_in_no_export(client: Client, admin_browser: Client) -> None:
    token, _ = api_token_create(user=make_user(), name="t", networks=["10.0.0.0/8"])
    text = exported(admin_browser, "/admin/export/predictions/apitoken/", "jsonl").decode()
    row = json.loads(text)
    assert row["networks"] == "10.0.0.0/8"
    assert not {"digest", "token_key"} & set(row)
    assert token.digest not in text
    for form in ("csv", "parquet"):
        assert token.digest.encode() not in exported(
            admin_browser, "/admin/export/predictions/apitoken/", form
        )
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "form", "status"),
    [
        (INPUTS, "xlsx", 404),
        (INPUTS, "", 404),
        (f"{INPUTS}?nonsense__x=1", "csv", 404),
        (f"{INPUTS}?created_at__year=x", "csv", 404),
        ("/admin/export/auth/user/", "csv", 404),
        ("/admin/export/no/such/", "csv", 404),
    ],
)
def test_what_cannot_be_exported_is_refused_and_not_logged(
    admin_browser: Client, address: str, form: str, status: int
) -> None:
    assert admin_browser.post(address, {"format": form}).status_code == status
    assert not Export.objects.exists()


def test_without_the_page_s_own_form_nothing_is_exported(auditor: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(auditor)
    assert browser.post(INPUTS, {"format": "csv"}).status_code == 403
    assert browser.get(INPUTS).status_code == 405
    assert not Export.objects.exists()


def test_what_is_broken_off_or_fails_is_on_the_record(auditor: User, calls: None) -> None:
    paths, columns = table_columns(PredictionInput)

    def begun() -> Export:
        return export_begin(
            user=auditor, list_name="x.y", filters="", form=formats.CSV, request_id=""
        )

    def rows() -> Any:
        return rows_by_key(queryset=PredictionInput.objects.all(), paths=paths)

    left = begun()
    file = export_write(export=left, form=formats.CSV, rows=rows(), columns=columns)
    next(file)
    file.close()
    assert (left.end.is_finished, left.end.row_count) == (False, 6)

    def failing() -> Any:
        yield from list(rows())[:2]
        raise DatabaseError

    failed = begun()
    with pytest.raises(DatabaseError):
        list(export_write(export=failed, form=formats.CSV, rows=failing(), columns=columns))
    assert (failed.end.is_finished, failed.end.row_count) == (False, 2)
    for table in (Export, ExportEnd):
        with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
            table.objects.update(created_at=None)


def test_rows_are_read_page_by_page(calls: None, django_assert_num_queries: Any) -> None:
    found = PredictionRequest.objects.filter(row_count=2)
    with django_assert_num_queries(4):  # keys and rows, of a full page and of the rest
        rows = list(rows_by_key(queryset=found, paths=["id", "caller_name"], page=2))
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert len(rows) == 3
