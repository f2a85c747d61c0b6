"""Pages in the reader's language: nothing of ours stays in English, and nothing else changes."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pprint import pformat
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real

from buildings.admin.filters import COMPLIANCE_STATUSES
from buildings.models import BenchmarkRecord, DatasetImport
from buildings.services.uploads import dataset_upload_create
from config.labels import LABELS, translated
from mlmodel.models import PromotionProposal
from predictions.models import (
    Export,
    OutcomeSource,
    PredictionBatch,
    PredictionInput,
    ShadowOutput,
)
from predictions.services.accounts import api_token_create
from predictions.services.door import Question, prediction_create
from predictions.services.explanations import explanation_create
from predictions.services.outcomes import outcome_create
from predictions.services.staff_log import StaffAction, staff_action_log
from tests.buildings.factories import RecordRevisionFactory
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

FRENCH = {"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.8"}

#: How numbers are written is no text.
NOT_TEXT = (
    "between the thousands of a number",
    "before the decimals of a number",
    "after a share",
)


def words_of(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]{3,}", text)}


class Marked:
    """The French catalogue, but each text that it has is the English one between ⟦ and ⟧."""

    def __init__(self, catalogue: Any) -> None:
        self.catalogue = catalogue

    def gettext(self, message: str) -> str:
        context, _, text = message.rpartition("\x04")
        if context in NOT_TEXT or message not in self.catalogue._catalog:
            return str(self.catalogue.gettext(message))
        return f"⟦{text}⟧"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        if (singular, 0) not in self.catalogue._catalog:
            return singular if number == 1 else plural
        return f"⟦{(singular if number == 1 else plural).rpartition(chr(4))[2]}⟧"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.catalogue, name)


class Reader(HTMLParser):
    """What of a page a reader sees and nobody translated, in its words."""

    _UNSEEN = ("script", "style", "code", "pre", "title")
    #: Names of permissions are stored, in English.
    _STORED = ("permissions", "user_permissions")
    #: Numbers for the browser, which knows one way to write them.
    _DRAWN = frozenset(
        ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "dx", "dy", "style"]
    )
    _SEEN = ("title", "aria-label", "placeholder", "alt", "data-label")

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.unseen: list[str] = []
        self.words: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if (
            self.unseen
            or tag in self._UNSEEN
            or values.get("name") in self._STORED
            or "material-symbols" in (values.get("class") or "")
        ):
            if tag not in ("input", "br", "img", "link", "meta", "hr", "use", "path"):
                self.unseen.append(tag)
            return
        for name in self._DRAWN & values.keys():
            assert "," not in (values[name] or ""), f"{tag} {name}: a number for readers, not CSS"
        for name in self._SEEN:
            inner = re.compile(r"⟦[^⟦⟧]*⟧")
            said = values.get(name) or ""
            while inner.search(said):
                said = inner.sub("", said)
            self.read(said)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.unseen:
            while self.unseen and self.unseen.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.unseen:
            return
        for part in re.split(r"([⟦⟧])", data):
            if part == "⟦":
                self.depth += 1
            elif part == "⟧":
                self.depth -= 1
            elif self.depth == 0:
                self.read(part)

    def read(self, text: str) -> None:
        self.words.update(words_of(text))


def unread(page: str) -> set[str]:
    reader = Reader()
    reader.feed(page)
    assert reader.depth == 0
    return reader.words


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = trans_real.translation("fr")
    monkeypatch.setitem(trans_real._translations, "fr", Marked(catalogue))  # type: ignore[attr-defined]


@pytest.fixture
def everything(served: FakeServedModel) -> set[str]:
    """A row of every table that has a page; the words in all of them, which are data."""
    call_command("load_dataset", source=["sample"], verbosity=0)
    record = BenchmarkRecord.objects.select_related("dataset_import").first()
    RecordRevisionFactory(record=record)
    ann = make_user(username="ann")
    (prediction,) = prediction_create(call=call_of(ann), questions=[Question(features=facts())])
    PredictionBatch.objects.create(
        request=prediction.request,
        format="csv",
        rows_received=2,
        refused_rows=[{"row": 1, "line": 3, "errors": [{"detail": "badly"}]}],
    )
    explanation_create(call=call_of(ann), prediction=prediction)
    outcome_create(
        prediction=prediction,
        values={"data_year": 2020, "site_energy_use_kbtu": 5_000_000.0},
        source=OutcomeSource.API,
        entered_by=ann,
    )
    ShadowOutput.objects.create(
        input=prediction,
        model_version=prediction.request.model_version,
        duration_ms=1.0,
        error_code="model-failure",
    )
    api_token_create(user=ann, name="nightly")
    Group.objects.create(name="readers")
    proposal = PromotionProposal.objects.create(
        version=prediction.request.model_version,
        reason="better",
        evidence={"replay": {"inputs": 1, "changed_share": 0.0, "threshold": 0.1, "failed": 0}},
        proposed_by=ann,
        proposed_by_name="ann",
    )
    staff_action_log(user=ann, action=StaffAction.DECLINED, target=proposal, said="worse")
    dataset_upload_create(source="sample", content=None, uploaded_by=ann)
    Export.objects.create(list_name="x.y", format="csv", exported_by=ann, exported_by_name="ann")
    return set(_words_stored())


def _words_stored() -> Iterator[str]:
    for model in apps.get_models():
        if model in (Permission, ContentType):  # made of the models' English names
            continue
        for row in model._default_manager.values_list().iterator():
            yield from words_of(str(row))
    for status in COMPLIANCE_STATUSES:
        yield from words_of(status)


#: Names, units and marks that are the same in both languages.
SAME = words_of(
    "Futurisys Energy, UTC, kBtu, ft², kWh, MBtu, therm, MdAPE, SHA, API, JSON Lines, CSV, "
    "Parquet, esc, English, français"
)


def pages() -> Iterator[str]:
    """Every page of the admin that can be asked for: lists, first rows, forms, and the others."""
    yield reverse("admin:index")
    for app in {model._meta.app_label for model in admin.site._registry}:
        yield reverse("admin:app_list", args=[app])
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_add")
        if (row := model._default_manager.first()) is not None:
            yield reverse(f"{name}_change", args=[row.pk])
    version = PredictionInput.objects.get().request.model_version_id
    yield reverse("admin:mlmodel_modelversion_performance", args=[version])
    newest = DatasetImport.objects.first()
    assert newest is not None
    yield reverse("admin:buildings_datasetimport_compare", args=[newest.pk])
    yield reverse("admin:password_change")


def test_no_page_of_the_admin_is_half_in_english(
    admin_browser: Client, marked: None, everything: set[str]
) -> None:
    stayed: dict[str, set[str]] = {}
    seen = 0
    for page in pages():
        answer = admin_browser.get(page, headers=FRENCH)
        if answer.status_code in (302, 403):  # no row that this admin shows; nothing to add there
            continue
        assert answer.status_code == 200, page
        assert answer["Content-Language"] == "fr"
        seen += 1
        if words := unread(answer.content.decode()) - everything - SAME:
            stayed[page] = words
    assert not stayed, pformat(stayed)
    assert seen > 40


@pytest.mark.parametrize(
    ("headers", "cookie", "language"),
    [
        ({}, None, "en"),
        (FRENCH, None, "fr"),
        (FRENCH, "en", "en"),
        ({}, "fr", "fr"),
        ({}, "tlh", "en"),
        (FRENCH, "../fr", "fr"),
        ({"Accept-Language": "de, *;q=0.1"}, None, "en"),
    ],
)
def test_a_page_is_in_the_chosen_language_else_in_the_preferred_one(
    client: Client, headers: dict[str, Any], cookie: str | None, language: str
) -> None:
    if cookie is not None:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie
    answer = client.get(reverse("admin:login"), headers=headers)
    assert answer["Content-Language"] == language
    assert {"Accept-Language", "Cookie"} <= set(answer["Vary"].split(", "))
    page = answer.content.decode()
    assert f'<html lang="{language}"' in page
    assert {"en": "Welcome back to", "fr": "Bienvenue sur"}[language] in page
    assert translation.get_language() == settings.LANGUAGE_CODE


@pytest.mark.django_db
def test_the_switch_sets_a_strict_cookie_and_leads_nowhere_else() -> None:
    browser = Client(enforce_csrf_checks=True)
    login = reverse("admin:login")
    page = browser.get(login).content.decode()
    token = browser.cookies["csrftoken"].value
    assert f'action="{reverse("set_language")}"' in page
    switch = {"language": "fr", "csrfmiddlewaretoken": token, "next": login}
    answer = browser.post(reverse("set_language"), switch)
    assert (answer.status_code, answer["Location"]) == (302, login)
    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert cookie.value == "fr"
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert "Bienvenue sur" in browser.get(login).content.decode()
    elsewhere = browser.post(reverse("set_language"), {**switch, "next": "https://example.com/"})
    assert elsewhere["Location"] == "/"
    refused = browser.post(reverse("set_language"), {"language": "en"})
    assert refused.status_code == 403
    assert "Accès refusé" in refused.content.decode()


@pytest.mark.django_db
def test_an_api_answer_knows_no_cookie(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    url = "/api/v1/tokens/"
    assert client.get(url).json()["title"] == "A valid token is needed"
    french = client.get(url, headers=FRENCH)
    assert french.json()["title"] == "Un jeton valide est nécessaire"
    assert "Cookie" not in french["Vary"]


def test_the_schema_is_in_english_whatever_is_asked_for(client: Client) -> None:
    english = client.get(reverse("schema")).content
    assert client.get(reverse("schema"), headers=FRENCH).content == english
    assert client.get(reverse("schema"), {"lang": "fr"}).content == english
    assert "Gross floor area of parking." in english.decode()


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_the_pages_of_the_reference_switch_by_their_address(client: Client, page: str) -> None:
    said = client.get(reverse(page), {"language": "fr"})
    assert "La référence est en anglais" in said.content.decode()
    assert said["Content-Language"] == "fr"
    assert "form-action 'none'" in said["Content-Security-Policy"]
    other = client.get(reverse(page), {"language": "en"}, headers=FRENCH)
    assert "The reference is in English" in other.content.decode()
    assert not other.cookies


@pytest.mark.django_db
def test_pages_of_errors_are_in_the_reader_s_language(admin_browser: Client) -> None:
    lost = admin_browser.get("/admin/nowhere/", headers=FRENCH)
    assert lost.status_code == 404
    assert "Il n’y a rien à cette adresse" in lost.content.decode()
    refused = admin_browser.get(reverse("admin:buildings_building_add"), headers=FRENCH)
    assert refused.status_code == 403
    assert "Votre compte ne peut ni voir ni faire cela" in refused.content.decode()


def test_a_defect_is_said_in_the_reader_s_language(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("django.contrib.admin.sites.AdminSite.each_context", defect)
    client.raise_request_exception = False
    answer = client.get(reverse("admin:login"), headers=FRENCH)
    assert answer.status_code == 500
    assert "Un défaut du service" in answer.content.decode()


@pytest.mark.django_db
def test_numbers_are_the_reader_s_and_years_and_ids_have_no_separators(
    admin_browser: Client, everything: set[str]
) -> None:
    record = BenchmarkRecord.objects.select_related("building").first()
    assert record is not None
    record_page = reverse("admin:buildings_benchmarkrecord_change", args=[record.pk])
    english = admin_browser.get(record_page).content.decode()
    french = admin_browser.get(record_page, headers=FRENCH).content.decode()
    area = f"{record.property_gfa_total_sqft:,.0f}"
    assert area in english
    assert "m²" not in english
    in_french = area.replace(",", "\u202f")
    in_m2 = f"{record.property_gfa_total_sqft * 0.09290304:,.0f}".replace(",", "\u202f")
    assert f"{in_french} ({in_m2}\u00a0m²)" in french
    for page in (english, french):
        for whole in (record.building.ose_building_id, record.data_year, record.year_built):
            assert str(whole) in page
    for year in (record.data_year, record.year_built):
        assert f"{year:,}".replace(",", "\u202f") not in french


def test_only_plain_texts_become_labels() -> None:
    known = set(LABELS)
    assert translated("") == ""
    assert translated(None) is None
    lazy = translated("Gross floor area (ft²)")
    assert translated(lazy) is lazy
    with translation.override("fr"):
        assert str(lazy) == "Surface de plancher brute (ft²)"
    assert str(lazy) == "Gross floor area (ft²)"
    assert set(LABELS) == known
