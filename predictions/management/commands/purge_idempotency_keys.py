"""`manage.py purge_idempotency_keys`: forget the keys that nobody will repeat any more."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from predictions.services.idempotency import idempotency_keys_purge


class Command(BaseCommand):
    help = (
        "Deletes idempotency keys, and their answers, that are older than IDEMPOTENCY_TTL_HOURS. "
        "Run it daily, as the tables' owner; predictions stay on the record."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        count = idempotency_keys_purge(older_than=settings.IDEMPOTENCY_TTL)
        hours = settings.IDEMPOTENCY_TTL.total_seconds() / 3600
        self.stdout.write(f"Deleted {count:,} idempotency keys older than {hours:,.0f} hours.")
