"""Errors and coverage by kind of building: use type, size class, decade built, neighborhood."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from mlmodel.evaluation.protocol import Evaluation
from mlmodel.evaluation.scores import Outcome, interval_metrics, log_metrics, outcome_of, pooled
from mlmodel.features import FeatureRow

#: Below this, a coverage says little: its own standard error is above five points.
FEWEST_TO_JUDGE: Final = 30
#: Below this, a group is not shown by itself: its figures would be those of a few real buildings.
FEWEST_TO_SHOW: Final = 10
_OTHERS: Final = f"groups of fewer than {FEWEST_TO_SHOW}, together"
_SIZES: Final = (
    (50_000.0, "below 50,000 ft²"),
    (100_000.0, "50,000 to 100,000 ft²"),
    (250_000.0, "100,000 to 250,000 ft²"),
    (float("inf"), "250,000 ft² and above"),
)
GROUPINGS: Final = ("use type", "size class", "decade built", "neighborhood")


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of building, how many there are, and its metrics over all folds pooled."""

    name: str
    buildings: int
    metrics: dict[str, float]

    @property
    def is_judged(self) -> bool:
        """Whether there are enough buildings to hold its coverage against the nominal one."""
        return self.buildings >= FEWEST_TO_JUDGE


def groups_of(
    evaluation: Evaluation, population: str, grouping: str, target: str, set_up: str
) -> list[Group]:
    """Groups in a fixed order: by name, size or decade; the small ones together and last, or left
    out if they are few even so."""
    data = evaluation.data
    outcome = pooled(
        outcome_of(data, fold, target, set_up) for fold in evaluation.folds[population]
    )
    names = [_name(grouping, data.rows[building]) for building in outcome.buildings]
    members = {name: np.array([other == name for other in names]) for name in _order(names)}
    small = [
        name
        for name, chosen in members.items()
        if len(np.unique(outcome.buildings[chosen])) < FEWEST_TO_SHOW
    ]
    if small:
        together = np.any([members.pop(name) for name in small], axis=0)
        if len(np.unique(outcome.buildings[together])) >= FEWEST_TO_SHOW:
            members[_OTHERS] = together
    return [_group(name, outcome[chosen]) for name, chosen in members.items()]


def _group(name: str, outcome: Outcome) -> Group:
    metrics = {**log_metrics(outcome.measured, outcome.predicted), **interval_metrics(outcome)}
    return Group(name, len(np.unique(outcome.buildings)), metrics)


def _order(names: list[str]) -> list[str]:
    sizes = [label for _, label in _SIZES]
    return sorted(set(names), key=lambda name: (sizes.index(name) if name in sizes else 0, name))


def _name(grouping: str, row: FeatureRow) -> str:
    if grouping == "use type":
        return str(row["primary_property_type"])
    if grouping == "size class":
        area = float(row["gross_floor_area_sqft"] or 0.0)
        return next(label for limit, label in _SIZES if area < limit)
    if grouping == "neighborhood":
        return str(row.get("neighborhood") or "not known").title()
    year = int(row["year_built"] or 0)
    return f"{year // 10 * 10}s"
