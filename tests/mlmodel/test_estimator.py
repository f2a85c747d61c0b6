"""Fuels, intervals and support: what must hold whatever the trees say."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mlmodel.design import COLUMNS, Design
from mlmodel.estimator import (
    EXPERTS,
    KNOWLEDGE,
    REFERENCE_FACTORS,
    Estimator,
    experts_of,
    fuels_of,
)
from mlmodel.features import FEATURE_NAMES, encode
from mlmodel.pipeline import SET_UPS, _quantiles, masked
from mlmodel.support import Support
from mlmodel.training import train
from tests.mlmodel.rows import FEW_TREES, made_up

GAS, STEAM, ELECTRICITY = (
    FEATURE_NAMES.index(f"has_{fuel}") for fuel in ("natural_gas", "steam", "electricity")
)
SCORE = FEATURE_NAMES.index("energy_star_score")
known = st.sampled_from([0.0, 1.0, np.nan])


@given(
    raw=arrays(np.float64, (1, 5), elements=st.floats(-8, 8)),
    electricity=known,
    gas=known,
    steam=known,
)
def test_no_trees_can_make_an_impossible_pair(
    raw: Any, electricity: float, gas: float, steam: float
) -> None:
    encoded = np.full((1, len(FEATURE_NAMES)), np.nan)
    encoded[0, [ELECTRICITY, GAS, STEAM]] = electricity, gas, steam
    (fuels,) = fuels_of(encoded, np.array([15.0]), raw)
    assert (fuels >= 0).all()
    energy = fuels.sum()
    assert energy == pytest.approx(np.exp(15.0 + raw[0, 0]))
    assert fuels[1] == 0 or gas != 0
    assert fuels[2] == 0 or steam != 0
    if electricity == 0 and not gas == steam == 0:
        assert fuels[0] == 0
    intensity = fuels @ REFERENCE_FACTORS / energy
    assert REFERENCE_FACTORS[0] * (1 - 1e-12) <= intensity <= REFERENCE_FACTORS[2] * (1 + 1e-12)
    if gas == steam == 0:
        assert fuels[0] == energy


@pytest.fixture(scope="module")
def estimator(train_once: Callable[..., Any]) -> Estimator:
    fitted: Estimator = train_once(made_up(300), max_iter=60).named_steps["energy"].to_estimator()
    return fitted


def test_arrays_make_the_same_estimator(estimator: Estimator) -> None:
    encoded = encode(made_up(seed=5).rows)
    again = Estimator.from_arrays(estimator.to_arrays())
    before, after = estimator.estimate(encoded), again.estimate(encoded)
    assert np.array_equal(before.fuels_kbtu, after.fuels_kbtu)
    assert np.array_equal(before.support, after.support)
    for coverage, interval in before.energy_intervals.items():
        assert np.array_equal(interval, after.energy_intervals[coverage])


def test_arrays_that_lack_something_are_refused(estimator: Estimator) -> None:
    for name in ("quantiles.energy", "design.effects", "support.means"):
        arrays_of = estimator.to_arrays()
        del arrays_of[name]
        with pytest.raises(KeyError):
            Estimator.from_arrays(arrays_of)


def test_arrays_of_another_design_are_refused(estimator: Estimator) -> None:
    arrays_of = estimator.to_arrays()
    for name in ("quantiles.energy", "quantiles.emissions"):
        with pytest.raises(ValueError, match=name.removeprefix("quantiles.")):
            Estimator.from_arrays({**arrays_of, name: arrays_of[name][:-1]})
    counts = arrays_of["trees_3.cut_counts"]
    wider = {**arrays_of, "trees_3.cut_counts": np.append(counts, np.int32(0))}
    with pytest.raises(ValueError, match="trees"):
        Estimator.from_arrays({k: v for k, v in arrays_of.items() if not k.startswith("trees_3.")})
    with pytest.raises(ValueError, match=f"answer 5 numbers from {len(COLUMNS) + 1} columns"):
        Estimator.from_arrays(wider)


def test_each_row_is_answered_by_its_expert(estimator: Estimator) -> None:
    """A building's answer does not depend on which others are asked about with it."""
    encoded = encode(made_up(seed=5).rows)
    encoded[: len(encoded) // 2, SCORE] = np.nan
    experts = experts_of(encoded)
    assert set(experts.tolist()) == set(range(EXPERTS))
    together = estimator.estimate(encoded)
    for row in range(len(encoded)):
        alone = estimator.estimate(encoded[[row]])
        assert np.array_equal(alone.fuels_kbtu[0], together.fuels_kbtu[row])
        for coverage, interval in alone.energy_intervals.items():
            assert np.array_equal(interval[0], together.energy_intervals[coverage][row])
    swapped = replace(estimator, experts=estimator.experts[::-1])
    assert not np.isclose(swapped.estimate(encoded).energy_kbtu, together.energy_kbtu).any()


def test_an_expert_of_few_rows_learns_from_everybody() -> None:
    data = made_up()
    unscored = replace(data, rows=[{**row, "energy_star_score": None} for row in data.rows])
    energy = train(unscored, **FEW_TREES).named_steps["energy"]
    scored = encode(made_up(40, seed=5).rows)
    scored[:, SCORE] = 50.0
    assert np.isfinite(energy.predict(scored)).all()


def test_a_small_group_is_given_more_room_and_an_empty_one_that_of_others() -> None:
    normalised = np.random.default_rng(1).normal(size=4_040)
    groups = np.repeat([0, KNOWLEDGE], [4_000, 40])
    quantiles = _quantiles(normalised, groups)
    widths = quantiles[:, :, 1] - quantiles[:, :, 0]
    inside = (normalised[:4_000, None] >= quantiles[0, :, 0]) & (
        normalised[:4_000, None] <= quantiles[0, :, 1]
    )
    np.testing.assert_allclose(inside.mean(axis=0), [0.8, 0.9], atol=0.003)
    assert np.array_equal(quantiles[2 * KNOWLEDGE], quantiles[-KNOWLEDGE])  # nobody's: all types'
    assert (widths > 0).all()
    assert (widths[:, 1] > widths[:, 0]).all()
    # Of the same values, fewer: as cautious as their number asks for.
    again = _quantiles(np.tile(normalised[:40], 2), np.repeat([0, KNOWLEDGE], 40))
    many = _quantiles(np.tile(normalised[:40], 100), np.repeat([0, KNOWLEDGE], 2_000))
    assert np.ptp(again[0], axis=1).min() > np.ptp(many[0], axis=1).min()


def test_buildings_it_has_not_seen_are_covered(estimator: Estimator) -> None:
    new = made_up(400, seed=77)
    encoded = encode(new.rows)
    for hidden in SET_UPS.values():
        estimates = estimator.estimate(masked(encoded, hidden))
        for coverage in (80, 90):
            low, high = estimates.energy_intervals[coverage].T
            inside = (new.site_energy_use_kbtu >= low) & (new.site_energy_use_kbtu <= high)
            assert inside.mean() > coverage / 100 - 0.1
        wide, narrow = estimates.energy_intervals[90], estimates.energy_intervals[80]
        assert (wide[:, 0] <= narrow[:, 0]).all()
        assert (narrow[:, 1] <= wide[:, 1]).all()


def test_one_fuel_makes_emissions_as_uncertain_as_energy(estimator: Estimator) -> None:
    encoded = encode(made_up(seed=5).rows)
    encoded[:, [GAS, STEAM]] = 0.0
    estimates = estimator.estimate(encoded)
    for coverage, ratios in estimates.emissions_ratios.items():
        energy = estimates.energy_intervals[coverage] / estimates.energy_kbtu[:, None]
        np.testing.assert_allclose(ratios, energy)


def test_a_use_without_an_area_is_named_all_the_same() -> None:
    data = made_up(300)
    design = Design.fit(encode(data.rows), np.log(data.site_energy_use_kbtu))
    hotel: dict[str, Any] = {
        "primary_property_type": "Hotel",
        "gross_floor_area_sqft": 60_000.0,
        "year_built": 1960,
        "largest_property_use_type": "Hotel",
    }
    pool = {**hotel, "second_largest_property_use_type": "Swimming Pool"}
    columns = dict(zip(COLUMNS, design.columns(encode([hotel, pool]))[0].T.tolist(), strict=True))
    assert columns["uses_assembly"] == [0.0, 1.0]
    assert columns["uses_lodging"] == [1.0, 1.0]
    assert columns["share_assembly"] == [0.0, 0.0]


def support_of(**changes: Any) -> tuple[float, list[str]]:
    data = made_up(300)
    encoded = encode(data.rows)
    design = Design.fit(encoded, np.log(data.site_energy_use_kbtu))
    support = Support.fit(encoded, design.columns(encoded)[0])
    row = {
        "primary_property_type": "Hotel",
        "gross_floor_area_sqft": 60_000.0,
        "year_built": 1960,
        **changes,
    }
    one = encode([row])
    unusual = support.standardised(one, design.columns(one)[0])
    (said,) = support.cautions(one, unusual)
    return float(support.scores(unusual)[0]), [caution.feature for caution in said]


def test_an_ordinary_building_is_supported_whatever_is_unknown() -> None:
    score, cautions = support_of()
    assert score > 0.2
    assert cautions == []


def test_what_is_far_from_the_training_buildings_is_said() -> None:
    score, cautions = support_of(gross_floor_area_sqft=14_000_000.0)
    assert score < 0.02
    assert "gross_floor_area_sqft" in cautions
