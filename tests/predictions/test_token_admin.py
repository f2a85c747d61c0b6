"""Tokens in the admin: made with a secret that is shown once, revoked, never changed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from predictions.models import ApiToken
from predictions.services.accounts import api_token_create
from predictions.services.admission import token_use_store
from tests.logs import logging_configured
from tests.predictions.factories import make_user

pytestmark = pytest.mark.django_db

PREDICTIONS = "/api/v1/predictions/"


def url(view: str, *args: Any) -> str:
    return reverse(f"admin:predictions_apitoken_{view}", args=args)


def form(owner: User, **changes: Any) -> dict[str, Any]:
    return {"user": owner.pk, "name": "batch job", "scopes": ["predict", "read"], **changes}


@pytest.fixture
def operator(client: Client) -> User:
    """Staff who may make and see tokens, not revoke them."""
    user = make_user(username="operator", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["add_apitoken", "view_apitoken"])
    )
    client.force_login(user)
    return user


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": ""}, "required"),
        ({"user": ""}, "required"),
        ({"scopes": []}, "required"),
        ({"scopes": ["everything"]}, "not one of the available"),
        ({"networks": "10.0.0.1/8"}, "without bits beyond its mask"),
        ({"networks": "\n".join(["10.0.0.0/8"] * 51)}, "50 at most"),
        ({"expires_in_days": "0"}, "greater than or equal to 1"),
        ({"expires_in_days": "366"}, "less than or equal to 365"),
        ({"requests_per_minute": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_made(
    admin_browser: Client, caller: User, changes: dict[str, Any], says: str
) -> None:
    answer = admin_browser.post(url("add"), form(caller, **changes))
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_a_token_is_made_and_its_secret_shown_this_once(
    admin_browser: Client, caller: User, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = form(
        caller,
        networks="127.0.0.0/8 \r\n2001:db8::/32",
        expires_in_days="30",
        requests_per_minute="7",
        rows_per_minute="0",
    )
    with logging_configured(level="DEBUG"):
        answer = admin_browser.post(url("add"), asked)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    (secret,) = re.findall(r'value="([0-9a-f]{64})"', answer.content.decode())

    token = ApiToken.objects.get()
    assert (token.user, token.name, token.scopes) == (caller, "batch job", ["predict", "read"])
    assert token.networks == ["127.0.0.0/8", "2001:db8::/32"]
    assert (token.requests_per_minute, token.rows_per_minute) == (7, 0)
    assert token.expiry is not None
    assert abs(token.expiry - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    served = Client().get(PREDICTIONS, headers={"Authorization": f"Bearer {secret}"})
    assert served.status_code == 200

    entry = LogEntry.objects.get(action_flag=ADDITION)
    assert entry.object_id == str(token.pk)
    assert secret not in f"{entry.object_repr}{entry.change_message}{capsys.readouterr().err}"
    assert not any(secret in str(session.get_decoded()) for session in Session.objects.all())
    assert secret not in str(admin_browser.cookies)
    for page in (url("changelist"), url("change", token.pk), url("add")):
        shown = admin_browser.get(page).content.decode()
        assert secret not in shown
        assert token.digest not in shown


def test_the_list_and_the_page_say_what_a_token_may_and_when_it_was_used(
    admin_browser: Client, caller: User, django_assert_max_num_queries: Any
) -> None:
    used, _ = api_token_create(user=caller, name="used", networks=["10.0.0.0/8"])
    token_use_store(token=used)
    for number in range(5):
        api_token_create(user=caller, name=f"t{number}", scopes=["admin"])
    ApiToken.objects.filter(name="t1").update(expiry=F("created"))
    with django_assert_max_num_queries(8):
        listed = admin_browser.get(url("changelist")).content.decode()
    for said in ("10.0.0.0/8", "anywhere", "predict, read", "admin", "expired", "never"):
        assert said in listed
    page = admin_browser.get(url("change", used.pk))
    assert page.status_code == 200
    assert "10.0.0.0/8" in page.content.decode()
    assert admin_browser.post(url("change", used.pk), {"name": "x"}).status_code == 403


def test_revoking_acts_at_once_and_is_a_state_of_its_own(
    admin_browser: Client, caller: User
) -> None:
    token, secret = api_token_create(user=caller, name="t")
    admin_browser.post(url("changelist"), {"action": "revoke", "_selected_action": [token.pk]})
    answer = Client().get(PREDICTIONS, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401
    token.refresh_from_db()
    assert token.state == "revoked"
    assert "revoked" in admin_browser.get(url("changelist")).content.decode()


def test_making_and_revoking_need_their_permissions(client: Client, operator: User) -> None:
    token, _ = api_token_create(user=make_user(), name="t")
    client.post(url("changelist"), {"action": "revoke", "_selected_action": [token.pk]})
    assert ApiToken.objects.get().state == "active"
    assert client.get(url("add")).status_code == 200
    operator.user_permissions.remove(Permission.objects.get(codename="add_apitoken"))
    assert client.get(url("add")).status_code == 403
    assert client.post(url("add"), form(operator)).status_code == 403


def test_who_is_no_superuser_makes_tokens_for_callers_and_oneself_only(
    client: Client, operator: User, caller: User
) -> None:
    for other in (
        make_user(is_staff=True),
        make_user(is_superuser=True),
        make_user(is_active=False),
    ):
        assert "valid choice" in client.post(url("add"), form(other)).content.decode()
    assert not ApiToken.objects.exists()
    for user in (operator, caller):
        assert "The token, this once" in client.post(url("add"), form(user)).content.decode()
    assert ApiToken.objects.count() == 2
