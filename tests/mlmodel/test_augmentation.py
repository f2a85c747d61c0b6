"""Variants: still buildings of their kind, valid, and no two facts from different owners that go
together."""

from typing import Any

import numpy as np
import pytest

from mlmodel.augmentation import lacking, variants
from mlmodel.design import COLUMN_OF
from mlmodel.features import FEATURES, HAS_FUELS, encode
from tests.mlmodel.rows import made_up

GROSS = COLUMN_OF["gross_floor_area_sqft"]
LARGEST = COLUMN_OF["largest_property_use_type_gfa_sqft"]
FIXED = [COLUMN_OF[name] for name in ("primary_property_type", "building_type")]


@pytest.fixture
def encoded() -> Any:
    rows = [
        {**row, "latitude": 47.5 + number / 1000, "longitude": -122.4 + number / 1000}
        for number, row in enumerate(made_up(400).rows)
    ]
    return encode(rows)


def varied(encoded: Any) -> Any:
    return variants(encoded, np.random.default_rng(3))


def test_a_variant_keeps_its_type_and_moves_in_size(encoded: Any) -> None:
    before = encoded.copy()
    out = varied(encoded)
    np.testing.assert_array_equal(encoded, before)
    np.testing.assert_array_equal(out[:, FIXED], encoded[:, FIXED])
    ratio = np.log(out[:, GROSS] / encoded[:, GROSS])
    assert 0.15 < ratio.std() < 0.35
    assert abs(ratio.mean()) < 0.1


def test_uses_keep_their_share_of_the_building(encoded: Any) -> None:
    out = varied(encoded)
    share = out[:, LARGEST] / out[:, GROSS]
    np.testing.assert_allclose(share[~np.isnan(share)], 0.9)
    use = COLUMN_OF["largest_property_use_type"]
    assert (
        np.isnan(out[:, use]) != np.isnan(encoded[:, use])
    ).any()  # some have another building's uses


def test_a_place_is_one_place(encoded: Any) -> None:
    out = varied(encoded)
    place = out[:, [COLUMN_OF["latitude"], COLUMN_OF["longitude"]]]
    np.testing.assert_allclose(place[:, 0] - 47.5, place[:, 1] + 122.4)
    assert (place[:, 0] != encoded[:, COLUMN_OF["latitude"]]).any()


def test_fuels_come_from_one_building_of_the_type(encoded: Any) -> None:
    fuels = [COLUMN_OF[name] for name in HAS_FUELS]
    kinds = {tuple(row) for row in encoded[:, [*FIXED[:1], *fuels]]}
    assert {tuple(row) for row in varied(encoded)[:, [*FIXED[:1], *fuels]]} == kinds


@pytest.mark.parametrize("name", ["year_built", "energy_star_score"])
def test_what_moves_stays_whole_and_in_range(name: str, encoded: Any) -> None:
    feature = next(feature for feature in FEATURES if feature.name == name)
    column = varied(encoded)[:, COLUMN_OF[name]]
    known = column[~np.isnan(column)]
    assert len(known)
    assert (known == np.round(known)).all()
    assert feature.minimum is not None
    assert feature.maximum is not None
    assert feature.minimum <= known.min() <= known.max() <= feature.maximum


def test_only_what_is_optional_lacks(encoded: Any) -> None:
    out = lacking(encoded, np.random.default_rng(3))
    hidden = {
        feature.name
        for feature in FEATURES
        if (np.isnan(out) & ~np.isnan(encoded))[:, COLUMN_OF[feature.name]].any()
    }
    assert {"latitude", "longitude", "largest_property_use_type"} <= hidden
    optional = {feature.name for feature in FEATURES if not feature.is_required}
    assert hidden <= optional - {*HAS_FUELS, "energy_star_score"}  # those are hidden by view
    kept = ~np.isnan(out)
    np.testing.assert_array_equal(out[kept], encoded[kept])
