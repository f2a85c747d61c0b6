"""The regression gate: scores that a change must not fall below, kept in the repository."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mlmodel.errors import ModelError
from mlmodel.evaluation.protocol import TARGETS, Evaluation
from mlmodel.evaluation.scores import fold_metrics, mean_and_std

BASELINES_DIR: Final = Path(__file__).parents[1] / "baselines"
#: How much worse than the baseline a mean may be: R² of log lower, MdAPE higher.
MARGIN: Final = 0.01
_GATED: Final = ("r2_log", "mdape")
# Sums in another order differ in the last bits; that is no regression.
_ROUNDING: Final = 1e-9


class BaselineError(ModelError):
    """A baseline is missing, or of other rows or another protocol."""


def baseline_path(*, is_synthetic: bool) -> Path:
    """Where the baseline of the sample, or of the city's file, is kept."""
    return BASELINES_DIR / ("sample.json" if is_synthetic else "real.json")


def baseline_of(evaluation: Evaluation) -> dict[str, Any]:
    """What to keep of an evaluation: the means that are gated, by protocol.

    `quick` is the first repeat of the first population, which is what `Protocol.quick` runs; `full`
    is the whole, and there only when the evaluation has more than that.
    """
    protocol = evaluation.protocol
    first = protocol.populations[0]
    quick = {first: _means(evaluation, first, protocol.folds)}
    protocols: dict[str, Any] = {"quick": {"repeats": 1, "scores": quick}}
    if not _is_quick(evaluation):
        protocols["full"] = {
            "repeats": protocol.repeats,
            "scores": {
                population: _means(evaluation, population, None)
                for population in protocol.populations
            },
        }
    return {
        "rows_sha256": evaluation.data.digest(),
        "seed": protocol.seed,
        "folds": protocol.folds,
        "protocols": protocols,
    }


def baseline_write(baseline: Mapping[str, Any], path: Path) -> None:
    """Write it as JSON, keys sorted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{json.dumps(baseline, indent=2, sort_keys=True)}\n", encoding="utf-8")


def baseline_read(path: Path) -> dict[str, Any]:
    """Raises BaselineError when there is none."""
    if not path.is_file():
        raise BaselineError(f"There is no baseline {path.name}: evaluate_model --write makes it.")
    baseline: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return baseline


def regressions(evaluation: Evaluation, baseline: Mapping[str, Any]) -> list[str]:
    """What has become worse than the baseline by more than MARGIN, a sentence each.

    Raises BaselineError when the two cannot be compared: other rows, seed, folds or repeats.
    """
    now = baseline_of(evaluation)
    for key, words in (("rows_sha256", "rows"), ("seed", "seed"), ("folds", "number of folds")):
        if now[key] != baseline[key]:
            raise BaselineError(
                f"The baseline is of another {words}: {baseline[key]}, and this is {now[key]}."
            )
    name = "quick" if _is_quick(evaluation) else "full"
    kept, found = baseline["protocols"].get(name), now["protocols"][name]
    if kept is None or kept["repeats"] != found["repeats"]:
        raise BaselineError(
            f"The baseline has no {name} protocol of {found['repeats']} repeats; "
            "evaluate_model --write makes it."
        )
    return [
        f"{population}, {target}, set-up {set_up}: {metric} {value:.4f}, baseline "
        f"{before[metric]:.4f}, allowed {before[metric] + sign * MARGIN:.4f}"
        for population, targets in kept["scores"].items()
        for target, set_ups in targets.items()
        for set_up, before in set_ups.items()
        for metric, sign in (("r2_log", -1), ("mdape", 1))
        # Written so that NaN is a regression too.
        if not sign
        * ((value := found["scores"][population][target][set_up][metric]) - before[metric])
        <= MARGIN + _ROUNDING
    ]


def _is_quick(evaluation: Evaluation) -> bool:
    protocol = evaluation.protocol
    return protocol.repeats == 1 and len(protocol.populations) == 1


def _means(evaluation: Evaluation, population: str, folds: int | None) -> dict[str, Any]:
    means: dict[str, Any] = {}
    for target in TARGETS:
        for set_up in evaluation.folds[population][0].estimates:
            summary = mean_and_std(fold_metrics(evaluation, population, target, set_up)[:folds])
            means.setdefault(target, {})[set_up] = {metric: summary[metric] for metric in _GATED}
    return means
