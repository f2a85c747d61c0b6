"""From PostgreSQL: which versions there are, and the rows that a model is trained on."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import numpy as np
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext
from numpy.typing import NDArray

from buildings.models import BenchmarkRecord, DatasetImport
from buildings.selectors.factors import emission_factor_set_latest, factors_of
from buildings.selectors.records import training_records
from mlmodel.errors import IncompleteFactsError, ModelUnavailableError, TrainingDataError
from mlmodel.features import FEATURES, USE_RANKS, Feature, FeatureValue
from mlmodel.models import (
    Alias,
    ModelPromotion,
    ModelVersion,
    PromotionKind,
    PromotionProposal,
)
from mlmodel.training import TrainingData, emissions_of

#: The year of the published comparisons; its metered and weather-normalised energy are in place.
REFERENCE_DATA_YEAR: Final = 2016
#: Their files test what was trained on the reference year.
LATER_YEARS: Final = (2017, 2018, 2019)
_FIRST_EXCHANGED_YEAR: Final = 2018
#: A change by more than this share is a large one.
_MUCH: Final = 0.2
_COMPLIANT: Final = "Compliant"
_RANKS: Final = dict(enumerate(USE_RANKS, start=1))
#: With fewer buildings, five folds say nothing.
_FEWEST_ROWS: Final = 50

#: A record, and what the model is told of it.
Usable: TypeAlias = tuple[BenchmarkRecord, dict[str, FeatureValue]]


def model_version_list() -> QuerySet[ModelVersion]:
    """Every registered version, newest first."""
    return ModelVersion.objects.order_by("name", "-version")


def model_version_champion(*, name: str) -> ModelVersion | None:
    """The version that serves, or None."""
    return model_version_with_alias(name=name, alias=Alias.CHAMPION)


def model_version_with_alias(*, name: str, alias: Alias) -> ModelVersion | None:
    """The version that plays this part, or None."""
    return ModelVersion.objects.filter(name=name, alias=alias).first()


def model_version_champion_id(*, name: str) -> int | None:
    """The primary key of the version that serves, or None: one row of a unique index."""
    return (
        ModelVersion.objects.filter(name=name, alias=Alias.CHAMPION)
        .values_list("pk", flat=True)
        .first()
    )


def model_version_documented(*, name: str, number: int | None = None) -> ModelVersion | None:
    """The version with this number, or else the champion, with its `promotions`, newest first, each
    with the version that it replaced; or None. Two queries."""
    chosen = Q(alias=Alias.CHAMPION) if number is None else Q(version=number)
    promotions = ModelPromotion.objects.select_related("replaced_version").only(
        "version_id", "kind", "alias", "is_forced", "created_at", "replaced_version__version"
    )
    return (
        ModelVersion.objects.filter(chosen, name=name)
        .prefetch_related(Prefetch("promotions", queryset=promotions))
        .first()
    )


def promotion_proposal_open(*, version: ModelVersion) -> PromotionProposal | None:
    """The proposal to promote this version that nobody has decided on, or None."""
    return PromotionProposal.objects.filter(version=version, decision__isnull=True).first()


def model_version_get(*, name: str, number: int) -> ModelVersion:
    """The version with this number. Raises ModelUnavailableError, which says what there is."""
    version = ModelVersion.objects.filter(name=name, version=number).first()
    if version is None:
        known = ModelVersion.objects.filter(name=name).order_by("version")
        numbers = ", ".join(str(known_version.version) for known_version in known) or "none"
        raise ModelUnavailableError(f"{name} has no version {number}; registered are: {numbers}.")
    return version


def model_version_served(*, name: str, number: int) -> tuple[ModelVersion, bool] | None:
    """The version with this number, and whether it is or ever was the champion; or None. One
    query."""
    as_champion = ModelPromotion.objects.filter(alias=Alias.CHAMPION).filter(
        # Replaced: it was the champion before there was a history.
        Q(version=OuterRef("pk")) | Q(replaced_version=OuterRef("pk"))
    )
    version = (
        ModelVersion.objects.annotate(has_served=Q(alias=Alias.CHAMPION) | Exists(as_champion))
        .filter(name=name, version=number)
        .first()
    )
    return None if version is None else (version, version.has_served)


def model_version_former_champion(*, name: str) -> ModelVersion | None:
    """The version that a rollback goes back to, or None.

    Promotions put a champion on top of the former one and a rollback takes it off again: a second
    rollback goes one further back, never forth.
    """
    events = (
        ModelPromotion.objects.filter(version__name=name, alias=Alias.CHAMPION)
        .select_related("version", "replaced_version")
        .order_by("id")
    )
    champions: list[ModelVersion] = []
    for event in events:
        if not champions and event.replaced_version:  # it was promoted before there was a history
            champions.append(event.replaced_version)
        if event.kind == PromotionKind.ROLLBACK:
            champions.pop()
        else:
            champions.append(event.version)
    return champions[-2] if len(champions) > 1 else None


def record_features(record: BenchmarkRecord) -> dict[str, FeatureValue]:
    """A yearly record as the model is told of it: for training, and to predict from stored facts.

    What is optional and out of the documented range or vocabulary is unknown. Of metered energy
    only whether a fuel was used at all is told. Needs `record.building` and `record.uses`.

    Raises IncompleteFactsError when a required feature is missing or out of range.
    """
    uses = {use.rank: use for use in record.uses.all() if use.rank in _RANKS}
    values: dict[str, Any] = {
        "primary_property_type": record.primary_property_type,
        "gross_floor_area_sqft": record.property_gfa_total_sqft,
        "year_built": record.year_built,
        "building_type": record.building_type,
        "number_of_floors": record.number_of_floors,
        "number_of_buildings": record.number_of_buildings,
        "parking_gfa_sqft": record.property_gfa_parking_sqft,
        "neighborhood": record.neighborhood,
        "latitude": record.latitude,
        "longitude": record.longitude,
        "has_electricity": _is_used(record.electricity_kbtu),
        "has_natural_gas": _is_used(record.natural_gas_kbtu),
        "has_steam": _is_used(record.steam_use_kbtu),
        "energy_star_score": record.energy_star_score,
    }
    for rank, name in _RANKS.items():
        use = uses.get(rank)
        values[f"{name}_property_use_type"] = use.use_type if use else None
        values[f"{name}_property_use_type_gfa_sqft"] = use.gfa_sqft if use else None
    features = {feature.name: _accepted(feature, values[feature.name]) for feature in FEATURES}
    lacking = [
        feature.name
        for feature in FEATURES
        if feature.is_required and features[feature.name] is None
    ]
    if lacking:
        raise IncompleteFactsError(
            gettext("Building %(id)d has no usable %(features)s on record for %(year)d.")
            % {
                "id": record.building.ose_building_id,
                "features": ", ".join(lacking),
                "year": record.data_year,
            }
        )
    return features


def _is_used(energy_kbtu: float | None) -> bool | None:
    return None if energy_kbtu is None else energy_kbtu > 0


def _accepted(feature: Feature, value: Any) -> FeatureValue:
    if value is None or isinstance(value, bool):
        return value
    if feature.kind == "category":
        return str(value) if value in feature.choices else None
    minimum, maximum = feature.minimum, feature.maximum
    inside = (minimum is None or value >= minimum) and (maximum is None or value <= maximum)
    if not inside:
        return None
    return int(value) if feature.kind == "integer" else float(value)


def training_data(*, data_year: int = REFERENCE_DATA_YEAR) -> tuple[TrainingData, dict[str, Any]]:
    """The rows to train on, and their fingerprint: import SHA-256s, row count, digest of the rows.

    Compliant records of one year with measured energy; real ones if there are any, else the
    synthetic sample.
    Raises TrainingDataError when there are too few, or no emission factors for that year.
    """
    records = _usable(training_records(data_year=data_year, is_synthetic=False))
    is_synthetic = not records
    if is_synthetic:
        records = _usable(training_records(data_year=data_year, is_synthetic=True))
    if len(records) < _FEWEST_ROWS:
        raise TrainingDataError(
            f"Only {len(records)} compliant records of {data_year} with measured energy are in "
            f"the database; at least {_FEWEST_ROWS} are needed. Load some with "
            "`manage.py load_dataset`."
        )
    data = _training_data(records, _factors(data_year))
    imports = DatasetImport.objects.filter(
        pk__in={record.dataset_import_id for record, _ in records}
    ).order_by("sha256")
    fingerprint = {
        "import_sha256": sorted({imported.sha256 for imported in imports}),
        "is_synthetic": is_synthetic,
        "row_count": len(records),
        "rows_sha256": data.digest(),
    }
    return data, fingerprint


def new_building_data() -> dict[str, TrainingData]:
    """Real buildings that no model trained on the reference year has seen, by group.

    - `2017`: not among the rows of `training_data()`, at their record of 2017;
    - `2018-2019`: neither there nor in the first group, at the newer of their records of 2018 and
      2019, so that no building counts twice;
    - `not in the file`: those without any record of the reference year, compliant or not, at their
      newest record of 2017 to 2019. It overlaps with the others.

    A building that reported in the reference year without complying counts as new in the first two:
    it is not trained on. Emissions are restated, fuels times the factors of the reference year,
    because the grid's factor differs from year to year. A group without buildings is left out.
    """
    seen = {
        record.building_id
        for record, _ in _usable(
            training_records(data_year=REFERENCE_DATA_YEAR, is_synthetic=False)
        )
    }
    listed = set(
        training_records(data_year=REFERENCE_DATA_YEAR, is_synthetic=None).values_list(
            "building_id", flat=True
        )
    )
    by_year = {
        year: {
            record.building_id: (record, features)
            for record, features in _usable(training_records(data_year=year, is_synthetic=False))
        }
        for year in LATER_YEARS
    }
    latest = {**by_year[2018], **by_year[2019]}
    groups = {
        "2017": [pair for building, pair in by_year[2017].items() if building not in seen],
        "2018-2019": [
            pair
            for building, pair in latest.items()
            if building not in seen and building not in by_year[2017]
        ],
        "not in the file": [
            pair for building, pair in {**by_year[2017], **latest}.items() if building not in listed
        ],
    }
    if not any(groups.values()):
        return {}
    factors = _factors(REFERENCE_DATA_YEAR)
    return {
        name: _training_data(_ordered(pairs), factors, is_restated=True)
        for name, pairs in groups.items()
        if pairs
    }


def yearly_changes() -> list[dict[str, float]]:
    """By later year: how many of the real buildings of the reference year reported energy again,
    the median of log(energy / energy of the reference year), and the share of buildings for which
    it changed by more than a fifth of itself either way. Empty without real data."""
    energies = {
        year: {
            record.building_id: _energy(record)
            for record, _ in _usable(training_records(data_year=year, is_synthetic=False))
        }
        for year in (REFERENCE_DATA_YEAR, *LATER_YEARS)
    }
    reference = energies.pop(REFERENCE_DATA_YEAR)
    changes = []
    for year, later in energies.items():
        both = sorted(later.keys() & reference.keys())
        if both:
            ratios = np.array([later[building] / reference[building] for building in both])
            changes.append(
                {
                    "data_year": year,
                    "buildings": len(both),
                    "median_log_change": round(float(np.median(np.log(ratios))), 4),
                    "share_beyond_20": round(float((np.abs(ratios - 1) > _MUCH).mean()), 4),
                }
            )
    return changes


def _ordered(pairs: list[Usable]) -> list[Usable]:
    return sorted(pairs, key=lambda pair: pair[0].building.ose_building_id)


def _factors(data_year: int) -> NDArray[np.float64]:
    factor_set = emission_factor_set_latest(data_year=data_year)
    if factor_set is None:
        raise TrainingDataError(
            f"There are no emission factors for {data_year} in the database; "
            "`manage.py load_dataset` stores them."
        )
    return np.array(factors_of(factor_set))


def _training_data(
    records: list[Usable], factors: NDArray[np.float64], *, is_restated: bool = False
) -> TrainingData:
    fuels = np.array([_fuels(record) for record, _ in records], dtype=np.float64)
    if is_restated:
        emissions = np.where(
            np.isnan(fuels[:, 0]), np.nan, emissions_of(np.nan_to_num(fuels), factors)
        )
    else:
        emissions = np.array(
            [record.total_ghg_emissions_mtco2e for record, _ in records], dtype=np.float64
        )
    return TrainingData(
        rows=[features for _, features in records],
        ose_building_ids=np.array(
            [record.building.ose_building_id for record, _ in records], dtype=np.int64
        ),
        site_energy_use_kbtu=np.array([_energy(record) for record, _ in records]),
        fuels_kbtu=fuels,
        ghg_emissions_mtco2e=np.where(emissions > 0, emissions, np.nan),
        is_residential=np.array(
            [record.building_type.startswith("Multifamily") for record, _ in records]
        ),
        factors_kgco2e_per_mbtu=factors,
    )


def _fuels(record: BenchmarkRecord) -> tuple[float | None, float | None, float | None]:
    return record.electricity_kbtu, record.natural_gas_kbtu, record.steam_use_kbtu


def _energy(record: BenchmarkRecord) -> float:
    """Metered site energy, kBtu; 0 if it is not known.

    From 2018 on the published files exchange it with the weather-normalised figure (quality flag
    `site_energy_exchanged_with_wn`); the fuels are metered in any year, so their sum is taken.
    """
    if record.data_year >= _FIRST_EXCHANGED_YEAR:
        return float(sum(fuel or 0.0 for fuel in _fuels(record)))
    return record.site_energy_use_kbtu or 0.0


def _usable(records: Iterable[BenchmarkRecord]) -> list[Usable]:
    usable = []
    for record in records:
        if record.compliance_status != _COMPLIANT or not _energy(record) > 0:
            continue
        try:
            usable.append((record, record_features(record)))
        except IncompleteFactsError:
            continue
    return usable
