"""`manage.py ship_model VERSION`: put a version's files into the code, for the next release."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mlmodel import registry
from mlmodel.errors import ModelError
from mlmodel.models import ModelVersion
from mlmodel.services import model_version_ship

_LARGEST_BYTES: Final = 10_000_000


class Command(BaseCommand):
    help = "Writes a registered version's files and manifest to mlmodel/shipped/, to be committed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", type=int)
        parser.add_argument("--directory", type=Path, default=registry.SHIPPED_DIR)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = ModelVersion.objects.get(
                name=settings.SERVED_MODEL_NAME, version=options["version"]
            )
            if version.data_fingerprint["is_synthetic"]:
                raise CommandError(f"{version} was trained on synthetic records; it must not ship.")
            if version.size_bytes > _LARGEST_BYTES:
                raise CommandError(
                    f"{version} has {version.size_bytes:,} bytes; {_LARGEST_BYTES:,} may ship."
                )
            model_version_ship(version=version, directory=options["directory"])
        except ModelVersion.DoesNotExist:
            raise CommandError(f"There is no version {options['version']}.") from None
        except ModelError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{version} is in {options['directory']}; commit it.")
