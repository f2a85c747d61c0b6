"""Every wrong body is a 4xx problem that names the member, and never reaches model or tables."""

import json
import sys
from typing import Any

import pytest
from rest_framework.test import APIClient

from mlmodel.features import FEATURES, Feature
from predictions.models import PredictionRequest
from tests.fakes import FakeServedModel
from tests.predictions.factories import facts

pytestmark = pytest.mark.django_db

URL = "/api/v1/predictions/"
NUMBERS = [feature for feature in FEATURES if feature.kind in ("number", "integer")]


def post(api: APIClient, body: bytes, content_type: str = "application/json") -> Any:
    return api.generic("POST", URL, body, content_type)  # type: ignore[arg-type]  # bytes too


def refused(answer: Any, status: int = 400) -> list[dict[str, str]]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer["X-Request-ID"]
    assert PredictionRequest.objects.count() == 0
    errors: list[dict[str, str]] = problem["errors"]
    return errors


def raw(name: str, text: str) -> bytes:
    """A valid body but for one member, whose JSON text is given."""
    body = json.dumps(facts(**{name: "@"}))
    return body.replace('"@"', text).encode()


@pytest.fixture(autouse=True)
def model(served: FakeServedModel) -> FakeServedModel:
    return served


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"  \n", "empty"),
        (b"hello", "not JSON: Expecting value at line 1, column 1"),
        (b'{"year_built": 1927,}', "not JSON"),
        (b"{'year_built': 1927}", "not JSON"),
        (b'{"year_built": 1927} x', "not JSON"),
        (b'{"a": "\x01"}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"year_built": "\xff"}', "not UTF-8: byte 16"),
        ("{}".encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_not_json_is_refused(api: APIClient, body: bytes, says: str) -> None:
    (error,) = refused(post(api, body))
    assert error["pointer"] == ""
    assert says in error["detail"]


@pytest.mark.parametrize("body", [b"[]", b"[{}]", b"null", b"1", b'"text"', b"true", b"NaN"])
def test_what_is_no_object_is_refused(api: APIClient, body: bytes) -> None:
    (error,) = refused(post(api, body))
    assert error["pointer"] == ""
    assert "object" in error["detail"]


@pytest.mark.parametrize("body", [b"{}", b""])
def test_nothing_misses_every_required_member(api: APIClient, body: bytes) -> None:
    errors = refused(post(api, body))
    assert [(error["pointer"], error["code"]) for error in errors] == [
        (f"/{feature.name}", "required") for feature in FEATURES if feature.is_required
    ]


def test_unknown_members_are_named_and_the_nearest_is_proposed(api: APIClient) -> None:
    errors = refused(post(api, json.dumps(facts(year_buildt=1927, zzz=1)).encode()))
    assert [error["pointer"] for error in errors] == ["/year_buildt", "/zzz"]
    assert "`year_built`" in errors[0]["detail"]
    assert "Leave it out" in errors[1]["detail"]


def test_every_wrong_thing_is_reported_at_once(api: APIClient) -> None:
    errors = refused(post(api, b'{"year_built": "x", "nonsense": 1}'))
    assert {error["pointer"] for error in errors} == {
        "/nonsense",
        "/year_built",
        "/primary_property_type",
        "/gross_floor_area_sqft",
    }


def test_a_name_is_shortened_escaped_and_made_printable(api: APIClient) -> None:
    name = "a/b~c\x00\x1b\u202e" + "x" * 200
    (error,) = refused(post(api, json.dumps(facts(**{name: 1})).encode()))
    assert error["pointer"].startswith("/a~1b~0c\ufffd\ufffd\ufffdxxx")
    assert len(error["pointer"]) < 70


def test_a_lone_surrogate_in_a_name_is_refused(api: APIClient) -> None:
    (error,) = refused(post(api, b'{"\\ud800": 1, ' + json.dumps(facts()).encode()[1:]))
    assert error["pointer"] == "/\ufffd"


def test_a_member_given_twice_is_refused(api: APIClient) -> None:
    body = json.dumps(facts()).encode()[:-1] + b', "year_built": 1990}'
    (error,) = refused(post(api, body))
    assert (error["pointer"], error["code"]) == ("/year_built", "duplicate")


@pytest.mark.parametrize("text", ["null"])
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_null_is_for_optional_members_only(api: APIClient, feature: Feature, text: str) -> None:
    answer = post(api, raw(feature.name, text))
    if feature.is_required:
        (error,) = refused(answer)
        assert (error["pointer"], error["code"]) == (f"/{feature.name}", "null")
    else:
        assert answer.status_code == 201
        assert answer.json()["features"][feature.name] is None


@pytest.mark.parametrize(
    "text",
    ["true", "false", '"1"', '"1_000"', '""', "[]", "[1]", "{}", '{"a": 1}', '"\\u0000"', '"NaN"'],
)
@pytest.mark.parametrize("feature", NUMBERS, ids=lambda feature: feature.name)
def test_what_is_no_number_is_refused(api: APIClient, feature: Feature, text: str) -> None:
    (error,) = refused(post(api, raw(feature.name, text)))
    assert (error["pointer"], error["code"]) == (f"/{feature.name}", "not-a-number")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 5000])
@pytest.mark.parametrize("feature", NUMBERS, ids=lambda feature: feature.name)
def test_what_is_no_finite_number_is_refused(api: APIClient, feature: Feature, text: str) -> None:
    (error,) = refused(post(api, raw(feature.name, text)))
    assert (error["pointer"], error["code"]) == (f"/{feature.name}", "not-finite")


@pytest.mark.parametrize("feature", NUMBERS, ids=lambda feature: feature.name)
def test_bounds_are_inclusive_and_told_with_their_unit(api: APIClient, feature: Feature) -> None:
    assert feature.minimum is not None
    assert feature.maximum is not None
    step = 1 if feature.kind == "integer" else 0.001
    for beyond in (feature.minimum - step, feature.maximum + step, 9e300, -9e300, 10**30):
        (error,) = refused(post(api, raw(feature.name, json.dumps(beyond))))
        assert (error["pointer"], error["code"]) == (f"/{feature.name}", "out-of-range")
        assert error["detail"] == f"Must be from {feature.bounds}."


@pytest.mark.parametrize(
    "feature", [f for f in NUMBERS if f.kind == "integer"], ids=lambda f: f.name
)
def test_whole_numbers_only_where_they_are_asked_for(api: APIClient, feature: Feature) -> None:
    assert feature.minimum is not None
    (error,) = refused(post(api, raw(feature.name, f"{feature.minimum + 0.5}")))
    assert (error["pointer"], error["code"]) == (f"/{feature.name}", "not-whole")
    answer = post(api, raw(feature.name, f"{feature.minimum:.1f}"))
    assert answer.json()["features"][feature.name] == feature.minimum
    assert f'"{feature.name}":{feature.minimum:.0f},' in answer.content.decode().replace("}", ",")


@pytest.mark.parametrize("text", ["1", "0", '"true"', '"yes"', "[]", "{}", "NaN"])
@pytest.mark.parametrize("name", [f.name for f in FEATURES if f.kind == "boolean"])
def test_what_is_no_boolean_is_refused(api: APIClient, name: str, text: str) -> None:
    (error,) = refused(post(api, raw(name, text)))
    assert (error["pointer"], error["code"]) == (f"/{name}", "not-a-boolean")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1", "not-a-string"),
        ("true", "not-a-string"),
        ("[]", "not-a-string"),
        ('["Hotel"]', "not-a-string"),
        ("NaN", "not-a-string"),
        ('""', "unknown-choice"),
        ('"no such"', "unknown-choice"),
        ('"Hotel\\u0000"', "unknown-choice"),
        ('"\\ud800"', "unknown-choice"),
        ('"' + "x" * 10_000 + '"', "unknown-choice"),
    ],
)
@pytest.mark.parametrize(
    "feature", [f for f in FEATURES if f.kind == "category"], ids=lambda f: f.name
)
def test_only_the_documented_choices_are_taken(
    api: APIClient, feature: Feature, text: str, code: str
) -> None:
    (error,) = refused(post(api, raw(feature.name, text)))
    assert (error["pointer"], error["code"]) == (f"/{feature.name}", code)
    assert len(error["detail"]) < 200


def test_a_near_miss_is_told_the_nearest_choice(api: APIClient) -> None:
    (error,) = refused(post(api, raw("primary_property_type", '"hotel"')))
    assert "'Hotel'" in error["detail"]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"parking_gfa_sqft": 88435}, {"/parking_gfa_sqft"}),
        ({"latitude": 47.6}, {"/longitude"}),
        ({"longitude": -122.3}, {"/latitude"}),
        ({"largest_property_use_type_gfa_sqft": 1}, {"/largest_property_use_type_gfa_sqft"}),
        ({"third_largest_property_use_type": "Hotel"}, {"/third_largest_property_use_type"}),
        (
            {"latitude": 47.6, "second_largest_property_use_type": "Hotel"},
            {"/longitude", "/second_largest_property_use_type"},
        ),
    ],
)
def test_facts_that_contradict_each_other_are_refused(
    api: APIClient, changes: dict, pointers: set
) -> None:
    errors = refused(post(api, json.dumps(facts(**changes)).encode()))
    assert {error["pointer"] for error in errors} == pointers
    assert {error["code"] for error in errors} == {"conflict"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[" * 20_000, ""),
        (b"[" * 20_000 + b"]" * 20_000, ""),
        (b'{"year_built": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", "/year_built"),
        (b'{"year_built": ' + b'{"a":' * 20_000, "/year_built"),
        (b'{"zip": 1, "x": ' + b"[" * 9 + b"]" * 9 + b"}", "/x"),
    ],
)
def test_absurd_nesting_is_refused_before_it_is_read(
    api: APIClient, body: bytes, pointer: str
) -> None:
    (error,) = refused(post(api, body))
    assert (error["pointer"], error["code"]) == (pointer, "too-deep")


def test_braces_in_strings_are_no_nesting(api: APIClient) -> None:
    (error,) = refused(post(api, raw("building_type", '"' + '[{\\"' * 50 + '"')))
    assert error["code"] == "unknown-choice"


def test_a_body_of_10_mb_is_413(api: APIClient) -> None:
    (error,) = refused(post(api, b'{"year_built": "' + b"x" * 10_000_000 + b'"}'), 413)
    assert error == {
        "in": "body",
        "pointer": "",
        "detail": "At most 262,144 bytes are read.",
        "code": "body-too-large",
    }


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/html",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "nonsense",
    ],
)
def test_other_formats_are_415(api: APIClient, content_type: str) -> None:
    answer = post(api, b"{}", content_type)
    assert answer.status_code == 415
    assert answer.json()["type"] == "/api/v1/problems/unsupported-media-type/"
    assert PredictionRequest.objects.count() == 0


def test_nothing_that_was_sent_is_sent_back(api: APIClient) -> None:
    sent = "<script>alert(1)</script>"
    answer = post(api, json.dumps(facts(building_type=sent, number_of_floors=sent)).encode())
    assert b"script" not in answer.content


def test_the_recursion_limit_is_left_alone() -> None:
    assert sys.getrecursionlimit() >= 1000
