"""`manage.py compare_shadow`: challenger against champion on the inputs that both answered."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mlmodel.models import Alias
from mlmodel.selectors import model_version_champion, model_version_with_alias
from predictions.management.reports import shadow_lines
from predictions.services.shadow import shadow_summary


class Command(BaseCommand):
    help = "Compares the challenger's shadow answers with what the champion answered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--threshold",
            type=float,
            default=10.0,
            metavar="PERCENT",
            help="changes larger than this are counted (default: 10)",
        )
        parser.add_argument(
            "--last", type=int, default=10_000, help="of the last N scored (default: 10000)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = settings.SERVED_MODEL_NAME
        champion = model_version_champion(name=name)
        challenger = model_version_with_alias(name=name, alias=Alias.CHALLENGER)
        if champion is None or challenger is None:
            raise CommandError(
                f"There is no {'champion' if champion is None else 'challenger'} of {name}."
            )
        if options["threshold"] < 0 or options["last"] < 1:
            raise CommandError("--threshold must not be negative, and --last at least 1.")
        summary = shadow_summary(
            champion=champion,
            challenger=challenger,
            threshold=options["threshold"] / 100,
            last=options["last"],
        )
        self.stdout.write(
            f"Challenger {challenger.version} against champion {champion.version}: "
            f"{summary.changes.inputs:,} inputs that both answered"
        )
        self.stdout.write("\n".join(shadow_lines(summary)))
