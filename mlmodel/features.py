"""FEATURES: the one list of what the model is told about a building.

The serializer, the OpenAPI schema, the MLflow signature, the array the estimator sees, the docs
table and the
test factories are all made from it. No Django, no pandas: a notebook or a worker elsewhere can
import it alone.

Vocabulary and units follow the City of Seattle's Building Energy Benchmarking data dictionary and
ENERGY STAR
Portfolio Manager: floor areas in ft² (GFA = gross floor area), years as published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlmodel.messages import Message

FeatureKind: TypeAlias = Literal["number", "integer", "category", "boolean"]
FeatureValue: TypeAlias = float | int | str | bool | None
#: One building as the model is told of it: feature name -> value; an absent name means the same
#: as None.
FeatureRow: TypeAlias = Mapping[str, FeatureValue]


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of the model.

    `minimum` and `maximum` are inclusive. `absent` says in words how the model treats a missing
    value
    (None for a required feature); no missing value is ever replaced by 0.
    """

    name: str
    kind: FeatureKind
    label: str
    help: str
    example: FeatureValue
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    absent: str | None = None

    @property
    def is_required(self) -> bool:
        return self.absent is None

    @property
    def bounds(self) -> str:
        """The inclusive bounds with their unit, for people; empty without bounds."""
        if self.minimum is None or self.maximum is None:
            return ""
        return f"{self.written(self.minimum)} to {self.written(self.maximum)}{self.unit_suffix}"

    @property
    def unit_suffix(self) -> str:
        """What follows a value: a space and the unit; nothing after a year."""
        return f" {self.unit}" if self.unit and self.unit != "year" else ""

    def written(self, value: float | None) -> str:
        """A value of this feature for people: thousands grouped by commas, but not of a year."""
        form = "{:.0f}" if self.unit == "year" else "{:,.15g}"
        return "" if value is None else form.format(value)


BUILDING_TYPES: Final = (
    "Campus",
    "Multifamily HR (10+)",
    "Multifamily LR (1-4)",
    "Multifamily MR (5-9)",
    "NonResidential",
    "Nonresidential COS",
    "Nonresidential WA",
    "SPS-District K-12",
)

PRIMARY_PROPERTY_TYPES: Final = (
    "Distribution Center",
    "High-Rise Multifamily",
    "Hospital",
    "Hotel",
    "K-12 School",
    "Laboratory",
    "Large Office",
    "Low-Rise Multifamily",
    "Medical Office",
    "Mid-Rise Multifamily",
    "Mixed Use Property",
    "Other",
    "Refrigerated Warehouse",
    "Residence Hall",
    "Restaurant",
    "Retail Store",
    "Self-Storage Facility",
    "Senior Care Community",
    "Small- and Mid-Sized Office",
    "Supermarket / Grocery Store",
    "University",
    "Warehouse",
    "Worship Facility",
)

PROPERTY_USE_TYPES: Final = (
    "Adult Education",
    "Automobile Dealership",
    "Bank Branch",
    "Bar/Nightclub",
    "College/University",
    "Convenience Store without Gas Station",
    "Convention Center",
    "Courthouse",
    "Data Center",
    "Distribution Center",
    "Enclosed Mall",
    "Energy/Power Station",
    "Fast Food Restaurant",
    "Financial Office",
    "Fire Station",
    "Fitness Center/Health Club/Gym",
    "Food Sales",
    "Food Service",
    "Hospital (General Medical & Surgical)",
    "Hotel",
    "K-12 School",
    "Laboratory",
    "Library",
    "Lifestyle Center",
    "Mailing Center/Post Office",
    "Manufacturing/Industrial Plant",
    "Medical Office",
    "Movie Theater",
    "Multifamily Housing",
    "Museum",
    "Non-Refrigerated Warehouse",
    "Office",
    "Other",
    "Other - Education",
    "Other - Entertainment/Public Assembly",
    "Other - Lodging/Residential",
    "Other - Mall",
    "Other - Public Services",
    "Other - Recreation",
    "Other - Restaurant/Bar",
    "Other - Services",
    "Other - Technology/Science",
    "Other - Utility",
    "Other/Specialty Hospital",
    "Outpatient Rehabilitation/Physical Therapy",
    "Parking",
    "Performing Arts",
    "Personal Services (Health/Beauty, Dry Cleaning, etc)",
    "Police Station",
    "Pre-school/Daycare",
    "Prison/Incarceration",
    "Refrigerated Warehouse",
    "Repair Services (Vehicle, Shoe, Locksmith, etc)",
    "Residence Hall/Dormitory",
    "Residential Care Facility",
    "Restaurant",
    "Retail Store",
    "Self-Storage Facility",
    "Senior Care Community",
    "Social/Meeting Hall",
    "Stadium (Open)",
    "Strip Mall",
    "Supermarket/Grocery Store",
    "Swimming Pool",
    "Transportation Terminal/Station",
    "Urgent Care/Clinic/Other Outpatient",
    "Vocational School",
    "Wholesale Club/Supercenter",
    "Worship Facility",
)

NEIGHBORHOODS: Final = (
    "BALLARD",
    "CENTRAL",
    "DELRIDGE",
    "DOWNTOWN",
    "EAST",
    "GREATER DUWAMISH",
    "LAKE UNION",
    "MAGNOLIA / QUEEN ANNE",
    "NORTH",
    "NORTHEAST",
    "NORTHWEST",
    "SOUTHEAST",
    "SOUTHWEST",
)

#: The uses of a property that have a type and an area each, the largest first.
USE_RANKS: Final = ("largest", "second_largest", "third_largest")
#: Whether a building is connected to each fuel, in the order of every array of fuels.
HAS_FUELS: Final = ("has_electricity", "has_natural_gas", "has_steam")

_AREA_MAX: Final = 15_000_000.0
_UNKNOWN_TO_MODEL: Final = (
    "treated as unknown: the model averages over what is usual for such buildings"
)
_UNKNOWN_FUEL: Final = "treated as unknown, not as absent"


def _use_type(rank: str) -> Feature:
    words = rank.replace("_", " ")
    return Feature(
        name=f"{rank}_property_use_type",
        kind="category",
        label=f"{words} use type".capitalize(),
        help=f"The {words} use by floor area (Portfolio Manager use type).",
        example=None,
        choices=PROPERTY_USE_TYPES,
        absent="derived from the primary property type"
        if rank == "largest"
        else "treated as: no such use",
    )


def _use_area(rank: str) -> Feature:
    words = rank.replace("_", " ")
    return Feature(
        name=f"{rank}_property_use_type_gfa_sqft",
        kind="number",
        label=f"{words} use floor area".capitalize(),
        help=f"Gross floor area of the {words} use.",
        example=None,
        unit="ft²",
        minimum=0,
        maximum=_AREA_MAX,
        absent=_UNKNOWN_TO_MODEL,
    )


def _has_fuel(fuel: str, words: str) -> Feature:
    return Feature(
        name=f"has_{fuel}",
        kind="boolean",
        label=f"Has {words}",
        help=f"Whether the building is connected to {words}.",
        example=True,
        absent=_UNKNOWN_FUEL,
    )


FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        name="primary_property_type",
        kind="category",
        label="Primary property type",
        help="The property's main use, in the city's grouping.",
        example="Hotel",
        choices=PRIMARY_PROPERTY_TYPES,
    ),
    Feature(
        name="gross_floor_area_sqft",
        kind="number",
        label="Gross floor area",
        help="Total gross floor area of building and parking (PropertyGFATotal).",
        example=88434,
        unit="ft²",
        minimum=1_000,
        maximum=_AREA_MAX,
    ),
    Feature(
        name="year_built",
        kind="integer",
        label="Year built",
        help="Year of construction or of complete renovation.",
        example=1927,
        unit="year",
        minimum=1850,
        maximum=2050,
    ),
    Feature(
        name="building_type",
        kind="category",
        label="Building type",
        help="The city's class of building (COS = City of Seattle, SPS = Seattle Public Schools).",
        example="NonResidential",
        choices=BUILDING_TYPES,
        absent="derived from the primary property type",
    ),
    Feature(
        name="number_of_floors",
        kind="integer",
        label="Number of floors",
        help="Floors above ground.",
        example=12,
        unit="floors",
        minimum=1,
        maximum=98,
        absent=_UNKNOWN_TO_MODEL,
    ),
    Feature(
        name="number_of_buildings",
        kind="integer",
        label="Number of buildings",
        help="Buildings on the property, when it is reported as one.",
        example=1,
        unit="buildings",
        minimum=1,
        maximum=200,
        absent="treated as one building",
    ),
    Feature(
        name="parking_gfa_sqft",
        kind="number",
        label="Parking floor area",
        help="The part of the gross floor area that is parking.",
        example=0,
        unit="ft²",
        minimum=0,
        maximum=_AREA_MAX,
        absent=_UNKNOWN_TO_MODEL,
    ),
    _use_type("largest"),
    _use_area("largest"),
    _use_type("second_largest"),
    _use_area("second_largest"),
    _use_type("third_largest"),
    _use_area("third_largest"),
    Feature(
        name="neighborhood",
        kind="category",
        label="Neighborhood",
        help="The city's neighborhood district.",
        example="DOWNTOWN",
        choices=NEIGHBORHOODS,
        absent=_UNKNOWN_TO_MODEL,
    ),
    Feature(
        name="latitude",
        kind="number",
        label="Latitude",
        help="WGS 84, within the city.",
        example=47.61,
        unit="°",
        minimum=47.4,
        maximum=47.8,
        absent=_UNKNOWN_TO_MODEL,
    ),
    Feature(
        name="longitude",
        kind="number",
        label="Longitude",
        help="WGS 84, within the city.",
        example=-122.34,
        unit="°",
        minimum=-122.5,
        maximum=-122.1,
        absent=_UNKNOWN_TO_MODEL,
    ),
    _has_fuel("electricity", "electricity"),
    _has_fuel("natural_gas", "natural gas"),
    _has_fuel("steam", "district steam"),
    Feature(
        name="energy_star_score",
        kind="integer",
        label="ENERGY STAR score",
        help="1 to 100, if the building has one; it is computed from metered energy.",
        example=60,
        unit="points",
        minimum=1,
        maximum=100,
        absent="treated as unknown, never as 0",
    ),
)

FEATURE_NAMES: Final[tuple[str, ...]] = tuple(feature.name for feature in FEATURES)
FEATURES_BY_NAME: Final[Mapping[str, Feature]] = {feature.name: feature for feature in FEATURES}

#: Of each category its column and the code of every value it may have.
_CODES: Final[Sequence[tuple[int, Mapping[FeatureValue, float]]]] = [
    (column, {None: np.nan, **{choice: float(code) for code, choice in enumerate(feature.choices)}})
    for column, feature in enumerate(FEATURES)
    if feature.kind == "category"
]


def encode(rows: Sequence[FeatureRow]) -> NDArray[np.float64]:
    """Turn rows into the array the estimator sees.

    Returns shape (len(rows), len(FEATURES)), columns in the order of FEATURES: numbers as they
    are, booleans as
    0 and 1, categories as their position in `choices`, and NaN for what is missing.

    Raises KeyError for a category that is not among the choices: choices are checked at the door,
    so here it is
    a defect and not a caller's mistake.
    """
    encoded: list[FeatureValue] = []
    for row in rows:
        values = list(map(row.get, FEATURE_NAMES))
        for column, codes in _CODES:
            values[column] = codes[values[column]]
        encoded += values
    # One conversion for all rows, which also makes NaN of None: quicker than value by value.
    return np.array(encoded, dtype=np.float64).reshape(len(rows), len(FEATURES))


def building_area(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gross floor area without parking of encoded rows, ft²: (rows,).

    The denominator of an EUI in Portfolio Manager. At least a tenth of the whole, so that a
    property of parking only has one too.
    """
    total = encoded[:, FEATURE_NAMES.index("gross_floor_area_sqft")]
    parking = np.nan_to_num(encoded[:, FEATURE_NAMES.index("parking_gfa_sqft")])
    return np.maximum(total - parking, 0.1 * total)


def feature_conflicts(row: FeatureRow) -> dict[str, Message]:
    """What in this row contradicts itself, as feature name -> what would be right; empty if
    nothing does."""
    conflicts: dict[str, Message] = {}
    total, parking = row.get("gross_floor_area_sqft"), row.get("parking_gfa_sqft")
    if isinstance(total, int | float) and isinstance(parking, int | float) and parking > total:
        conflicts["parking_gfa_sqft"] = Message(
            "Must not exceed %(total)s, which includes parking.", {"total": "gross_floor_area_sqft"}
        )
    if (row.get("latitude") is None) != (row.get("longitude") is None):
        lone = "longitude" if row.get("longitude") is None else "latitude"
        conflicts[lone] = Message("Give latitude and longitude together or neither.")
    if all(row.get(fuel) is False for fuel in HAS_FUELS):
        electricity, natural_gas, steam = HAS_FUELS
        conflicts[electricity] = Message(
            "A building that uses energy has a fuel: one of %(electricity)s, %(natural_gas)s and "
            "%(steam)s must be true or left out.",
            {"electricity": electricity, "natural_gas": natural_gas, "steam": steam},
        )
    larger = None
    for rank in USE_RANKS:
        use, area = f"{rank}_property_use_type", f"{rank}_property_use_type_gfa_sqft"
        if row.get(area) is not None and row.get(use) is None:
            conflicts[area] = Message("An area needs its use: give %(use)s too.", {"use": use})
        if larger and row.get(use) is not None and row.get(larger) is None:
            conflicts[use] = Message("Give %(larger)s first.", {"larger": larger})
        larger = use
    return conflicts
