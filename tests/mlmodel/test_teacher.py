"""The teacher: better than the prior, apart for housing, and the trees learn what it knows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlmodel.design import COLUMN_OF, Design, is_residential
from mlmodel.features import encode
from mlmodel.pipeline import SET_UPS, EnergyRegressor, masked
from mlmodel.teacher import Teacher
from tests.mlmodel.rows import made_up


def taught(count: int = 300, **changes: Any) -> tuple[Teacher, Any, Any]:
    """A teacher of made-up buildings, and the rows and targets it was fitted on."""
    data = made_up(count)
    encoded = encode([{**row, **changes} for row in data.rows])
    energy = np.log(data.site_energy_use_kbtu)
    targets = np.column_stack([energy, np.log(data.ghg_emissions_mtco2e * 1e9) - energy])
    design = Design.fit(encoded, energy)
    return Teacher.fit(encoded, targets, design, trees=20, seed=1), encoded, targets


def test_housing_is_known_by_class_else_by_type() -> None:
    rows = [
        {"primary_property_type": "Mid-Rise Multifamily"},
        {"primary_property_type": "Hotel"},
        {"primary_property_type": "Hotel", "building_type": "Multifamily HR (10+)"},
        {"primary_property_type": "Mid-Rise Multifamily", "building_type": "NonResidential"},
    ]
    assert is_residential(encode(rows)).tolist() == [True, False, True, False]


def test_it_knows_more_than_the_prior() -> None:
    teacher, _, _ = taught()
    new = made_up(200, seed=9)
    encoded, log_energy = encode(new.rows), np.log(new.site_energy_use_kbtu)
    answer = teacher.predict(encoded)
    _, prior = teacher.design.columns(encoded)
    missed = np.abs(answer[:, 0] - log_energy).mean()
    assert missed < 0.7 * np.abs(prior - log_energy).mean()


def test_housing_has_a_teacher_of_its_own_if_there_is_enough() -> None:
    other, residential = taught(300)[0].kinds
    assert other is not residential
    other, residential = taught(80)[0].kinds
    assert other is residential


def test_what_no_building_knows_does_no_harm() -> None:
    teacher, encoded, _ = taught(has_steam=None, energy_star_score=None)
    encoded[:, COLUMN_OF["has_steam"]] = 1.0
    assert np.isfinite(teacher.predict(encoded)).all()


def test_an_unknown_intensity_is_not_learnt_from() -> None:
    data = made_up(300)
    encoded = encode(data.rows)
    energy = np.log(data.site_energy_use_kbtu)
    intensity = np.where(np.arange(300) % 2, 3.0, np.nan)
    teacher = Teacher.fit(
        encoded,
        np.column_stack([energy, intensity]),
        Design.fit(encoded, energy),
        trees=5,
        seed=1,
    )
    np.testing.assert_allclose(teacher.predict(encoded)[:, 1], 3.0, atol=0.11)


def test_the_intensity_is_the_mean_of_like_buildings_not_what_most_of_them_have() -> None:
    data = made_up(400)
    encoded = masked(encode(data.rows), SET_UPS["a"])
    energy = np.log(data.site_energy_use_kbtu)
    # Three in ten burn something, and no fact says which.
    burns = np.random.default_rng(3).random(400) < 0.3
    targets = np.column_stack([energy, np.where(burns, 4.0, 2.0)])
    teacher = Teacher.fit(encoded, targets, Design.fit(encoded, energy), trees=20, seed=1)
    new = masked(encode(made_up(200, seed=9).rows), SET_UPS["a"])
    assert teacher.predict(new)[:, 1].mean() == pytest.approx(2.6, abs=0.1)


@pytest.fixture(scope="module")
def served(train_once: Callable[..., Any]) -> EnergyRegressor:
    fitted: EnergyRegressor = train_once(made_up(300), max_iter=60).named_steps["energy"]
    return fitted


@pytest.mark.parametrize("hidden", SET_UPS.values(), ids=SET_UPS)
def test_the_trees_answer_as_their_teacher(
    hidden: tuple[str, ...], served: EnergyRegressor
) -> None:
    data = made_up(300)
    encoded = encode(data.rows)
    energy = np.log(data.site_energy_use_kbtu)
    targets = np.column_stack([energy, np.full(300, 3.0)])
    design = Design.fit(encoded, energy)
    teacher = Teacher.fit(masked(encoded, hidden), targets, design, trees=60, seed=42)
    new = masked(encode(made_up(200, seed=9).rows), hidden)
    apart = np.log(served.predict(new).sum(axis=1)) - teacher.predict(new)[:, 0]
    assert np.abs(apart).mean() < 0.03
