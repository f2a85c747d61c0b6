"""The reference page of every `manage.py` command, from the commands' own parsers."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.apps import apps
from django.conf import settings
from django.core.management import find_commands, get_commands, load_command_class
from django.core.management.base import BaseCommand, DjangoHelpFormatter

_HEADER: Final = """\
# Commands

Made from the commands themselves by `manage.py export_reference`; do not edit. Each is
`.venv/bin/python manage.py NAME`, and starts the embedded PostgreSQL if need be. All of them take
Django's own options too (`--settings`, `--verbosity`, `--traceback`, `--no-color`), and
`manage.py NAME --help` says the same as this page.
"""


def commands_page() -> str:
    """Markdown: what each command of ours is for, its arguments and its options."""
    return _HEADER + "".join(_section(name, app) for name, app in _ours())


def _ours() -> Iterator[tuple[str, str]]:
    directories = {app.name: Path(app.path) / "management" for app in apps.get_app_configs()}
    for name, app in sorted(get_commands().items()):
        mine = directories.get(app)
        if mine and mine.parents[1] == settings.PROJECT_DIR and name in find_commands(str(mine)):
            yield name, app


def _section(name: str, app: str) -> str:
    command = load_command_class(app, name)
    arguments = [
        f"| {_names(action)} | {_said(action)} |\n"
        for action in _parser(command, name)._actions
        if not isinstance(action, argparse._HelpAction) and not _is_django_s(action)
    ]
    table = f"\n| argument | what |\n|---|---|\n{''.join(arguments)}"
    return f"\n## `{name}`\n\n{command.help.strip()}\n{table if arguments else ''}"


def _parser(command: BaseCommand, name: str) -> argparse.ArgumentParser:
    return command.create_parser("manage.py", name)


def _is_django_s(action: argparse.Action) -> bool:
    shown_last = DjangoHelpFormatter.show_last
    return bool(action.option_strings) and bool(shown_last & set(action.option_strings))


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{str(action.metavar or action.dest).upper()}`" + (
            ", optional" if action.nargs in {"?", "*"} else ""
        )
    value = ""
    if action.nargs != 0:
        value = f" {action.metavar or action.dest.upper()}"
    names = ", ".join(f"`{option}{value}`" for option in action.option_strings)
    return f"{names}, **required**" if action.required else names


def _said(action: argparse.Action) -> str:
    said = (action.help or "").replace("%%", "%").replace("|", "\\|")
    said = said.replace("%(default)s", str(action.default))
    if action.choices:
        said += f"{'; ' if said else ''}one of {', '.join(f'`{each}`' for each in action.choices)}"
    return said
