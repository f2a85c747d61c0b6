"""DEMO_MODE: a page in a frame of huggingface.co, where one can sign in; nowhere else."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config.demo import FRAMED_BY
from tests.config.test_settings import settings_of

__all__ = ["settings_of"]

LOCAL = {"DJANGO_SETTINGS_MODULE": "config.settings.local", "SECRET_KEY": "x"}
#: What the platform's proxy says of each request.
BY_TLS = {"X-Forwarded-Proto": "https", "Host": "owner-name.hf.space"}


@pytest.fixture
def demo(settings: Any) -> None:
    settings.DEMO_MODE = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.ALLOWED_HOSTS = ["*"]


@pytest.mark.django_db
def test_staff_sign_in_within_the_frame(demo: None) -> None:
    User.objects.create_superuser("staff", password="right")
    browser = Client(enforce_csrf_checks=True, headers=BY_TLS)
    page = browser.get("/admin/login/")
    secret = page.context["csrf_token"]
    origin = {"Origin": "https://owner-name.hf.space"}
    answer = browser.post(
        "/admin/login/",
        {"username": "staff", "password": "right", "csrfmiddlewaretoken": secret},
        headers=origin,
    )
    assert answer.status_code == 302, answer.text
    assert {"sessionid", "csrftoken"} <= set(answer.cookies)
    for response in (page, answer):
        for cookie in response.cookies.values():
            text = cookie.OutputString()
            for attribute in ("SameSite=None", "Secure", "Partitioned"):
                assert attribute in text.split("; "), text
    # A cookie that is deleted has to name the same attributes, or the browser keeps it.
    renewed = {"csrfmiddlewaretoken": answer.cookies["csrftoken"].value}
    gone = browser.post("/admin/logout/", renewed, headers=origin)
    assert "Partitioned" in gone.cookies["sessionid"].OutputString()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/docs/", "/admin/login/", "/livez", "/nothing"])
def test_huggingface_alone_may_frame_it(demo: None, path: str) -> None:
    answer = Client(headers=BY_TLS).get(path)
    assert f"frame-ancestors {FRAMED_BY}" in answer["Content-Security-Policy"].split("; ")
    assert "X-Frame-Options" not in answer


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/docs/", "/admin/login/", "/livez", "/nothing"])
def test_otherwise_nobody_may(client: Client, path: str) -> None:
    answer = client.get(path)
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"].split("; ")
    for cookie in answer.cookies.values():
        assert cookie["samesite"] in {"Lax", "Strict"}
        assert "Partitioned" not in cookie.OutputString()


@pytest.mark.django_db
def test_it_says_that_nothing_lasts(demo: None, settings: Any) -> None:
    browser = Client(headers=BY_TLS)
    browser.force_login(User.objects.create_superuser("root"))
    assert settings.DEMO_NOTICE in browser.get("/admin/").text
    in_french = browser.get("/admin/", headers={"Accept-Language": "fr"}).text
    assert "tout ce qui est saisi ici" in in_french
    settings.DEMO_MODE = False
    assert settings.DEMO_NOTICE not in browser.get("/admin/").text


@pytest.mark.django_db
def test_storage_is_seen_to_before_any_script_asks_for_it(demo: None) -> None:
    """In a frame it may be refused; unfold's own script and alpine, which is deferred, need it."""
    for path in ("/admin/login/", "/admin/"):
        browser = Client(headers=BY_TLS)
        if path == "/admin/":
            browser.force_login(User.objects.create_superuser("root"))
        at_once = re.findall(r'<script src="([^"]+)"></script>', browser.get(path).text)
        names = [source.rpartition("/")[2] for source in at_once]
        assert names.index("storage.js") < names.index("app.js")


@pytest.mark.parametrize("is_demo", [True, False])
def test_the_api_says_so_too(settings_of: Any, is_demo: bool) -> None:
    found = settings_of(
        *("SPECTACULAR_SETTINGS", "DEMO_NOTICE", "SECURE_PROXY_SSL_HEADER", "MLFLOW_TRACKING_URI"),
        **LOCAL,
        DEMO_MODE=str(is_demo).lower(),
    )
    description = found["SPECTACULAR_SETTINGS"]["DESCRIPTION"]
    assert is_demo == description.startswith(f"**{found['DEMO_NOTICE']}**")
    assert is_demo == (found["SECURE_PROXY_SSL_HEADER"] is not None)
    # The image has mlflow-skinny, which knows no SQLite: PostgreSQL alone is the registry.
    assert is_demo == (not found["MLFLOW_TRACKING_URI"])
