"""The one list of inputs."""

import numpy as np
import pytest

from mlmodel.features import (
    FEATURE_NAMES,
    FEATURES,
    PRIMARY_PROPERTY_TYPES,
    Feature,
    building_area,
    encode,
)


def test_an_unknown_category_is_a_defect_here() -> None:
    with pytest.raises(KeyError):
        encode([{"primary_property_type": "Castle"}])


def test_what_is_missing_is_nan_and_never_zero() -> None:
    assert np.isnan(encode([{}, dict.fromkeys(FEATURE_NAMES)])).all()


def test_values_keep_their_place() -> None:
    row = {feature.name: feature.example for feature in FEATURES}
    encoded = encode([row])
    assert encoded.shape == (1, len(FEATURES))
    at = dict(zip(FEATURE_NAMES, encoded[0], strict=True))
    assert at["primary_property_type"] == PRIMARY_PROPERTY_TYPES.index("Hotel")
    assert at["gross_floor_area_sqft"] == 88434
    assert at["has_steam"] == 1.0
    assert at["longitude"] == -122.34


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_each_feature_says_what_it_is(feature: Feature) -> None:
    assert feature.help.endswith(".")
    assert feature.label
    assert feature.is_required == (feature.absent is None)
    if feature.kind == "category":
        assert len(set(feature.choices)) == len(feature.choices) > 1
        assert feature.bounds == ""
    if feature.kind in ("number", "integer"):
        assert feature.minimum is not None
        assert feature.maximum is not None
        assert feature.minimum < feature.maximum
        assert feature.unit
    if feature.kind == "boolean":
        assert feature.choices == ()


def test_bounds_are_for_people() -> None:
    bounds = {feature.name: feature.bounds for feature in FEATURES}
    assert bounds["gross_floor_area_sqft"] == "1,000 to 15,000,000 ft²"
    assert bounds["year_built"] == "1850 to 2050"


@pytest.mark.parametrize(
    ("parking", "area"), [(None, 1000.0), (0.0, 1000.0), (300.0, 700.0), (1000.0, 100.0)]
)
def test_parking_is_no_building_area(parking: float | None, area: float) -> None:
    row = {"gross_floor_area_sqft": 1000.0, "parking_gfa_sqft": parking}
    assert building_area(encode([row])).tolist() == [area]
