"""Every refusal in English and in French, as Accept-Language prefers, and never as HTML."""

import json
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config.middleware import accepted_language
from predictions.api import parsers
from tests.fakes import FakeServedModel
from tests.predictions.factories import facts

pytestmark = pytest.mark.django_db

PREDICTIONS = "/api/v1/predictions/"
BUILDINGS = "/api/v1/buildings/"
UUID = "0199d3a0-0000-7000-8000-000000000000"


def _with(**changes: Any) -> bytes:
    return json.dumps(facts(**changes)).encode()


#: method, path, body, headers -> status: everything that may be wrong with a request.
REFUSED: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("GET", "/api/", b"", {}, 404),
    ("GET", "/api/v1/nope/", b"", {}, 404),
    ("GET", "/api/v1/%00/", b"", {}, 404),
    ("GET", "/api/v1/%FF%FE/", b"", {}, 404),
    ("POST", PREDICTIONS[:-1], _with(), {}, 404),
    ("GET", f"{PREDICTIONS}x/", b"", {}, 404),
    ("GET", f"{PREDICTIONS}{UUID}/", b"", {}, 404),
    ("POST", f"{PREDICTIONS}{UUID}/what-if/", b"{}", {}, 404),
    ("GET", f"{BUILDINGS}{10**30}/", b"", {}, 404),
    ("POST", f"{BUILDINGS}5/predictions/", b"", {}, 404),
    ("GET", "/api/v1/problems/nope/", b"", {}, 404),
    ("PUT", PREDICTIONS, b"", {}, 405),
    ("DELETE", "/api/v1/problems/", b"", {}, 405),
    ("BREW", BUILDINGS, b"", {}, 405),
    ("POST", "/api/v1/docs/", b"", {}, 405),
    ("GET", PREDICTIONS, b"", {"Accept": "text/html"}, 406),
    ("GET", BUILDINGS, b"", {"Accept": "image/png, text/html;q=0.5"}, 406),
    ("GET", "/api/v1/problems/", b"", {"Accept": "text/html"}, 406),
    ("GET", "/api/v1/docs/", b"", {"Host": "evil.example"}, 400),
    ("GET", PREDICTIONS, b"", {"Authorization": ""}, 401),
    ("GET", PREDICTIONS, b"", {"Authorization": "Bearer"}, 401),
    ("GET", PREDICTIONS, b"", {"Authorization": "Bearer a b"}, 401),
    ("GET", PREDICTIONS, b"", {"Authorization": "Bearer nope"}, 401),
    ("POST", PREDICTIONS, b"", {"Transfer-Encoding": "chunked"}, 411),
    ("POST", PREDICTIONS, b" " * 300_000, {}, 413),
    ("POST", PREDICTIONS, b"{}", {"Content-Type": "text/plain"}, 415),
    ("POST", PREDICTIONS, b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    *(
        ("POST", PREDICTIONS, body, {}, 400)
        for body in (
            b"",
            b" ",
            b"[]",
            b"{",
            b"{'a'}",
            b'{"a" 1}',
            b'{"a": 1 "b"}',
            b'{"a": 1,}',
            b'{"a": [1,]}',
            b'{"a": "\x01"}',
            b'{"a": "\\q"}',
            b'{"a": "\\u12"}',
            b'{"a": "',
            b"{} {}",
            b'"\xff"',
            b"[" * 99,
            b'{"year_built": 1, "year_built": 1}',
            _with(nonsense=1, year_bilt=1),
            _with(year_built=1.5, latitude="x", longitude=1e9, gross_floor_area_sqft=None),
            _with(primary_property_type="hotel", building_type=1, has_electricity="yes"),
            _with(primary_property_type="no such type", neighborhood="nowhere"),
            _with(parking_gfa_sqft=5e6, latitude=47.6, third_largest_property_use_type="Hotel"),
            _with(largest_property_use_type_gfa_sqft=1),
        )
    ),
    ("POST", f"{PREDICTIONS}?units=si", _with(), {}, 400),
    ("POST", f"{PREDICTIONS}?emission_factor_set=", _with(), {}, 400),
    ("POST", f"{PREDICTIONS}?emission_factor_set=nope", _with(), {}, 400),
    *(
        ("GET", f"{BUILDINGS}?{query}", b"", {}, 400)
        for query in (
            "nope=1",
            "units=si&units=si",
            "units=metric",
            "page_size=0",
            "ordering=nope",
            "cursor=nope",
            "cursor=WyIwMCIsZmFsc2UsWzFdXQ",
            "search=a",
            "search=%2A%2A%2A",
            "search=%00aaa",
            f"search={'x' * 101}",
            "search=",
            "data_year=x",
            "data_year=1",
            "data_year=99999",
            "is_synthetic=1",
            "neighborhood=nowhere",
            "primary_property_type=hotl",
            "primary_property_type=zzz",
            "gross_floor_area_min=x",
            "gross_floor_area_min=2&gross_floor_area_max=1",
            "gross_floor_area_min=1e99",
            "quality_flag=zzz&has_quality_flags=false",
            "has_quality_flags=false&quality_flag=ghg_zero",
            f"compliance_status={'x' * 65}",
        )
    ),
    ("GET", f"{PREDICTIONS}?cursor=nope", b"", {}, 400),
    ("GET", f"{PREDICTIONS}?page_size=x", b"", {}, 400),
    ("GET", "/api/v1/benchmarks/", b"", {}, 400),
    ("GET", "/api/v1/problems/?a=1", b"", {}, 400),
]


def send(api: APIClient, refused: tuple[str, str, bytes, dict[str, str], int], lang: str) -> Any:
    method, path, body, headers, _ = refused
    sender = Client() if "Authorization" in headers else api
    if "Content-Type" not in headers:
        headers = {"Content-Type": "application/json", **headers}
    content_type = headers["Content-Type"]
    extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    if "HTTP_TRANSFER_ENCODING" in extra:
        extra["CONTENT_LENGTH"] = ""
    extra["HTTP_ACCEPT_LANGUAGE"] = lang
    return sender.generic(method, path, body, content_type, **extra)  # type: ignore[arg-type]  # bytes


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: f"{refused[0]} {refused[1][:60]}")
def test_a_refusal_is_a_problem_in_either_language(
    api: APIClient, served: FakeServedModel, refused: tuple
) -> None:
    english, french = (send(api, refused, language) for language in ("en", "fr-CA,en;q=0.1"))
    for answer, language in ((english, "en"), (french, "fr")):
        assert answer.status_code == refused[-1]
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["Content-Language"] == language
        assert "Accept-Language" in answer["Vary"]
        assert answer.json()["errors"]
        for error in answer.json()["errors"]:
            assert error.keys() == {"in", "pointer", "detail", "code"}
            assert error["code"] == error["code"].lower().replace("_", "-") != ""
            assert error["pointer"] == "" or error["pointer"].startswith("/")
    one, other = english.json(), french.json()
    assert [each["pointer"] for each in one["errors"]] == [e["pointer"] for e in other["errors"]]
    assert one["type"] == other["type"]
    assert one["title"] != other["title"]
    assert one["detail"] != other["detail"]
    for said, dit in zip(one["errors"], other["errors"], strict=True):
        assert said["code"] == dit["code"]
        assert said["detail"] != dit["detail"], "not translated"


def test_a_token_that_may_not_predict_is_told_so_in_french(
    api: APIClient, served: FakeServedModel, caller: Any
) -> None:
    caller.groups.clear()
    answer = api.post(PREDICTIONS, facts(), format="json", HTTP_ACCEPT_LANGUAGE="fr")
    assert answer.status_code == 403
    assert "peut lire mais non prédire" in answer.json()["errors"][0]["detail"]


def test_numbers_are_grouped_as_the_language_does(api: APIClient, served: FakeServedModel) -> None:
    answer = api.post(
        PREDICTIONS, facts(gross_floor_area_sqft=1), format="json", HTTP_ACCEPT_LANGUAGE="fr"
    )
    (error,) = answer.json()["errors"]
    assert "\u202f000 ft²." in error["detail"]


def test_one_request_does_not_turn_the_next(client: Client) -> None:
    assert client.get("/api/x/", headers={"Accept-Language": "fr"})["Content-Language"] == "fr"
    assert client.get("/api/x/")["Content-Language"] == "en"
    assert "Content-Language" not in client.get("/livez", headers={"Accept-Language": "fr"})


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr", "fr"),
        ("FR-be", "fr"),
        ("en, fr", "en"),
        ("fr;q=0.1, en;q=0.9", "en"),
        ("de, fr;q=0.2", "fr"),
        ("fr;q=0", "en"),
        ("*", "en"),
        ("de", "en"),
        ("", "en"),
        (",;q=,fr fr", "en"),
        ("x" * 10_000, "en"),
        ("é\x00", "en"),
    ],
)
def test_the_language_that_is_preferred(header: str, language: str) -> None:
    assert accepted_language(header) == language


@pytest.mark.parametrize(
    "text", ["", "{", '{"a"', '{"a":1 1', '"', '"\n"', '"\\q"', '"\\u1"', "1 1", "[1,]", '{"a":1,}']
)
def test_whatever_python_says_of_json_is_known(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads(text)
    assert raised.value.msg in parsers.JSON_FAULTS
