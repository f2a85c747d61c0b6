"""Boosted trees as flat arrays, evaluated by NumPy alone: no scikit-learn, no Django.

After QuickScorer (Lucchese et al., SIGIR 2015). Number the leaves of a tree from left to right and
keep a bit for each. A split that sends a row to the right rules out the leaves of its left branch;
once every such split has cleared its bits, the lowest bit that is left is the row's leaf. All
splits of one column cleared together depend only on where the value lies among the column's
thresholds, so the masks of each such bin are prepared once, for every tree side by side: a row
costs one gather and one AND a column, whatever the depth. Columns of few bins share a table.

The sums are taken in scikit-learn's order: equal to `HistGradientBoostingRegressor`, bit for bit.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

Array: TypeAlias = NDArray[np.float64]

MAX_LEAVES: Final = 64
#: Columns whose bins multiplied are at most this many share a table.
_SHARED_BINS: Final = 256
#: Up to so many rows are quicker row by row than column by column.
_FEW_ROWS: Final = 12
#: How many leaves (rows × trees) are worked on together: they stay in the processor's cache.
_BLOCK_LEAVES: Final = 1 << 17
#: What a stack of ensembles is stored as: name, dtype, dimensions.
LAYOUT: Final[Mapping[str, tuple[type[np.generic], int]]] = {
    "baselines": (np.float64, 1),  # (outputs,)
    "trees": (np.int32, 1),  # (outputs,): how many trees each output adds up
    "leaves": (np.uint8, 1),  # (trees,)
    "values": (np.float64, 1),  # of the leaves, tree after tree, from left to right
    "cuts": (np.float64, 1),  # thresholds, column after column, ascending
    "cut_counts": (np.int32, 1),  # (columns,)
    # Of the splits, tree after tree, from left to right: split i lies between leaves i and i + 1.
    "split_column": (np.uint16, 1),
    "split_cut": (np.int32, 1),  # among its column's cuts
    "split_first": (np.uint8, 1),  # the first leaf of its left branch; the last one is i
    "split_missing_left": (np.bool_, 1),
}


@dataclass(frozen=True, slots=True)
class _Column:
    """Where a column's value is binned: `cuts` ascending; one bin more for missing, the last."""

    index: int
    cuts: Array
    cut_list: list[float]

    @property
    def bins(self) -> int:
        return len(self.cuts) + 2


@dataclass(frozen=True, slots=True)
class _Work:
    """Room to work on a block of rows, (rows, trees) each: made once a call, not once a block."""

    masks: NDArray[Any]
    cleared: NDArray[Any]
    places: NDArray[np.intp]
    leaves: Array

    @classmethod
    def of(cls, rows: int, table: NDArray[Any]) -> Self:
        shape = (rows, table.shape[1])
        return cls(
            np.empty(shape, table.dtype),
            np.empty(shape, table.dtype),
            np.empty(shape, np.intp),
            np.empty(shape),
        )

    def first(self, rows: int) -> "_Work":
        """The same room for the last block, which may be shorter."""
        return _Work(self.masks[:rows], self.cleared[:rows], self.places[:rows], self.leaves[:rows])


class FlatTrees:
    """One or more ensembles over the same columns, evaluated together. Thread-safe."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """From what `to_arrays` returned. Raises ValueError that names the array that is wrong."""
        self._arrays = _checked(arrays)
        self._columns = _used_columns(self._arrays)
        self._prepare()

    @classmethod
    def of(cls, *models: "HistGradientBoostingRegressor") -> Self:
        """From fitted models over the same columns, one output each.

        An output is the raw sum: what `predict` of a model with identity link answers. Raises
        ValueError for more than 64 leaves a tree, and for columns of categories.
        """
        from mlmodel.flattening import arrays_of  # late: serving needs none of it

        return cls(arrays_of(models))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `to_arrays`. Raises ValueError that names the array that is wrong."""
        return cls(arrays)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, none of objects: the splits and leaves, without the prepared masks."""
        return dict(self._arrays)

    @property
    def outputs(self) -> int:
        """How many ensembles there are."""
        return len(self._arrays["baselines"])

    @property
    def columns(self) -> int:
        """How many columns `predict` takes."""
        return len(self._arrays["cut_counts"])

    @property
    def table_bytes(self) -> int:
        """The memory of the prepared masks."""
        return self._table.nbytes

    def predict(self, X: Array) -> Array:  # noqa: N803 -- scikit-learn's name
        """The sums of each row, (rows, outputs), of X (rows, columns); NaN is missing."""
        values = np.ascontiguousarray(X, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != self.columns:
            raise ValueError(f"X must have shape (rows, {self.columns}), not {values.shape}.")
        sums = np.empty((len(values), self.outputs))
        work = _Work.of(min(len(values), self._block_rows), self._table)
        if len(values) <= _FEW_ROWS:
            for row, masks in zip(values, work.masks, strict=True):
                cleared = self._table.take(self._bins_of(row), axis=0)
                np.bitwise_and.reduce(cleared, axis=0, out=masks)
            self._add_up(work, sums)
            return sums
        for start in range(0, len(values), self._block_rows):
            part = slice(start, start + self._block_rows)
            block = work.first(len(values[part]))
            self._clear(values[part], block)
            self._add_up(block, sums[part])
        return sums

    def _clear(self, values: Array, work: "_Work") -> None:
        """Leave in `work.masks` the bits that no split of these rows clears."""
        for number, (offset, group) in enumerate(zip(self._offsets, self._groups, strict=True)):
            rows: NDArray[np.intp] = np.full(len(values), offset)
            for column, stride in group:
                rows += _binned(column, values[:, column.index]) * stride
            # Clipping never happens; it spares NumPy a copy.
            out = work.cleared if number else work.masks
            self._table.take(rows, axis=0, out=out, mode="clip")
            if number:
                np.bitwise_and(work.masks, work.cleared, out=work.masks)

    def _bins_of(self, row: Array) -> list[int]:
        """Which row of the table each group of columns has for this row of values."""
        values = row.tolist()
        found = []
        for offset, group in zip(self._offsets, self._groups, strict=True):
            at = offset
            for column, stride in group:
                value = values[column.index]
                if value == value:  # not NaN
                    at += bisect_left(column.cut_list, value) * stride
                else:
                    at += (len(column.cut_list) + 1) * stride
            found.append(at)
        return found

    def _add_up(self, work: "_Work", sums: Array) -> None:
        # The lowest set bit: as many bits as lie below it.
        np.subtract(work.masks, self._one, out=work.cleared)
        np.invert(work.masks, out=work.masks)
        np.bitwise_and(work.masks, work.cleared, out=work.masks)
        np.add(np.bitwise_count(work.masks), self._first_value, out=work.places)
        self._values.take(work.places, out=work.leaves, mode="clip")
        for output, (first, last) in enumerate(self._spans):
            # One after the other, as scikit-learn does: a pairwise sum rounds otherwise.
            of_output = work.leaves[:, first:last]
            np.add.accumulate(of_output, axis=1, out=of_output)
            sums[:, output] = of_output[:, -1]

    def _prepare(self) -> None:
        """Make the tables. A baseline is a tree of one leaf, the first of its output."""
        arrays = self._arrays
        trees = arrays["trees"].astype(np.intp)
        ends = np.cumsum(trees + 1)
        self._spans = [
            (int(end - count - 1), int(end)) for count, end in zip(trees, ends, strict=True)
        ]
        is_baseline = np.zeros(int(ends[-1]), dtype=bool)
        is_baseline[[first for first, _ in self._spans]] = True
        leaves = np.ones(len(is_baseline), dtype=np.intp)
        leaves[~is_baseline] = arrays["leaves"]
        self._first_value = np.cumsum(leaves) - leaves
        self._values = np.empty(int(leaves.sum()))
        of_baseline = np.repeat(is_baseline, leaves)
        self._values[of_baseline] = arrays["baselines"]
        self._values[~of_baseline] = arrays["values"]

        width = next(bits for bits in (8, 16, 32, 64) if leaves.max() <= bits)
        dtype = np.dtype(f"uint{width}")
        self._one = dtype.type(1)
        tables = self._column_tables(np.flatnonzero(~is_baseline), dtype)
        self._groups = _grouped(self._columns)
        self._offsets: list[int] = []
        shared: list[NDArray[Any]] = []
        for group in self._groups:
            self._offsets.append(sum(len(table) for table in shared))
            table = tables[group[0][0].index]
            for column, _ in group[1:]:
                both = table[:, None] & tables[column.index][None]
                table = both.reshape(-1, table.shape[1])
            shared.append(table)
        self._table = np.concatenate(shared)
        self._block_rows = max(16, _BLOCK_LEAVES // self._table.shape[1])

    def _column_tables(
        self, places: NDArray[np.intp], dtype: np.dtype[Any]
    ) -> dict[int, NDArray[Any]]:
        """By column, what its splits leave in each bin: (bins, trees and baselines)."""
        arrays = self._arrays
        splits = arrays["leaves"].astype(np.intp) - 1
        tree = np.repeat(places, splits)
        last = np.arange(len(tree)) - np.repeat(np.cumsum(splits) - splits, splits)
        one = np.uint64(1)
        upto = (one << (last + 1).astype(np.uint64)) - one
        before = (one << arrays["split_first"].astype(np.uint64)) - one
        masks = (~(upto ^ before)).astype(dtype)
        total = int(arrays["trees"].sum()) + self.outputs
        tables: dict[int, NDArray[Any]] = {}
        for column in self._columns:
            of_column = np.flatnonzero(arrays["split_column"] == column.index)
            cut = arrays["split_cut"][of_column]
            right_if_missing = of_column[~arrays["split_missing_left"][of_column]]
            table = np.full((column.bins, total), np.iinfo(dtype).max, dtype)
            np.bitwise_and.at(table, (cut + 1, tree[of_column]), masks[of_column])
            np.bitwise_and.accumulate(table[:-1], axis=0, out=table[:-1])
            np.bitwise_and.at(
                table, (column.bins - 1, tree[right_if_missing]), masks[right_if_missing]
            )
            tables[column.index] = table
        return tables


def _binned(column: _Column, values: Array) -> NDArray[np.intp]:
    bins: NDArray[np.intp] = np.searchsorted(column.cuts, values)
    # `value <= cut` holds for the cuts from this bin on; NaN sorts behind them all.
    return bins + np.isnan(values)


def _used_columns(arrays: Mapping[str, NDArray[Any]]) -> list[_Column]:
    """The columns that a split looks at; the first one if none does."""
    used = np.unique(arrays["split_column"]).tolist() or [0]
    ends = np.cumsum(arrays["cut_counts"]).tolist()
    columns = []
    for index in used:
        cuts = arrays["cuts"][ends[index] - int(arrays["cut_counts"][index]) : ends[index]]
        columns.append(_Column(index=index, cuts=cuts, cut_list=cuts.tolist()))
    return columns


def _grouped(columns: Sequence[_Column]) -> list[list[tuple[_Column, int]]]:
    """Columns that share a table, each with the stride of its bins; the smallest ones together."""
    groups: list[list[_Column]] = []
    bins = 0
    for column in sorted(columns, key=lambda column: column.bins):
        if groups and bins * column.bins <= _SHARED_BINS:
            groups[-1].append(column)
            bins *= column.bins
        else:
            groups.append([column])
            bins = column.bins
    strided = []
    for group in groups:
        strides = [1]
        for column in reversed(group[1:]):
            strides.append(strides[-1] * column.bins)
        strided.append(list(zip(group, reversed(strides), strict=True)))
    return strided


def _checked(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    if arrays.keys() != LAYOUT.keys():
        differing = ", ".join(sorted(arrays.keys() ^ LAYOUT.keys()))
        raise ValueError(f"The arrays of trees differ from the expected ones in: {differing}.")
    for name, (dtype, dimensions) in LAYOUT.items():
        if arrays[name].dtype != dtype or arrays[name].ndim != dimensions:
            raise ValueError(f"{name} must be {dtype.__name__} in {dimensions} dimensions.")
    trees, leaves, columns = arrays["trees"], arrays["leaves"], arrays["cut_counts"]
    starts = np.cumsum(columns) - columns
    splits = leaves.astype(np.intp) - 1

    def wrong(name: str) -> ValueError:
        return ValueError(f"{name} does not fit the other arrays.")

    if len(trees) != len(arrays["baselines"]) or not len(trees) or trees.min() < 0:
        raise wrong("trees")
    if len(leaves) != trees.sum() or not ((leaves >= 1) & (leaves <= MAX_LEAVES)).all():
        raise wrong("leaves")
    if len(arrays["values"]) != leaves.sum(dtype=np.intp):
        raise wrong("values")
    if not len(columns) or columns.min() < 0 or columns.sum() != len(arrays["cuts"]):
        raise wrong("cut_counts")
    inside = np.ones(max(len(arrays["cuts"]) - 1, 0), dtype=bool)
    inside[starts[(starts > 0) & (starts < len(arrays["cuts"]))] - 1] = False
    cuts = arrays["cuts"]  # may end in infinity: known or not is a cut too
    if np.isnan(cuts).any() or (cuts[1:][inside] <= cuts[:-1][inside]).any():
        raise wrong("cuts")
    of_splits = ("split_column", "split_cut", "split_first", "split_missing_left")
    for name in of_splits:
        if len(arrays[name]) != splits.sum():
            raise wrong(name)
    column, cut = arrays["split_column"], arrays["split_cut"]
    if (column >= len(columns)).any():
        raise wrong("split_column")
    if ((cut < 0) | (cut >= columns[column])).any():
        raise wrong("split_cut")
    last = np.arange(len(column)) - np.repeat(np.cumsum(splits) - splits, splits)
    if (arrays["split_first"] > last).any():
        raise wrong("split_first")
    return {name: arrays[name] for name in LAYOUT}
