"""Comparisons: with numbers worked out by hand, and those of the literature's formula."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlmodel.comparison import (
    Change,
    compare_scores,
    corrected_resampled_t,
    incomparable,
    summarise_changes,
)

PROTOCOL = {"seed": 42, "folds": 5, "repeats": 3, "rows_sha256": "0" * 64}


def metrics(r2_log: list[float], mdape: float = 0.3, **protocol: Any) -> dict[str, Any]:
    """In the layout of new versions, with one target and set-up."""
    scores = {"r2_log": round(float(np.mean(r2_log)), 4), "mdape": mdape}
    return {
        "protocol": {**PROTOCOL, **protocol},
        "scores": {
            "non_residential": {"energy": {"f": scores}},
            "all": {"energy": {"f": {"r2_log": 0.1}}},
        },
        "folds": {"energy": {"f": {"r2_log": r2_log, "mdape": [mdape] * len(r2_log)}}},
    }


def folds(mean: float, spread: float = 0.02) -> list[float]:
    noise = np.random.default_rng(3).normal(0, spread, 15)
    return (mean + noise - noise.mean()).tolist()


# -- what is no basis for a comparison ----------------------------------------------------------


@pytest.mark.parametrize(
    ("candidate", "champion", "why"),
    [
        ({"f": {"r2_log": 0.8}}, metrics([0.8] * 15), "for the candidate"),
        (metrics([0.8] * 15), {}, "for the champion"),
        (metrics([0.8] * 15), metrics([0.8] * 15, rows_sha256="1" * 64), "training rows"),
        (metrics([0.8] * 15), metrics([0.8] * 10, folds=2, seed=1), "different folds, seed"),
    ],
)
def test_scores_of_other_folds_are_not_compared(
    candidate: dict[str, Any], champion: dict[str, Any], why: str
) -> None:
    assert why in incomparable(candidate, champion)


def test_scores_of_the_same_folds_are() -> None:
    assert incomparable(metrics([0.8] * 15), metrics([0.7] * 15)) == ""


# -- verdicts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (folds(0.785), "worse"),  # lower by more than .01
        ([value - 0.002 for value in folds(0.8)], "worse"),  # by little, and in every fold
        (folds(0.8), "alike"),
        ([value + 0.002 for value in folds(0.8)], "better"),
    ],
)
def test_a_regression_is_a_loss_that_is_large_or_certain(after: list[float], verdict: str) -> None:
    (compared,) = compare_scores(metrics(after, mdape=0.25), metrics(folds(0.8)))
    assert compared.verdict == verdict
    assert compared.difference == pytest.approx(np.mean(after) - 0.8)
    assert compared.mdape_difference == pytest.approx(-0.05)


def test_a_small_loss_that_may_be_chance_is_no_regression() -> None:
    noise = np.random.default_rng(5).normal(0, 0.02, 15)
    after = (np.array(folds(0.8)) + noise - noise.mean() - 0.005).tolist()
    (compared,) = compare_scores(metrics(after), metrics(folds(0.8)))
    assert compared.difference == pytest.approx(-0.005)
    assert compared.verdict == "alike"
    assert not compared.is_significant


def test_a_score_that_is_missing_or_no_number_is_worse() -> None:
    (missing,) = compare_scores({"a": {"r2_log": 0.9}}, {"f": {"r2_log": 0.8}})
    assert missing.verdict == "worse"
    assert math.isnan(missing.candidate)
    (no_number,) = compare_scores(metrics([math.nan] * 15), metrics(folds(0.8)))
    assert no_number.verdict == "worse"


def test_means_alone_are_compared_without_a_p_value() -> None:
    champion = {"a": {"r2_log": 0.80, "mdape": 0.3}, "f": {"r2_log": 0.85, "mdape": 0.3}}
    candidate = {"a": {"r2_log": 0.795, "mdape": 0.3}, "f": {"r2_log": 0.83, "mdape": 0.2}}
    compared = {row.set_up: row for row in compare_scores(candidate, champion)}
    assert {name: row.verdict for name, row in compared.items()} == {"a": "alike", "f": "worse"}
    assert compared["a"].p_value is None
    assert compared["f"].target == "energy"


# -- the test -----------------------------------------------------------------------------------


def test_the_corrected_t_is_the_published_one() -> None:
    """Against t = mean / sqrt((1/J + n_test/n_train) s²) with J - 1 degrees of freedom."""
    differences = np.random.default_rng(1).normal(0.01, 0.02, 15)
    error, p_value = corrected_resampled_t(differences.tolist(), folds=5)
    variance = differences.var(ddof=1)
    assert error == pytest.approx(math.sqrt((1 / 15 + 1 / 4) * variance))
    assert p_value == pytest.approx(2 * stats.t.sf(differences.mean() / error, df=14))


def test_differences_that_are_all_the_same_are_certain() -> None:
    assert corrected_resampled_t([0.0] * 15, folds=5) == (0.0, 1.0)
    assert corrected_resampled_t([-0.5] * 15, folds=5) == (0.0, 0.0)


# -- changes ------------------------------------------------------------------------------------


def test_without_inputs_nothing_changes() -> None:
    summary = summarise_changes([], threshold=0.1)
    assert (summary.inputs, summary.changed_share, summary.largest) == (0, 0.0, 0.0)


def test_changes_are_counted_and_ranked_without_their_sign() -> None:
    changes = [Change("a", 100, 100), Change("b", 100, 50), Change("c", 100, 130)]
    summary = summarise_changes(changes, threshold=0.3)
    assert summary.changed == 1  # 30 % is not more than 30 %
    assert summary.changed_share == pytest.approx(1 / 3)
    assert [change.id for change in summary.most_changed] == ["b", "c", "a"]
    assert (summary.median, summary.largest) == (pytest.approx(0.3), pytest.approx(0.5))
    assert summary.as_json()["most_changed"][0] == {
        "id": "b",
        "before_kbtu": 100,
        "after_kbtu": 50,
        "change": -0.5,
    }


@given(
    st.lists(
        st.tuples(st.floats(0, 1e10), st.floats(0, 1e10)),
        min_size=1,
        max_size=30,
    ),
    st.floats(0, 2),
)
def test_a_summary_is_finite_and_in_order(
    pairs: list[tuple[float, float]], threshold: float
) -> None:
    changes = [Change(str(number), *pair) for number, pair in enumerate(pairs)]
    summary = summarise_changes(changes, threshold=threshold)
    assert 0 <= summary.median <= summary.p90 * (1 + 1e-12) <= summary.largest * (1 + 1e-9)
    assert math.isfinite(summary.largest)
    assert summary.changed == sum(abs(change.relative) > threshold for change in changes)
    assert len(summary.most_changed) == min(10, len(pairs))
