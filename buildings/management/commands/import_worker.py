"""`manage.py import_worker`: load what staff put forward in the admin; a process of its own."""

import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from buildings.management.stopping import stopping_on_signals
from buildings.models import DatasetUploadStep
from buildings.services.uploads import dataset_uploads_carry_out, dataset_uploads_run


class Command(BaseCommand):
    help = (
        "Tries the datasets that staff put forward in the admin (a dry run) and loads those that "
        "they confirmed, until told to stop (SIGTERM, Ctrl-C). Run it as the loader: "
        "docs/how-to/import-in-the-admin.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is there, and end")
        parser.add_argument(
            "--pause", type=float, default=5.0, help="seconds between two looks (default: 5)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["pause"] <= 0:
            raise CommandError("--pause must be positive.")
        if options["once"]:
            steps = dataset_uploads_carry_out()
            for step in steps:
                self._say(step)
            if not steps:
                self.stdout.write("Nothing waits.")
            return
        stopping = threading.Event()
        with stopping_on_signals(stopping):
            dataset_uploads_run(stopping=stopping, pause_s=options["pause"], on_step=self._say)
        self.stdout.write("Stopped.")

    def _say(self, step: DatasetUploadStep) -> None:
        self.stdout.write(f"Upload {step.upload_id}: {step.get_stage_display()}")
        self.stdout.flush()
