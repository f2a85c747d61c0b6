"""Where a request came from, and from where a token may be used."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.test import Client

from predictions.api.addresses import client_address
from predictions.services.accounts import api_token_create

URL = "/api/v1/predictions/"


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        # nobody is trusted: what is forwarded may be made up
        ([], "192.0.2.1", None, "192.0.2.1"),
        ([], "192.0.2.1", "10.0.0.1", "192.0.2.1"),
        ([], "", "10.0.0.1", None),
        ([], "::ffff:192.0.2.1", None, "192.0.2.1"),
        ([], "fe80::1%eth0", None, "fe80::1"),
        # so many hops
        (["1"], "10.9.9.9", "192.0.2.1", "192.0.2.1"),
        (["1"], "10.9.9.9", "10.0.0.1, 192.0.2.1", "192.0.2.1"),
        (["2"], "10.9.9.9", "10.0.0.1, 192.0.2.1, 10.9.9.8", "192.0.2.1"),
        (["1"], "", "192.0.2.1", "192.0.2.1"),
        (["1"], "192.0.2.1", None, None),
        (["2"], "10.9.9.9", "192.0.2.1", None),
        (["1"], "10.9.9.9", "192.0.2.1:4711", "192.0.2.1"),
        (["1"], "10.9.9.9", "[2001:db8::1]:443", "2001:db8::1"),
        (["1"], "10.9.9.9", "unknown", None),
        (["1"], "10.9.9.9", "192.0.2.1, ", None),
        (["0"], "192.0.2.1", "10.0.0.1", "192.0.2.1"),
        # networks
        (["10.9.0.0/16"], "10.9.9.9", "10.0.0.1, 192.0.2.1", "192.0.2.1"),
        (["10.9.0.0/16"], "10.9.9.9", "10.0.0.1, 192.0.2.1, 10.9.1.1", "192.0.2.1"),
        (["10.9.0.0/16"], "192.0.2.1", "10.0.0.1", "192.0.2.1"),
        (["10.9.0.0/16"], "10.9.9.9", None, "10.9.9.9"),
        (["10.9.0.0/16"], "10.9.9.9", "10.9.0.1", "10.9.0.1"),
        (["10.9.0.0/16"], "10.9.9.9", "192.0.2.1, nonsense", None),
        (["2001:db8::/32", "10.9.0.0/16"], "2001:db8::1", "::1, 192.0.2.1, 10.9.1.1", "192.0.2.1"),
    ],
)
def test_the_right_most_hop_that_nobody_trusted_accounts_for(
    settings: Any, trusted: list[str], peer: str, forwarded: str | None, address: str | None
) -> None:
    settings.TRUSTED_PROXIES = trusted
    environ = {"REMOTE_ADDR": peer}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    found = client_address(environ)
    assert (None if found is None else str(found)) == address


@pytest.mark.parametrize("setting", [["two"], ["10.9.0.1/16"], ["1", "2"], [""]])
def test_a_setting_that_is_neither_is_an_error_of_the_check(settings: Any, setting: list) -> None:
    settings.TRUSTED_PROXIES = setting
    assert "predictions.E002" in {str(message.id) for message in run_checks()}


def test_settings_that_are_right_pass_the_check(settings: Any) -> None:
    for setting in ([], ["2"], ["10.9.0.0/16", "2001:db8::/32"]):
        settings.TRUSTED_PROXIES = setting
        assert "predictions.E002" not in {str(message.id) for message in run_checks()}


@pytest.fixture
def ask(caller: User, client: Client) -> Callable[..., Any]:
    """Asks with a token that is limited to 192.0.2.0/24, from an address, perhaps forwarded."""
    _, secret = api_token_create(user=caller, name="t", networks=["192.0.2.0/24"])

    def from_where(peer: str, **headers: str) -> Any:
        return client.get(
            URL, headers={"Authorization": f"Bearer {secret}", **headers}, REMOTE_ADDR=peer
        )

    return from_where


@pytest.mark.django_db
class TestLimitedToNetworks:
    def test_from_elsewhere_403_without_a_word_where_from(self, ask: Callable[..., Any]) -> None:
        answer = ask("203.0.113.9")
        assert answer.status_code == 403
        assert answer.json()["type"] == "/api/v1/problems/wrong-network/"
        assert b"192.0.2" not in answer.content
        assert "RateLimit" not in answer

    def test_a_made_up_header_helps_nobody(self, ask: Callable[..., Any]) -> None:
        assert ask("203.0.113.9", **{"X-Forwarded-For": "192.0.2.1"}).status_code == 403

    def test_nor_left_of_what_the_proxy_added(self, ask: Callable[..., Any], settings: Any) -> None:
        settings.TRUSTED_PROXIES = ["1"]
        made_up = {"X-Forwarded-For": "192.0.2.1, 203.0.113.9"}
        assert ask("10.0.0.1", **made_up).status_code == 403
        assert ask("10.0.0.1", **{"X-Forwarded-For": "192.0.2.1"}).status_code == 200

    def test_from_there_200(self, ask: Callable[..., Any]) -> None:
        assert ask("192.0.2.200").status_code == 200
        assert ask("::ffff:192.0.2.200").status_code == 200
