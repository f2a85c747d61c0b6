"""What the API says, gathered from the code (Babel), beside its translations in locale/.

English is written in the code. Another language has one catalogue, `django.po` to edit, and what
Django reads of it, `django.mo`, committed so that nothing is compiled at set-up.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from config.env import BASE_DIR

LOCALE_DIR: Final = BASE_DIR / "locale"
#: Where the API says something; admin and commands speak English only.
_SOURCES: Final = ("buildings", "mlmodel", "predictions")
_KEYWORDS: Final = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "Message": None,  # mlmodel.messages
}


def message_catalogues() -> list[Path]:
    """The translations there are."""
    return sorted(LOCALE_DIR.glob("*/LC_MESSAGES/django.po"))


def messages_in_code() -> Catalog:
    """Every text of the API that is marked to be translated."""
    template = Catalog()
    for source in _SOURCES:
        for _, _, message, _, context in extract_from_dir(
            BASE_DIR / source, [("**.py", "python")], keywords=_KEYWORDS, strip_comment_tags=True
        ):
            template.add(message, context=context)
    return template


def catalogue_made(path: Path) -> tuple[bytes, bytes, list[str]]:
    """The catalogue as it should be, `.po` and `.mo`, and what in it is still to be translated."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parent.parent.name, domain="django")
    catalogue.update(messages_in_code(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    text, compiled = io.BytesIO(), io.BytesIO()
    write_po(text, catalogue, width=100, sort_output=True)
    write_mo(compiled, catalogue)
    return text.getvalue(), compiled.getvalue(), list(_unfinished(catalogue))


def _unfinished(catalogue: Catalog) -> Iterator[str]:
    for message in catalogue:
        if message.id and not _is_finished(message):
            yield str(message.id)


def _is_finished(message: Message) -> bool:
    """Translated in every plural form, with the placeholders of the original, and looked over."""
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    return bool(all(forms)) and not message.fuzzy and not list(message.check())
