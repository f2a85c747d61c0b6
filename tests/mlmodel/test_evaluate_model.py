"""`manage.py evaluate_model`: what it prints, logs, writes and refuses."""

import json
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mlmodel.evaluation import Evaluation, Protocol, metrics_of
from mlmodel.evaluation.plots import PLOTS
from mlmodel.management.commands import evaluate_model
from tests.mlmodel.rows import FEW_TREES, made_up, new_buildings

# MLflow and what it uses warn of themselves.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]


def fingerprint(*, is_synthetic: bool) -> dict[str, Any]:
    return {
        "import_sha256": ["0" * 64],
        "is_synthetic": is_synthetic,
        "row_count": 160,
        "rows_sha256": made_up().digest(),
    }


@pytest.fixture
def rows(
    monkeypatch: pytest.MonkeyPatch, evaluate_once: Callable[..., Evaluation]
) -> dict[str, Any]:
    """Made-up rows that pass for real ones, and a model of a few trees."""
    facts = fingerprint(is_synthetic=False)
    monkeypatch.setattr(evaluate_model, "training_data", lambda: (made_up(), facts))
    monkeypatch.setattr(evaluate_model, "new_building_data", new_buildings)
    monkeypatch.setattr(evaluate_model, "evaluate", partial(evaluate_once, parameters=FEW_TREES))
    return facts


def command(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("evaluate_model", "--jobs", "1", *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("option", [("--folds", "1"), ("--repeats", "0"), ("--jobs", "0")])
def test_too_little_to_evaluate_is_refused(option: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="At least 2 folds"):
        command(*option)


def test_without_rows_there_is_nothing_to_evaluate() -> None:
    with pytest.raises(CommandError, match="load_dataset"):
        command()


def test_a_missing_baseline_is_told_before_the_work(rows: Any, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no baseline"):
        command("--check", "--baseline", str(tmp_path / "absent.json"))


def test_the_page_is_not_made_of_half_a_protocol(rows: Any) -> None:
    with pytest.raises(CommandError, match="whole protocol"):
        command("--write", "--quick")


def test_it_prints_writes_and_then_checks(rows: Any, tmp_path: Path) -> None:
    baseline, small = tmp_path / "kept.json", ("--folds", "2", "--repeats", "1", "--no-mlflow")
    where = {"docs": tmp_path, "baseline": baseline, "shipped": shipped_in(tmp_path, {})}
    said = command(*small, "--write", **where)
    for words in ("160 measured", "Non-residential, site energy use", "New buildings", "by decade"):
        assert words in said
    page = (tmp_path / "model-evaluation.md").read_text(encoding="utf-8")
    assert "## Cross-validation" in page
    assert "| 2017: energy, f: + fuels | 23 |" in page
    for plot in PLOTS:
        assert f"(model-evaluation/{plot}.png)" in page
        assert (tmp_path / "model-evaluation" / f"{plot}.png").read_bytes()[:4] == b"\x89PNG"

    again = tmp_path / "again"
    again.mkdir()
    command(*small, "--write", **{**where, "docs": again, "baseline": again / "kept.json"})
    assert (again / "model-evaluation.md").read_text(encoding="utf-8") == page
    assert (again / "kept.json").read_bytes() == baseline.read_bytes()
    for plot in PLOTS:
        first, second = (of / "model-evaluation" / f"{plot}.png" for of in (tmp_path, again))
        assert first.read_bytes() == second.read_bytes()

    assert "Not worse than the baseline" in command(*small, "--check", **where)
    assert "Not worse" in command("--folds", "2", "--quick", "--no-mlflow", "--check", **where)

    kept = json.loads(baseline.read_text(encoding="utf-8"))
    kept["protocols"]["full"]["scores"]["all"]["emissions"]["b"]["r2_log"] += 0.02
    baseline.write_text(json.dumps(kept), encoding="utf-8")
    with pytest.raises(CommandError, match="all, emissions, set-up b: r2_log"):
        command(*small, "--check", **where)


def shipped_in(directory: Path, metrics: dict[str, Any]) -> Path:
    """A directory with a manifest that has these metrics."""
    (directory / "shipped").mkdir()
    manifest = {"metrics": {"protocol": {}, "scores": {}, **metrics}, "size_bytes": 1}
    (directory / "shipped" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return directory / "shipped"


def test_the_card_of_another_model_stays_as_it_is(rows: Any, tmp_path: Path) -> None:
    shipped = shipped_in(tmp_path, {"protocol": {"seed": 7}})
    before = (shipped / "manifest.json").read_bytes()
    where = {"docs": tmp_path, "baseline": tmp_path / "kept.json", "shipped": shipped}
    said = command("--folds", "2", "--repeats", "1", "--no-mlflow", "--write", **where)
    assert "The model card stays as it is. The shipped version was registered with other" in said
    assert (shipped / "manifest.json").read_bytes() == before


def test_the_card_of_the_same_model_is_told_everything(
    rows: Any, tmp_path: Path, evaluate_once: Callable[..., Evaluation]
) -> None:
    same = metrics_of(
        evaluate_once(
            made_up(),
            protocol=Protocol(folds=2, repeats=1),
            new_data=new_buildings(),
            parameters=FEW_TREES,
        )
    )
    shipped = shipped_in(tmp_path, same)
    where = {"docs": tmp_path, "baseline": tmp_path / "kept.json", "shipped": shipped}
    said = command("--folds", "2", "--repeats", "1", "--no-mlflow", "--write", **where)
    assert "run `manage.py export_reference`" in said
    manifest = json.loads((shipped / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["metrics"]["scores"] == same["scores"]
    assert manifest["metrics"]["details"]["data"]["rows"] == 160
    assert manifest["size_bytes"] == 1


def test_of_the_sample_only_a_baseline_is_written(
    rows: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows["is_synthetic"] = True
    monkeypatch.setattr(evaluate_model, "new_building_data", dict)
    said = command(
        "--quick", "--folds", "2", "--no-mlflow", "--write", docs=tmp_path, baseline=tmp_path / "b"
    )
    assert "160 SYNTHETIC" in said
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_run_is_logged_with_metrics_and_plots(rows: Any, model_store: Path) -> None:
    import mlflow

    said = command("--folds", "2", "--repeats", "1")
    run_id = said.split("MLflow run ")[1].split()[0]
    client = mlflow.MlflowClient()
    run = client.get_run(run_id)
    assert run.data.tags["kind"] == "evaluation"
    assert run.data.params["folds"] == "2"
    assert "all_emissions_c_coverage_90" in run.data.metrics
    assert "new buildings_2017_energy_f_r2_log" in run.data.metrics
    assert {file.path for file in client.list_artifacts(run_id)} == {"model-evaluation.md", "plots"}
    assert len(client.list_artifacts(run_id, "plots")) == len(PLOTS)
    assert not client.search_model_versions(f"run_id = '{run_id}'")
