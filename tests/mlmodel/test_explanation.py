"""Contributions: they add up, whatever the model, and no row that is shown contradicts itself."""

import zlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.explanation import EXACT_UP_TO, Contributions, contributions
from mlmodel.features import FEATURES, FeatureRow, feature_conflicts

REFERENCE: FeatureRow = {
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 50_000.0,
    "year_built": 1970,
}


def crooked(rows: Sequence[FeatureRow]) -> list[float]:
    """A model with interactions, and not smooth: what each value is worth depends on the others."""
    return [zlib.crc32(repr(sorted(row.items())).encode()) / 7 for row in rows]


def value_of(feature: Any) -> st.SearchStrategy[Any]:
    match feature.kind:
        case "category":
            value: st.SearchStrategy[Any] = st.sampled_from(feature.choices)
        case "boolean":
            value = st.booleans()
        case "integer":
            value = st.integers(int(feature.minimum), int(feature.maximum))
        case _:
            value = st.floats(feature.minimum, feature.maximum)
    return value if feature.is_required else st.none() | value


def without_conflicts(row: dict[str, Any]) -> FeatureRow:
    """What contradicts the rest is unknown instead."""
    while conflicts := feature_conflicts(row):
        place = {"latitude", "longitude"} if conflicts.keys() & {"latitude", "longitude"} else set()
        row = {**row, **dict.fromkeys(conflicts.keys() | place)}
    return row


ROWS = st.fixed_dictionaries({feature.name: value_of(feature) for feature in FEATURES}).map(
    without_conflicts
)


def total(found: Contributions) -> float:
    return found.reference_kbtu + sum(one.contribution_kbtu for one in found.contributions)


def by_feature(found: Contributions) -> dict[str, float]:
    return {one.feature: one.contribution_kbtu for one in found.contributions}


def test_fewer_than_two_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="two are the fewest"):
        contributions(REFERENCE, REFERENCE, crooked, orders=1)


def test_the_reference_itself_has_nothing_to_explain() -> None:
    found = contributions(dict(REFERENCE, number_of_floors=None), REFERENCE, crooked)
    assert found.contributions == ()
    assert found.prediction_kbtu == found.reference_kbtu


@settings(deadline=None, max_examples=60)
@given(ROWS, ROWS)
def test_contributions_add_up_and_no_row_contradicts_itself(
    row: FeatureRow, reference: FeatureRow
) -> None:
    seen: list[FeatureRow] = []

    def energies(rows: Sequence[FeatureRow]) -> list[float]:
        seen.extend(rows)
        return crooked(rows)

    found = contributions(row, reference, energies, orders=8)
    assert total(found) == pytest.approx(found.prediction_kbtu, rel=1e-12)
    assert (found.reference_kbtu, found.prediction_kbtu) == tuple(
        crooked([full(reference), full(row)])
    )
    assert [feature_conflicts(one) for one in seen if feature_conflicts(one)] == []
    named = [
        name
        for one in found.contributions
        for name in (one.feature, *(other.feature for other in one.together_with))
    ]
    assert sorted(named) == sorted(name for name in row if row[name] != reference[name])


def full(row: FeatureRow) -> FeatureRow:
    return {feature.name: row.get(feature.name) for feature in FEATURES}


def test_of_a_sum_each_feature_gets_its_own_part() -> None:
    def energies(rows: Sequence[FeatureRow]) -> list[float]:
        return [
            2.0 * float(row["gross_floor_area_sqft"] or 0)
            + 1000.0 * float(row["number_of_floors"] or 0)
            for row in rows
        ]

    row = {**REFERENCE, "gross_floor_area_sqft": 80_000.0, "number_of_floors": 7}
    found = contributions(row, REFERENCE, energies)
    assert by_feature(found) == pytest.approx(
        {"gross_floor_area_sqft": 60_000.0, "number_of_floors": 7_000.0}
    )
    assert found.orders == 0
    assert found.contributions[0].feature == "gross_floor_area_sqft"
    assert (found.contributions[0].value, found.contributions[0].reference_value) == (
        80_000.0,
        50_000.0,
    )


def test_an_interaction_is_shared_evenly() -> None:
    def energies(rows: Sequence[FeatureRow]) -> list[float]:
        return [600.0 * bool(row["has_steam"] and row["has_natural_gas"]) for row in rows]

    row = {**REFERENCE, "has_steam": True, "has_natural_gas": True}
    assert by_feature(contributions(row, REFERENCE, energies)) == pytest.approx(
        {"has_steam": 300.0, "has_natural_gas": 300.0}
    )


def test_many_features_are_sampled_alike_each_time_and_near_the_exact_values() -> None:
    row = {feature.name: feature.example for feature in FEATURES} | {
        "largest_property_use_type": "Hotel",
        "largest_property_use_type_gfa_sqft": 70_000.0,
        "second_largest_property_use_type": "Restaurant",
    }

    def energies(rows: Sequence[FeatureRow]) -> list[float]:
        return [
            float(row["gross_floor_area_sqft"] or 0)
            * (80 + 10 * bool(row["has_steam"]))
            * (1 + (2020 - int(row["year_built"] or 0)) / 1000)
            for row in rows
        ]

    found = contributions(row, REFERENCE, energies)
    assert found.orders == 64
    assert found == contributions(row, REFERENCE, energies)
    assert found != contributions(row, REFERENCE, energies, seed=7)
    few = {name: row[name] for name in ("gross_floor_area_sqft", "year_built", "has_steam")}
    exact = by_feature(contributions({**REFERENCE, **few}, REFERENCE, energies))
    sampled = by_feature(found)
    for name, share in exact.items():
        assert sampled[name] == pytest.approx(share, rel=0.1)
    assert len(found.contributions) > EXACT_UP_TO
    assert sampled["neighborhood"] == 0


def test_what_only_makes_sense_together_is_switched_together() -> None:
    row = {
        **REFERENCE,
        "latitude": 47.61,
        "longitude": -122.34,
        "largest_property_use_type": "Hotel",
        "largest_property_use_type_gfa_sqft": 40_000.0,
        "second_largest_property_use_type": "Parking",
        "gross_floor_area_sqft": 90_000.0,
        "parking_gfa_sqft": 60_000.0,
    }
    found = contributions(row, REFERENCE, crooked)
    groups = {
        frozenset([one.feature, *(other.feature for other in one.together_with)])
        for one in found.contributions
    }
    assert groups == {
        frozenset({"latitude", "longitude"}),
        frozenset(
            {
                "largest_property_use_type",
                "largest_property_use_type_gfa_sqft",
                "second_largest_property_use_type",
            }
        ),
        # 60,000 ft² of parking do not fit into the reference's 50,000 ft².
        frozenset({"gross_floor_area_sqft", "parking_gfa_sqft"}),
    }
