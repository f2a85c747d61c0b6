"""From fitted scikit-learn models to the arrays of `mlmodel.flat`. No Django; imports no
scikit-learn either, but reads what its HistGradientBoosting keeps private: a test holds that equal.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlmodel.flat import LAYOUT, MAX_LEAVES, Array


def arrays_of(models: Sequence[Any]) -> dict[str, NDArray[Any]]:
    """What `FlatTrees.from_arrays` takes, from fitted models over the same columns.

    Raises ValueError for models that differ in their columns, for more than one output a model, for
    more than 64 leaves a tree, and for columns of categories.
    """
    columns = {model.n_features_in_ for model in models}
    if len(columns) != 1:
        raise ValueError("The models must have the same columns.")
    (count,) = columns
    ensembles = [_trees_of(model) for model in models]
    trees = [nodes for ensemble in ensembles for nodes in ensemble]
    cuts = [_cuts(trees, column) for column in range(count)]
    leaves: list[int] = []
    values: list[float] = []
    splits: list[tuple[int, int, int, bool]] = []
    for nodes in trees:
        tree_values = []
        for node, first in _in_order(nodes):
            if node["is_leaf"]:
                tree_values.append(float(node["value"]))
                continue
            column = int(node["feature_idx"])
            cut = int(np.searchsorted(cuts[column], node["num_threshold"]))
            splits.append((column, cut, first, bool(node["missing_go_to_left"])))
        if len(tree_values) > MAX_LEAVES:
            raise ValueError(f"A tree has {len(tree_values)} leaves; at most {MAX_LEAVES} fit.")
        leaves.append(len(tree_values))
        values += tree_values
    column_of, cut_of, first_of, missing_of = zip(*splits, strict=True) if splits else ((),) * 4
    plain = {
        "baselines": [float(model._baseline_prediction.ravel()[0]) for model in models],
        "trees": [len(ensemble) for ensemble in ensembles],
        "leaves": leaves,
        "values": values,
        "cuts": np.concatenate(cuts),
        "cut_counts": [len(of_column) for of_column in cuts],
        "split_column": column_of,
        "split_cut": cut_of,
        "split_first": first_of,
        "split_missing_left": missing_of,
    }
    return {name: np.asarray(plain[name], dtype=dtype) for name, (dtype, _) in LAYOUT.items()}


def _trees_of(model: Any) -> list[NDArray[Any]]:
    """The nodes of each tree of a fitted HistGradientBoostingRegressor."""
    if model.n_trees_per_iteration_ != 1:
        raise ValueError("A model must have one output.")
    if model.is_categorical_ is not None and model.is_categorical_.any():
        raise ValueError("A column must hold numbers, not categories.")
    return [predictor.nodes for (predictor,) in model._predictors]


def _cuts(trees: Sequence[NDArray[Any]], column: int) -> Array:
    """Every threshold of a column's splits, ascending: (cuts,)."""
    found = [np.empty(0)]
    for nodes in trees:
        of_column = (nodes["feature_idx"] == column) & (nodes["is_leaf"] == 0)
        found.append(nodes["num_threshold"][of_column])
    return np.unique(np.concatenate(found))


def _in_order(nodes: NDArray[Any]) -> Iterator[tuple[Any, int]]:
    """Leaves and splits from left to right, each split with the first leaf of its left branch."""
    leaves = 0
    path: list[tuple[int, int]] = []
    at: int | None = 0
    while path or at is not None:
        while at is not None:
            path.append((at, leaves))
            at = None if nodes[at]["is_leaf"] else int(nodes[at]["left"])
        number, first = path.pop()
        node = nodes[number]
        yield node, first
        if node["is_leaf"]:
            leaves += 1
        else:
            at = int(nodes[number]["right"])
