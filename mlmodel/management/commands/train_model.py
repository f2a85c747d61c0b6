"""`manage.py train_model`: a new model version from the rows in PostgreSQL."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from mlmodel.errors import ModelError
from mlmodel.evaluation import Protocol
from mlmodel.evaluation.tables import score_tables
from mlmodel.models import Alias, ModelVersion
from mlmodel.services import model_version_promote, model_version_train


class Command(BaseCommand):
    help = (
        "Trains on the compliant records in PostgreSQL, cross-validates, and registers a new "
        "version in MLflow and here. It does not serve before `promote_model`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=42)
        parser.add_argument("--folds", type=int, default=5, help="of each repeat (default: 5)")
        parser.add_argument("--repeats", type=int, default=3, help="repeats (default: 3)")
        parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
        parser.add_argument(
            "--challenger",
            action="store_true",
            help="make the new version the challenger, which `shadow_predictions` lets score",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        protocol = Protocol(
            seed=options["seed"], folds=options["folds"], repeats=options["repeats"]
        )
        if protocol.folds < 2 or protocol.repeats < 1 or options["jobs"] < 1:
            raise CommandError("At least 2 folds, 1 repeat and 1 process are needed.")
        with tqdm(total=protocol.steps, desc="cross-validation", unit="fold", disable=None) as bar:
            try:
                version = model_version_train(
                    seed=protocol.seed,
                    folds=protocol.folds,
                    repeats=protocol.repeats,
                    jobs=options["jobs"],
                    on_step=bar.update,
                )
            except ModelError as error:
                raise CommandError(str(error)) from None
        self._report(version)
        if options["challenger"]:
            model_version_promote(version=version, alias=Alias.CHALLENGER)
            self.stdout.write(f"{version} is now the challenger; it serves nobody.\n")

    def _report(self, version: ModelVersion) -> None:
        data = version.data_fingerprint
        kind = "SYNTHETIC" if data["is_synthetic"] else "measured"
        self.stdout.write(
            f"\nRegistered {version}, trained on {data['row_count']} {kind} records.\n\n"
        )
        for table in score_tables(version.metrics["scores"]):
            self.stdout.write(table.text())
        self.stdout.write(f"To let it serve: manage.py promote_model {version.version}\n")
