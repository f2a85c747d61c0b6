"""How often a token may ask: headers, refusals, and how many requests at a time."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient

from predictions.api.throttling import ThrottlingMiddleware, rows_charge
from predictions.api.views import PredictionViewSet
from predictions.models import ApiToken, PredictionRequest, RateWindow
from predictions.services.accounts import api_token_create
from predictions.services.concurrency import slots_taken
from tests.fakes import FakeServedModel
from tests.predictions.factories import facts, make_user

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/predictions/"


def client_with(user: User, **values: Any) -> APIClient:
    _, secret = api_token_create(user=user, name="t", **values)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def left(answer: Any) -> str:
    """`RateLimit` without its seconds, which depend on the clock."""
    return ", ".join(policy.split(";t=")[0] for policy in answer["RateLimit"].split(", "))


class TestHeaders:
    def test_each_answer_with_a_token_states_quotas_and_what_is_left(
        self, api: APIClient, served: FakeServedModel
    ) -> None:
        answer = api.post(URL, facts(), format="json")
        assert answer.status_code == 201
        policies = '"default";q=600;w=60, "rows";q=100000;w=60;qu="rows"'
        assert answer["RateLimit-Policy"] == policies
        assert answer["RateLimit"] == '"default";r=599;t=60, "rows";r=100000;t=60'
        refused = [
            api.get(f"{URL}?nonsense=1"),
            api.get(f"{URL}0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10/"),
            api.post("/api/v1/tokens/"),
            api.put(URL),
        ]
        assert [answer.status_code for answer in refused] == [400, 404, 403, 405]
        assert [left(answer) for answer in refused] == [
            f'"default";r={r}, "rows";r=100000' for r in (598, 597, 596, 595)
        ]

    def test_without_a_token_nobody_is_told(self, client: Client) -> None:
        for answer in (client.get(URL), client.get("/livez"), client.get("/api/v1/docs/")):
            assert "RateLimit" not in answer

    def test_a_limit_of_0_is_none_and_is_not_stated(self, caller: User, settings: Any) -> None:
        settings.RATE_LIMIT_ROWS_PER_MINUTE = 0
        assert left(client_with(caller).get(URL)) == '"default";r=599'
        assert "RateLimit" not in client_with(caller, requests_per_minute=0).get(URL)


class TestTooMany:
    def test_429_says_when_to_come_back_and_nothing_is_stored(
        self, caller: User, served: FakeServedModel
    ) -> None:
        client = client_with(caller, requests_per_minute=2)
        codes = [client.post(URL, facts(), format="json").status_code for _ in range(2)]
        assert codes == [201, 201]
        answer = client.post(URL, facts(), format="json")
        assert answer.status_code == 429
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] == "/api/v1/problems/too-many-requests/"
        assert answer["RateLimit-Policy"].startswith('"default";q=2;w=60')
        assert left(answer).startswith('"default";r=0')
        assert 1 <= int(answer["Retry-After"]) <= 60
        assert f";t={answer['Retry-After']}" in answer["RateLimit"]
        assert PredictionRequest.objects.count() == 2
        RateWindow.objects.update(started_at=F("started_at") - timedelta(seconds=61))
        assert client.get(URL).status_code == 200

    def test_other_tokens_of_the_same_user_have_their_own_share(self, caller: User) -> None:
        busy = client_with(caller, requests_per_minute=1)
        assert [busy.get(URL).status_code for _ in range(2)] == [200, 429]
        assert client_with(caller).get(URL).status_code == 200

    def test_the_general_limit_holds_for_tokens_without_their_own(
        self, caller: User, settings: Any
    ) -> None:
        settings.RATE_LIMIT_REQUESTS_PER_MINUTE = 1
        client = client_with(caller)
        assert [client.get(URL).status_code for _ in range(2)] == [200, 429]

    def test_who_guesses_gets_429_and_a_valid_token_still_works(
        self, client: Client, api: APIClient, settings: Any
    ) -> None:
        settings.RATE_LIMIT_FAILURES_PER_MINUTE = 2
        guess = {"Authorization": "Bearer guess"}
        answers = [client.get(URL, headers=guess) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert answers[2].json()["type"] == "/api/v1/problems/too-many-requests/"
        assert 1 <= int(answers[2]["Retry-After"]) <= 60
        assert "RateLimit" not in answers[2]
        assert client.get(URL, headers=guess, REMOTE_ADDR="192.0.2.1").status_code == 401
        assert api.get(URL).status_code == 200
        # Without any token nothing is looked up, so nothing is counted.
        assert client.get(URL).status_code == 401


class TestRowsOfABatch:
    @pytest.fixture
    def asking(self, monkeypatch: pytest.MonkeyPatch, caller: User) -> Callable[[int], Any]:
        """Stands in for a view that charges rows."""

        def charge(view: Any, request: Request) -> Response:
            rows_charge(request, rows=int(request.META["HTTP_X_ROWS"]))
            return Response({})

        monkeypatch.setattr(PredictionViewSet, "list", charge)
        client = client_with(caller, rows_per_minute=100)
        return lambda rows: client.get(URL, headers={"X-Rows": str(rows)})

    def test_they_are_charged_all_or_none(self, asking: Callable[[int], Any]) -> None:
        assert left(asking(60)) == '"default";r=599, "rows";r=40'
        refused = asking(41)
        assert refused.status_code == 429
        assert "40 of 100 rows" in refused.json()["detail"]
        assert left(refused) == '"default";r=598, "rows";r=40'
        assert left(asking(40)) == '"default";r=597, "rows";r=0'

    def test_a_batch_that_never_fits_is_told_so(self, asking: Callable[[int], Any]) -> None:
        assert "never fits" in asking(101).json()["detail"]

    def test_without_a_limit_it_costs_no_statement(
        self, asking: Callable[[int], Any], settings: Any, django_assert_num_queries: Any
    ) -> None:
        asking(1)
        with django_assert_num_queries(2):  # the token, the rows
            asking(1)
        ApiToken.objects.update(rows_per_minute=0)
        with django_assert_num_queries(1):
            assert asking(10**9).status_code == 200


class TestAtATime:
    @pytest.fixture(autouse=True)
    def two_at_a_time(self, settings: Any) -> Iterator[None]:
        settings.CONCURRENCY_PER_TOKEN = 2
        yield
        assert slots_taken() == 0

    def test_one_more_is_429_and_free_again_afterwards(
        self, caller: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, go_on, waiting = client_with(caller), threading.Event(), threading.Semaphore(0)
        usual = PredictionViewSet.list

        def wait(view: Any, request: Request) -> Response:
            waiting.release()
            assert go_on.wait(30)
            return Response({})

        def ask() -> int:
            try:
                return int(client.get(URL).status_code)
            finally:
                connection.close()

        monkeypatch.setattr(PredictionViewSet, "list", wait)
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(ask) for _ in range(2)]
            try:
                assert waiting.acquire(timeout=30)
                assert waiting.acquire(timeout=30)
                answer = client.get(URL)
                monkeypatch.setattr(PredictionViewSet, "list", usual)
                other = client_with(make_user()).get(URL)
            finally:
                go_on.set()
            assert [future.result() for future in both] == [200, 200]
        assert answer.status_code == 429
        assert answer.json()["type"] == "/api/v1/problems/too-many-at-once/"
        assert answer["Retry-After"] == "1"
        assert other.status_code == 200
        assert client.get(URL).status_code == 200

    @pytest.mark.parametrize("error", [ValueError, SystemExit])
    def test_a_request_that_fails_gives_its_slot_back(
        self, caller: User, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
    ) -> None:
        def fail(view: Any, request: Request) -> Response:
            raise error

        monkeypatch.setattr(PredictionViewSet, "list", fail)
        client = client_with(caller)
        with suppress(SystemExit):
            assert client.get(URL).status_code == 500
        assert slots_taken() == 0

    def test_a_stream_keeps_its_slot_until_it_is_closed(
        self, caller: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stream(view: Any, request: Request) -> StreamingHttpResponse:
            return StreamingHttpResponse([b"a", b"b"])

        monkeypatch.setattr(PredictionViewSet, "list", stream)
        client = client_with(caller)
        answer: Any = client.get(URL)
        assert slots_taken() == 1
        assert b"".join(answer) == b"ab"
        answer.close()
        assert slots_taken() == 0
        answer = client.get(URL)  # and one that nobody reads
        answer.close()

    def test_what_has_no_token_takes_none(self, rf: RequestFactory) -> None:
        middleware = ThrottlingMiddleware(lambda request: HttpResponse(str(slots_taken())))
        answer: Any = middleware(rf.get("/"))
        assert answer.content == b"0"
