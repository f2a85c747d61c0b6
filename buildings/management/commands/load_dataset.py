"""`manage.py load_dataset`: fill the building tables from the city's CSVs."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from psycopg2.errors import InsufficientPrivilege, ReadOnlySqlTransaction
from tqdm import tqdm

from buildings.errors import DatasetError
from buildings.services.datasets import ImportReport, Source, datasets_import
from buildings.services.reports import reject_lines, report_lines
from buildings.sources import AUTO, OFFICIAL_URLS, SAMPLE, SEATTLE_2016, Dataset, dataset_locate

_SHOWN_REJECTED = 5


class Command(BaseCommand):
    help = (
        "Load building energy benchmarking CSVs, of any year: all of those named, or none. Loading "
        "a file again changes nothing; a later file of a year changes what differs, and the former "
        "values are kept."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        named = ", ".join(OFFICIAL_URLS)
        parser.add_argument(
            "--source",
            action="append",
            metavar="SOURCE",
            help=(
                f"a path, an http(s) URL, {named} (the official portal), {SAMPLE} (bundled, "
                f"synthetic), or {AUTO}: the official file of 2016 if it can be had, else the "
                f"sample. May be given again for more files. Default: {SEATTLE_2016}"
            ),
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would happen and change nothing"
        )
        parser.add_argument(
            "--allow-rejects",
            type=int,
            default=0,
            metavar="N",
            help="load a file although up to N of its rows cannot be loaded (default: 0)",
        )
        parser.add_argument(
            "--refresh", action="store_true", help="download again what is cached already"
        )
        parser.add_argument(
            "--synthetic", action="store_true", help="the files' buildings are made up: label them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        is_quiet = options["verbosity"] == 0
        if options["allow_rejects"] < 0:
            raise CommandError("--allow-rejects: a number of rows is needed, 0 or more.")
        named = options["source"] or [SEATTLE_2016]
        try:
            sources = [
                self._located(name, options, is_quiet=is_quiet)
                for name in ([named] if isinstance(named, str) else named)
            ]
            with tqdm(
                unit="B", unit_scale=True, desc="load_dataset", file=sys.stderr, disable=is_quiet
            ) as bar:

                def on_progress(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                reports = datasets_import(
                    sources=sources,
                    allow_rejects=options["allow_rejects"],
                    is_dry_run=options["dry_run"],
                    on_progress=on_progress,
                )
        except DatasetError as error:
            raise CommandError(f"{error}\nNothing was changed.") from error
        except DatabaseError as error:
            if not isinstance(error.__cause__, InsufficientPrivilege | ReadOnlySqlTransaction):
                raise
            raise CommandError(
                f"{error}\nThe role of DATABASE_URL may not load datasets; the loader and the "
                "owner may: see docs/how-to/database-roles.md. Nothing was changed."
            ) from error
        if not is_quiet:
            for report in reports:
                self._summarise(report, is_dry_run=options["dry_run"])
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was changed.")

    def _located(self, name: str, options: dict[str, Any], *, is_quiet: bool) -> Source:
        if not is_quiet:
            self.stdout.write(f"Finding {name}; a download may take up to a minute ...")
        dataset = dataset_locate(source=name, is_refresh=options["refresh"])
        is_synthetic = dataset.is_synthetic or options["synthetic"]
        if is_synthetic:
            self._warn_synthetic(dataset)
        if not is_quiet:
            self.stdout.write(f"Reading {dataset.path} ({dataset.note or 'local file'})")
        return Source(dataset.path, dataset.source, is_synthetic=is_synthetic)

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

    def _summarise(self, report: ImportReport, *, is_dry_run: bool) -> None:
        self.stdout.write("")
        for line in report_lines(report, is_dry_run=is_dry_run):
            self.stdout.write(line)
        for line in reject_lines(report, shown=_SHOWN_REJECTED):
            self.stderr.write(line)
        if report.dataset_import.rows_rejected > _SHOWN_REJECTED and not is_dry_run:
            self.stderr.write("  ... all rejected rows are in the admin, under this import.")
