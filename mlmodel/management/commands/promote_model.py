"""`manage.py promote_model VERSION`: which version serves."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mlmodel.errors import ModelError
from mlmodel.models import Alias, ModelVersion
from mlmodel.services import model_version_promote


class Command(BaseCommand):
    help = "Moves the alias `champion` (or another) to a registered version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", type=int)
        parser.add_argument("--alias", choices=Alias.values, default=Alias.CHAMPION.value)

    def handle(self, *args: Any, **options: Any) -> None:
        name, number = settings.SERVED_MODEL_NAME, options["version"]
        try:
            version = ModelVersion.objects.get(name=name, version=number)
        except ModelVersion.DoesNotExist:
            known = ModelVersion.objects.filter(name=name).order_by("version")
            numbers = ", ".join(str(known_version.version) for known_version in known) or "none"
            raise CommandError(
                f"{name} has no version {number}; registered are: {numbers}."
            ) from None
        try:
            model_version_promote(version=version, alias=Alias(options["alias"]))
        except ModelError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{version} is now the {options['alias']}.")
        if options["alias"] == Alias.CHAMPION:
            self.stdout.write(
                "Running workers serve it after a reload: restart them, or send gunicorn a HUP."
            )
