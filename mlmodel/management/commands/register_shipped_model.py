"""`manage.py register_shipped_model`: the version that comes with the code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from buildings.services.factors import emission_factor_sets_seed
from mlmodel.errors import ModelError
from mlmodel.services import model_version_register_shipped


class Command(BaseCommand):
    help = (
        "Registers the model that ships with the code, in MLflow and here, and makes it the "
        "champion if there is none. Does nothing when it is registered already. Stores the "
        "emission factors that ship, too: without them there are no emissions to answer."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version, is_new = model_version_register_shipped()
        except ModelError as error:
            raise CommandError(str(error)) from None
        emission_factor_sets_seed()
        what = "registered" if is_new else "already registered"
        part = f", {version.alias}" if version.alias else ""
        self.stdout.write(f"Shipped model: {version} ({what}{part}).")
