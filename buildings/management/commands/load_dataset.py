"""`manage.py load_dataset`: fill the building tables from the city's CSV."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from buildings.errors import DatasetError
from buildings.models import DatasetImport
from buildings.services import dataset_import
from buildings.sources import AUTO, SAMPLE, SEATTLE_2016, Dataset, dataset_locate

_SHOWN_REJECTED = 5


class Command(BaseCommand):
    help = "Load a building energy benchmarking CSV; loading it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--source",
            default=SEATTLE_2016,
            help=(
                f"a path, an http(s) URL, {SEATTLE_2016} (the official portal; default), {SAMPLE} "
                f"(bundled, synthetic), or {AUTO}: the official file if it can be had, else the "
                "sample"
            ),
        )
        parser.add_argument(
            "--refresh", action="store_true", help="download again what is cached already"
        )
        parser.add_argument(
            "--synthetic", action="store_true", help="the file's buildings are made up: label them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        is_quiet = options["verbosity"] == 0
        if not is_quiet:
            self.stdout.write("Finding the file; a download may take up to a minute ...")
        try:
            dataset = dataset_locate(source=options["source"], is_refresh=options["refresh"])
            is_synthetic = dataset.is_synthetic or options["synthetic"]
            if is_synthetic:
                self._warn_synthetic(dataset)
            if not is_quiet:
                self.stdout.write(f"Loading {dataset.path} ({dataset.note or 'local file'})")
            with tqdm(
                unit="B", unit_scale=True, desc="load_dataset", file=sys.stderr, disable=is_quiet
            ) as bar:

                def on_progress(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                imported = dataset_import(
                    path=dataset.path,
                    source=dataset.source,
                    is_synthetic=is_synthetic,
                    on_progress=on_progress,
                )
        except DatasetError as error:
            raise CommandError(f"{error}. Nothing was changed.") from error
        if not is_quiet:
            self._summarise(imported)

    def _warn_synthetic(self, dataset: Dataset) -> None:
        lines = [
            "SYNTHETIC DATA -- NO REAL BUILDING IS LOADED",
            "The rows are made up. They are labelled as synthetic wherever they appear.",
        ]
        if dataset.note:
            lines.append(f"Why: {dataset.note}")
        rule = "!" * 78
        for line in (rule, *lines, rule):
            self.stderr.write(line)

    def _summarise(self, imported: DatasetImport) -> None:
        seconds = (imported.finished_at - imported.started_at).total_seconds()
        self.stdout.write(
            f"{imported.rows_read:,} rows read in {seconds:.1f} s: "
            f"{imported.rows_created:,} created, {imported.rows_updated:,} updated, "
            f"{imported.rows_unchanged:,} unchanged, {imported.rows_rejected:,} rejected."
        )
        label = "synthetic" if imported.is_synthetic else "real"
        self.stdout.write(
            f"Import {imported.pk}: {label} data of {imported.file_name}, "
            f"SHA-256 {imported.sha256}."
        )
        for row in imported.rejected.all()[:_SHOWN_REJECTED]:
            reasons = "; ".join(f"{reason['field']}: {reason['reason']}" for reason in row.reasons)
            self.stderr.write(f"  rejected line {row.line_number}: {reasons}")
        if imported.rows_rejected > _SHOWN_REJECTED:
            self.stderr.write("  ... all rejected rows are in the admin, under this import.")
