"""Counters that workers share, and the look-up that goes with them."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone

from predictions.errors import ConcurrencyExceededError, TooManyTokensError, WrongNetworkError
from predictions.models import ApiToken, ApiTokenUse, RateWindow
from predictions.services import concurrency
from predictions.services.accounts import (
    api_token_create,
    api_token_issue,
    api_token_revoke,
)
from predictions.services.admission import Admission, token_admit, token_use_store
from predictions.services.concurrency import slot_release, slot_take
from predictions.services.rates import (
    RateExceededError,
    failure_take,
    rate_take,
    rates_purge,
    rows_take,
)
from tests.predictions.factories import make_user

HERE = ip_address("192.0.2.7")


def admit(secret: str, address: Any = HERE) -> Admission | None:
    return token_admit(secret=secret, address=address)


def minute_later() -> None:
    """As if a minute had gone by: every window began that much earlier."""
    RateWindow.objects.update(started_at=F("started_at") - timedelta(seconds=61))


def at_once(count: int, ask: Callable[[], Any]) -> list[Any]:
    """What `ask` gives to so many threads that begin together, each with its own connection."""
    barrier = threading.Barrier(count)

    def one() -> Any:
        try:
            barrier.wait(timeout=30)
            return ask()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(count)]]


@pytest.mark.django_db
class TestWindow:
    def take(self, **asked: int) -> Any:
        return rate_take(subject="token:x", request_limit=3, row_limit=10, **asked)

    def test_what_does_not_fit_takes_nothing(self) -> None:
        assert not self.take(rows=11).is_granted
        assert self.take(rows=7).is_granted
        assert not self.take(rows=4).is_granted
        left = self.take(rows=3)
        assert (left.is_granted, left.rows, left.rows_left) == (True, 10, 0)

    def test_either_limit_refuses_both(self) -> None:
        assert [self.take(requests=1).is_granted for _ in range(4)] == [True, True, True, False]
        refused = self.take(requests=1, rows=1)
        assert (refused.is_granted, refused.requests, refused.rows) == (False, 3, 0)

    def test_the_next_window_begins_with_the_first_request_after_this_one(self) -> None:
        for _ in range(4):
            last = self.take(requests=1)
        assert not last.is_granted
        assert 1 <= last.resets_in_s <= 60
        minute_later()
        fresh = self.take(requests=1)
        assert (fresh.is_granted, fresh.requests, fresh.resets_in_s) == (True, 1, 60)

    def test_a_refusal_does_not_lengthen_the_window(self) -> None:
        self.take(requests=3)
        RateWindow.objects.update(started_at=F("started_at") - timedelta(seconds=50))
        assert not self.take(requests=1).is_granted
        assert self.take(requests=1).resets_in_s <= 10

    def test_no_limit_is_0(self) -> None:
        taken = rate_take(subject="x", request_limit=0, requests=10**12, rows=10**12)
        assert taken.is_granted

    def test_windows_that_are_over_go(self) -> None:
        self.take(requests=1)
        rate_take(subject="old", request_limit=1, requests=1)
        RateWindow.objects.filter(subject="old").update(
            started_at=timezone.now() - timedelta(minutes=3)
        )
        assert rates_purge() == 1
        assert [window.subject for window in RateWindow.objects.all()] == ["token:x"]

    def test_its_table_is_unlogged(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relpersistence FROM pg_class WHERE oid = 'predictions_ratewindow'::regclass"
            )
            assert cursor.fetchone() == ("u",)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_never_more_than_the_limit_gets_through(self, caller: User) -> None:
        _, secret = api_token_create(user=caller, name="t", requests_per_minute=20)

        def ask() -> int:
            through = 0
            for _ in range(10):
                try:
                    through += admit(secret) is not None
                except RateExceededError:
                    continue
            return through

        assert sum(at_once(6, ask)) == 20
        assert RateWindow.objects.get().requests == 20

    def test_nor_rows(self, caller: User) -> None:
        token, _ = api_token_create(user=caller, name="t", rows_per_minute=100)

        def ask() -> int:
            try:
                rows_take(token=token, rows=30)
            except RateExceededError:
                return 0
            return 30

        assert sum(at_once(6, ask)) == 90

    def test_nor_more_tokens_than_a_user_may_have(self, caller: User, settings: Any) -> None:
        settings.API_TOKENS_PER_USER = 3
        by, _ = api_token_create(user=caller, name="by", scopes=["admin"])
        by.may_predict = True

        def ask() -> bool:
            try:
                api_token_issue(by=by, name="t")
            except TooManyTokensError:
                return False
            return True

        assert sorted(at_once(5, ask)) == [False, False, False, True, True]
        assert ApiToken.objects.count() == 3

    def test_revocation_in_another_process_acts_at_once(self, caller: User) -> None:
        token, secret = api_token_create(user=caller, name="t")
        assert admit(secret)
        at_once(1, lambda: api_token_revoke(token=token))  # on a connection of its own
        assert admit(secret) is None


@pytest.mark.django_db
class TestAdmission:
    @pytest.fixture
    def secret(self, caller: User) -> str:
        return api_token_create(user=caller, name="t", requests_per_minute=5)[1]

    @pytest.mark.parametrize(
        "changed",
        [
            lambda: ApiToken.objects.update(expiry=timezone.now()),
            lambda: ApiToken.objects.update(revoked_at=timezone.now()),
            lambda: User.objects.update(is_active=False),
            lambda: ApiToken.objects.update(digest="0" * 128),
        ],
        ids=["expired", "revoked", "user inactive", "unknown"],
    )
    def test_what_is_over_is_not_admitted_and_costs_nothing(
        self, secret: str, changed: Callable[[], Any]
    ) -> None:
        changed()
        assert admit(secret) is None
        assert not RateWindow.objects.exists()
        assert not ApiTokenUse.objects.exists()

    def test_it_knows_user_and_token_without_another_query(
        self, secret: str, caller: User, django_assert_num_queries: Any
    ) -> None:
        admitted = admit(secret)
        with django_assert_num_queries(1):
            admitted = admit(secret)
        assert admitted is not None
        token = admitted.token
        with django_assert_num_queries(0):
            user = token.user
            assert (user.pk, user.username) == (caller.pk, "caller")
            assert (user.is_active, user.is_staff, user.is_superuser) == (True, False, False)
            assert (token.name, token.scopes, token.networks) == ("t", ["predict", "read"], [])
            assert (token.requests_per_minute, token.rows_per_minute) == (5, None)
            assert token.prefix == secret[:8]
            assert token.may_predict
        assert ApiToken.objects.get() == token
        with django_assert_num_queries(1):
            assert user.email == ""

    def test_the_permission_to_predict_is_the_users_or_a_groups(self, secret: str) -> None:
        def may() -> bool:
            admitted = admit(secret)
            return admitted is not None and admitted.token.may_predict

        assert may()
        user = User.objects.get()
        user.groups.clear()
        assert not may()
        user.user_permissions.add(Permission.objects.get(codename="add_predictionrequest"))
        assert may()
        user.user_permissions.clear()
        User.objects.update(is_superuser=True)
        assert may()

    def test_another_groups_permission_is_not_ones_own(self, secret: str) -> None:
        User.objects.get().groups.clear()
        assert Group.objects.get(name="api_client").permissions.exists()
        admitted = admit(secret)
        assert admitted is not None
        assert not admitted.token.may_predict

    def test_a_token_without_limits_writes_no_counter(self, caller: User) -> None:
        _, secret = api_token_create(user=caller, name="t", requests_per_minute=0)
        admitted = admit(secret)
        assert admitted is not None
        assert admitted.rates is None
        assert not RateWindow.objects.exists()

    def test_the_last_use_is_stored_once_a_minute(
        self, secret: str, django_assert_num_queries: Any
    ) -> None:
        admit(secret)
        first = ApiTokenUse.objects.get().last_used_at
        admit(secret)
        assert ApiTokenUse.objects.get().last_used_at == first
        ApiTokenUse.objects.update(last_used_at=first - timedelta(seconds=61))
        admit(secret)
        assert ApiTokenUse.objects.get().last_used_at > first
        assert ApiToken.objects.select_related("use").get().last_used_at > first

    def test_a_use_that_cannot_be_stored_fails_nothing(
        self, secret: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE predictions_apitokenuse ADD CONSTRAINT no CHECK (last_used_at IS NULL)"
            )
        with caplog.at_level(logging.WARNING):
            assert admit(secret)
        assert "last use of a token was not stored" in caplog.text
        assert not ApiTokenUse.objects.exists()
        assert secret not in caplog.text

    @pytest.mark.parametrize(
        ("networks", "address", "is_let_in"),
        [
            ([], None, True),
            ([], "203.0.113.9", True),
            (["192.0.2.0/24"], "192.0.2.255", True),
            (["192.0.2.0/24"], "192.0.3.0", False),
            (["192.0.2.0/24"], "2001:db8::1", False),
            (["192.0.2.0/24"], None, False),
            (["192.0.2.7"], "192.0.2.7", True),
            (["10.0.0.0/8", "2001:db8::/32"], "2001:db8:ffff::1", True),
            (["10.0.0.0/8", "2001:db8::/32"], "2001:db9::", False),
            (["::/0"], "192.0.2.7", False),
        ],
    )
    def test_networks(
        self, caller: User, networks: list[str], address: str | None, is_let_in: bool
    ) -> None:
        _, secret = api_token_create(user=caller, name="t", networks=networks)
        where = None if address is None else ip_address(address)
        if is_let_in:
            assert admit(secret, where)
        else:
            with pytest.raises(WrongNetworkError):
                admit(secret, where)
            assert not RateWindow.objects.exists()  # a thief uses nothing up


@pytest.mark.django_db
class TestFailures:
    def test_too_many_from_an_address_are_refused(self, settings: Any) -> None:
        settings.RATE_LIMIT_FAILURES_PER_MINUTE = 2
        failure_take(address=HERE)
        failure_take(address=HERE)
        with pytest.raises(RateExceededError):
            failure_take(address=HERE)
        failure_take(address=ip_address("192.0.2.8"))
        minute_later()
        failure_take(address=HERE)

    def test_a_subscriber_of_ipv6_is_one_whatever_the_address(self, settings: Any) -> None:
        settings.RATE_LIMIT_FAILURES_PER_MINUTE = 1
        failure_take(address=ip_address("2001:db8:0:1::1"))
        with pytest.raises(RateExceededError):
            failure_take(address=ip_address("2001:db8:0:1:ffff::2"))
        failure_take(address=ip_address("2001:db8:0:2::1"))

    def test_the_first_of_a_minute_takes_away_what_is_over(self, settings: Any) -> None:
        settings.RATE_LIMIT_FAILURES_PER_MINUTE = 5
        failure_take(address=HERE)
        RateWindow.objects.update(started_at=timezone.now() - timedelta(minutes=3))
        failure_take(address=ip_address("192.0.2.8"))
        assert RateWindow.objects.get().subject == "address:192.0.2.8"


class TestSlots:
    @pytest.fixture(autouse=True)
    def of_two(self, settings: Any) -> Iterator[None]:
        settings.CONCURRENCY_PER_TOKEN = 2
        yield
        assert concurrency.slots_taken() == 0

    def test_a_token_has_so_many_and_others_have_their_own(self) -> None:
        mine, other = make_token_id(), make_token_id()
        slot_take(token_id=mine)
        slot_take(token_id=mine)
        with pytest.raises(ConcurrencyExceededError):
            slot_take(token_id=mine)
        slot_take(token_id=other)
        slot_release(token_id=mine)
        slot_take(token_id=mine)
        for token_id in (mine, mine, other):
            slot_release(token_id=token_id)


def make_token_id() -> Any:
    return ApiToken(token_key="x").pk


@pytest.mark.django_db
class TestTable:
    """PostgreSQL itself keeps tokens sound."""

    @pytest.mark.parametrize(
        "values",
        [
            {"scopes": []},
            {"scopes": ["everything"]},
            {"networks": ["nonsense"]},
            {"networks": ["10.0.0.1/8"]},
        ],
    )
    def test_what_is_no_token_is_refused(self, caller: User, values: dict[str, Any]) -> None:
        token, _ = api_token_create(user=caller, name="t")
        with pytest.raises(DatabaseError), transaction.atomic():
            ApiToken.objects.filter(pk=token.pk).update(**values)

    def test_the_secret_is_nowhere(self, caller: User) -> None:
        token, secret = api_token_create(user=caller, name="t")
        token_use_store(token=token)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT string_agg(t::text, '') FROM predictions_apitoken t UNION ALL "
                "SELECT string_agg(u::text, '') FROM predictions_apitokenuse u"
            )
            stored = "".join(row[0] for row in cursor.fetchall())
        assert secret not in stored
        assert secret[:15] in stored
        assert secret[15:25] not in stored

    def test_a_public_id_says_nothing_of_the_secret(self, caller: User) -> None:
        token, secret = api_token_create(user=caller, name="t")
        assert token.pk.version == 4  # all random
        assert token.pk.hex[:8] not in token.digest
        assert token.pk.hex[:8] not in secret

    def test_deleting_a_user_takes_tokens_and_uses_along(self) -> None:
        user = make_user()
        token_use_store(token=api_token_create(user=user, name="t")[0])
        user.delete()
        assert not ApiTokenUse.objects.exists()
