"""`manage.py make_exchanges`: a record full of made-up exchanges, to look at and to measure."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone
from tqdm import tqdm

from predictions.errors import EmissionFactorsMissingError
from predictions.services.generation import (
    Traffic,
    exchanges_generate,
    has_real_exchanges,
    tables_vacuum,
)

_PRODUCTION: str = "config.settings.production"


class Command(BaseCommand):
    help = (
        "Fills the record with made-up exchanges: calls, batches, answers, failures, inputs "
        "without output, outcomes, explanations, of several callers, tokens and model versions. "
        "For development, demonstrations and measurements: the record is insert-only, so what is "
        "made stays for good. Refused with production's settings, and where a real exchange is on "
        "record."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=200_000, help="default: %(default)s")
        parser.add_argument("--days", type=int, default=120, help="default: %(default)s")
        parser.add_argument(
            "--until",
            type=_day,
            default=None,
            help="the day after the last, YYYY-MM-DD (UTC); default: today",
        )
        parser.add_argument("--seed", type=int, default=2016, help="default: %(default)s")
        parser.add_argument(
            "--observed",
            type=float,
            default=0.2,
            help="share of the answered ones with a measured outcome; default: %(default)s",
        )
        parser.add_argument(
            "--force", action="store_true", help="beside real exchanges, or in production"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        traffic = Traffic(
            count=options["count"],
            days=options["days"],
            until=options["until"] or timezone.now().date(),
            seed=options["seed"],
            observed=options["observed"],
        )
        if traffic.count < 1 or traffic.days < 1 or not 0 <= traffic.observed <= 1:
            raise CommandError("--count and --days are 1 or more, --observed is from 0 to 1.")
        if not options["force"]:
            self._check()
        try:
            with tqdm(
                total=traffic.count,
                desc="make_exchanges",
                unit=" exchanges",
                disable=None if options["verbosity"] else True,
            ) as bar:
                stored = exchanges_generate(traffic, on_rows=bar.update)
        except EmissionFactorsMissingError as error:
            raise CommandError(str(error)) from None
        except IntegrityError:
            raise CommandError(
                "These very exchanges are on record already: choose another --seed."
            ) from None
        tables_vacuum()
        for table, rows in stored.items():
            self.stdout.write(f"{rows:>11,}  {table}")

    def _check(self) -> None:
        if settings.SETTINGS_MODULE == _PRODUCTION:
            raise CommandError(
                "These are production's settings: made-up exchanges cannot be taken back. "
                "Use another database, or --force."
            )
        if has_real_exchanges():
            raise CommandError(
                "Real exchanges are on record here, and made-up ones cannot be taken back. "
                "Use another database (DATABASE_URL), or --force."
            )


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
