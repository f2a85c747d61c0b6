"""`manage.py export_messages [--check]`: what API and pages say into locale/, and compiled."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.env import BASE_DIR


class Command(BaseCommand):
    help = (
        "Gathers the texts of API and pages into each locale/*/LC_MESSAGES/django.po and compiles "
        "it. Fails while a text is not translated."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if a catalogue is out of date"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from config.messages import catalogue_made, message_catalogues  # Babel: development only

        for path in message_catalogues():
            text, compiled, unfinished = catalogue_made(path)
            name = path.relative_to(BASE_DIR)
            files = {path: text, path.with_suffix(".mo"): compiled}
            if options["check"]:
                if any(
                    not file.exists() or file.read_bytes() != made for file, made in files.items()
                ):
                    raise CommandError(f"{name} is out of date; run `manage.py export_messages`.")
            else:
                for file, made in files.items():
                    file.write_bytes(made)
            if unfinished:
                listed = "\n".join(f"  {one}" for one in unfinished)
                raise CommandError(f"To be translated in {name}:\n{listed}")
            self.stdout.write(f"{'Up to date' if options['check'] else 'Written'}: {name}")
