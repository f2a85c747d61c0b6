"""Labels in the reader's language, though the code writes them in plain English.

Models, admin classes, filters and forms say what things are called in dozens of places: a name, a
help text, a column's heading, a choice. Each of them is written as a literal, where it belongs, and
made lazily translated here, once, when all apps are loaded. `manage.py export_messages` finds what
is to be translated in `LABELS`, so that no label can be forgotten (docs/decisions/0033).

A migration does not notice: it compares field definitions with translations off.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from types import FunctionType
from typing import Any, Final

from django import forms
from django.apps import apps
from django.contrib.admin import ListFilter
from django.contrib.admin.options import BaseModelAdmin, InlineModelAdmin
from django.db import models
from django.forms.utils import pretty_name
from django.utils.html import conditional_escape
from django.utils.translation import gettext, gettext_lazy

from config.data_dictionary import UNITS

#: Every text that was made lazily translated.
LABELS: Final[set[str]] = set()

_OURS: Final = ("buildings", "config", "mlmodel", "predictions")
#: Units that a label need not tell.
_UNTOLD: Final = ("UTC", "year")


def translated(text: Any) -> Any:
    """The text, translated when it is shown; what is no plain text, or empty, stays as it is."""
    if not isinstance(text, str) or not text.strip():
        return text
    LABELS.add(text)
    return gettext_lazy(text)


def translate_labels() -> None:
    """All labels of our apps; the admin's modules must be imported before."""
    for name in _OURS:
        config = apps.get_app_config(name)
        config.verbose_name = translated(config.verbose_name)
    for kind in (BaseModelAdmin, ListFilter, forms.BaseForm):
        for of_kind in _subclasses(kind):
            _TRANSLATED[kind](of_kind)
    choices: Any
    for choices in _subclasses(models.Choices):
        for choice in choices:  # for lists of choices that are yet to be made
            choice._label_ = translated(choice.label)
    for model in set(_models_shown()):
        _translate_model(model)


def _is_ours(owner: Any) -> bool:
    return owner.__module__.partition(".")[0] in _OURS


def _subclasses(kind: type) -> Iterator[type]:
    subclasses: list[type] = kind.__subclasses__()
    for subclass in subclasses:
        if _is_ours(subclass):
            yield subclass
        yield from _subclasses(subclass)


def _models_shown() -> Iterator[type[models.Model]]:
    """Our models that the admin has a page or a table for."""
    from django.contrib import admin

    for shown in admin.site._registry.values():
        for model in (shown.model, *(inline.model for inline in shown.inlines)):
            if _is_ours(model):
                yield model


def _translate_model(model: type[models.Model]) -> None:
    options = model._meta
    options.verbose_name = translated(options.verbose_name)
    options.verbose_name_plural = translated(str(options.verbose_name_plural))
    for field in options.concrete_fields:
        # What the dataset's fields are called, `buildings.admin.facts` says.
        if field._verbose_name is None and options.app_label != "buildings":  # type: ignore[attr-defined]
            field.verbose_name = _name_with_unit(field.name)
        field.verbose_name = translated(field.verbose_name)
        field.help_text = translated(field.help_text)
        for with_choices in (field, getattr(field, "base_field", None)):
            if with_choices is not None and with_choices.choices:
                with_choices.choices = [
                    (value, translated(label)) for value, label in with_choices.choices
                ]


def _name_with_unit(name: str) -> str:
    """A field's name in words, its unit in brackets.

    >>> _name_with_unit("site_eui_kbtu_per_sqft"), _name_with_unit("data_year")
    ('site eui (kBtu/ft²)', 'data year')
    """
    for suffix, unit in UNITS.items():
        if suffix.startswith("_") and name.endswith(suffix) and unit not in _UNTOLD:
            return f"{name.removesuffix(suffix).replace('_', ' ')} ({unit})"
    return name.replace("_", " ")


def _translate_admin(admin: type[BaseModelAdmin]) -> None:
    texts = ["search_help_text"]
    if issubclass(admin, InlineModelAdmin):
        texts += ["verbose_name", "verbose_name_plural", "note", "empty"]
    for name, value in list(vars(admin).items()):
        if name in texts:
            setattr(admin, name, translated(value))
        elif name.endswith("fieldsets") and isinstance(value, list | tuple):
            setattr(admin, name, [_translated_fieldset(*fieldset) for fieldset in value])
        elif isinstance(value, FunctionType):
            _translate_column(value)
            if isinstance(getattr(value, "label", None), dict):
                setattr(admin, name, _in_words(value))


def _translated_fieldset(title: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    if "description" in options:
        options = {**options, "description": translated(options["description"])}
    return translated(title), options


def _translate_column(column: Any) -> None:
    """Its heading, and what stands for no value."""
    for name in ("short_description", "empty_value_display"):
        if hasattr(column, name):
            setattr(column, name, translated(getattr(column, name)))


class _Word(str):
    """A word that is looked up as it is (for its colour), and shown in the reader's language."""

    __slots__ = ("shown",)
    shown: Any

    def __html__(self) -> str:
        return conditional_escape(self.shown)


def _in_words(column: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A column whose words have colours (`display(label={word: colour})`)."""
    for word in column.label:  # type: ignore[attr-defined]
        translated(str(word))

    @wraps(column)
    def shown(admin: Any, row: Any) -> Any:
        value = column(admin, row)
        key, said = value if isinstance(value, tuple) else (value, value and gettext(value))
        if not isinstance(key, str):
            return value
        word = _Word(key)
        word.shown = said
        return word

    return shown


def _translate_filter(of_list: type[ListFilter]) -> None:
    if "title" in vars(of_list):
        of_list.title = translated(of_list.title)


def _translate_form(form: Any) -> None:
    for name, field in getattr(form, "declared_fields", {}).items():
        field.label = translated(field.label or pretty_name(name))
        field.help_text = translated(field.help_text)
        if isinstance(field, forms.ChoiceField) and isinstance(field.choices, list):
            field.choices = [
                # A label that is the value is a word of the city, and stays.
                (value, label if label == value else translated(label))
                for value, label in field.choices
            ]


_TRANSLATED: Final = {
    BaseModelAdmin: _translate_admin,
    ListFilter: _translate_filter,
    forms.BaseForm: _translate_form,
}
