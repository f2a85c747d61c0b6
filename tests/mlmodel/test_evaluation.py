"""The protocol: who is predicted by whom, what is measured, and the same from any process."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from django.conf import settings

from mlmodel.evaluation import Evaluation, Protocol, evaluate, log_metrics, metrics_of
from mlmodel.evaluation.groups import FEWEST_TO_SHOW, GROUPINGS, groups_of
from mlmodel.evaluation.protocol import Predicted
from mlmodel.evaluation.scores import (
    LARGE_CAMPUS,
    Outcome,
    importance_of,
    interval_metrics,
    new_building_metrics,
    new_building_scores,
    outcome_metrics,
    outcome_of,
    pooled,
)
from mlmodel.features import FEATURE_NAMES
from tests.mlmodel.fakes import Recorder
from tests.mlmodel.rows import FEW_TREES, SOME_TREES, made_up, new_buildings


@pytest.fixture(scope="module")
def evaluation(evaluate_once: Callable[..., Evaluation]) -> Evaluation:
    """Two folds of both populations, with new buildings."""
    return evaluate_once(
        made_up(),
        protocol=Protocol(folds=2, repeats=1),
        new_data=new_buildings(),
        parameters=FEW_TREES,
    )


def test_no_building_is_predicted_by_a_model_that_was_fitted_on_it() -> None:
    data, subject = made_up(), Recorder()
    protocol = Protocol(folds=4, repeats=2)
    found = evaluate(data, protocol=protocol, fit=subject.fit)
    area = np.array([row["gross_floor_area_sqft"] for row in data.rows])
    folds = [fold for folds in found.folds.values() for fold in folds]
    assert len(folds) == len(subject.fitted) == protocol.steps == 16
    for fold, fitted in zip(folds, subject.fitted, strict=True):
        rest = np.setdiff1d(np.arange(len(data.rows)), fold.test)
        assert fitted.tolist() == area[rest].tolist()  # all the others, in their own order
    commercial = np.flatnonzero(~data.is_residential)
    for start in (0, 4):
        tested = np.concatenate(
            [fold.test for fold in found.folds["non_residential"][start : start + 4]]
        )
        assert np.sort(tested).tolist() == commercial.tolist()
    everyone = np.concatenate([fold.test for fold in found.folds["all"][:4]])
    assert np.sort(everyone).tolist() == list(range(len(data.rows)))


def test_the_quick_protocol_is_the_first_repeat_of_the_whole() -> None:
    data = made_up()
    quick = evaluate(data, protocol=Protocol.quick(), fit=Recorder().fit)
    whole = evaluate(data, protocol=Protocol(), fit=Recorder().fit)
    assert list(quick.folds) == ["non_residential"]
    for ours, theirs in zip(
        quick.folds["non_residential"], whole.folds["non_residential"], strict=False
    ):
        assert ours.test.tolist() == theirs.test.tolist()


def test_new_buildings_are_predicted_by_a_model_of_all_rows() -> None:
    data, subject = made_up(), Recorder()
    found = evaluate(
        data, protocol=Protocol.quick(), new_data={"x": made_up(9, seed=3)}, fit=subject.fit
    )
    assert len(subject.fitted[-1]) == len(data.rows)
    assert found.new_buildings["x"].test.tolist() == list(range(9))


def test_two_processes_give_the_same_as_one(evaluation: Evaluation) -> None:
    steps: list[int] = []
    again = evaluate(
        evaluation.data,
        protocol=Protocol.quick(folds=2),
        new_data=evaluation.new_data,
        jobs=2,
        parameters=FEW_TREES,
        on_step=lambda: steps.append(1),
    )
    assert len(steps) == again.protocol.steps + 1 == 3
    whole = metrics_of(evaluation)
    del whole["scores"]["all"]  # whom the quick protocol leaves out
    assert json.dumps(metrics_of(again)) == json.dumps(whole)
    assert importance_of(again) == importance_of(evaluation)
    of_both = [
        *zip(evaluation.folds["non_residential"], again.folds["non_residential"], strict=True),
        *((evaluation.new_buildings[name], again.new_buildings[name]) for name in ("2017", "one")),
    ]
    for ours, theirs in of_both:
        for set_up, estimates in ours.estimates.items():
            assert np.array_equal(estimates.fuels_kbtu, theirs.estimates[set_up].fuels_kbtu)


def test_what_a_version_keeps(evaluation: Evaluation) -> None:
    metrics = metrics_of(evaluation)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert metrics["protocol"] == {
        "seed": 42,
        "folds": 2,
        "repeats": 1,
        "rows_sha256": evaluation.data.digest(),
    }
    for population in ("non_residential", "all"):
        for target in ("energy", "emissions"):
            assert list(metrics["scores"][population][target]) == ["a", "f", "b", "c"]
    of = metrics["scores"]["non_residential"]["energy"]["f"]
    folds = metrics["folds"]["energy"]["f"]
    assert of["r2_log"] == pytest.approx(np.mean(folds["r2_log"]), abs=1e-4)
    assert of["mdape_std"] == pytest.approx(np.std(folds["mdape"]), abs=1e-4)


def test_it_learns_what_there_is_to_learn(evaluate_once: Callable[..., Evaluation]) -> None:
    found = evaluate_once(made_up(300), protocol=Protocol.quick(folds=2), parameters=SOME_TREES)
    scores = metrics_of(found)["scores"]["non_residential"]["energy"]
    assert scores["c"]["r2_log"] > 0.95
    assert scores["b"]["r2_log"] > scores["a"]["r2_log"]
    assert next(iter(importance_of(found))) == "gross_floor_area_sqft"
    assert importance_of(found)["latitude"] == 0.0  # no row has one


def test_perfect_predictions_have_perfect_metrics() -> None:
    energy = np.array([1.0, 2.0, 4.0])
    assert log_metrics(energy, energy) == {
        "r2_log": 1.0,
        "mdape": 0.0,
        "within_20": 1.0,
        "within_50": 1.0,
        "bias": 0.0,
        "r2": 1.0,
    }
    off = log_metrics(energy, energy * np.array([1.1, 1.4, 3.0]))
    assert off["mdape"] == pytest.approx(0.4)
    assert (off["within_20"], off["within_50"]) == pytest.approx((1 / 3, 2 / 3))
    assert off["bias"] == pytest.approx(np.log(1.4))
    mean = np.full(3, energy.mean())
    assert log_metrics(energy, mean)["r2"] == pytest.approx(0.0)


def outcome(measured: list[float], predicted: list[float]) -> Outcome:
    values = np.array(predicted)
    return Outcome(
        np.arange(len(values)),
        np.array(measured),
        values,
        {80: np.column_stack([values * 0.5, values * 1.5]), 90: np.column_stack([values, values])},
    )


def test_coverage_counts_what_is_inside_bounds_included() -> None:
    metrics = interval_metrics(outcome([5.0, 15.0, 16.0, 10.0], [10.0, 10.0, 10.0, 10.0]))
    assert metrics["coverage_80"] == 0.75
    assert metrics["coverage_90"] == 0.25
    assert (metrics["width_80"], metrics["width_80_mean"], metrics["width_90"]) == (1.0, 1.0, 0.0)


def test_the_large_campus_is_left_out_by_its_identifier() -> None:
    ids = np.array([1, 2, 3, LARGE_CAMPUS])
    metrics = outcome_metrics(outcome([1.0, 2.0, 3.0, 900.0], [2.0, 1.0, 2.0, 800.0]), ids)
    assert metrics["r2"] > 0.9
    assert metrics[f"r2_without_{LARGE_CAMPUS}"] == pytest.approx(1 - 3 / 2)
    assert metrics[f"r2_log_without_{LARGE_CAMPUS}"] < metrics["r2_log"]


def test_unmeasured_emissions_are_left_out_and_energy_is_not() -> None:
    data = made_up(20)
    emissions = data.ghg_emissions_mtco2e.copy()
    emissions[3] = np.nan
    data = replace(data, ghg_emissions_mtco2e=emissions)
    estimates = {"f": Recorder().estimate(np.ones((20, len(FEATURE_NAMES))))}
    predicted = Predicted(np.arange(20), estimates)
    assert len(outcome_of(data, predicted, "energy", "f").measured) == 20
    of_emissions = outcome_of(data, predicted, "emissions", "f")
    assert 3 not in of_emissions.buildings
    # 50 kBtu of electricity at 7 kg/MBtu, and its interval by the ratios.
    assert of_emissions.predicted[0] == pytest.approx(50 * 7 / 1e6)
    assert of_emissions.intervals[80][0] == pytest.approx([25 * 7 / 1e6, 100 * 7 / 1e6])


def test_groups_hold_every_building_once_and_hide_the_few(evaluation: Evaluation) -> None:
    count = len(evaluation.data.rows)
    types = groups_of(evaluation, "all", "use type", "energy", "f")
    assert [(group.name, group.buildings) for group in types] == [
        (name, 40) for name in ("Hotel", "Large Office", "Mid-Rise Multifamily", "Warehouse")
    ]
    assert all(group.is_judged for group in types)
    whole = pooled(outcome_of(evaluation.data, f, "energy", "f") for f in evaluation.folds["all"])
    assert len(whole.measured) == count
    for grouping in GROUPINGS:
        groups = groups_of(evaluation, "all", grouping, "energy", "f")
        assert all(group.buildings >= FEWEST_TO_SHOW for group in groups)
        shown = sum(group.buildings for group in groups)
        assert count - FEWEST_TO_SHOW < shown <= count
        if shown == count:
            inside = sum(group.metrics["coverage_80"] * group.buildings for group in groups)
            assert inside / count == pytest.approx(interval_metrics(whole)["coverage_80"])
    sizes = [group.name for group in groups_of(evaluation, "all", "size class", "energy", "f")]
    assert sizes[0].startswith("below 50,000")
    assert sizes[-1].startswith("250,000")


def test_a_few_buildings_of_a_kind_are_not_shown_at_all() -> None:
    data = made_up(60)
    rows = [dict(row) for row in data.rows]
    rows[0]["primary_property_type"] = rows[4]["primary_property_type"] = "Hospital"
    found = evaluate(replace(data, rows=rows), protocol=Protocol.quick(), fit=Recorder().fit)
    names = [group.name for group in groups_of(found, "non_residential", "use type", "energy", "f")]
    assert names == ["Hotel", "Large Office", "Warehouse"]


def test_new_buildings_are_measured_by_kind(evaluation: Evaluation) -> None:
    everyone, of = new_building_metrics(evaluation, "2017", "energy", "f", is_residential=None)
    commercial, other = new_building_metrics(
        evaluation, "2017", "energy", "f", is_residential=False
    )
    assert (everyone, commercial) == (30, 23)
    assert of != other
    # R² of a single building means nothing.
    one = new_building_metrics(evaluation, "one", "energy", "f", is_residential=None)
    assert one == (1, {})
    scores = new_building_scores(evaluation)
    assert list(scores) == ["2017"]
    assert scores["2017"]["energy"]["f"]["mdape"] == pytest.approx(other["mdape"], abs=1e-4)


def test_more_processes_from_standard_input_are_refused_at_once() -> None:
    program = """
from mlmodel.evaluation import Protocol, evaluate
from tests.mlmodel.rows import made_up
if __name__ == "__main__":
    evaluate(made_up(), protocol=Protocol.quick(folds=2), jobs=2)
"""
    done = subprocess.run(
        [sys.executable],
        input=program,
        cwd=settings.PROJECT_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "ProcessesUnavailableError: More than one process takes" in done.stderr
