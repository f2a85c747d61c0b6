"""`manage.py seed_groups`: the groups of the back office, each with its permissions."""

from typing import Any

from django.core.management.base import BaseCommand

from predictions import staff
from predictions.services.accounts import groups_ensure


class Command(BaseCommand):
    help = (
        "Creates the groups of staff and callers, and gives each the permissions of "
        "docs/reference/admin-roles.md, no more. Part of each release; safe to run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        groups_ensure()
        self.stdout.write(f"Groups: {', '.join(staff.Group)}.")
