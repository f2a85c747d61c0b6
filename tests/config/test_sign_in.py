"""Signing in: who is locked out, what is kept of it, what cookies allow."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse

from predictions.services.accounts import groups_ensure
from predictions.services.staff_log import StaffAction
from tests.predictions.factories import make_user

pytestmark = pytest.mark.django_db

PASSWORD = "right-and-long-enough"
WRONG = "wrong-but-perhaps-right-elsewhere"
LOGIN = "/admin/login/?next=/admin/"


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


def sign_in(client: Client, username: str, password: str, **extra: Any) -> Any:
    return client.post(LOGIN, {"username": username, "password": password}, **extra)


def everything_stored() -> Iterator[str]:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row_to_json(each)::text FROM "{table}" AS each')
            yield from (row for (row,) in cursor.fetchall())


def test_five_failures_lock_a_user_out_from_that_address(client: Client, root: User) -> None:
    for _ in range(settings.SIGN_IN_FAILURES_MAX - 1):
        assert sign_in(client, "root", WRONG).status_code == 200
    locked = sign_in(client, "root", WRONG)
    assert locked.status_code == 429
    assert locked["Retry-After"] == "900"
    assert "no-store" in locked["Cache-Control"]
    assert "default-src 'none'" in locked["Content-Security-Policy"]
    assert b"locked out from this address" in locked.content
    assert sign_in(client, "root", PASSWORD).status_code == 429  # the right one as well
    elsewhere = sign_in(Client(), "root", PASSWORD, REMOTE_ADDR="10.0.0.9")
    assert elsewhere.status_code == 302
    other = User.objects.create_superuser("other", password=PASSWORD)
    assert sign_in(Client(), other.username, PASSWORD).status_code == 302


def test_who_does_not_exist_is_locked_out_alike(client: Client, root: User) -> None:
    statuses = [sign_in(client, "nobody", WRONG).status_code for _ in range(6)]
    assert statuses == [200, 200, 200, 200, 429, 429]


def test_a_success_begins_the_count_anew(client: Client, root: User) -> None:
    for _ in range(4):
        sign_in(client, "root", WRONG)
    assert sign_in(client, "root", PASSWORD).status_code == 302
    assert not AccessAttempt.objects.exists()
    assert AccessFailureLog.objects.count() == 4  # the record keeps them


def test_no_password_is_ever_stored_not_even_in_the_wrong_box(client: Client, root: User) -> None:
    sign_in(client, "root", WRONG)
    sign_in(client, WRONG, "")
    sign_in(client, WRONG, PASSWORD)
    client.post(f"{LOGIN}&password={WRONG}", {"username": "root", "password": WRONG})
    assert AccessFailureLog.objects.filter(username="root").count() == 2
    assert AccessFailureLog.objects.filter(username__startswith="unknown-").count() == 1
    stored = list(everything_stored())
    assert any("unknown-" in row for row in stored)
    assert not [row for row in stored if WRONG in row or PASSWORD in row]


@pytest.mark.parametrize(
    "username",
    ["x" * 5000, "\x00", "\ud800", "root\x00", "<script>", "=cmd|"],
)
def test_whatever_is_typed_is_no_error_of_ours(client: Client, username: str) -> None:
    form = urlencode({"username": username, "password": WRONG}, errors="surrogatepass")
    answer = client.generic(
        "POST",
        LOGIN,
        form,
        "application/x-www-form-urlencoded",
        HTTP_USER_AGENT="u" * 5000,
        HTTP_ACCEPT="a" * 5000,
    )
    assert answer.status_code == 200


@override_settings(TRUSTED_PROXIES=["1"])
def test_the_address_is_that_which_the_proxy_heard_from(client: Client, root: User) -> None:
    sign_in(client, "root", WRONG, HTTP_X_FORWARDED_FOR="203.0.113.7, 198.51.100.4")
    assert AccessFailureLog.objects.get().ip_address == "198.51.100.4"


def test_without_proxies_nobody_s_word_is_taken(client: Client, root: User) -> None:
    sign_in(client, "root", WRONG, HTTP_X_FORWARDED_FOR="203.0.113.7")
    assert AccessFailureLog.objects.get().ip_address == "127.0.0.1"


def test_an_operator_unlocks_and_that_is_logged(client: Client, root: User) -> None:
    for _ in range(5):
        sign_in(client, "root", WRONG)
    groups_ensure()
    operator = make_user(is_staff=True)
    operator.groups.add(operator.groups.model.objects.get(name="operator"))
    browser = Client()
    browser.force_login(operator)
    page = browser.get(reverse("admin:axes_accessattempt_changelist"))
    assert b"locked out" in page.content
    attempt = AccessAttempt.objects.get()
    browser.post(
        reverse("admin:axes_accessattempt_changelist"),
        {"action": "unlock", "_selected_action": [attempt.pk]},
    )
    entry = LogEntry.objects.get(action_flag=StaffAction.UNLOCKED)
    assert (entry.user, entry.change_message) == (operator, "root from 127.0.0.1")
    assert sign_in(client, "root", PASSWORD).status_code == 302


def test_an_auditor_unlocks_nobody(client: Client, root: User) -> None:
    sign_in(client, "root", WRONG)
    groups_ensure()
    auditor = make_user(is_staff=True)
    auditor.groups.add(auditor.groups.model.objects.get(name="auditor"))
    client.force_login(auditor)
    client.post(
        reverse("admin:axes_accessattempt_changelist"),
        {"action": "unlock", "_selected_action": [AccessAttempt.objects.get().pk]},
    )
    assert AccessAttempt.objects.count() == 1


def test_who_comes_and_goes_is_logged(client: Client, root: User) -> None:
    sign_in(client, "root", PASSWORD)
    client.post("/admin/logout/")
    assert [
        (entry.user, entry.action_flag, entry.change_message)
        for entry in LogEntry.objects.order_by("id")
    ] == [
        (root, StaffAction.SIGNED_IN, "from 127.0.0.1"),
        (root, StaffAction.SIGNED_OUT, "from 127.0.0.1"),
    ]
    sign_in(client, "root", PASSWORD)
    listed = client.get(reverse("admin:admin_logentry_changelist"), {"action": "12"})
    assert b"signed out" in listed.content
    assert len(listed.context["cl"].result_list) == 1


@pytest.mark.parametrize("table", ["django_admin_log", "axes_accessfailurelog"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET id = id", "TRUNCATE {}"])
def test_nobody_edits_what_staff_did(client: Client, root: User, table: str, change: str) -> None:
    sign_in(client, "root", WRONG)
    sign_in(client, "root", PASSWORD)
    with (
        pytest.raises(DatabaseError, match="insert-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        # Pending foreign keys would have TRUNCATE refused for another reason.
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {change.format(table)}")


def test_a_session_is_new_short_and_for_this_site_only(client: Client, root: User) -> None:
    client.get("/admin/login/")
    before = client.cookies["csrftoken"].value
    sign_in(client, "root", PASSWORD)
    cookie, csrf = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert csrf.value != before
    for each in (cookie, csrf):
        assert each["samesite"] == "Strict"
        assert each["httponly"]
    assert not cookie["max-age"]  # ends with the browser
    first = cookie.value
    client.post("/admin/logout/")
    sign_in(client, "root", PASSWORD)
    assert client.cookies["sessionid"].value != first
    assert not Session.objects.filter(session_key=first).exists()
    assert settings.SESSION_COOKIE_AGE == 1800
    assert "no-store" in client.get("/admin/")["Cache-Control"]


@pytest.mark.parametrize(
    ("began", "used", "is_in", "is_written"),
    [
        (0, 0, True, False),
        (61, 61, True, True),
        (43_199 - 60, 1800, True, True),
        (43_201 + 60, 10, False, False),
    ],
)
def test_a_session_lasts_while_it_is_used_and_not_for_ever(
    client: Client, root: User, began: int, used: int, is_in: bool, is_written: bool
) -> None:
    client.force_login(root)
    session = client.session
    session["began_at"] -= began
    session["used_at"] -= used
    session.save()
    before = session["used_at"]
    answer = client.get("/admin/")
    assert answer.status_code == (200 if is_in else 302)
    if is_in:
        assert (client.session["used_at"] > before) == is_written


def test_a_user_is_set_inactive_and_never_deleted(admin_browser: Client) -> None:
    user = make_user(is_staff=True)
    address = reverse("admin:auth_user_delete", args=[user.pk])
    assert admin_browser.post(address, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


def test_who_looks_at_users_sees_nothing_of_passwords(client: Client, root: User) -> None:
    groups_ensure()
    auditor = make_user(is_staff=True)
    auditor.groups.add(auditor.groups.model.objects.get(name="auditor"))
    client.force_login(auditor)
    page = client.get(reverse("admin:auth_user_change", args=[root.pk])).content.decode()
    assert "root" in page
    for said in ("algorithm", "md5", root.password):
        assert said not in page
    assert client.get(reverse("admin:auth_user_add")).status_code == 403
