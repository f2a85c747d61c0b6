"""Pages in the reader's language: nothing of ours stays in English, and nothing else changes."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pprint import pformat
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import trans_real

from buildings.admin.filters import COMPLIANCE_STATUSES
from buildings.models import BenchmarkRecord, DatasetImport
from predictions.models import OutcomeSource, PredictionBatch, PredictionInput, ShadowOutput
from predictions.services.accounts import api_token_create
from predictions.services.door import Question, prediction_create
from predictions.services.explanations import explanation_create
from predictions.services.outcomes import outcome_create
from tests.buildings.factories import RecordRevisionFactory
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

FRENCH = {"HTTP_ACCEPT_LANGUAGE": "fr-FR,fr;q=0.9,en;q=0.8"}

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
    "Futurisys Energy, UTC, kBtu, ft², kWh, MBtu, therm, MdAPE, SHA, API, JSON, CSV, English, français, esc"
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
        answer = admin_browser.get(page, **FRENCH)
        if answer.status_code == 403:  # nothing to add there
            continue
        assert answer.status_code == 200, page
        assert answer["Content-Language"] == "fr"
        seen += 1
        if words := unread(answer.content.decode()) - everything - SAME:
            stayed[page] = words
    assert not stayed, pformat(stayed)
    assert seen > 40
