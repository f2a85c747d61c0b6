"""`manage.py export_reference [--check]`: the reference pages that are made from the code."""

import difflib
import os
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config.api_page import api_page
from config.commands_page import commands_page
from config.data_dictionary import data_dictionary_page
from config.data_pages import data_quality_page, emission_factors_page, queries_page
from config.limits_page import limits_page
from config.readme import badges, readme_page
from config.reference import (
    errors_page,
    features_page,
    model_card_page,
    schema_sql,
)
from config.roles.page import roles_page
from config.roles.script import roles_script
from config.roles.statements import Names
from config.schema_page import schema_page
from config.staff_page import admin_roles_page
from config.variables.pages import env_example, settings_page


def _badge(name: str) -> str:
    return badges()[name]


#: Files by their path from docs/reference/.
PAGES: Final[dict[str, Callable[[], str]]] = {
    "admin-roles.md": admin_roles_page,
    "data-dictionary.md": data_dictionary_page,
    "data-quality.md": data_quality_page,
    "emission-factors.md": emission_factors_page,
    "../how-to/query.md": queries_page,
    "api.md": api_page,
    "commands.md": commands_page,
    "features.md": features_page,
    "../model-card.md": lambda: model_card_page("en"),
    "../model-card.fr.md": lambda: model_card_page("fr"),
    "../../README.md": lambda: readme_page("README.md", "en"),
    "../../README.fr.md": lambda: readme_page("README.fr.md", "fr"),
    **{
        f"../images/badges/{name}.svg": partial(_badge, name)
        for name in ("python", "postgresql", "openapi", "coverage", "licence")
    },
    "errors.md": errors_page,
    "limits.md": limits_page,
    "settings.md": settings_page,
    "../../.env.example": env_example,
    "schema.md": schema_page,
    "schema.sql": schema_sql,
    "database-roles.md": roles_page,
    "database-roles.sql": lambda: roles_script(Names("futurisys", "futurisys")),
}


class Command(BaseCommand):
    help = (
        "Writes the pages of docs/ that are made from the code. The schema is taken from a "
        "temporary database that the migrations make: the role must be allowed to create one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if a page is out of date"
        )
        parser.add_argument(
            "--directory", type=Path, default=settings.PROJECT_DIR / "docs" / "reference"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            pages = {file: make() for file, make in PAGES.items()}
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)
        directory: Path = options["directory"]
        if options["check"]:
            self._check(directory, pages)
            return
        for file, text in pages.items():
            # Resolved by hand: the parent of ".." need not be there.
            path = Path(os.path.normpath(directory / file))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"Written: {file}")

    def _check(self, directory: Path, pages: dict[str, str]) -> None:
        for file, text in pages.items():
            path = Path(os.path.normpath(directory / file))
            committed = path.read_text(encoding="utf-8") if path.exists() else ""
            if committed != text:
                difference = "\n".join(
                    difflib.unified_diff(
                        committed.splitlines(),
                        text.splitlines(),
                        "committed",
                        "made",
                        lineterm="",
                        n=1,
                    )
                )
                raise CommandError(
                    f"{file} is out of date; run `manage.py export_reference`.\n{difference[:2000]}"
                )
            self.stdout.write(f"Up to date: {file}")
