"""What the design says of a building before any tree: its prior, its era, its score."""

from typing import Any

import numpy as np
import pytest

from mlmodel.design import Design
from mlmodel.features import encode
from tests.mlmodel.rows import made_up

HOTEL: dict[str, Any] = {
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 60_000.0,
    "year_built": 1985,
}


def prior_of(design: Design, **changes: Any) -> float:
    """Log kBtu of a hotel with these facts."""
    return float(design.columns(encode([HOTEL | changes]))[1][0])


def fitted(saving: float = 0.0, count: int = 400, **changes: Any) -> Design:
    """Of made-up buildings with these facts, of which those built since 2013 save this share."""
    data = made_up(count)
    years = np.array([row["year_built"] for row in data.rows])
    energy = data.site_energy_use_kbtu * np.where(years >= 2013, 1.0 - saving, 1.0)
    return Design.fit(encode([{**row, **changes} for row in data.rows]), np.log(energy))


def test_what_new_buildings_save_is_told_of_newer_ones_too() -> None:
    plain, thrifty = fitted(), fitted(saving=0.4)
    for year in (2013, 2015, 2030):
        less = prior_of(thrifty, year_built=year) - prior_of(plain, year_built=year)
        # Shrunk, for they are few: a part of log 0.6, the larger.
        assert 0.25 * np.log(0.6) > less > np.log(0.6)
    older = prior_of(thrifty, year_built=2012) - prior_of(plain, year_built=2012)
    assert older == pytest.approx(0.0, abs=0.05)


def test_an_era_without_buildings_has_no_effect() -> None:
    design = fitted(year_built=1985)
    assert prior_of(design, year_built=2020) == prior_of(design, year_built=1900)


def test_a_better_score_is_less_energy_and_none_is_neither() -> None:
    design = fitted()
    worst, middle, best = (prior_of(design, energy_star_score=score) for score in (1, 50, 100))
    assert worst > middle > best
    assert worst - best > 0.3
    assert best < prior_of(design) < worst


@pytest.mark.parametrize("score", [None, 75])
def test_a_score_that_tells_nothing_apart_has_no_effect(score: int | None) -> None:
    design = fitted(energy_star_score=score)
    assert prior_of(design, energy_star_score=1) == prior_of(design)
    assert prior_of(design, energy_star_score=99) == prior_of(design)
