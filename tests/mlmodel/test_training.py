"""Same data, same seed: same predictions, bit for bit."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlmodel.training import emissions_of, train
from tests.mlmodel.rows import FEW_TREES, made_up
from tests.processes import untraced


def test_the_same_seed_gives_the_same_predictions_in_any_process_and_thread_count() -> None:
    code = """
import hashlib
from mlmodel.training import emissions_of, train
from tests.mlmodel.rows import made_up
data = made_up()
print(hashlib.sha256(train(data, max_iter=8).predict(data.rows).tobytes()).hexdigest())
"""
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**untraced(), "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": threads},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(digests) == 1


def test_another_seed_gives_another_model(train_once: Callable[..., Any]) -> None:
    data = made_up()
    first, other = train_once(data, **FEW_TREES), train(data, seed=1, **FEW_TREES)
    assert (first.predict(data.rows) != other.predict(data.rows)).any()


def test_the_digest_changes_with_every_value() -> None:
    data = made_up(20)
    assert data.digest() == made_up(20).digest()
    rows = [dict(row) for row in data.rows]
    rows[3]["year_built"] = 1850
    assert replace(data, rows=rows).digest() != data.digest()
    assert replace(data, is_residential=~data.is_residential).digest() != data.digest()
    for name in (
        "ose_building_ids",
        "site_energy_use_kbtu",
        "fuels_kbtu",
        "ghg_emissions_mtco2e",
        "factors_kgco2e_per_mbtu",
    ):
        values = getattr(data, name).copy()
        values.flat[0] += 1 if values.dtype == np.int64 else 1e-6
        assert replace(data, **{name: values}).digest() != data.digest(), name


def test_what_is_not_known_has_a_digest_too() -> None:
    data = made_up(20)
    fuels = data.fuels_kbtu.copy()
    fuels[0, 1] = np.nan
    unknown = replace(data, fuels_kbtu=fuels)
    assert unknown.digest() == replace(data, fuels_kbtu=fuels.copy()).digest() != data.digest()


def test_emissions_are_fuels_times_factors() -> None:
    fuels = np.array([[1e6, 0.0, 0.0], [2e6, 1e6, 1e6]])
    assert emissions_of(fuels, np.array([7.0, 53.0, 77.0])).tolist() == [7.0, 144.0]
