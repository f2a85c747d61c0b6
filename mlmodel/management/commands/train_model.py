"""`manage.py train_model`: a new model version from the rows in PostgreSQL."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from mlmodel.errors import ModelError
from mlmodel.models import Alias, ModelVersion
from mlmodel.services import model_version_promote, model_version_train

SET_UP_WORDS: Final = {"a": "basics", "f": "+ fuels", "b": "+ score", "c": "+ fuels + score"}


class Command(BaseCommand):
    help = (
        "Trains on the compliant records in PostgreSQL, cross-validates, and registers a new "
        "version in MLflow and here. It does not serve before `promote_model`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=42)
        parser.add_argument("--folds", type=int, default=5, help="of each repeat (default: 5)")
        parser.add_argument("--repeats", type=int, default=3, help="repeats (default: 3)")
        parser.add_argument(
            "--challenger",
            action="store_true",
            help="make the new version the challenger, which `shadow_predictions` lets score",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folds, repeats = options["folds"], options["repeats"]
        if folds < 2 or repeats < 1:
            raise CommandError("At least 2 folds and 1 repeat are needed.")
        with tqdm(total=folds * repeats, desc="cross-validation", unit="fold", disable=None) as bar:
            try:
                version = model_version_train(
                    seed=options["seed"], folds=folds, repeats=repeats, on_step=bar.update
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
        row = "{:<22}{:>16}{:>9}{:>15}{:>15}\n"
        self.stdout.write(row.format("known", "R² of log", "MdAPE", "within ±20 %", "within ±50 %"))
        for set_up, scores in version.metrics.items():
            self.stdout.write(
                row.format(
                    f"{set_up}: {SET_UP_WORDS[set_up]}",
                    f"{scores['r2_log']:.3f} ± {scores['r2_log_std']:.3f}",
                    f"{scores['mdape']:.3f}",
                    f"{scores['within_20']:.2f}",
                    f"{scores['within_50']:.2f}",
                )
            )
        self.stdout.write(f"\nTo let it serve: manage.py promote_model {version.version}\n")
