"""`manage.py create_token`"""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from predictions.models import ApiToken
from tests.predictions.factories import make_user

pytestmark = pytest.mark.django_db


def create_token(*arguments: str) -> str:
    out = StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue()


def test_quiet_prints_a_token_that_works_and_nothing_else(client: Client) -> None:
    printed = create_token("laptop", "--quiet")
    secret = printed.rstrip("\n")
    assert printed == f"{secret}\n"
    assert len(secret) == 64
    answer = client.get("/api/v1/predictions/", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    token = ApiToken.objects.get()
    assert (token.name, token.user.username) == ("laptop", "laptop")
    assert token.user.groups.filter(name="api_client").exists()


def test_each_call_makes_another_token_for_the_same_caller() -> None:
    assert create_token("laptop", "--quiet") != create_token("laptop", "--quiet")
    assert User.objects.count() == 1
    assert ApiToken.objects.count() == 2


def test_it_says_when_the_token_expires() -> None:
    printed = create_token("laptop", "--expires-days", "3")
    token = ApiToken.objects.get()
    assert token.expiry is not None
    assert timedelta(days=2) < token.expiry - timezone.now() < timedelta(days=3)
    assert f"It expires on {token.expiry:%Y-%m-%d}" in printed


def test_scopes_and_networks() -> None:
    printed = create_token(
        *("laptop", "--scope", "read", "--scope", "admin"),
        *("--network", "10.0.0.0/8", "--network", "2001:db8::/32"),
    )
    token = ApiToken.objects.get()
    assert token.scopes == ["read", "admin"]
    assert token.networks == ["10.0.0.0/8", "2001:db8::/32"]
    assert "Scopes: read, admin. It may be used from 10.0.0.0/8, 2001:db8::/32." in printed


def test_without_a_word_it_may_predict_and_read_from_anywhere() -> None:
    printed = create_token("laptop")
    assert ApiToken.objects.get().scopes == ["predict", "read"]
    assert "Scopes: predict, read. It may be used from anywhere." in printed


def test_a_token_for_somebody_who_exists() -> None:
    user = make_user(username="ann")
    create_token("laptop", "--user", "ann")
    assert ApiToken.objects.get().user == user


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["laptop", "--user", "nobody"], "no user named 'nobody'"),
        (["laptop", "--expires-days", "0"], "at least 1"),
        (["laptop", "--expires-days", "366"], "365 days at most"),
        (["laptop", "--scope", "everything"], "invalid choice"),
        (["laptop", "--network", "nonsense"], "Must be a network"),
        (["laptop", "--network", "10.0.0.1/8"], "without bits beyond its mask"),
        (["two words"], "cannot be a caller's name"),
        (["x" * 200], "cannot be a caller's name"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        create_token(*arguments)
    assert ApiToken.objects.count() == 0


def test_a_token_that_never_expires_is_said_so(settings: object) -> None:
    settings.REST_KNOX = {**settings.REST_KNOX, "TOKEN_TTL": None}  # type: ignore[attr-defined]
    assert "It expires never" in create_token("laptop")
