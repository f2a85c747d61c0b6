"""What API and pages say, gathered from the code (Babel), beside its translations in locale/.

English is written in the code. Another language has one catalogue, `django.po` to edit, and what
Django reads of it, `django.mo`, committed so that nothing is compiled at set-up. Gathered are:

- texts that the code and the templates mark (`_()`, `{% translate %}`),
- labels that `config.labels` made translatable, where they stand as plain literals,
- words of lists that know no Django (`_lists`),
- what the admin's theme says and Django does not translate, for it has no catalogue of its own.
"""

import io
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from config.env import BASE_DIR
from config.labels import LABELS

LOCALE_DIR: Final = BASE_DIR / "locale"
#: Where something is said; commands speak English only.
_SOURCES: Final = ("buildings", "config", "mlmodel", "predictions")
#: Django's own catalogues that its admin reads.
_OF_DJANGO: Final = ("conf", "contrib/admin", "contrib/auth")
_KEYWORDS: Final = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "Message": None,  # mlmodel.messages
    "Detail": None,  # buildings.quality
}


def _extract_template(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[Any]:
    """Babel's way to ask for the texts of a template, by way of Django's."""
    # In brackets, for what Django makes of a template is indented like no Python.
    code = f"({templatize(file.read().decode())})"
    yield from extract_python(io.BytesIO(code.encode()), keywords, comment_tags, options)


_FORMATS: Final[Any] = [("**.py", "python"), ("**.html", _extract_template)]


def message_catalogues() -> list[Path]:
    """The translations there are."""
    return sorted(LOCALE_DIR.glob("*/LC_MESSAGES/django.po"))


def messages_in_code(language: str) -> Catalog:
    """Every text that is marked to be translated, or that is a label, in the code of today."""
    template = Catalog()
    for source in _SOURCES:
        for message, context in _extracted(BASE_DIR / source):
            template.add(message, context=context)
    for text in (*LABELS, *_lists()):
        template.add(text)
    known = set(_known_to_django(language))
    for message, context in _extracted(_package("unfold"), but_for="contrib"):
        if (_singular(message), context) not in known:
            template.add(message, context=context)
    return template


def _extracted(directory: Path, *, but_for: str | None = None) -> Iterator[tuple[Any, str | None]]:
    def is_read(path: str | Path) -> bool:
        return Path(path).name != but_for

    for _, _, message, _, context in extract_from_dir(
        directory,
        _FORMATS,
        keywords=_KEYWORDS,
        strip_comment_tags=True,
        directory_filter=is_read,
    ):
        yield message, context


def _lists() -> Iterator[str]:
    """Words that are shown out of lists of code that knows no Django."""
    from buildings.admin.facts import FACTS
    from buildings.quality import RULES
    from mlmodel.evaluation.protocol import SET_UP_WORDS
    from mlmodel.features import FEATURES

    for fact in FACTS.values():
        yield from filter(None, (fact.label, fact.unit))
    for rule in RULES:
        yield from (rule.title, rule.tolerance)
    for feature in FEATURES:
        yield from filter(None, (feature.label, feature.unit))
    yield from SET_UP_WORDS.values()


def _known_to_django(language: str) -> Iterator[tuple[Any, str | None]]:
    for part in _OF_DJANGO:
        path = _package("django") / part / "locale" / language / "LC_MESSAGES" / "django.mo"
        with path.open("rb") as file:
            for message in read_mo(file):
                yield _singular(message.id), message.context


def _singular(message: Any) -> Any:
    return message if isinstance(message, str) else message[0]


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent


def catalogue_made(path: Path) -> tuple[bytes, bytes, list[str]]:
    """The catalogue as it should be, `.po` and `.mo`, and what in it is still to be translated."""
    with path.open("rb") as file:
        language = path.parent.parent.name
        catalogue = read_po(file, locale=language, domain="django")
    catalogue.update(messages_in_code(language), no_fuzzy_matching=True, update_creation_date=False)
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
    if not all(forms) or message.fuzzy:
        return False
    # Labels and lists have no placeholders; what looks like one is a percent sign: `80 % interval`.
    return message.id in {*LABELS, *_lists()} or not list(message.check())
