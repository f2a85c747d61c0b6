"""Every refusal of the API is a problem document: before, inside and after the views."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpRequest
from django.test import Client, RequestFactory
from rest_framework import exceptions as drf
from rest_framework.test import APIClient

from predictions.api import exceptions
from predictions.api.views import PredictionViewSet
from predictions.models import ApiToken
from predictions.services.accounts import api_token_create, api_token_revoke
from tests.fakes import FakeServedModel
from tests.predictions.factories import facts

pytestmark = pytest.mark.django_db

URL = "/api/v1/predictions/"


def problem(answer: Any, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"/api/v1/problems/{slug}/"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == answer["X-Request-ID"] != ""
    assert bool(document.get("errors")) == (status < 500)
    return document


def places(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["in"], error["pointer"]) for error in document["errors"]]


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/nope/", "/api/v1/nope", "/api/v1/predictions/x/"]
)
def test_no_such_path(client: Client, path: str) -> None:
    assert places(problem(client.get(path), 404, "not-found")) == [("path", "")]


@pytest.mark.parametrize("path", ["/api/", "/api/nope/", "/api/v1/nope", "/api/v1/predictions"])
def test_no_such_path_while_debugging(client: Client, settings: Any, path: str) -> None:
    settings.DEBUG = True
    document = problem(client.post(path), 404, "not-found")
    assert ("slash" in document["detail"]) == (path == "/api/v1/predictions")


def test_no_such_object_names_the_identifier(api: APIClient) -> None:
    for path, name in (
        ("buildings/0/", "ose_building_id"),
        ("predictions/0199d3a0-0000-7000-8000-000000000000/", "id"),
        ("predictions/0199d3a0-0000-7000-8000-000000000000/explanations/", "id"),
        ("problems/nope/", "slug"),
    ):
        document = problem(api.get(f"/api/v1/{path}"), 404, "not-found")
        assert places(document) == [("path", f"/{name}")]


def test_a_path_without_its_slash_is_told_so(client: Client) -> None:
    document = problem(client.post("/api/v1/predictions"), 404, "not-found")
    assert "ends with a slash" in document["detail"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_no_such_method(api: APIClient, method: str) -> None:
    answer = api.generic(method, URL)
    document = problem(answer, 405, "method-not-allowed")
    assert places(document) == [("method", "")]
    assert document["detail"] == f"Allowed here: {answer['Allow']}."
    assert "POST" in answer["Allow"]


@pytest.mark.parametrize("method", ["trace", "put", "options"])
def test_no_such_method_whatever_the_query(api: APIClient, method: str) -> None:
    answer = api.generic(method.upper(), f"{URL}?nothing=known")

    problem(answer, 405, "method-not-allowed")


def test_no_such_format(api: APIClient) -> None:
    document = problem(api.get(URL, headers={"Accept": "text/html"}), 406, "not-acceptable")
    assert places(document) == [("header", "/Accept")]


def test_a_format_parameter_is_not_a_way_to_ask(api: APIClient) -> None:
    document = problem(api.get(URL, {"format": "api"}), 400, "invalid-input")
    assert places(document) == [("query", "/format")]


def test_a_foreign_host_is_refused(client: Client) -> None:
    problem(client.get("/api/v1/docs/", headers={"Host": "evil.example"}), 400, "bad-request")


def test_a_chunked_body_is_411_and_not_an_empty_one(client: Client) -> None:
    environment = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    answer = client.generic("POST", URL, **environment)  # type: ignore[arg-type]
    document = problem(answer, 411, "length-required")
    assert places(document) == [("header", "/Content-Length")]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer a b",
        "Bearer unknown",
        "Token abc",
        "Basic YTpi",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 9000,
    ],
)
def test_without_a_valid_token(client: Client, authorization: str) -> None:
    answer = client.get(URL, HTTP_AUTHORIZATION=authorization)
    document = problem(answer, 401, "not-authenticated")
    assert places(document) == [("header", "/Authorization")]
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("how", ["revoked", "expired", "user inactive"])
def test_a_token_that_is_over_is_refused_at_once_and_kept(
    client: Client, caller: User, how: str
) -> None:
    token, secret = api_token_create(
        user=caller, name="t", expires_in=timedelta(seconds=-1) if how == "expired" else None
    )
    if how == "revoked":
        api_token_revoke(token=token)
    if how == "user inactive":
        User.objects.update(is_active=False)
    problem(client.get(URL, HTTP_AUTHORIZATION=f"Bearer {secret}"), 401, "not-authenticated")
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_what_nobody_foresaw_is_500_and_says_nothing(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise LookupError("the secret is xyzzy")

    monkeypatch.setattr(PredictionViewSet, "list", break_down)
    answer = api.get(URL)
    problem(answer, 500, "internal-error")
    assert b"xyzzy" not in answer.content
    assert "LookupError" in caplog.text
    assert "secret is xyzzy\n" not in caplog.text


class _OddRefusal(drf.APIException):
    status_code = 418


@pytest.mark.parametrize(
    ("exception", "status", "slug"),
    [
        (PermissionDenied(), 403, "not-permitted"),
        (drf.NotFound(), 404, "not-found"),
        (_OddRefusal(), 400, "bad-request"),
        (drf.APIException(), 500, "internal-error"),
        (drf.Throttled(wait=7), 429, "too-many-requests"),
        (drf.ValidationError({"rows": [{"a": ["x"]}]}), 400, "invalid-input"),
        (drf.ValidationError("plain"), 400, "invalid-input"),
    ],
)
def test_each_exception_has_its_problem(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, exception: Exception, status: int, slug: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise exception

    monkeypatch.setattr(PredictionViewSet, "list", refuse)
    document = problem(api.get(URL), status, slug)
    if isinstance(exception, drf.ValidationError):
        assert places(document) in ([("query", "")], [("query", "/rows/0/a")])


def test_too_many_requests_says_when_to_go_on(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise drf.Throttled(wait=7)

    monkeypatch.setattr(PredictionViewSet, "list", refuse)
    assert api.get(URL)["Retry-After"] == "7"


def test_a_wrong_parameter_of_a_post_is_in_the_query(
    api: APIClient, served: FakeServedModel
) -> None:
    for name in ("no such set", "no-such-set"):
        answer = api.post(f"{URL}?emission_factor_set={name}", facts(), format="json")
        document = problem(answer, 400, "invalid-input")
        assert places(document) == [("query", "/emission_factor_set")]
    document = problem(api.post(f"{URL}?unit=si", facts(), format="json"), 400, "invalid-input")
    assert [error["code"] for error in document["errors"]] == ["unknown-parameter"]


@pytest.mark.parametrize("is_api", [True, False])
@pytest.mark.parametrize(
    ("page", "status"),
    [
        (lambda request: exceptions.bad_request_page(request, Exception()), 400),
        (lambda request: exceptions.permission_denied_page(request, Exception()), 403),
        (lambda request: exceptions.not_found_page(request, Exception()), 404),
        (exceptions.csrf_failure_page, 403),
        (lambda request: exceptions.bad_request_page(request, RequestDataTooBig()), (413, 400)),
        (exceptions.server_error_page, 500),
    ],
)
def test_djangos_own_pages_are_problems_below_api_only(
    rf: RequestFactory,
    page: Callable[[HttpRequest], Any],
    status: int | tuple[int, int],
    is_api: bool,
) -> None:
    answer = page(rf.get("/api/v1/x/" if is_api else "/elsewhere"))
    below_api, elsewhere = status if isinstance(status, tuple) else (status, status)
    assert answer.status_code == (below_api if is_api else elsewhere)
    expected = "application/problem+json" if is_api else "text/html"
    assert answer["Content-Type"].startswith(expected)


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "<script>", "é"])
def test_an_ill_formed_request_id_is_replaced(client: Client, sent: str) -> None:
    answer = client.get("/api/nope/", HTTP_X_REQUEST_ID=sent)
    assert answer["X-Request-ID"] not in ("", sent)
    assert answer.json()["request_id"] == answer["X-Request-ID"]
