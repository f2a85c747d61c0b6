"""What browsers are told to allow: on every answer, and as little as the page needs."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings
from rest_framework.test import APIClient

from config.security import ADMIN_POLICY, DATA_POLICY, policy

pytestmark = pytest.mark.django_db

DOCS = ["/api/v1/docs/", "/api/v1/redoc/"]


def directives(answer: Any) -> dict[str, str]:
    pairs = (each.partition(" ") for each in answer["Content-Security-Policy"].split("; "))
    return {name: values for name, _, values in pairs}


def test_nothing_is_allowed_but_what_is_named() -> None:
    assert policy() == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert policy(form_action="'self'", script_src="x").endswith("script-src x")
    assert "form-action 'self'" in policy(form_action="'self'")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/livez", 200),
        ("/api/v1/buildings/", 200),
        ("/api/v1/schema/", 200),
        ("/api/v1/problems/", 200),
        ("/api/v1/nope/", 404),
        ("/nope", 404),
        ("/", 302),
    ],
)
def test_what_is_no_page_allows_nothing(api: APIClient, path: str, status: int) -> None:
    answer = api.get(path)
    assert answer.status_code == status
    assert answer["Content-Security-Policy"] == DATA_POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


def test_refusals_before_any_view_have_them_too(client: Client) -> None:
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    for answer in (
        client.generic("POST", "/api/v1/predictions/", **chunked),  # type: ignore[arg-type]
        client.get("/api/", headers={"Host": "evil.example"}),
    ):
        assert answer.status_code in (400, 411)
        assert answer["Content-Security-Policy"] == DATA_POLICY
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_the_admin_runs_its_own_scripts_only(admin_browser: Client, client: Client) -> None:
    for answer in (admin_browser.get("/admin/"), client.get("/admin/login/")):
        assert answer.status_code == 200
        assert answer["Content-Security-Policy"] == ADMIN_POLICY
        assert directives(answer)["script-src"] == "'self' 'unsafe-eval'"
        assert Page(answer).is_without_inline_script


class Page(HTMLParser):
    """What a page loads and what stands in it."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.handlers: list[str] = []
        self.feed(answer.content.decode())

    @property
    def is_without_inline_script(self) -> bool:
        return "script" not in self.inline and not self.handlers

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_data = (given.get("type") or "").endswith("json")
        if tag in ("script", "img") and given.get("src"):
            self.loaded.append(str(given["src"]))
        elif tag == "link":
            self.loaded.append(str(given["href"]))
        elif tag in ("script", "style") and not is_data:
            self.inline.append(tag)
        self.handlers += [name for name in given if re.fullmatch("on[a-z]+", name)]


@pytest.mark.parametrize("path", DOCS)
def test_the_docs_run_files_of_this_host_only(client: Client, path: str) -> None:
    answer = client.get(path)
    allowed = directives(answer)
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == "'self'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "http" not in answer["Content-Security-Policy"]
    page = Page(answer)
    assert page.inline == page.handlers == []
    assert len(page.loaded) >= 4
    for file in page.loaded:
        assert file.startswith("/")
        with override_settings(WHITENOISE_USE_FINDERS=True):
            found = Client().get(file)  # whose middleware is made with these settings
        assert found.status_code == 200, file
        if hasattr(found, "close"):
            found.close()


def test_redocs_styles_have_a_nonce_of_their_own_each_time(client: Client) -> None:
    nonces = set()
    for _ in range(2):
        answer = client.get("/api/v1/redoc/")
        (nonce,) = re.findall(r"'nonce-([^']+)'", directives(answer)["style-src"])
        assert f'data-nonce="{nonce}"' in answer.content.decode()
        nonces.add(nonce)
    assert len(nonces) == 2


def test_swaggers_settings_are_a_script_of_this_host(client: Client) -> None:
    answer = client.get("/api/v1/docs/?script=")
    assert answer["Content-Type"].startswith("application/javascript")
    assert "/api/v1/schema/" in answer.content.decode()


def test_the_schema_is_in_english_whatever_is_accepted(client: Client) -> None:
    english, french = (
        client.get("/api/v1/schema/", headers={"Accept-Language": language}).content
        for language in ("en", "fr")
    )
    assert english == french
