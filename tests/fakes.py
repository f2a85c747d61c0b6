"""Stand-ins with behaviour of their own; no mock library."""

from collections.abc import Callable, Sequence

from mlmodel.features import FeatureRow
from mlmodel.runtime import Prediction, ServedModel


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
        return [Prediction(80.0 * float(row["gross_floor_area_sqft"] or 0), 80.0) for row in rows]

    def predict(self, rows: Sequence[FeatureRow]) -> list[Prediction]:
        self.seen.append(list(rows))
        return self.answer(rows)
