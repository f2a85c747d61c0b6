"""Emission factor sets, stored: seeded from fixtures/, or derived from a year's own file."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from django.conf import settings
from django.db.models import Max

from buildings.emissions import Factors, derive
from buildings.models import EmissionFactor, EmissionFactorSet

if TYPE_CHECKING:
    from array import array

#: A set that explains fewer records of its own year is no set.
FEWEST_EXPLAINED: Final = 0.8


def emission_factor_sets_seed() -> list[EmissionFactorSet]:
    """Store the sets of fixtures/emission-factors.json that are not stored yet."""
    path = Path(settings.PROJECT_DIR) / "fixtures" / "emission-factors.json"
    if not path.is_file():
        return []
    known = set(EmissionFactorSet.objects.values_list("name", "version"))
    return [
        _stored(factors=Factors(**entry.pop("kgco2e_per_mbtu")), **entry)
        for entry in json.loads(path.read_text(encoding="utf-8"))
        if (entry["name"], entry["version"]) not in known
    ]


def emission_factor_sets_derive(
    energies: Mapping[int, "array[float]"], *, file_name: str, import_id: int
) -> dict[int, Factors]:
    """Derive and store the factors that explain each year's published emissions.

    `energies` holds electricity, natural gas, steam (kBtu) and emissions (t CO2e), four numbers a
    record. Years whose records do not tell are left out.
    """
    found = {}
    for data_year, numbers in energies.items():
        rows = np.frombuffer(numbers, dtype=np.float64).reshape(-1, 4)
        derivation = derive(rows[:, :3], rows[:, 3])
        if derivation is None or derivation.share_explained < FEWEST_EXPLAINED:
            continue
        name = f"seattle-{data_year}"
        newest = EmissionFactorSet.objects.filter(name=name).aggregate(Max("version"))
        _stored(
            factors=derivation.factors,
            name=name,
            version=(newest["version__max"] or 0) + 1,
            data_year=data_year,
            valid_from=date(data_year, 1, 1),
            valid_to=date(data_year, 12, 31),
            source=(
                f"Derived: least absolute relative residuals on {derivation.records:,} records of "
                f"{file_name}, City of Seattle, Building Energy Benchmarking {data_year}."
            ),
            is_derived=True,
            derivation={
                "records": derivation.records,
                "share_explained": derivation.share_explained,
                "median_relative_residual": derivation.median_relative_residual,
            },
            dataset_import_id=import_id,
        )
        found[data_year] = derivation.factors
    return found


def _stored(*, factors: Factors, **facts: Any) -> EmissionFactorSet:
    factor_set = EmissionFactorSet.objects.create(**facts)
    EmissionFactor.objects.bulk_create(
        EmissionFactor(factor_set=factor_set, fuel=fuel, kgco2e_per_mbtu=factor)
        for fuel, factor in factors._asdict().items()
    )
    return factor_set
