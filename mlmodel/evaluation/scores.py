"""How good out-of-fold predictions are: of each fold, in the mean, of new buildings, by group."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlmodel.evaluation.protocol import TARGETS, Evaluation, Predicted
from mlmodel.prediction import COVERAGES
from mlmodel.training import TrainingData, emissions_of

Array = NDArray[np.float64]

#: A campus so large that it decides raw R² by itself (OSE building identifier).
LARGE_CAMPUS: Final = 49967
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """Measured and predicted values of one target for the same buildings: kBtu or t CO2e.

    `measured` and `predicted` have shape (n,); an interval, shape (n, 2), is low and high;
    `buildings` are positions in the data they come from.
    """

    buildings: NDArray[np.intp]
    measured: Array
    predicted: Array
    intervals: Mapping[int, Array]

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "Outcome":
        return Outcome(
            self.buildings[chosen],
            self.measured[chosen],
            self.predicted[chosen],
            {coverage: interval[chosen] for coverage, interval in self.intervals.items()},
        )


def outcome_of(data: TrainingData, predicted: Predicted, target: str, set_up: str) -> Outcome:
    """One fold's outcome, without buildings whose target was not measured."""
    estimates = predicted.estimates[set_up]
    if target == "energy":
        whole = Outcome(
            predicted.test,
            data.site_energy_use_kbtu[predicted.test],
            estimates.energy_kbtu,
            estimates.energy_intervals,
        )
    else:
        emissions = emissions_of(estimates.fuels_kbtu, data.factors_kgco2e_per_mbtu)
        whole = Outcome(
            predicted.test,
            data.ghg_emissions_mtco2e[predicted.test],
            emissions,
            {
                coverage: ratios * emissions[:, None]
                for coverage, ratios in estimates.emissions_ratios.items()
            },
        )
    return whole[~np.isnan(whole.measured)]


def pooled(outcomes: Iterable[Outcome]) -> Outcome:
    """All folds as one: each building once a repeat."""
    parts = list(outcomes)
    return Outcome(
        np.concatenate([part.buildings for part in parts]),
        np.concatenate([part.measured for part in parts]),
        np.concatenate([part.predicted for part in parts]),
        {
            coverage: np.concatenate([part.intervals[coverage] for part in parts])
            for coverage in COVERAGES
        },
    )


def log_metrics(measured: Array, predicted: Array) -> dict[str, float]:
    """How close predictions are; both of shape (n,), of the same unit, above 0.

    r2_log: R² of the logarithm; mdape: median absolute percentage error; within_20 and within_50:
    the share of buildings predicted within ±20 % and ±50 %; bias: median signed log error, above 0
    when predictions are too high; r2: R² of the values themselves.
    """
    residual = np.log(predicted) - np.log(measured)
    error = np.abs(predicted / measured - 1)
    return {
        "r2_log": _r2(np.log(measured), np.log(predicted)),
        "mdape": float(np.median(error)),
        "within_20": float((error <= 0.2).mean()),
        "within_50": float((error <= 0.5).mean()),
        "bias": float(np.median(residual)),
        "r2": _r2(measured, predicted),
    }


def interval_metrics(outcome: Outcome) -> dict[str, float]:
    """coverage_80: share of measured values in the 80 % interval; width_80: median of its width
    over the predicted value, and width_80_mean its mean; the same for 90."""
    metrics = {}
    for coverage in COVERAGES:
        low, high = outcome.intervals[coverage].T
        width = (high - low) / outcome.predicted
        inside = (low <= outcome.measured) & (outcome.measured <= high)
        metrics[f"coverage_{coverage}"] = float(inside.mean())
        metrics[f"width_{coverage}"] = float(np.median(width))
        metrics[f"width_{coverage}_mean"] = float(width.mean())
    return metrics


def outcome_metrics(outcome: Outcome, building_ids: NDArray[np.int64]) -> dict[str, float]:
    """Every metric, and both R² without the large campus; `building_ids` are those of the data."""
    others = outcome[building_ids[outcome.buildings] != LARGE_CAMPUS]
    without = log_metrics(others.measured, others.predicted)
    return {
        **log_metrics(outcome.measured, outcome.predicted),
        f"r2_without_{LARGE_CAMPUS}": without["r2"],
        f"r2_log_without_{LARGE_CAMPUS}": without["r2_log"],
        **interval_metrics(outcome),
    }


def fold_metrics(
    evaluation: Evaluation, population: str, target: str, set_up: str
) -> list[dict[str, float]]:
    """The metrics of each fold, in the order of the folds."""
    data = evaluation.data
    return [
        outcome_metrics(outcome_of(data, fold, target, set_up), data.ose_building_ids)
        for fold in evaluation.folds[population]
    ]


def metrics_of(evaluation: Evaluation) -> dict[str, Any]:
    """What a model version keeps of it, JSON-able.

    `protocol`; `scores`, by population, target and set-up the mean of each metric over the folds
    and its standard deviation (`…_std`); `folds`, by target and set-up of the first population, R²
    of log and MdAPE of each fold, for comparisons on the same folds.
    """
    protocol = evaluation.protocol
    scores: dict[str, Any] = {}
    folds: dict[str, Any] = {}
    for population in protocol.populations:
        for target in TARGETS:
            for set_up in _set_ups(evaluation, population):
                of_folds = fold_metrics(evaluation, population, target, set_up)
                place = scores.setdefault(population, {}).setdefault(target, {})
                place[set_up] = mean_and_std(of_folds)
                if population == protocol.populations[0]:
                    folds.setdefault(target, {})[set_up] = {
                        metric: [round(fold[metric], 6) for fold in of_folds]
                        for metric in ("r2_log", "mdape")
                    }
    return {
        "protocol": {
            "seed": protocol.seed,
            "folds": protocol.folds,
            "repeats": protocol.repeats,
            "rows_sha256": evaluation.data.digest(),
        },
        "scores": scores,
        "folds": folds,
    }


def mean_and_std(folds: list[dict[str, float]]) -> dict[str, float]:
    """Each metric's mean, and under `…_std` its standard deviation over the folds."""
    summary: dict[str, float] = {}
    for metric in folds[0]:
        values = np.array([fold[metric] for fold in folds])
        summary[metric] = round(float(values.mean()), _DIGITS)
        summary[f"{metric}_std"] = round(float(values.std()), _DIGITS)
    return summary


def importance_of(evaluation: Evaluation) -> dict[str, float]:
    """Mean importance of each feature over the folds that measured it, greatest first."""
    measured = [
        fold.importance for folds in evaluation.folds.values() for fold in folds if fold.importance
    ]
    names = measured[0] if measured else {}
    mean = {name: float(np.mean([fold[name] for fold in measured])) for name in names}
    return dict(sorted(mean.items(), key=lambda item: (-round(item[1], 6), item[0])))


def new_building_metrics(
    evaluation: Evaluation, group: str, target: str, set_up: str, *, is_residential: bool | None
) -> tuple[int, dict[str, float]]:
    """Number of buildings and metrics of a group of new ones; `is_residential` chooses among them,
    None takes all. No metrics when there are fewer than two."""
    data, predicted = evaluation.new_data[group], evaluation.new_buildings[group]
    outcome = outcome_of(data, predicted, target, set_up)
    if is_residential is not None:
        outcome = outcome[data.is_residential[outcome.buildings] == is_residential]
    count = len(outcome.measured)
    return count, outcome_metrics(outcome, data.ose_building_ids) if count > 1 else {}


def new_building_scores(evaluation: Evaluation) -> dict[str, Any]:
    """Metrics of non-residential new buildings by group, target and set-up; JSON-able."""
    scores: dict[str, Any] = {}
    for group, predicted in evaluation.new_buildings.items():
        for target in TARGETS:
            for set_up in predicted.estimates:
                _, found = new_building_metrics(
                    evaluation, group, target, set_up, is_residential=False
                )
                if found:
                    scores.setdefault(group, {}).setdefault(target, {})[set_up] = {
                        metric: round(value, _DIGITS) for metric, value in found.items()
                    }
    return scores


def _set_ups(evaluation: Evaluation, population: str) -> list[str]:
    return list(evaluation.folds[population][0].estimates)


def _r2(measured: Array, predicted: Array) -> float:
    residual, spread = measured - predicted, measured - measured.mean()
    return float(1 - (residual**2).sum() / (spread**2).sum())
