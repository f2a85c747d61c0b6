"""Same data, same seed: same predictions, bit for bit; and metrics that mean what they say."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlmodel.evaluation import cross_validate, log_metrics
from mlmodel.training import train
from tests.mlmodel.rows import made_up


def test_the_same_seed_gives_the_same_predictions_in_any_process_and_thread_count() -> None:
    code = """
import hashlib
from mlmodel.training import train
from tests.mlmodel.rows import made_up
data = made_up()
print(hashlib.sha256(train(data, max_iter=8).predict(data.rows).tobytes()).hexdigest())
"""
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": threads},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(digests) == 1


def test_another_seed_gives_another_model() -> None:
    data = made_up()
    first, other = (train(data, seed=seed, max_iter=8).predict(data.rows) for seed in (1, 2))
    assert (first != other).any()


def test_it_learns_what_there_is_to_learn() -> None:
    data = made_up(400)
    scores = cross_validate(data, repeats=1, max_iter=60)
    assert list(scores) == ["a", "f", "b", "c"]
    assert scores["c"]["r2_log"] > 0.95
    assert scores["b"]["r2_log"] > scores["a"]["r2_log"]
    assert all(0 <= of["within_20"] <= of["within_50"] <= 1 for of in scores.values())


def test_cross_validation_is_reproducible_and_reports_each_fold() -> None:
    data, folds = made_up(), []
    first = cross_validate(data, folds=3, repeats=2, max_iter=5, on_fold=lambda: folds.append(1))
    assert len(folds) == 6
    assert cross_validate(data, folds=3, repeats=2, max_iter=5) == first


def test_perfect_predictions_have_perfect_metrics() -> None:
    energy = np.array([1.0, 2.0, 4.0])
    assert log_metrics(energy, energy) == {
        "r2_log": 1.0,
        "mdape": 0.0,
        "within_20": 1.0,
        "within_50": 1.0,
    }
    off = log_metrics(energy, energy * np.array([1.1, 1.4, 3.0]))
    assert off["mdape"] == pytest.approx(0.4)
    assert (off["within_20"], off["within_50"]) == pytest.approx((1 / 3, 2 / 3))


def test_the_digest_changes_with_every_value() -> None:
    data = made_up(20)
    assert data.digest() == made_up(20).digest()
    rows = [dict(row) for row in data.rows]
    rows[3]["year_built"] = 1850
    assert replace(data, rows=rows).digest() != data.digest()
    assert replace(data, is_residential=~data.is_residential).digest() != data.digest()
    energy = data.site_energy_use_kbtu.copy()
    energy[0] += 1e-6
    assert replace(data, site_energy_use_kbtu=energy).digest() != data.digest()
