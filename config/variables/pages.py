"""What is made from the list of variables: `.env.example` and docs/reference/settings.md."""

import textwrap
from typing import Any, Final

from config.variables import SECTIONS, Variable

_MADE: Final = "by `manage.py export_reference`; do not edit"

_HEAD: Final = "| variable | type | default | needed | what |\n|---|---|---|---|---|\n"


def env_example() -> str:
    """Every variable with its default, commented out: what a newcomer copies from."""
    sections = "".join(
        f"\n# --- {section.title} {'-' * (93 - len(section.title))}\n"
        f"{''.join(_example(variable) for variable in section.variables)}"
        for section in SECTIONS
    )
    return (
        "# Every variable the project reads, with its default. Copy what you need to `.env` "
        "(git-ignored)\n# or set it in the environment, which wins. Nothing is needed for "
        "`make run` and `make test`.\n"
        f"# Made from config/variables {_MADE}.\n{sections}"
    )


def _example(variable: Variable[Any]) -> str:
    said = [variable.about]
    if variable.otherwise:
        said.append(f"Default: {variable.otherwise}.")
    if variable.needed:
        said.append(f"Required in {variable.needed}.")
    if variable.read_by:
        said.append(f"Read by {variable.read_by}.")
    lines = textwrap.wrap(
        " ".join(said), 98, initial_indent="# ", subsequent_indent="# ", break_long_words=False
    )
    if variable.how and not variable.example:
        lines.append(f"# {variable.how}")
    value = variable.example or _text(variable.default)
    return "\n".join((*lines, f"#{variable.name}={value}", ""))


def settings_page() -> str:
    """Markdown: name, type, default, where it is needed and what it does, by section."""
    tables = "".join(
        f"\n## {section.title}\n\n{_HEAD}"
        f"{''.join(_row(variable) for variable in section.variables)}"
        for section in SECTIONS
    )
    return (
        "# Settings\n\nEvery variable of the environment that the project reads, and the file "
        f"`.env` beside `manage.py`. Made from `config/variables` {_MADE}.\n\n"
        "An empty value is none. A value of the wrong type, or a secret that lacks or is weak, "
        "stops the start with a sentence that says what would be right. *Secrets* are marked: "
        "they are in no file of the repository, no log, no image and no answer.\n"
        f"{tables}"
    )


def _row(variable: Variable[Any]) -> str:
    value = _text(variable.default)
    default = variable.otherwise or (f"`{value}`" if value else "")
    said = variable.about + (f" Read by {variable.read_by}." if variable.read_by else "")
    mark = " *secret*" if variable.is_secret else ""
    return (
        f"| `{variable.name}`{mark} | {variable.kind} | {default} | {variable.needed} | {said} |\n"
    )


def _text(default: Any) -> str:
    if default is None or default == []:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)
