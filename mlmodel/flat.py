"""Boosted trees as flat arrays, evaluated by NumPy alone: no scikit-learn, no Django.

After QuickScorer (Lucchese et al., SIGIR 2015). Number the leaves of a tree from left to right and
keep a bit for each. A split that sends a row to the right rules out the leaves of its left branch;
once every such split has cleared its bits, the lowest bit that is left is the row's leaf. All
splits of one column cleared together depend only on where the value lies among the column's
thresholds, so the masks of each such bin are prepared once, for every tree side by side: a row
costs one gather and one AND a column, whatever the depth. Columns of few bins share a table, and
ensembles share one whose trees need masks of the same width.

The sums are taken in scikit-learn's order: equal to `HistGradientBoostingRegressor`, bit for bit.
"""

import itertools
import math
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
_BLOCK_LEAVES: Final = 1 << 16
#: How many rows are binned together.
_CHUNK_ROWS: Final = 1 << 14
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
class _Part:
    """Ensembles whose masks are equally wide, so that small trees do not move wide masks.

    `table` holds what the splits leave, (bins of each group of columns, trees and baselines);
    `spans` are the outputs with their first and last place among these trees.
    """

    table: NDArray[Any]
    values: Array
    first_value: NDArray[np.intp]
    spans: Sequence[tuple[int, int, int]]

    def add_few(self, places: Sequence[Sequence[int]], sums: Array) -> None:
        """Row by row; `places` are those of each row in the table."""
        masks = np.empty((len(places), self.table.shape[1]), self.table.dtype)
        for row, cleared in zip(places, masks, strict=True):
            np.bitwise_and.reduce(self.table.take(row, axis=0), axis=0, out=cleared)
        self._add_up(masks, np.empty_like(masks), sums)

    def add_many(self, places: NDArray[np.intp], sums: Array) -> None:
        """Column by column, a block of rows after the other; `places` is (groups, rows)."""
        trees, count = self.table.shape[1], places.shape[1]
        size = min(count, max(16, _BLOCK_LEAVES // trees))
        room = np.empty((2, size, trees), self.table.dtype)
        for start in range(0, count, size):
            block = places[:, start : start + size]
            masks, cleared = room[:, : block.shape[1]]
            # Clipping never happens; it spares NumPy a copy.
            self.table.take(block[0], axis=0, out=masks, mode="clip")
            for rows in block[1:]:
                self.table.take(rows, axis=0, out=cleared, mode="clip")
                np.bitwise_and(masks, cleared, out=masks)
            self._add_up(masks, cleared, sums[start : start + size])

    def _add_up(self, masks: NDArray[Any], room: NDArray[Any], sums: Array) -> None:
        # The lowest set bit: as many bits as lie below it.
        np.subtract(masks, masks.dtype.type(1), out=room)
        np.invert(masks, out=masks)
        np.bitwise_and(masks, room, out=masks)
        leaves = self.values.take(np.bitwise_count(masks).T + self.first_value[:, None])
        for output, first, last in self.spans:
            # Tree after tree, as scikit-learn does: a pairwise sum along a row rounds otherwise.
            sums[:, output] = np.add.accumulate(leaves[first:last], axis=0)[-1]


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
        return sum(part.table.nbytes for part in self._parts)

    def predict(self, X: Array) -> Array:  # noqa: N803 -- scikit-learn's name
        """The sums of each row, (rows, outputs), of X (rows, columns); NaN is missing."""
        values = np.ascontiguousarray(X, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != self.columns:
            raise ValueError(f"X must have shape (rows, {self.columns}), not {values.shape}.")
        sums = np.empty((len(values), self.outputs))
        if len(values) <= _FEW_ROWS:
            of_rows = [self._places_of(row) for row in values.tolist()]
            for part in self._parts:
                part.add_few(of_rows, sums)
            return sums
        for start in range(0, len(values), _CHUNK_ROWS):
            chunk = slice(start, start + _CHUNK_ROWS)
            places = self._places(values[chunk])
            for part in self._parts:
                part.add_many(places, sums[chunk])
        return sums

    def _places(self, values: Array) -> NDArray[np.intp]:
        """Which row of the tables each group of columns has for each row of values:
        (groups, rows)."""
        places = np.empty((len(self._groups), len(values)), np.intp)
        places[:] = np.array(self._offsets)[:, None]
        for group, of_group in zip(self._groups, places, strict=True):
            for column, stride in group:
                of_group += _binned(column, values[:, column.index]) * stride  # noqa: PLW2901 -- in place
        return places

    def _places_of(self, values: Sequence[float]) -> list[int]:
        """The same of one row."""
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

    def _prepare(self) -> None:
        """Make the tables."""
        self._groups = _grouped(self._columns)
        sizes = [math.prod(column.bins for column, _ in group) for group in self._groups]
        self._offsets = [0, *itertools.accumulate(sizes[:-1])]
        arrays = self._arrays
        ends = np.cumsum(arrays["trees"].astype(np.intp)).tolist()
        firsts = [0, *ends[:-1]]
        of_width: dict[int, list[int]] = {}
        for output, (first, end) in enumerate(zip(firsts, ends, strict=True)):
            most = int(arrays["leaves"][first:end].max(initial=1))
            width = next(bits for bits in (8, 16, 32, 64) if most <= bits)
            of_width.setdefault(width, []).append(output)
        self._parts = [
            self._part(np.dtype(f"uint{width}"), outputs, firsts, ends)
            for width, outputs in of_width.items()
        ]

    def _part(
        self,
        dtype: np.dtype[Any],
        outputs: Sequence[int],
        firsts: Sequence[int],
        ends: Sequence[int],
    ) -> _Part:
        """Of these outputs. A baseline is a tree of one leaf, the first of its output."""
        arrays = self._arrays
        leaves = arrays["leaves"].astype(np.intp)
        value_starts = np.cumsum(leaves) - leaves
        spans, trees, values, counts = [], [], [], []
        place = 0
        for output in outputs:
            first, end = firsts[output], ends[output]
            spans.append((output, place, place + 1 + end - first))
            place = spans[-1][2]
            trees.append(np.append(-1, np.arange(first, end)))
            counts.append(np.append(1, leaves[first:end]))
            values.append(arrays["baselines"][[output]])
            if end > first:
                stop = value_starts[end - 1] + leaves[end - 1]
                values.append(arrays["values"][value_starts[first] : stop])
        count = np.concatenate(counts)
        tables = self._column_tables(np.concatenate(trees), dtype)
        shared: list[NDArray[Any]] = []
        for group in self._groups:
            table = tables[group[0][0].index]
            for column, _ in group[1:]:
                both = table[:, None] & tables[column.index][None]
                table = both.reshape(-1, table.shape[1])
            shared.append(table)
        return _Part(
            np.concatenate(shared), np.concatenate(values), np.cumsum(count) - count, spans
        )

    def _column_tables(
        self, trees: NDArray[np.intp], dtype: np.dtype[Any]
    ) -> dict[int, NDArray[Any]]:
        """By column, what the splits of these trees leave in each bin: (bins, trees); -1 is a
        baseline, without any."""
        arrays = self._arrays
        splits = arrays["leaves"].astype(np.intp) - 1
        place = np.full(len(splits), -1)
        place[trees[trees >= 0]] = np.flatnonzero(trees >= 0)
        tree = np.repeat(place, splits)
        last = np.arange(len(tree)) - np.repeat(np.cumsum(splits) - splits, splits)
        one = np.uint64(1)
        upto = (one << (last + 1).astype(np.uint64)) - one
        before = (one << arrays["split_first"].astype(np.uint64)) - one
        masks = (~(upto ^ before)).astype(dtype)
        tables: dict[int, NDArray[Any]] = {}
        for column in self._columns:
            of_column = np.flatnonzero((arrays["split_column"] == column.index) & (tree >= 0))
            cut = arrays["split_cut"][of_column]
            right_if_missing = of_column[~arrays["split_missing_left"][of_column]]
            table = np.full((column.bins, len(trees)), np.iinfo(dtype).max, dtype)
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
