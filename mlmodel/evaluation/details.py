"""What a model card tells beyond the scores: who is in the data, for whom the model is good and for
whom not, and what it cost. JSON-able; a version keeps it under `DETAILS` of its metrics."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlmodel.evaluation.groups import FEWEST_TO_JUDGE, GROUPINGS, groups_of
from mlmodel.evaluation.protocol import TARGETS, Evaluation
from mlmodel.evaluation.scores import (
    Outcome,
    interval_metrics,
    log_metrics,
    metrics_of,
    outcome_of,
    pooled,
)
from mlmodel.features import HAS_FUELS
from mlmodel.training import TrainingData

DETAILS: Final = "details"
#: The set-up of a typical caller, which groups are shown for.
SET_UP: Final = "f"
_DIGITS: Final = 4
_SHOWN: Final = ("mdape", "bias", "within_50", "coverage_80", "coverage_90", "width_80")
#: Shuffles of a permutation test, and their seed.
_SHUFFLES: Final = 999
_SEED: Final = 42


def details_of(evaluation: Evaluation, *, yearly_changes: list[dict[str, float]]) -> dict[str, Any]:
    """Everything; `yearly_changes` are those of `mlmodel.selectors`."""
    populations = evaluation.protocol.populations
    return {
        "set_up": SET_UP,
        "data": _data(evaluation.data),
        "groups": {
            population: {
                grouping: _groups(evaluation, population, grouping) for grouping in GROUPINGS
            }
            for population in populations
        },
        "fairness": {population: _fairness(evaluation, population) for population in populations},
        "new_buildings": {
            group: _new_buildings(evaluation, group) for group in evaluation.new_buildings
        },
        "yearly_changes": yearly_changes,
        "cost": {
            "models_fitted": evaluation.protocol.steps + bool(evaluation.new_buildings),
            # Two digits: it differs from run to run.
            "cpu_s": float(f"{evaluation.cpu_s:.2g}"),
        },
    }


def metrics_with_details(
    evaluation: Evaluation, *, yearly_changes: list[dict[str, float]]
) -> dict[str, Any]:
    """What a model version keeps: `metrics_of`, and the details beside it."""
    details = details_of(evaluation, yearly_changes=yearly_changes)
    return {**metrics_of(evaluation), DETAILS: details}


def _data(data: TrainingData) -> dict[str, Any]:
    """Counts, shares and quartiles of the rows that are trained on."""

    def known(name: str) -> float:
        return _share(row.get(name) is not None for row in data.rows)

    def quartiles(name: str) -> list[float]:
        values = [float(value) for row in data.rows if (value := row.get(name)) is not None]
        return [float(value) for value in np.quantile(values, [0, 0.25, 0.5, 0.75, 1])]

    return {
        "rows": len(data.rows),
        "residential": int(data.is_residential.sum()),
        "non_residential": int((~data.is_residential).sum()),
        "with_energy_star_score": known("energy_star_score"),
        **{
            f"with_{name.removeprefix('has_')}": _share(row.get(name) is True for row in data.rows)
            for name in HAS_FUELS
        },
        "gross_floor_area_sqft": quartiles("gross_floor_area_sqft"),
        "year_built": quartiles("year_built"),
        "emission_factors_kgco2e_per_mbtu": dict(
            zip(
                ("electricity", "natural_gas", "steam"),
                data.factors_kgco2e_per_mbtu.tolist(),
                strict=True,
            )
        ),
    }


def _share(of: Any) -> float:
    return round(float(np.mean(list(of))), _DIGITS)


def _groups(evaluation: Evaluation, population: str, grouping: str) -> list[dict[str, Any]]:
    by_target = {
        target: {
            group.name: group
            for group in groups_of(evaluation, population, grouping, target, SET_UP)
        }
        for target in TARGETS
    }
    return [
        {
            "name": name,
            "buildings": group.buildings,
            "is_judged": group.is_judged,
            **{
                target: _rounded(groups[name].metrics) if name in groups else None
                for target, groups in by_target.items()
            },
        }
        for name, group in by_target["energy"].items()
    ]


def _rounded(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: round(metrics[name], _DIGITS) for name in _SHOWN}


def _fairness(evaluation: Evaluation, population: str) -> dict[str, Any]:
    """Whether the error of energy depends on the neighborhood, beyond what its buildings' types
    explain.

    The neighborhoods' mean signed and mean absolute log errors, weighted by their buildings, vary
    by so much (standard deviation). The p-value is the share of shuffles of neighborhoods among
    buildings of the same primary property type in which they vary as much. Only neighborhoods of at
    least FEWEST_TO_JUDGE buildings are told apart.
    """
    data = evaluation.data
    outcome = pooled(
        outcome_of(data, fold, "energy", SET_UP) for fold in evaluation.folds[population]
    )
    buildings, place = np.unique(outcome.buildings, return_inverse=True)
    errors = np.log(outcome.predicted) - np.log(outcome.measured)
    repeats = np.bincount(place)
    signed = np.bincount(place, errors) / repeats
    absolute = np.bincount(place, np.abs(errors)) / repeats
    rows = [data.rows[building] for building in buildings]
    names, where = np.unique([str(row.get("neighborhood")) for row in rows], return_inverse=True)
    judged = np.bincount(where, minlength=len(names)) >= FEWEST_TO_JUDGE
    kept = judged[where]
    labels = np.unique(where[kept], return_inverse=True)[1]
    types = np.array([str(row["primary_property_type"]) for row in rows])[kept]
    strata = [np.flatnonzero(types == name) for name in np.unique(types)]
    found: dict[str, Any] = {
        "neighborhoods": int(judged.sum()),
        "buildings": int(kept.sum()),
        "shuffles": _SHUFFLES,
    }
    for name, values in (("bias", signed[kept]), ("absolute_error", absolute[kept])):
        found[f"{name}_spread"], found[f"{name}_p_value"] = _spread(values, labels, strata)
    return found


def _spread(
    values: NDArray[np.float64], labels: NDArray[np.intp], strata: list[NDArray[np.intp]]
) -> tuple[float, float]:
    """Standard deviation of the labels' means, and its p-value when labels are shuffled in each
    stratum."""
    if not len(values):
        return 0.0, 1.0
    sizes = np.bincount(labels)

    def spread(of: NDArray[np.intp]) -> float:
        means = np.bincount(of, values, minlength=len(sizes)) / sizes
        return float(np.sqrt(np.average((means - values.mean()) ** 2, weights=sizes)))

    generator = np.random.default_rng(_SEED)
    found, as_much = spread(labels), 1
    for _ in range(_SHUFFLES):
        shuffled = labels.copy()
        for members in strata:
            shuffled[members] = generator.permutation(labels[members])
        as_much += spread(shuffled) >= found
    return round(found, _DIGITS), round(as_much / (_SHUFFLES + 1), 3)


def _new_buildings(evaluation: Evaluation, group: str) -> dict[str, Any]:
    """By population and target, and of non-residential buildings apart: those built after any that
    was trained on or in that very year, for which nothing like them was seen, and all others."""
    data, predicted = evaluation.new_data[group], evaluation.new_buildings[group]
    last_year = max(int(row["year_built"] or 0) for row in evaluation.data.rows)
    is_newly_built = np.array([int(row["year_built"] or 0) >= last_year for row in data.rows])
    chosen = {
        "all": np.ones(len(data.rows), dtype=bool),
        "non_residential": ~data.is_residential,
        "newly_built": is_newly_built & ~data.is_residential,
        "others": ~is_newly_built & ~data.is_residential,
    }
    return {
        "newest_year_trained_on": last_year,
        **{
            name: {
                target: _some(outcome_of(data, predicted, target, SET_UP), members)
                for target in TARGETS
            }
            for name, members in chosen.items()
        },
    }


def _some(outcome: Outcome, members: NDArray[np.bool_]) -> dict[str, Any] | None:
    """Number and metrics of the members that were measured; None for a few."""
    some = outcome[members[outcome.buildings]]
    if len(some.measured) < FEWEST_TO_JUDGE:
        return None
    metrics = {**log_metrics(some.measured, some.predicted), **interval_metrics(some)}
    return {"buildings": len(some.measured), **_rounded(metrics)}
