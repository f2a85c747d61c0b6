"""`manage.py match_outcomes`: what predicted buildings reported, as outcomes of the predictions."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from predictions.services.matching import NEW, STATUSES, outcomes_match


class Command(BaseCommand):
    help = (
        "Takes what buildings reported as the outcome of predictions made from their stored facts: "
        "the data year that the facts were of, and later ones. Compliant records without a flag "
        "that leaves their metered energy in doubt; a second run stores nothing twice, and what "
        "somebody entered is never overruled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count, and store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(
            desc="match_outcomes",
            unit=" predictions",
            disable=None if options["verbosity"] else True,
        ) as bar:
            found = outcomes_match(
                is_dry_run=options["dry_run"],
                on_start=lambda count: bar.reset(total=count),
                on_chunk=bar.update,
            )
        self.stdout.write(
            f"{found.predictions:,} predictions from stored facts, {sum(found.pairs.values()):,} "
            f"yearly records to match them with; matched {found.pairs[NEW]:,}."
        )
        for status, words in STATUSES.items():
            if status != NEW and found.pairs[status]:
                self.stdout.write(f"  {found.pairs[status]:>9,}  {words}")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was stored.")
