"""`manage.py shadow_predictions`: let the challenger score logged inputs; a process of its own."""

import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from buildings.management.stopping import stopping_on_signals
from mlmodel.errors import ModelError
from predictions.services.shadow import Shadow, ShadowPass, shadow_run


class Command(BaseCommand):
    help = (
        "Lets the challenger score a share of the logged inputs, off the request path, until told "
        "to stop (SIGTERM, Ctrl-C). A restart goes on where it ended. Run one at a time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="score what is there, and end")
        parser.add_argument(
            "--share",
            type=float,
            default=settings.SHADOW_SHARE,
            help="share of the inputs, 0 to 1 (default: SHADOW_SHARE, %(default)s)",
        )
        parser.add_argument(
            "--pause", type=float, default=5.0, help="seconds between two looks (default: 5)"
        )
        parser.add_argument(
            "--settle",
            type=float,
            default=20.0,
            help="leave inputs alone that are younger, in seconds: calls that were begun earlier "
            "may still store theirs (default: 20)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["share"] <= 1:
            raise CommandError("--share is a share: from 0 to 1.")
        if options["pause"] <= 0 or options["settle"] < 0:
            raise CommandError("--pause must be positive, and --settle not negative.")
        stopping = threading.Event()
        shadow = Shadow(share=options["share"], settle_s=options["settle"], stopping=stopping)
        with stopping_on_signals(stopping):
            if options["once"]:
                try:
                    self._say(shadow.look(), is_once=True)
                except ModelError as error:
                    raise CommandError(str(error)) from None
            else:
                shadow_run(shadow=shadow, pause_s=options["pause"], on_pass=self._say)
                self.stdout.write("Stopped.")

    def _say(self, result: ShadowPass, *, is_once: bool = False) -> None:
        if result.challenger is None:
            if is_once:
                self.stdout.write(
                    "There is no challenger: manage.py promote_model VERSION --alias challenger"
                )
            return
        if result.scored or is_once:
            self.stdout.write(
                f"{result.challenger} scored {result.scored:,} of {result.seen:,} inputs"
                + (f", {result.failed:,} without an answer." if result.failed else ".")
            )
            self.stdout.flush()
