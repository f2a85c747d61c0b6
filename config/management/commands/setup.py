"""`manage.py setup`: everything but serving."""

from typing import Any

from django.core.management.base import BaseCommand

from config.server import login_text
from config.setup import Setup


class Command(BaseCommand):
    help = "Prepare database, dataset, model, groups, superuser, API token and static files."
    requires_system_checks = []  # `migrate` and `collectstatic` run them

    def handle(self, *args: Any, **options: Any) -> None:
        setup = Setup(self.stdout)
        try:
            setup.run()
        finally:
            self.stdout.write(login_text(setup.secrets))
        self.stdout.write("\nDone. Serve with: make serve")
