"""Cross-validation by the project's protocol: everything fitted in-fold, every set-up from one
model. No Django."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import RepeatedKFold

from mlmodel.features import encode
from mlmodel.pipeline import SET_UPS, EnergyRegressor, masked
from mlmodel.training import TrainingData

Array = NDArray[np.float64]


def log_metrics(measured: Array, predicted: Array) -> dict[str, float]:
    """Metrics of one fold, energies in kBtu.

    r2_log: R² of log energy; mdape: median absolute percentage error; within_20 and within_50: the
    share of buildings predicted within ±20 % and ±50 %.
    """
    residual = np.log(measured) - np.log(predicted)
    spread = np.log(measured) - np.log(measured).mean()
    error = np.abs(predicted / measured - 1)
    return {
        "r2_log": float(1 - (residual**2).sum() / (spread**2).sum()),
        "mdape": float(np.median(error)),
        "within_20": float((error <= 0.2).mean()),
        "within_50": float((error <= 0.5).mean()),
    }


def cross_validate(
    data: TrainingData,
    *,
    seed: int = 42,
    folds: int = 5,
    repeats: int = 3,
    max_iter: int = 500,
    on_fold: Callable[[], Any] = lambda: None,
) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of each metric over RepeatedKFold of the non-residential
    buildings.

    Residential buildings are in every training fold and in no test fold. Returns, for each set-up
    of SET_UPS, `{"r2_log": …, "r2_log_std": …, "mdape": …, …}`. `on_fold` is called after each
    fold.
    """
    encoded, energy = encode(data.rows), data.site_energy_use_kbtu
    commercial = np.flatnonzero(~data.is_residential)
    residential = np.flatnonzero(data.is_residential)
    scores: dict[str, list[dict[str, float]]] = {name: [] for name in SET_UPS}
    splitter = RepeatedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    for train_fold, test_fold in splitter.split(commercial):
        # In the rows' own order, which the seeded trees depend on.
        train = np.sort(np.concatenate([commercial[train_fold], residential]))
        test = commercial[test_fold]
        model = EnergyRegressor(seed=seed, max_iter=max_iter).fit(encoded[train], energy[train])
        for name, hidden in SET_UPS.items():
            predicted = model.predict(masked(encoded[test], hidden))
            scores[name].append(log_metrics(energy[test], predicted))
        on_fold()
    return {name: _summary(folds_of) for name, folds_of in scores.items()}


def _summary(folds: list[dict[str, float]]) -> dict[str, float]:
    summary: dict[str, float] = {}
    for metric in folds[0]:
        values = np.array([fold[metric] for fold in folds])
        summary[metric] = round(float(values.mean()), 4)
        summary[f"{metric}_std"] = round(float(values.std()), 4)
    return summary
