"""The one list of inputs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.features import (
    FEATURE_NAMES,
    FEATURES,
    PRIMARY_PROPERTY_TYPES,
    Feature,
    building_area,
    encode,
    feature_conflicts,
)


def test_an_unknown_category_is_a_defect_here() -> None:
    with pytest.raises(KeyError):
        encode([{"primary_property_type": "Castle"}])


@pytest.mark.parametrize(
    "feature", [f for f in FEATURES if f.kind == "category"], ids=lambda f: f.name
)
@pytest.mark.parametrize("value", ["", "castle", float("nan"), 0, True])
def test_a_category_is_one_of_its_choices_exactly(feature: Feature, value: Any) -> None:
    with pytest.raises(KeyError):
        encode([{}, {feature.name: value}])


def test_no_rows_are_no_rows() -> None:
    assert encode([]).shape == (0, len(FEATURES))


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


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                feature.name: st.none()
                | (
                    st.sampled_from(feature.choices)
                    if feature.kind == "category"
                    else st.booleans()
                    if feature.kind == "boolean"
                    else st.integers(-(2**53), 2**53) | st.floats()
                )
                for feature in FEATURES
            },
        ),
        max_size=4,
    )
)
def test_each_value_is_encoded_by_itself(rows: list[dict[str, Any]]) -> None:
    """As written down in the docstring, value by value."""
    encoded = encode(rows)
    assert encoded.dtype == np.float64
    assert encoded.flags.c_contiguous
    for row, values in zip(rows, encoded.tolist(), strict=True):
        for feature, value in zip(FEATURES, values, strict=True):
            given_value = row.get(feature.name)
            if given_value is None:
                assert np.isnan(value)
            elif feature.kind == "category":
                assert feature.choices[int(value)] == given_value
            else:
                assert value == float(given_value) or (np.isnan(value) and np.isnan(given_value))


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


@pytest.mark.parametrize("gas", [True, False, None])
@pytest.mark.parametrize("steam", [True, False, None])
@pytest.mark.parametrize("electricity", [True, False, None])
def test_a_building_that_uses_energy_has_a_fuel(
    electricity: bool | None, gas: bool | None, steam: bool | None
) -> None:
    row = {"has_electricity": electricity, "has_natural_gas": gas, "has_steam": steam}
    conflicts = feature_conflicts(row)
    if electricity is gas is steam is False:
        (message,) = conflicts.values()
        assert list(conflicts) == ["has_electricity"]
        assert "true or left out" in str(message)
    else:
        assert conflicts == {}
