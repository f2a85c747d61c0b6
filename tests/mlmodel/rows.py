"""Made-up rows to train on: small, quick, and with an energy that follows from the facts."""

from typing import TYPE_CHECKING, TypedDict

import numpy as np

from mlmodel.training import TrainingData, emissions_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.features import FeatureValue


class Trees(TypedDict):
    """What the estimator is made with."""

    max_iter: int


#: As few as make a model, and as many as learn what there is to learn from 300 rows.
FEW_TREES: Trees = {"max_iter": 3}
SOME_TREES: Trees = {"max_iter": 40}

_EUI = {"Hotel": 90.0, "Warehouse": 25.0, "Large Office": 60.0, "Mid-Rise Multifamily": 35.0}
#: kg CO2e per MBtu of electricity, natural gas and steam.
FACTORS = np.array([7.0, 53.0, 77.0])
_USES = {
    "Hotel": "Hotel",
    "Warehouse": "Non-Refrigerated Warehouse",
    "Large Office": "Office",
    "Mid-Rise Multifamily": "Multifamily Housing",
}


def made_up(count: int = 160, *, seed: int = 7) -> TrainingData:
    """Buildings of four types whose EUI is the type's, times what score and steam make of it."""
    generator = np.random.default_rng(seed)
    rows: list[dict[str, FeatureValue]] = []
    energy = []
    for number in range(count):
        kind = list(_EUI)[number % len(_EUI)]
        area = float(round(generator.uniform(20_000, 500_000)))
        score = int(generator.integers(1, 101))
        steam = bool(generator.random() < 0.3)
        rows.append(
            {
                "primary_property_type": kind,
                "gross_floor_area_sqft": area,
                "year_built": int(generator.integers(1900, 2016)),
                "largest_property_use_type": _USES[kind] if number % 3 else None,
                "largest_property_use_type_gfa_sqft": area * 0.9 if number % 2 else None,
                "has_steam": steam,
                "has_electricity": True,
                "has_natural_gas": kind == "Hotel",
                "energy_star_score": score if number % 4 else None,
            }
        )
        energy.append(area * _EUI[kind] * (1.3 - score / 200) * (1.2 if steam else 1.0))
    is_residential = np.array(
        [row["primary_property_type"] == "Mid-Rise Multifamily" for row in rows]
    )
    site_energy = np.array(energy)
    fuels = np.array([_shares(row) for row in rows]) * site_energy[:, None]
    return TrainingData(
        rows=rows,
        ose_building_ids=np.arange(900_001, 900_001 + count),
        site_energy_use_kbtu=site_energy,
        fuels_kbtu=fuels,
        ghg_emissions_mtco2e=emissions_of(fuels, FACTORS),
        is_residential=is_residential,
        factors_kgco2e_per_mbtu=FACTORS,
    )


def new_buildings() -> dict[str, TrainingData]:
    """Some that `made_up()` does not have, and one alone, which cannot be measured."""
    return {"2017": made_up(30, seed=1), "one": made_up(1, seed=2)}


def _shares(row: "Mapping[str, FeatureValue]") -> tuple[float, float, float]:
    """Half of a hotel's energy is gas; steam is three tenths of whatever has it."""
    steam = 0.3 if row["has_steam"] else 0.0
    gas = 0.5 if row["primary_property_type"] == "Hotel" else 0.0
    return 1.0 - gas - steam, gas, steam
