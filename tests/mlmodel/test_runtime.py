"""The served model: the pipeline's own numbers, without what the pipeline needs around it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.inference import buildings
from mlmodel import registry
from mlmodel.artifact import load_estimator
from mlmodel.errors import SignatureMismatchError
from mlmodel.features import FEATURE_NAMES, PRIMARY_PROPERTY_TYPES
from mlmodel.prediction import Prediction
from mlmodel.runtime import ServedModel
from tests.mlmodel.rows import made_up

HOTEL: dict[str, Any] = {
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 88434.0,
    "year_built": 1927,
    "number_of_floors": 12,
    "neighborhood": "DOWNTOWN",
}


def test_another_signature_is_refused_before_the_files_are_read(
    tmp_path: Path, registered: dict[str, Any]
) -> None:
    with pytest.raises(SignatureMismatchError):
        ServedModel.load(tmp_path / "nowhere", **{**registered, "signature": {}})


def test_it_answers_what_the_pipeline_answers_bit_for_bit(
    trained: Path, registered: dict[str, Any]
) -> None:
    served = ServedModel.load(trained, **registered)
    assert (served.name, served.version) == ("test", 3)
    rows = made_up(seed=8).rows
    pipeline = load_estimator(trained, registered["file_digests"])
    answers = [fuels_of(answer) for answer in served.predict(rows)]
    assert answers == pipeline.predict(rows).tolist()
    frame = pd.DataFrame([{name: row.get(name) for name in FEATURE_NAMES} for row in rows])
    assert answers == pipeline.predict(frame).tolist()
    assert [fuels_of(served.predict([row])[0]) for row in rows] == answers


def test_a_row_is_answered_alike_alone_and_in_a_batch(
    shipped_model: ServedModel,
) -> None:
    rows = buildings(2_000)
    assert [shipped_model.predict([row])[0] for row in rows] == shipped_model.predict(rows)


def fuels_of(answer: Prediction) -> list[float]:
    return [answer.electricity_kbtu, answer.natural_gas_kbtu, answer.steam_kbtu]


def test_the_eui_is_by_building_area(trained: Path, registered: dict[str, Any]) -> None:
    served = ServedModel.load(trained, **registered)
    row = {**HOTEL, "parking_gfa_sqft": 8434.0}
    (answer,) = served.predict([row])
    assert answer.site_eui_kbtu_per_sqft == answer.site_energy_use_kbtu / 80000.0
    assert served.predict([]) == []


def test_the_shipped_model_knows_a_hotel(shipped_model: ServedModel) -> None:
    """88,434 ft² of 1927: about 7 million kBtu were measured."""
    bare = {name: HOTEL[name] for name in list(HOTEL)[:3]}
    full = {
        **HOTEL,
        "has_electricity": True,
        "has_natural_gas": True,
        "has_steam": True,
        "energy_star_score": 60,
    }
    for facts in (bare, HOTEL, full):
        (answer,) = shipped_model.predict([facts])
        assert 5e6 < answer.site_energy_use_kbtu < 9e6


def test_what_is_usual_of_a_type_can_be_predicted(shipped_model: ServedModel) -> None:
    for kind in PRIMARY_PROPERTY_TYPES:
        usual = shipped_model.reference(kind)
        assert usual["primary_property_type"] == kind
        assert 1_000 < float(usual["gross_floor_area_sqft"] or 0) < 2_000_000
        assert 1850 < int(usual["year_built"] or 0) < 2020
        assert shipped_model.predict([usual])[0].site_energy_use_kbtu > 0


def test_the_shipped_model_has_sense(shipped_model: ServedModel) -> None:
    def energy(**changes: Any) -> float:
        return shipped_model.predict([{**HOTEL, **changes}])[0].site_energy_use_kbtu

    assert energy(gross_floor_area_sqft=200_000.0) > energy()
    assert energy(primary_property_type="Hospital") > energy(primary_property_type="Warehouse")
    assert energy(energy_star_score=5) > energy(energy_star_score=95)


def test_the_shipped_files_are_small_and_say_where_they_come_from() -> None:
    manifest = registry.shipped_manifest()
    size = sum(path.stat().st_size for path in (registry.SHIPPED_DIR / "model").iterdir())
    assert size == manifest["size_bytes"] < 10_000_000
    assert manifest["data_fingerprint"]["row_count"] == 3211
    assert manifest["data_fingerprint"]["is_synthetic"] is False
    # The floor of what the README claims.
    floors = {"a": 0.76, "f": 0.78, "b": 0.815, "c": 0.83}
    scores = manifest["metrics"]["scores"]["non_residential"]["energy"]
    for set_up, floor in floors.items():
        assert scores[set_up]["r2_log"] >= floor


def test_a_worker_needs_neither_django_nor_mlflow() -> None:
    code = """
import sys
from pathlib import Path
import json
from mlmodel.prediction import Prediction
from mlmodel.runtime import ServedModel
assert "sklearn" not in sys.modules
manifest = json.loads(Path("mlmodel/shipped/manifest.json").read_text())
model = ServedModel.load(Path("mlmodel/shipped/model"), name="n", version=1,
    file_digests=manifest["file_digests"], signature=manifest["signature"])
facts = {"primary_property_type": "Hotel", "gross_floor_area_sqft": 9e4, "year_built": 1927}
print(model.predict([facts]))
assert not {"django", "mlflow", "sklearn", "scipy", "pandas"} & set(sys.modules)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "site_energy_use_kbtu" in answer.stdout


def test_every_valid_input_gets_a_finite_energy(shipped_model: ServedModel) -> None:
    from mlmodel.features import FEATURES

    generator = np.random.default_rng(1)
    rows = []
    for _ in range(2000):
        row: dict[str, Any] = {}
        for feature in FEATURES:
            if not feature.is_required and generator.random() < 0.4:
                continue
            if feature.kind == "category":
                row[feature.name] = feature.choices[generator.integers(len(feature.choices))]
            elif feature.kind == "boolean":
                row[feature.name] = bool(generator.random() < 0.5)
            else:
                value = generator.uniform(feature.minimum or 0.0, feature.maximum or 1.0)
                row[feature.name] = int(value) if feature.kind == "integer" else float(value)
        row["parking_gfa_sqft"] = min(
            row.get("parking_gfa_sqft", 0.0), row["gross_floor_area_sqft"]
        )
        rows.append(row)
    for row, answer in zip(rows, shipped_model.predict(rows), strict=True):
        fuels = fuels_of(answer)
        assert answer.site_energy_use_kbtu == fuels[0] + fuels[1] + fuels[2]
        assert np.isfinite(answer.site_energy_use_kbtu)
        assert answer.site_energy_use_kbtu > 0
        assert min(fuels) >= 0
        for fuel, name in zip(fuels[1:], ("has_natural_gas", "has_steam"), strict=True):
            assert fuel == 0 or row.get(name) is not False
        wide, narrow = answer.energy_90, answer.energy_80
        assert 0 < wide.low <= narrow.low <= answer.site_energy_use_kbtu
        assert answer.site_energy_use_kbtu <= narrow.high <= wide.high < np.inf
        assert 0 <= answer.support <= 1
        if row.get("has_natural_gas") is False and row.get("has_steam") is False:
            # One fuel: emissions are exactly as uncertain as energy.
            ratio = answer.emissions_ratio_80.high
            assert ratio == pytest.approx(narrow.high / answer.site_energy_use_kbtu)
