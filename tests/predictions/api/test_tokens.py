"""Scopes, and tokens made and revoked by their owner over the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from predictions.models import ApiToken, IdempotentAnswer, PredictionRequest
from predictions.services.accounts import api_token_create, api_token_revoke
from tests.buildings.factories import BenchmarkRecordFactory
from tests.fakes import FakeServedModel
from tests.logs import logging_configured
from tests.predictions.factories import facts, make_user

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/tokens/"
PREDICTIONS = "/api/v1/predictions/"
ClientOf = Callable[..., APIClient]


def with_secret(secret: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def manager(caller: User, api_for: ClientOf) -> APIClient:
    """A client with a token that may manage, and nothing else."""
    return api_for(caller, "admin")


class TestScopes:
    @pytest.mark.parametrize(
        ("scopes", "method", "path", "needed"),
        [
            (("predict", "admin"), "get", PREDICTIONS, "read"),
            (("predict", "admin"), "get", "/api/v1/models/", "read"),
            (("predict", "admin"), "get", "/api/v1/emission-factor-sets/", "read"),
            (("predict", "admin"), "get", "/api/v1/buildings/", "read"),
            (("predict", "admin"), "get", "/api/v1/buildings/1/", "read"),
            (("predict", "admin"), "get", "/api/v1/benchmarks/", "read"),
            (("read", "admin"), "post", PREDICTIONS, "predict"),
            (("read", "admin"), "post", "/api/v1/buildings/1/predictions/", "predict"),
            (("read", "predict"), "get", URL, "admin"),
            (("read", "predict"), "post", URL, "admin"),
        ],
    )
    def test_a_403_says_which_is_lacking(
        self, caller: User, api_for: ClientOf, scopes: Any, method: str, path: str, needed: str
    ) -> None:
        answer = getattr(api_for(caller, *scopes), method)(path)
        assert answer.status_code == 403
        assert answer.json()["type"] == "/api/v1/problems/insufficient-scope/"
        assert f"`{needed}`" in answer.json()["detail"]
        said = f'Bearer error="insufficient_scope", scope="{needed}"'
        assert answer["WWW-Authenticate"] == said

    @pytest.mark.parametrize("what", ["explanations", "what-if"])
    def test_what_asks_the_model_of_a_prediction_needs_predict(
        self, caller: User, api_for: ClientOf, api: APIClient, served: FakeServedModel, what: str
    ) -> None:
        prediction = api.post(PREDICTIONS, facts(), format="json").json()
        answer = api_for(caller, "read").post(f"{prediction['url']}{what}/", {}, format="json")
        assert answer.status_code == 403
        assert "`predict`" in answer.json()["detail"]
        assert PredictionRequest.objects.count() == 1

    def test_the_scope_does_not_make_up_for_the_permission(
        self, api_for: ClientOf, served: FakeServedModel
    ) -> None:
        answer = api_for(make_user(), "predict").post(PREDICTIONS, facts(), format="json")
        assert answer.status_code == 403
        assert answer.json()["type"] == "/api/v1/problems/not-permitted/"
        assert "WWW-Authenticate" not in answer
        assert served.seen == []

    def test_each_scope_suffices_for_its_own(
        self, caller: User, api_for: ClientOf, served: FakeServedModel
    ) -> None:
        BenchmarkRecordFactory()
        asked = api_for(caller, "predict").post(PREDICTIONS, facts(), format="json")
        assert asked.status_code == 201
        assert api_for(caller, "read").get(asked.json()["url"]).status_code == 200
        assert api_for(caller, "admin").get(URL).status_code == 200

    def test_a_method_that_is_not_there_is_405_whatever_the_scope(
        self, caller: User, api_for: ClientOf
    ) -> None:
        assert api_for(caller, "admin").put(PREDICTIONS).status_code == 405


class TestMaking:
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/name"),
            ({"name": ""}, "/name"),
            ({"name": 7}, "/name"),
            ({"name": "x" * 101}, "/name"),
            ({"name": "t", "scopes": []}, "/scopes"),
            ({"name": "t", "scopes": ["all"]}, "/scopes/0"),
            ({"name": "t", "scopes": "read"}, "/scopes"),
            ({"name": "t", "networks": ["nonsense"]}, "/networks"),
            ({"name": "t", "networks": ["10.0.0.1/8"]}, "/networks"),
            ({"name": "t", "networks": [1]}, "/networks/0"),
            ({"name": "t", "networks": ["10.0.0.0/8"] * 51}, "/networks"),
            ({"name": "t", "expires_in_days": 0}, "/expires_in_days"),
            ({"name": "t", "expires_in_days": 366}, "/expires_in_days"),
            ({"name": "t", "expires_in_days": "9"}, "/expires_in_days"),
            ({"name": "t", "expires_in_days": True}, "/expires_in_days"),
            ({"name": "t", "expires_in_days": 1.5}, "/expires_in_days"),
            ({"name": "t", "expires_in_days": 10**400}, "/expires_in_days"),
            ({"name": "t", "user": "root"}, "/user"),
            ({"name": "t", "requests_per_minute": 0}, "/requests_per_minute"),
            ([], ""),
        ],
    )
    def test_what_cannot_be_is_named(self, manager: APIClient, body: Any, pointer: str) -> None:
        answer = manager.post(URL, body, format="json")
        assert answer.status_code == 400, answer.content
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]
        assert ApiToken.objects.count() == 1

    def test_a_key_to_repeat_by_is_refused_for_no_secret_is_kept(self, manager: APIClient) -> None:
        answer = manager.post(URL, {"name": "t"}, format="json", headers={"Idempotency-Key": "k"})
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["in"], error["pointer"]) == ("header", "/Idempotency-Key")
        assert ApiToken.objects.count() == 1
        assert not IdempotentAnswer.objects.exists()

    def test_no_more_than_the_user_may(self, api_for: ClientOf) -> None:
        reader = api_for(make_user(), "admin")
        for body in ({"name": "t"}, {"name": "t", "scopes": ["predict"]}):
            answer = reader.post(URL, body, format="json")
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["pointer"] == "/scopes"
        answer = reader.post(URL, {"name": "t", "scopes": ["read"]}, format="json")
        assert answer.status_code == 201

    def test_no_wider_networks_and_no_other_limits(self, caller: User) -> None:
        _, secret = api_token_create(
            user=caller,
            name="t",
            scopes=["admin"],
            networks=["127.0.0.0/16", "2001:db8::/32"],
            requests_per_minute=7,
            rows_per_minute=0,
        )
        limited = with_secret(secret)
        for networks in (["0.0.0.0/0"], ["127.0.0.0/24", "::/0"]):
            answer = limited.post(URL, {"name": "t", "networks": networks}, format="json")
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["pointer"] == "/networks"
            assert b"127.0" not in answer.content
        within = limited.post(URL, {"name": "t", "networks": ["127.0.0.0/24"]}, format="json")
        assert within.json()["networks"] == ["127.0.0.0/24"]
        same = limited.post(URL, {"name": "t"}, format="json").json()
        assert same["networks"] == ["127.0.0.0/16", "2001:db8::/32"]
        assert (same["requests_per_minute"], same["rows_per_minute"]) == (7, 0)

    def test_not_without_end(self, manager: APIClient, settings: Any) -> None:
        settings.API_TOKENS_PER_USER = 2
        made = manager.post(URL, {"name": "t"}, format="json").json()
        answer = manager.post(URL, {"name": "t"}, format="json")
        assert answer.status_code == 409
        assert answer.json()["type"] == "/api/v1/problems/too-many-tokens/"
        assert manager.delete(made["url"]).status_code == 200
        assert manager.post(URL, {"name": "t"}, format="json").status_code == 201

    def test_a_token_is_made_and_its_secret_given_once(
        self, manager: APIClient, caller: User, capsys: pytest.CaptureFixture[str]
    ) -> None:
        body = {
            "name": " batch job ",
            "scopes": ["read", "read", "predict"],
            "networks": ["127.0.0.1", "2001:DB8::/32"],
            "expires_in_days": 30,
        }
        with logging_configured(level="DEBUG"), CaptureQueriesContext(connection) as queries:
            answer = manager.post(URL, body, format="json")
        assert answer.status_code == 201
        assert answer["Cache-Control"] == "no-store"
        shown = answer.json()
        assert answer["Location"] == shown["url"]
        secret = shown.pop("secret")
        token = ApiToken.objects.get(pk=shown["id"])
        assert (token.user, token.name, shown["name"]) == (caller, "batch job", "batch job")
        assert shown["scopes"] == token.scopes == ["predict", "read"]
        assert shown["networks"] == ["127.0.0.1/32", "2001:db8::/32"]
        assert token.expiry is not None
        assert abs(token.expiry - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
        assert (shown["prefix"], shown["state"]) == (secret[:8], "active")
        assert shown["last_used_at"] is None
        # It works, and nobody sees the secret again.
        assert with_secret(secret).get(PREDICTIONS).status_code == 200
        for url in (URL, shown["url"]):
            assert secret not in manager.get(url).content.decode()
            assert token.digest not in manager.get(url).content.decode()
        assert secret not in capsys.readouterr().err
        assert not any(secret in query["sql"] for query in queries.captured_queries)
        assert manager.get(shown["url"]).json()["last_used_at"]

    def test_the_default_is_predict_and_read_for_the_usual_time(self, manager: APIClient) -> None:
        shown = manager.post(URL, {"name": "t"}, format="json").json()
        assert (shown["scopes"], shown["networks"]) == (["predict", "read"], [])
        assert shown["expires_at"][:10] == f"{timezone.now() + timedelta(days=90):%Y-%m-%d}"


class TestManaging:
    def test_only_ones_own_are_seen_and_revoked_even_by_staff(
        self, manager: APIClient, api_for: ClientOf, caller: User
    ) -> None:
        mine, _ = api_token_create(user=caller, name="mine")
        for other in (make_user(), make_user(is_staff=True, is_superuser=True)):
            them = api_for(other, "admin")
            assert [row["name"] for row in them.get(URL).json()["results"]] == ["test"]
            for method in (them.get, them.delete):
                assert method(f"{URL}{mine.pk}/").status_code == 404
        mine.refresh_from_db()
        assert mine.state == "active"

    def test_revoking_acts_at_once_and_keeps_the_row(
        self, manager: APIClient, caller: User
    ) -> None:
        token, secret = api_token_create(user=caller, name="t")
        client = with_secret(secret)
        assert client.get(PREDICTIONS).status_code == 200
        answer = manager.delete(f"{URL}{token.pk}/")
        assert answer.status_code == 200
        assert answer.json()["state"] == "revoked"
        assert client.get(PREDICTIONS).status_code == 401
        again = manager.delete(f"{URL}{token.pk}/").json()
        assert again["revoked_at"] == answer.json()["revoked_at"]
        assert manager.get(f"{URL}{token.pk}/").json() == again

    def test_a_token_may_revoke_itself(self, caller: User) -> None:
        token, secret = api_token_create(user=caller, name="t", scopes=["admin"])
        client = with_secret(secret)
        assert client.delete(f"{URL}{token.pk}/").status_code == 200
        assert client.get(URL).status_code == 401

    def test_the_list_is_newest_first_with_what_became_of_each(
        self, manager: APIClient, caller: User, django_assert_num_queries: Any
    ) -> None:
        api_token_create(user=caller, name="expired", expires_in=timedelta(seconds=-1))
        api_token_revoke(token=api_token_create(user=caller, name="revoked")[0])
        with django_assert_num_queries(2):
            rows = manager.get(URL).json()["results"]
        assert [(row["name"], row["state"]) for row in rows] == [
            ("revoked", "revoked"),
            ("expired", "expired"),
            ("test", "active"),
        ]
        page = manager.get(URL, {"page_size": "2"}).json()
        assert [row["name"] for row in manager.get(page["next"]).json()["results"]] == ["test"]

    @pytest.mark.parametrize("path", ["x/", "0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10/"])
    def test_no_such_token(self, manager: APIClient, path: str) -> None:
        assert manager.get(URL + path).status_code == 404
        assert manager.delete(URL + path).status_code == 404
