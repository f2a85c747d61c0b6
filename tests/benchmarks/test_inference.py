"""A small run goes all the way, and who is wrong is shown as wrong; no time is asserted on."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from sklearn.ensemble import HistGradientBoostingRegressor

from benchmarks import inference
from benchmarks.contenders import CONTENDERS, level_by_level
from mlmodel.features import FEATURES
from tests.processes import untraced

OPTIONS = argparse.Namespace(calls=2, repeat=1)


def fitted() -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(max_iter=9).fit(*inference.made_up(500, 6, seed=1))


def measured(prepare: Any) -> dict[str, Any]:
    model = fitted()
    rows, _ = inference.made_up(300, 6, seed=2)
    return inference.measured("it", lambda: prepare(model), model.predict, rows, rows, OPTIONS)


@pytest.mark.parametrize(
    ("prepare", "status"),
    [
        (lambda model: lambda rows: model.predict(rows) * 1.001, "wrong by up to 1e-03"),
        (lambda model: lambda rows: model.predict(rows)[:-1], "wrong: not one finite"),
        (lambda model: lambda rows: model.predict(rows) * np.nan, "wrong: not one finite"),
        (lambda model: lambda rows: rows.no_such_name, "fails: 'numpy.ndarray' object has no"),
        (lambda model: __import__("no_such_module"), "not installed"),
    ],
)
def test_who_is_wrong_is_not_timed(prepare: Any, status: str) -> None:
    found = measured(prepare)
    assert found["status"].startswith(status)
    assert "rows_per_s" not in found


def test_who_is_right_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not from here: a test's process has threads, which a fork may leave locked.
    monkeypatch.setattr(inference, "_two_processes", lambda *_: float("nan"))
    found = measured(lambda model: model.predict)
    assert found["status"] == "bit for bit"
    assert min(found[key] for key in ("one_median_us", "one_p99_us", "rows_per_s")) > 0
    assert measured(level_by_level)["relative_error"] < 1e-12


def test_made_up_buildings_are_valid_and_the_same_each_time() -> None:
    rows = inference.buildings(200)
    assert rows == inference.buildings(200)
    for row in rows:
        for feature in FEATURES:
            value = row.get(feature.name)
            assert value is not None or not feature.is_required
            if isinstance(value, str):
                assert value in feature.choices
            elif value is not None and feature.minimum is not None and feature.maximum is not None:
                assert feature.minimum <= value <= feature.maximum


@pytest.mark.parametrize("shape", ["500", "0x8x22", "5x8xc", ""])
def test_a_shape_is_three_numbers(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        inference.main(["--ensemble", shape])
    assert "trees x leaves x columns" in capsys.readouterr().err


def test_a_small_run_goes_all_the_way(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "benchmarks/inference.py", "--ensemble", "6x4x8", "--rows", "300"),
            *(
                "--checked",
                "500",
                "--calls",
                "3",
                "--repeat",
                "1",
                "--json",
                str(tmp_path / "figures.json"),
            ),
        ],
        cwd=settings.PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
        env=untraced(),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    (ensemble,) = found["ensembles"]
    status = {contender["name"]: contender["status"] for contender in ensemble["contenders"]}
    assert status.keys() == CONTENDERS.keys()
    assert status["FlatTrees"] == "bit for bit"
    assert [contender["name"] for contender in found["shipped"]][2:] == [
        "ServedModel.predict",
        "  of which encoding",
    ]
    assert found["shipped"][2]["status"] == "bit for bit"
    assert found["checked"] == 500
    trees = {contender["name"]: contender["status"] for contender in found["trees"]}
    assert trees.keys() == CONTENDERS.keys()
    assert trees["FlatTrees"] == "bit for bit"
    assert 0 < found["served_mb"] < found["files_mb"] < 10
    web = next(worker for worker in found["workers"] if worker["name"].startswith("a web"))
    assert web["heavy_imports"] == []
    flat = next(worker for worker in found["workers"] if worker["name"].startswith("FlatTrees"))
    assert flat["heavy_imports"] == []
    assert all(way["rows_per_s_two"] > 0 for way in found["shipped"])
    assert flat["resident_mb"] < 150
    for name in status:
        assert f"\n{name} " in done.stdout
