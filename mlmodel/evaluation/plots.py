"""Plots of an evaluation, aggregated so that no building can be read out of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from mlmodel.evaluation.groups import groups_of
from mlmodel.evaluation.protocol import TARGETS, Evaluation
from mlmodel.evaluation.scores import Outcome, importance_of, metrics_of, outcome_of, pooled
from mlmodel.prediction import COVERAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLOTS: Final = {
    "predicted-against-measured": "Predicted against measured, fuels known",
    "residuals": "Signed log error by predicted value, fuels known",
    "calibration": "Coverage of the intervals by set-up",
    "error-by-use-type": "Median absolute percentage error by use type, fuels known",
    "feature-importance": "Rise of the error when a feature is shuffled",
}
#: Cells of fewer buildings are left blank.
FEWEST_IN_CELL: Final = 5
_UNITS: Final = {"energy": "site energy use, kBtu", "emissions": "emissions, t CO2e"}
_SET_UP: Final = "f"
_BINS: Final = 12


def plots_write(evaluation: Evaluation, directory: Path) -> list[Path]:
    """Write every plot of PLOTS as PNG, of the first population, and return the files."""
    # Late, and without pyplot: no window, no state that another thread may see.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    draw: dict[str, Callable[[Evaluation, Figure], None]] = {
        "predicted-against-measured": _predicted,
        "residuals": _residuals,
        "calibration": _calibration,
        "error-by-use-type": _groups,
        "feature-importance": _importance,
    }
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for name, words in PLOTS.items():
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        draw[name](evaluation, figure)
        figure.suptitle(words, fontsize=11)
        file = directory / f"{name}.png"
        figure.savefig(file, dpi=90, metadata={"Software": None})
        files.append(file)
    return files


def _first_repeat(evaluation: Evaluation, target: str) -> Outcome:
    # Each building once, so that a count of points is one of buildings.
    population = evaluation.protocol.populations[0]
    folds = evaluation.folds[population][: evaluation.protocol.folds]
    return pooled(outcome_of(evaluation.data, fold, target, _SET_UP) for fold in folds)


def _predicted(evaluation: Evaluation, figure: "Figure") -> None:
    for axes, target in zip(_axes(figure), TARGETS, strict=True):
        outcome = _first_repeat(evaluation, target)
        cells = axes.hexbin(
            outcome.measured,
            outcome.predicted,
            xscale="log",
            yscale="log",
            gridsize=22,
            mincnt=FEWEST_IN_CELL,
            cmap="viridis",
        )
        ends = [float(outcome.measured.min()), float(outcome.measured.max())]
        # From whole decades, so that the line's ends are no building's values.
        ends = [10 ** np.floor(np.log10(ends[0])), 10 ** np.ceil(np.log10(ends[1]))]
        axes.plot(ends, ends, color="black", linewidth=0.8)
        axes.set(xlim=ends, ylim=ends, xlabel=f"measured {_UNITS[target]}", ylabel="predicted")
        figure.colorbar(cells, ax=axes, label="buildings")


def _residuals(evaluation: Evaluation, figure: "Figure") -> None:
    for axes, target in zip(_axes(figure), TARGETS, strict=True):
        outcome = _first_repeat(evaluation, target)
        error = np.log(outcome.predicted) - np.log(outcome.measured)
        bins = _binned(outcome.predicted)
        middle = [float(np.median(outcome.predicted[chosen])) for chosen in bins]
        low, median, high = (
            [float(np.quantile(error[chosen], level)) for chosen in bins]
            for level in (0.1, 0.5, 0.9)
        )
        axes.fill_between(middle, low, high, alpha=0.25, label="10 % to 90 %")
        axes.plot(middle, median, marker="o", label="median")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(xscale="log", xlabel=f"predicted {_UNITS[target]}", ylabel="log error")
        axes.legend()


def _binned(values: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    count = max(1, min(_BINS, len(values) // FEWEST_IN_CELL))
    return [np.sort(part) for part in np.array_split(np.argsort(values, kind="stable"), count)]


def _calibration(evaluation: Evaluation, figure: "Figure") -> None:
    population = evaluation.protocol.populations[0]
    scores = metrics_of(evaluation)["scores"][population]
    for axes, target in zip(_axes(figure), TARGETS, strict=True):
        set_ups = scores[target]
        for coverage in COVERAGES:
            axes.errorbar(
                list(set_ups),
                [of[f"coverage_{coverage}"] for of in set_ups.values()],
                yerr=[of[f"coverage_{coverage}_std"] for of in set_ups.values()],
                marker="o",
                linestyle="none",
                capsize=3,
                label=f"{coverage} % interval",
            )
            axes.axhline(coverage / 100, color="black", linewidth=0.8, linestyle="dotted")
        axes.set(xlabel="set-up", ylabel="share of buildings inside", title=target)
        axes.legend()


def _groups(evaluation: Evaluation, figure: "Figure") -> None:
    population = evaluation.protocol.populations[0]
    for axes, target in zip(_axes(figure), TARGETS, strict=True):
        groups = groups_of(evaluation, population, "use type", target, _SET_UP)[::-1]
        axes.barh(
            [f"{group.name} ({group.buildings})" for group in groups],
            [group.metrics["mdape"] for group in groups],
        )
        axes.tick_params(axis="y", labelsize=6)
        axes.set(xlabel="MdAPE", title=target)


def _importance(evaluation: Evaluation, figure: "Figure") -> None:
    axes = figure.subplots()
    importance = dict(reversed(importance_of(evaluation).items()))
    axes.barh(list(importance), list(importance.values()))
    axes.tick_params(axis="y", labelsize=7)
    axes.set(xlabel="rise of the mean absolute log error of energy")


def _axes(figure: "Figure") -> "list[Axes]":
    pair: Any = figure.subplots(1, 2)
    return list(pair)
