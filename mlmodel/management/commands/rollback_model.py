"""`manage.py rollback_model --reason "…"`: the former champion serves again."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from mlmodel.errors import ModelError
from mlmodel.services import model_version_rollback


class Command(BaseCommand):
    help = (
        "Makes the former champion the champion again, after its files were verified. Workers take "
        "it up within seconds. A second rollback goes one further back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="why; goes on the record")
        parser.add_argument("--user", help="the user who decides (default: who runs the command)")

    def handle(self, *args: Any, **options: Any) -> None:
        reason = options["reason"].strip()
        if not reason:
            raise CommandError("--reason must say something: it goes on the record.")
        try:
            user = options["user"] and User.objects.get(username=options["user"])
            event = model_version_rollback(
                name=settings.SERVED_MODEL_NAME, reason=reason, promoted_by=user or None
            )
        except User.DoesNotExist:
            raise CommandError(f"There is no user named {options['user']!r}.") from None
        except ModelError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{event.version} is the champion again, in place of {event.replaced_version} "
            f"({event.promoted_by_name}). Workers serve it within seconds."
        )
