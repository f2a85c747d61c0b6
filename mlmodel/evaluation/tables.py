"""An evaluation as tables, for the terminal and for the page in docs/reference/."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mlmodel.evaluation.groups import FEWEST_TO_JUDGE, GROUPINGS, groups_of
from mlmodel.evaluation.protocol import SET_UP_WORDS, TARGETS, Evaluation
from mlmodel.evaluation.scores import (
    LARGE_CAMPUS,
    importance_of,
    metrics_of,
    new_building_metrics,
)
from mlmodel.prediction import COVERAGES, SHORTFALL

POPULATION_WORDS: Final = {"non_residential": "Non-residential", "all": "All buildings"}
TARGET_WORDS: Final = {"energy": "site energy use", "emissions": "CO2e emissions"}
_TYPICAL, _WHOLE = "f", "c"


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the names of the columns, and cells as text; the first column is words."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """For a terminal: aligned columns."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.header))]
        aligned = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, aligned[0], "-" * len(aligned[0]), *aligned[1:]]) + "\n"

    def markdown(self, level: int = 3) -> str:
        """With its title as a heading."""
        lines = [
            f"{'#' * level} {self.title}",
            "",
            _line(self.header),
            _line(["---"] + ["--:"] * (len(self.header) - 1)),
            *map(_line, self.rows),
        ]
        return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def headline_tables(evaluation: Evaluation) -> list[Table]:
    """Accuracy and intervals, a table each for every population and target."""
    metrics = metrics_of(evaluation)
    tables = []
    for population, targets in metrics["scores"].items():
        for target in TARGETS:
            title = f"{POPULATION_WORDS[population]}, {TARGET_WORDS[target]}"
            tables.append(_accuracy(title, targets[target]))
            tables.append(_intervals(f"{title}: intervals", targets[target]))
    return tables


def score_tables(scores: Mapping[str, Any]) -> list[Table]:
    """Accuracy alone, from what a model version keeps under `scores`."""
    return [
        _accuracy(f"{POPULATION_WORDS[population]}, {TARGET_WORDS[target]}", set_ups)
        for population, targets in scores.items()
        for target, set_ups in targets.items()
    ]


def _accuracy(title: str, set_ups: Mapping[str, Mapping[str, float]]) -> Table:
    without = f"without {LARGE_CAMPUS}"
    header = ("known", "R² of log", f"R² of log {without}", "MdAPE", "±20 %", "±50 %", "bias")
    return Table(
        title,
        (*header, "R²", f"R² {without}"),
        [
            (
                f"{set_up}: {SET_UP_WORDS[set_up]}",
                _pair(of, "r2_log"),
                _number(of[f"r2_log_without_{LARGE_CAMPUS}"]),
                _pair(of, "mdape"),
                _number(of["within_20"]),
                _number(of["within_50"]),
                _signed(of["bias"]),
                _pair(of, "r2"),
                _pair(of, f"r2_without_{LARGE_CAMPUS}"),
            )
            for set_up, of in set_ups.items()
        ],
    )


def _intervals(title: str, set_ups: Mapping[str, Mapping[str, float]]) -> Table:
    header = ["known"]
    for coverage in COVERAGES:
        header += [f"coverage at {coverage} %", "median width", "mean width"]
    return Table(
        title,
        header,
        [
            (
                f"{set_up}: {SET_UP_WORDS[set_up]}",
                *(
                    cell
                    for coverage in COVERAGES
                    for cell in (
                        _pair(of, f"coverage_{coverage}"),
                        _number(of[f"width_{coverage}"]),
                        _number(of[f"width_{coverage}_mean"]),
                    )
                ),
            )
            for set_up, of in set_ups.items()
        ],
    )


def new_building_tables(evaluation: Evaluation) -> list[Table]:
    """Buildings that the model of all rows has never seen, a table for each population."""
    tables = []
    chosen = {"non_residential": False, "all": None}
    for population, is_residential in chosen.items():
        rows = []
        for group in evaluation.new_buildings:
            for target in TARGETS:
                for set_up, words in SET_UP_WORDS.items():
                    count, of = new_building_metrics(
                        evaluation, group, target, set_up, is_residential=is_residential
                    )
                    if of:
                        cells = [f"{group}: {target}, {set_up}: {words}", str(count)]
                        rows.append((*cells, *_cells(of)))
        if rows:
            title = f"New buildings, {POPULATION_WORDS[population].lower()}"
            tables.append(Table(title, ("group", "buildings", *_CELLS), rows))
    return tables


_CELLS: Final = ("R² of log", "MdAPE", "±20 %", "±50 %", "bias", "in 80 %", "in 90 %", "width 80")


def _cells(of: Mapping[str, float]) -> tuple[str, ...]:
    names = ("r2_log", "mdape", "within_20", "within_50")
    return (
        *(_number(of[name]) for name in names),
        _signed(of["bias"]),
        *(_number(of[name]) for name in ("coverage_80", "coverage_90", "width_80")),
    )


def group_tables(evaluation: Evaluation) -> list[Table]:
    """By use type, size class, decade and neighborhood; `!` marks a coverage that falls short."""
    header = ["group", "buildings", "MdAPE", "bias", "±50 %"]
    for name in ("E, f", "E, c", "G, f", "G, c"):
        header += [f"in 80 % ({name})", f"in 90 % ({name})"]
    header += ["width 80 (E, f)", "width 80 (E, c)", "MdAPE (G, f)"]
    tables = []
    for population in evaluation.protocol.populations:
        for grouping in GROUPINGS:
            found = {
                (target, set_up): {
                    group.name: group
                    for group in groups_of(evaluation, population, grouping, target, set_up)
                }
                for target in TARGETS
                for set_up in (_TYPICAL, _WHOLE)
            }
            rows = []
            for name, group in found["energy", _TYPICAL].items():
                typical = group.metrics
                cells = [
                    name,
                    str(group.buildings),
                    _number(typical["mdape"]),
                    _signed(typical["bias"]),
                    _number(typical["within_50"]),
                ]
                for key in found:
                    other = found[key].get(name)
                    cells += [
                        _coverage(other.metrics, coverage, is_judged=other.is_judged)
                        if other
                        else "—"
                        for coverage in COVERAGES
                    ]
                cells += [
                    _number(typical["width_80"]),
                    _number(found["energy", _WHOLE][name].metrics["width_80"]),
                ]
                emissions = found["emissions", _TYPICAL].get(name)
                cells.append(_number(emissions.metrics["mdape"]) if emissions else "—")
                rows.append(cells)
            title = f"{POPULATION_WORDS[population]}, by {grouping}"
            tables.append(Table(title, header, rows))
    return tables


def importance_table(evaluation: Evaluation) -> Table:
    """What each feature is worth, greatest first."""
    return Table(
        "What the model looks at",
        ("feature", "rise of the mean absolute log error when shuffled"),
        [(name, _signed(value)) for name, value in importance_of(evaluation).items()],
    )


def _coverage(of: Mapping[str, float], coverage: int, *, is_judged: bool) -> str:
    value = of[f"coverage_{coverage}"]
    is_short = is_judged and value < coverage / 100 - SHORTFALL
    return f"{_number(value)}{' !' if is_short else ''}"


def short_note() -> str:
    """What the mark in the group tables means."""
    return (
        f"`!`: at least {FEWEST_TO_JUDGE} buildings, and a coverage more than "
        f"{SHORTFALL:.2f} below the nominal one."
    )


def _number(value: float) -> str:
    # Without it, what rounds to 0 from below would be written -0.000.
    return f"{round(value, 3) + 0.0:.3f}"


def _signed(value: float) -> str:
    return f"{round(value, 3) + 0.0:+.3f}"


def _pair(of: Mapping[str, float], metric: str) -> str:
    return f"{_number(of[metric])} ± {_number(of[f'{metric}_std'])}"
