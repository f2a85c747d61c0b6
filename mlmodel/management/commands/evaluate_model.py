"""`manage.py evaluate_model`: the protocol of docs/reference/model-evaluation.md, run again."""

import tempfile
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from mlmodel import registry
from mlmodel.errors import ModelError, ShippedModelDiffersError
from mlmodel.evaluation import Evaluation, Protocol, evaluate, metrics_of
from mlmodel.evaluation.baseline import (
    baseline_of,
    baseline_path,
    baseline_read,
    baseline_write,
    regressions,
)
from mlmodel.evaluation.details import metrics_with_details
from mlmodel.evaluation.page import PLOTS_DIRECTORY, evaluation_page
from mlmodel.evaluation.plots import plots_write
from mlmodel.evaluation.scores import new_building_scores
from mlmodel.evaluation.tables import (
    group_tables,
    headline_tables,
    importance_table,
    new_building_tables,
    short_note,
)
from mlmodel.selectors import new_building_data, training_data, yearly_changes
from mlmodel.services import shipped_metrics_write

_PAGE: Final = "model-evaluation.md"


class Command(BaseCommand):
    help = (
        "Cross-validates the model on the compliant records in PostgreSQL, and tests it on "
        "buildings it was not trained on. Registers nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=42, help="of folds and model (default: 42)")
        parser.add_argument("--folds", type=int, default=5, help="of each repeat (default: 5)")
        parser.add_argument("--repeats", type=int, default=3, help="repeats (default: 3)")
        parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
        parser.add_argument(
            "--quick", action="store_true", help="the first repeat of non-residential folds only"
        )
        parser.add_argument("--no-mlflow", action="store_true", help="log no run")
        parser.add_argument(
            "--write",
            action="store_true",
            help="write the baseline and, from the city's file, the page in docs/reference/ and "
            "what the model card says of the version that ships",
        )
        parser.add_argument(
            "--check", action="store_true", help="fail if it is worse than the baseline"
        )
        parser.add_argument(
            "--docs", type=Path, default=settings.PROJECT_DIR / "docs" / "reference"
        )
        parser.add_argument("--shipped", type=Path, default=registry.SHIPPED_DIR)
        parser.add_argument("--baseline", type=Path, help="another file than the committed one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._evaluate(options)
        except ModelError as error:
            raise CommandError(str(error)) from None

    def _evaluate(self, options: Mapping[str, Any]) -> None:
        protocol = _protocol(options)
        data, fingerprint = training_data()
        is_synthetic = fingerprint["is_synthetic"]
        path = options["baseline"] or baseline_path(is_synthetic=is_synthetic)
        if options["write"] and options["quick"] and not is_synthetic:
            raise CommandError("The page needs the whole protocol: leave out --quick.")
        # Read before minutes of work: a missing baseline is told at once.
        baseline = baseline_read(path) if options["check"] else {}
        new_data = {} if options["quick"] else new_building_data()
        total = protocol.steps + bool(new_data)
        with tqdm(total=total, desc="evaluation", unit="model", disable=None) as bar:
            evaluation = evaluate(
                data,
                protocol=protocol,
                new_data=new_data,
                jobs=options["jobs"],
                on_step=bar.update,
            )
        self._print(evaluation, is_synthetic=is_synthetic)
        if not options["no_mlflow"]:
            self.stdout.write(f"MLflow run {_logged(evaluation, fingerprint)}\n")
        worse = regressions(evaluation, baseline) if options["check"] else []
        if worse:
            raise CommandError("Worse than the baseline:\n" + "\n".join(worse))
        if options["check"]:
            self.stdout.write(f"Not worse than the baseline in {path.name}.\n")
        if options["write"]:
            baseline_write(baseline_of(evaluation), path)
            self.stdout.write(f"Wrote {path}\n")
            if not is_synthetic:
                self.stdout.write(
                    f"Wrote {_page_write(evaluation, fingerprint, options['docs'])}\n"
                )
                self._write_card(evaluation, options["shipped"])

    def _write_card(self, evaluation: Evaluation, directory: Path) -> None:
        metrics = metrics_with_details(evaluation, yearly_changes=yearly_changes())
        try:
            shipped_metrics_write(metrics=metrics, directory=directory)
        except ShippedModelDiffersError as error:
            self.stdout.write(f"The model card stays as it is. {error}\n")
        else:
            self.stdout.write("The model card's facts are new: run `manage.py export_reference`.\n")

    def _print(self, evaluation: Evaluation, *, is_synthetic: bool) -> None:
        kind = "SYNTHETIC" if is_synthetic else "measured"
        self.stdout.write(f"\n{len(evaluation.data.rows)} {kind} records.\n\n")
        tables = [
            *headline_tables(evaluation),
            *new_building_tables(evaluation),
            *group_tables(evaluation),
            importance_table(evaluation),
        ]
        for table in tables:
            self.stdout.write(table.text())
        self.stdout.write(f"{short_note()}\n")


def _protocol(options: Mapping[str, Any]) -> Protocol:
    if options["folds"] < 2 or options["repeats"] < 1 or options["jobs"] < 1:
        raise CommandError("At least 2 folds, 1 repeat and 1 process are needed.")
    if options["quick"]:
        return Protocol.quick(seed=options["seed"], folds=options["folds"])
    return Protocol(seed=options["seed"], folds=options["folds"], repeats=options["repeats"])


def _logged(evaluation: Evaluation, fingerprint: Mapping[str, Any]) -> str:
    metrics = metrics_of(evaluation)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        plots_write(evaluation, directory / "plots")
        page = evaluation_page(evaluation, fingerprint).replace(f"({PLOTS_DIRECTORY}/", "(plots/")
        (directory / _PAGE).write_text(page, encoding="utf-8")
        return registry.run_log(
            parameters={
                **metrics["protocol"],
                "populations": ",".join(evaluation.protocol.populations),
            },
            scores={**metrics["scores"], "new buildings": new_building_scores(evaluation)},
            tags={
                "kind": "evaluation",
                "code_version": registry.code_version(),
                "is_synthetic": str(fingerprint["is_synthetic"]),
                "rows_sha256": fingerprint["rows_sha256"],
            },
            files=directory,
        )


def _page_write(evaluation: Evaluation, fingerprint: Mapping[str, Any], docs: Path) -> Path:
    plots_write(evaluation, docs / PLOTS_DIRECTORY)
    page = docs / _PAGE
    page.write_text(evaluation_page(evaluation, fingerprint), encoding="utf-8")
    return page
