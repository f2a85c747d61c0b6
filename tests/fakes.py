"""Stand-ins with behaviour of their own; no mock library."""

from collections.abc import Callable, Sequence
from typing import Any

from mlmodel.features import FeatureRow
from mlmodel.prediction import Interval, Prediction
from mlmodel.runtime import ServedModel


def prediction_of(
    *,
    electricity_kbtu: float = 0.0,
    natural_gas_kbtu: float = 0.0,
    steam_kbtu: float = 0.0,
    **changes: Any,
) -> Prediction:
    """An answer with these fuels, whose intervals go from half to double; areas are 1,000 ft²."""
    energy = electricity_kbtu + natural_gas_kbtu + steam_kbtu
    values: dict[str, Any] = {
        "electricity_kbtu": electricity_kbtu,
        "natural_gas_kbtu": natural_gas_kbtu,
        "steam_kbtu": steam_kbtu,
        "site_energy_use_kbtu": energy,
        "site_eui_kbtu_per_sqft": energy / 1000,
        "energy_80": Interval(energy / 2, energy * 2),
        "energy_90": Interval(energy / 4, energy * 4),
        "emissions_ratio_80": Interval(0.5, 2.0),
        "emissions_ratio_90": Interval(0.25, 4.0),
        "support": 0.5,
    }
    return Prediction(**{**values, **changes})


class FakeServedModel(ServedModel):
    """Answers 80 kBtu/ft², remembers what it saw, and can be told to answer or fail otherwise."""

    def __init__(
        self, answer: Callable[[Sequence[FeatureRow]], list[Prediction]] | None = None
    ) -> None:
        self.name = "fake"
        self.version = 1
        self.answer = answer or self.by_area
        self.seen: list[list[FeatureRow]] = []

    @staticmethod
    def by_area(rows: Sequence[FeatureRow]) -> list[Prediction]:
        return [
            prediction_of(
                electricity_kbtu=60.0 * float(row["gross_floor_area_sqft"] or 0),
                natural_gas_kbtu=20.0 * float(row["gross_floor_area_sqft"] or 0),
                site_eui_kbtu_per_sqft=80.0,
            )
            for row in rows
        ]

    def reference(self, primary_property_type: str) -> FeatureRow:
        return {
            "primary_property_type": primary_property_type,
            "gross_floor_area_sqft": 50_000.0,
            "year_built": 1970,
        }

    def predict(self, rows: Sequence[FeatureRow]) -> list[Prediction]:
        self.seen.append(list(rows))
        return self.answer(rows)
