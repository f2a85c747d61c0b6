"""Whatever is sent, the refusal is a documented 4xx problem that repeats nothing of it, and nothing
is stored. Not a word of HTML, and never a 5xx."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from rest_framework.test import APIClient

from predictions.models import ApiToken, PredictionRequest, Scope
from predictions.services.accounts import api_caller_get_or_create, api_token_create
from tests.fakes import FakeServedModel
from tests.openapi import openapi_document
from tests.predictions import malformed
from tests.predictions.batches.bodies import CSV, JSON, PARQUET
from tests.predictions.factories import facts

pytestmark = pytest.mark.django_db

ROW: Final = "/api/v1/predictions/"
BATCH: Final = "/api/v1/predictions/batch/"
TOKENS: Final = "/api/v1/tokens/"
BUILDING: Final = "/api/v1/buildings/1/predictions/"

#: Of malformed.VALUES, what a name may well be.
_TEXTS: Final = (
    *("a text", "a number in quotes", "true in quotes", "markup", "SQL", "a format"),
    *("bidi controls", "a path", "a template"),
)
_TEMPLATES: Final = {BUILDING: "/api/v1/buildings/{ose_building_id}/predictions/"}


@pytest.fixture(scope="module")
def documented() -> Mapping[str, set[int]]:
    """The statuses that the schema knows of each POST."""
    return {
        name: {int(status) for status in operations["post"]["responses"]}
        for name, operations in openapi_document()["paths"].items()
        if "post" in operations
    }


@pytest.fixture
def client(served: FakeServedModel) -> APIClient:
    """May do everything that a token can."""
    _, secret = api_token_create(
        user=api_caller_get_or_create(username="fuzz"), name="fuzz", scopes=list(Scope)
    )
    return APIClient(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)


@pytest.fixture
def wrongs(documented: Mapping[str, set[int]], client: APIClient, served: FakeServedModel) -> Any:
    """POST each of the cases; what is wrong with the answers, by the name of the case."""

    def post(
        url: str,
        cases: Mapping[str, bytes],
        content_type: str = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        found = {}
        for name, body in cases.items():
            answer: Any = client.generic(
                "POST",
                url,
                body,  # type: ignore[arg-type]  # bytes too
                content_type,
                headers=headers,
            )
            allowed = {status for status in documented[_TEMPLATES.get(url, url)] if status < 500}
            if why := _wrong(answer, allowed - {201}):
                found[name] = why
        stored = (PredictionRequest.objects.count(), ApiToken.objects.count(), served.seen)
        assert stored == (0, 1, [])
        return found

    return post


def _wrong(answer: Any, allowed: set[int]) -> str:
    """What is wrong with a refusal; "" if nothing is."""
    if answer.status_code not in allowed:
        return f"answered {answer.status_code}"
    if answer["Content-Type"] != "application/problem+json":
        return f"it is {answer['Content-Type']}"
    problem = json.loads(answer.content)
    if problem["status"] != answer.status_code or not problem["errors"]:
        return "the document is not whole"
    said = json.dumps([problem["detail"], [each["detail"] for each in problem["errors"]]])
    return f"it repeats: {said}" if malformed.CANARY in said else ""


@pytest.mark.parametrize("url", [ROW, BATCH, TOKENS, BUILDING])
def test_a_body_that_is_none(wrongs: Any, url: str) -> None:
    assert wrongs(url, malformed.BODIES) == {}


def test_a_row_with_a_value_that_is_none(wrongs: Any) -> None:
    assert wrongs(ROW, malformed.ROWS) == {}


def test_a_batch_of_a_row_with_a_value_that_is_none(wrongs: Any) -> None:
    rows = {name: b'{"rows": [' + row + b"]}" for name, row in malformed.ROWS.items()}
    assert wrongs(BATCH, rows) == {}


@pytest.mark.parametrize("member", ["rows", "ose_building_ids"])
def test_a_batch_of_what_is_no_list_of_them(wrongs: Any, member: str) -> None:
    assert wrongs(BATCH, _with(f'"{member}"', malformed.VALUES)) == {}


@pytest.mark.parametrize("member", ["name", "scopes", "networks", "expires_in_days"])
def test_a_token_with_a_value_that_is_none(wrongs: Any, member: str) -> None:
    good = {"name": {*_TEXTS}, "networks": {"an empty list"}}.get(member, set())
    values = {name: value for name, value in malformed.VALUES.items() if name not in good}
    others = "" if member == "name" else '"name": "x", '
    assert wrongs(TOKENS, _with(f'{others}"{member}"', values)) == {}


def test_a_csv_that_is_none(wrongs: Any) -> None:
    assert wrongs(BATCH, malformed.TABLES, CSV) == {}


def test_a_parquet_that_is_none(wrongs: Any) -> None:
    assert wrongs(BATCH, malformed.COLUMNS, PARQUET) == {}


@pytest.mark.parametrize("name", malformed.HEADERS)
def test_a_header_that_is_wrong(wrongs: Any, client: APIClient, name: str) -> None:
    headers, status = malformed.HEADERS[name]
    body = b"" if status == 411 else json.dumps(facts()).encode()
    content_type = headers.get("Content-Type", JSON)
    assert wrongs(ROW, {name: body}, content_type, headers) == {}
    answer: Any = client.generic("POST", ROW, body, content_type, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == status


def _with(member: str, values: Mapping[str, str]) -> dict[str, bytes]:
    return {name: f"{{{member}: {value}}}".encode() for name, value in values.items()}
