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
    more than 64 leaves a tree, and for categories that are no numbers.
    """
    columns = {model.n_features_in_ for model in models}
    if len(columns) != 1:
        raise ValueError("The models must have the same columns.")
    (count,) = columns
    sources = [_Source(model, count) for model in models]
    is_category = sources[0].is_category
    if any((source.is_category != is_category).any() for source in sources):
        raise ValueError("A column is a category in one model and a number in another.")
    cuts = [
        np.unique(np.concatenate([source.cuts(column) for source in sources]))
        for column in range(count)
    ]
    categories = max((len(cuts[column]) for column in np.flatnonzero(is_category)), default=0)
    leaves: list[int] = []
    values: list[float] = []
    splits: list[tuple[int, int, int, bool]] = []
    left_sets: list[NDArray[np.bool_]] = []
    for source in sources:
        codes: dict[int, list[int | None]] = {
            int(column): source.codes(int(column), cuts[column])
            for column in np.flatnonzero(is_category)
        }
        for predictor in source.predictors:
            nodes = predictor.nodes
            tree_values = []
            for node, first in _in_order(nodes):
                if node["is_leaf"]:
                    tree_values.append(float(node["value"]))
                    continue
                column = int(source.order[node["feature_idx"]])
                missing_left = bool(node["missing_go_to_left"])
                if is_category[column]:
                    cut = len(left_sets)
                    goes_left = np.zeros(categories, dtype=bool)
                    goes_left[: len(cuts[column])] = _goes_left(
                        predictor.raw_left_cat_bitsets[node["bitset_idx"]],
                        codes[column],
                        missing_left=missing_left,
                    )
                    left_sets.append(goes_left)
                else:
                    cut = int(np.searchsorted(cuts[column], node["num_threshold"]))
                splits.append((column, cut, first, missing_left))
            if len(tree_values) > MAX_LEAVES:
                raise ValueError(f"A tree has {len(tree_values)} leaves; at most {MAX_LEAVES} fit.")
            leaves.append(len(tree_values))
            values += tree_values
    column_of, cut_of, first_of, missing_of = zip(*splits, strict=True) if splits else ((),) * 4
    plain = {
        "baselines": [source.baseline for source in sources],
        "trees": [len(source.predictors) for source in sources],
        "leaves": leaves,
        "values": values,
        "cuts": np.concatenate(cuts),
        "cut_counts": [len(of_column) for of_column in cuts],
        "is_category": is_category,
        "split_column": column_of,
        "split_cut": cut_of,
        "split_first": first_of,
        "split_missing_left": missing_of,
        "left_sets": np.packbits(
            np.reshape(left_sets, (len(left_sets), categories)).astype(bool), axis=1
        ),
    }
    return {name: np.asarray(plain[name], dtype=dtype) for name, (dtype, _) in LAYOUT.items()}


class _Source:
    """A fitted HistGradientBoostingRegressor, seen from the columns it was given."""

    def __init__(self, model: Any, columns: int) -> None:
        if model.n_trees_per_iteration_ != 1:
            raise ValueError("A model must have one output.")
        self.predictors = [predictor for (predictor,) in model._predictors]
        self.baseline = float(model._baseline_prediction.ravel()[0])
        self.is_category = np.zeros(columns, dtype=bool)
        self._categories: dict[int, Array] = {}
        self._known: dict[int, set[int]] = {}
        if model.is_categorical_ is not None:
            self.is_category = np.asarray(model.is_categorical_, dtype=bool)
            encoder = model._preprocessor.named_transformers_["encoder"]
            for number, column in enumerate(np.flatnonzero(self.is_category).tolist()):
                categories = encoder.categories_[number]
                if categories.dtype.kind not in "biuf":
                    raise ValueError(f"The categories of column {column} are no numbers.")
                self._categories[column] = categories.astype(np.float64)
                known = model._bin_mapper.bin_thresholds_[number]
                self._known[column] = {int(code) for code in known}
        # scikit-learn moves the categories to the front.
        self.order = np.concatenate(
            [np.flatnonzero(self.is_category), np.flatnonzero(~self.is_category)]
        )

    def cuts(self, column: int) -> Array:
        """The thresholds of a column's splits, or its categories."""
        if self.is_category[column]:
            categories = self._categories[column]
            return categories[~np.isnan(categories)]
        position = int(np.flatnonzero(self.order == column)[0])
        found = [np.empty(0)]
        for predictor in self.predictors:
            nodes = predictor.nodes
            of_column = (nodes["feature_idx"] == position) & (nodes["is_leaf"] == 0)
            found.append(nodes["num_threshold"][of_column])
        return np.concatenate(found)

    def codes(self, column: int, values: Array) -> list[int | None]:
        """scikit-learn's code of each of these categories; None for one that it does not know."""
        code_of = {value: code for code, value in enumerate(self._categories[column].tolist())}
        codes = [code_of.get(value) for value in values.tolist()]
        return [code if code in self._known[column] else None for code in codes]


def _goes_left(
    bitset: NDArray[np.uint32], codes: Sequence[int | None], *, missing_left: bool
) -> list[bool]:
    return [
        missing_left if code is None else bool(bitset[code // 32] >> np.uint32(code % 32) & 1)
        for code in codes
    ]


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
