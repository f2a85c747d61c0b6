"""How much a building looks like those that the model learnt from. NumPy only."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from mlmodel.design import COLUMN_OF, COLUMNS
from mlmodel.features import PRIMARY_PROPERTY_TYPES
from mlmodel.prediction import Caution

Array = NDArray[np.float64]

#: Columns that are compared, and the feature that a caution names.
_TRAITS: Final[Mapping[str, str]] = {
    "log_gross_floor_area": "gross_floor_area_sqft",
    "year_built": "year_built",
    "log_area_per_floor": "number_of_floors",
    "log_uses_of_gross": "largest_property_use_type_gfa_sqft",
    "parking_share": "parking_gfa_sqft",
}
_WORDS: Final[Mapping[str, str]] = {
    "log_gross_floor_area": "floor area",
    "year_built": "year built",
    "log_area_per_floor": "floor area per floor",
    "log_uses_of_gross": "floor area of its uses against the whole",
    "parking_share": "share of parking",
}
_COLUMNS: Final = [COLUMNS.index(name) for name in _TRAITS]
_TYPE: Final = COLUMN_OF["primary_property_type"]
_FLOORS: Final = COLUMN_OF["number_of_floors"]
_LARGEST_AREA: Final = COLUMN_OF["largest_property_use_type_gfa_sqft"]
_SHRINKAGE: Final = 10.0
#: Standard deviations from the mean of its type beyond which a trait is said to be unusual.
_UNUSUAL: Final = 3.0


@dataclass(frozen=True, slots=True)
class Support:
    """Means and standard deviations of traits by property type, (types, traits), shrunk towards
    those of all types; and quantiles of the training buildings' distances, (1001,)."""

    means: Array
    deviations: Array
    distances: Array

    @classmethod
    def fit(cls, encoded: Array, columns: Array) -> Self:
        """From training rows: encoded, (rows, features), and their columns, (rows, COLUMNS)."""
        traits, types = _traits(encoded, columns), encoded[:, _TYPE].astype(np.intp)
        mean, deviation = _moments(traits)
        size = len(PRIMARY_PROPERTY_TYPES)
        means, deviations = np.tile(mean, (size, 1)), np.tile(deviation, (size, 1))
        for kind in np.unique(types):
            own = traits[types == kind]
            known = ~np.isnan(own)
            count = known.sum(axis=0) + _SHRINKAGE
            means[kind] = (np.nansum(own, axis=0) + _SHRINKAGE * mean) / count
            squares = np.nansum((own - means[kind]) ** 2, axis=0)
            deviations[kind] = np.sqrt((squares + _SHRINKAGE * deviation**2) / count)
        fitted = cls(means, deviations, np.zeros(1))
        distance = _distance(fitted.standardised(encoded, columns))
        distances = np.quantile(distance, np.linspace(0, 1, 1001))
        return cls(means, deviations, distances)

    def standardised(self, encoded: Array, columns: Array) -> Array:
        """How many standard deviations each trait is from the mean of its type: (rows, traits), NaN
        where it is not known."""
        types = encoded[:, _TYPE].astype(np.intp)
        unusual: Array = (_traits(encoded, columns) - self.means[types]) / self.deviations[types]
        return unusual

    def scores(self, unusual: Array) -> Array:
        """The share of training buildings that are at least as unusual, from `standardised`:
        (rows,), 0 to 1."""
        place = np.searchsorted(self.distances, _distance(unusual), side="left")
        scores: Array = 1.0 - np.minimum(place / (len(self.distances) - 1), 1.0)
        return scores

    def cautions(self, encoded: Array, unusual: Array) -> list[tuple[Caution, ...]]:
        """What is unusual about each row, in words; mostly nothing."""
        said: list[tuple[Caution, ...]] = [()] * len(unusual)
        for row in np.flatnonzero((np.abs(unusual) > _UNUSUAL).any(axis=1)):
            kind = PRIMARY_PROPERTY_TYPES[int(encoded[row, _TYPE])]
            said[row] = tuple(
                Caution(
                    feature,
                    f"The {_WORDS[trait]} is unusually {'high' if value > 0 else 'low'} for "
                    f"{kind}: {abs(value):.1f} standard deviations from what the model "
                    "learnt from.",
                )
                for (trait, feature), value in zip(_TRAITS.items(), unusual[row], strict=True)
                if abs(value) > _UNUSUAL
            )
        return said

    def usual(self, primary_property_type: str) -> tuple[float, int]:
        """Floor area, ft² to the hundred, and year built that are usual for a property type."""
        means = self.means[PRIMARY_PROPERTY_TYPES.index(primary_property_type)]
        names = list(_TRAITS)
        area = float(np.exp(means[names.index("log_gross_floor_area")]))
        return round(area, -2), round(float(means[names.index("year_built")]))

    def to_arrays(self) -> dict[str, Array]:
        """What `from_arrays` needs."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """The support that wrote `arrays`."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _distance(unusual: Array) -> Array:
    """Mean square of the known traits: (rows,)."""
    squares = unusual**2
    known = ~np.isnan(squares)
    total = np.where(known, squares, 0.0).sum(axis=1)
    distance: Array = total / np.maximum(known.sum(axis=1), 1)
    return distance


def _traits(encoded: Array, columns: Array) -> Array:
    """(rows, traits), NaN where a trait is not known: the trees' columns assume something there."""
    traits: Array = columns[:, _COLUMNS].copy()
    names = list(_TRAITS)
    traits[np.isnan(encoded[:, _FLOORS]), names.index("log_area_per_floor")] = np.nan
    traits[np.isnan(encoded[:, _LARGEST_AREA]), names.index("log_uses_of_gross")] = np.nan
    return traits


def _moments(traits: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of what is known, (traits,); 0 and 1 where nothing is."""
    known = ~np.isnan(traits)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, traits, 0.0).sum(axis=0) / count
    variance = np.where(known, (traits - mean) ** 2, 0.0).sum(axis=0) / count
    return mean, np.where(known.any(axis=0), np.sqrt(variance) + 1e-6, 1.0)
