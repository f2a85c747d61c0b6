"""The shipped model by two scorers, so that peers can be told apart from what they score with."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from benchmarks.inference import SHIPPED, served_model
from mlmodel.artifact import load_estimator
from mlmodel.features import FEATURE_NAMES

#: kBtu by fuel, a row.
Fuels: TypeAlias = list[dict[str, float]]
Scorer: TypeAlias = Callable[[Sequence[Mapping[str, Any]]], Fuels]

FUELS: Final = ("electricity_kbtu", "natural_gas_kbtu", "steam_kbtu")
#: Names the scorer of a peer: `pipeline` or `arrays`.
VARIABLE: Final = "PEER_SCORER"


def scorer() -> Scorer:
    """What the environment names."""
    return {"pipeline": by_pipeline, "arrays": by_arrays}[os.environ.get(VARIABLE, "pipeline")]()


def by_pipeline() -> Scorer:
    """scikit-learn's pipeline on a pandas frame: the usual way."""
    import pandas as pd

    pipeline = load_estimator(SHIPPED / "model", _manifest()["file_digests"])

    def score(rows: Sequence[Mapping[str, Any]]) -> Fuels:
        frame = pd.DataFrame([{name: row.get(name) for name in FEATURE_NAMES} for row in rows])
        return [dict(zip(FUELS, fuels, strict=True)) for fuels in pipeline.predict(frame).tolist()]

    return score


def by_arrays() -> Scorer:
    """The service's own."""
    served = served_model(SHIPPED / "model", _manifest())

    def score(rows: Sequence[Mapping[str, Any]]) -> Fuels:
        return [
            {name: getattr(answer, name) for name in FUELS} for answer in served.predict(list(rows))
        ]

    return score


def _manifest() -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((SHIPPED / "manifest.json").read_text(encoding="utf-8"))
    return manifest
