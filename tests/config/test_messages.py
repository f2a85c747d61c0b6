"""The catalogues of texts: complete, compiled, and never behind the code."""

import ast
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from config import messages
from config.management.commands import export_messages


def test_every_language_has_its_catalogue() -> None:
    found = [path.parent.parent.name for path in messages.message_catalogues()]
    assert ["en", *found] == [code for code, _ in settings.LANGUAGES]


def test_the_catalogues_are_what_the_code_says_and_are_translated() -> None:
    out = StringIO()
    call_command("export_messages", "--check", stdout=out)
    assert out.getvalue() == "Up to date: locale/fr/LC_MESSAGES/django.po\n"


@pytest.fixture(scope="module")
def extracted() -> Any:
    """What the code says, gathered once: only catalogues change here."""
    of_code = messages._extracted
    return cache(lambda directory, but_for=None: list(of_code(directory, but_for=but_for)))


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extracted: Any) -> Path:
    """A copy of the French catalogue, which the command takes for the only one."""
    monkeypatch.setattr(messages, "_extracted", extracted)
    copy = tmp_path / "fr" / "LC_MESSAGES" / "django.po"
    copy.parent.mkdir(parents=True)
    copy.write_bytes((messages.LOCALE_DIR / "fr/LC_MESSAGES/django.po").read_bytes())
    monkeypatch.setattr(messages, "LOCALE_DIR", tmp_path)
    monkeypatch.setattr(export_messages, "BASE_DIR", tmp_path)
    return copy


def test_a_text_that_nobody_says_any_more_goes(catalogue: Path) -> None:
    before = catalogue.read_bytes()
    catalogue.write_bytes(before + b'\nmsgid "Long gone"\nmsgstr "Disparu"\n')
    with pytest.raises(CommandError, match="out of date"):
        call_command("export_messages", "--check")
    call_command("export_messages", stdout=StringIO())
    assert catalogue.read_bytes() == before
    assert catalogue.with_suffix(".mo").is_file()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('msgstr "Trop de requêtes"', 'msgstr ""'),
        ('msgid "Too many requests"', '#, fuzzy\nmsgid "Too many requests"'),
        ('msgstr "Doit valoir de %(bounds)s."', 'msgstr "Doit valoir de %(limites)s."'),
        ('msgstr[1] "%(count)d choses ne vont pas."', 'msgstr[1] ""'),
    ],
)
def test_a_text_that_is_not_rightly_translated_is_named(
    catalogue: Path, old: str, new: str
) -> None:
    text = catalogue.read_text("utf-8")
    assert old in text
    catalogue.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(CommandError, match="To be translated"):
        call_command("export_messages", stdout=StringIO())


#: By whatever name the functions of `django.utils.translation` are called in this code.
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}


@pytest.mark.parametrize("app", ["buildings", "config", "mlmodel", "predictions"])
def test_no_text_is_inside_an_f_string_where_it_would_not_be_found(app: str) -> None:
    for path in (settings.PROJECT_DIR / app).rglob("*.py"):
        for string in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(string, ast.JoinedStr):
                called = {
                    getattr(call.func, "id", "")
                    for call in ast.walk(string)
                    if isinstance(call, ast.Call)
                }
                assert not called & GETTEXT, f"{path}:{string.lineno}"
