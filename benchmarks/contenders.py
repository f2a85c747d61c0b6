"""Ways to evaluate the same boosted trees: scikit-learn's own, ours, and other people's.

Each takes a fitted HistGradientBoostingRegressor and gives a function from values, (rows, columns),
to predictions, (rows,), on one thread. Whether one is right is for the benchmark to say.
"""

import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from mlmodel.flat import FlatTrees, _binned

Array: TypeAlias = NDArray[np.float64]
Predict: TypeAlias = Callable[[Array], Array]


def scikit_learn(model: HistGradientBoostingRegressor) -> Predict:
    predict: Predict = model.predict
    return predict


def flat_trees(model: HistGradientBoostingRegressor) -> Predict:
    trees = FlatTrees.of(model)
    return lambda rows: trees.predict(rows)[:, 0]


def level_by_level(model: HistGradientBoostingRegressor) -> Predict:
    """All trees at once in NumPy, one step down at a time: what FlatTrees was chosen over.

    Values are binned as FlatTrees bins them; then a step is a gather of the split's column, one of
    the value's bin and one of the branch.
    """
    flat = FlatTrees.of(model)
    columns = flat._columns
    place = {column.index: number for number, column in enumerate(columns)}
    width = max(column.bins for column in columns)
    arrays = flat.to_arrays()
    column_of: list[int] = []
    next_of: list[NDArray[np.int32]] = []
    value_of: list[float] = []
    roots: list[int] = []
    depth, split, leaf = 0, 0, 0

    def grow(first: int, last: int, level: int) -> int:
        """The node over the leaves from first to last of this tree."""
        nonlocal depth
        depth = max(depth, level)
        node = len(value_of)
        column_of.append(0)
        value_of.append(arrays["values"][leaf + first])
        next_of.append(np.full(width, node, dtype=np.int32))
        if first == last:
            return node
        # The last split of a range whose left branch begins where the range does is its root.
        at = max(i for i in range(first, last) if arrays["split_first"][split + i] == first)
        left, right = grow(first, at, level + 1), grow(at + 1, last, level + 1)
        column = columns[place[int(arrays["split_column"][split + at])]]
        cut = int(arrays["split_cut"][split + at])
        goes_left = np.arange(column.bins) <= cut
        goes_left[-1] = arrays["split_missing_left"][split + at]
        column_of[node] = place[column.index]
        next_of[node][: column.bins] = np.where(goes_left, left, right)
        return node

    for leaves in arrays["leaves"].tolist():
        roots.append(grow(0, leaves - 1, 0))
        split, leaf = split + leaves - 1, leaf + leaves
    next_table, values = np.concatenate(next_of), np.array(value_of)
    columns_table, root_row = np.array(column_of), np.array(roots)

    def predict_block(rows: Array) -> Array:
        bins = np.column_stack([_binned(column, rows[:, column.index]) for column in columns])
        start = (np.arange(len(rows)) * len(columns))[:, None]
        flat_bins = bins.ravel()
        nodes: NDArray[Any] = np.broadcast_to(root_row, (len(rows), len(root_row)))
        for _ in range(depth):
            bin_of = flat_bins.take(columns_table.take(nodes) + start)
            nodes = next_table.take(nodes * width + bin_of)
        sums: Array = arrays["baselines"][0] + values.take(nodes).sum(axis=1)
        return sums

    def predict(rows: Array) -> Array:
        blocks = [predict_block(rows[at : at + 256]) for at in range(0, len(rows), 256)]
        return np.concatenate(blocks)

    return predict


def treelite_interpreted(model: HistGradientBoostingRegressor) -> Predict:
    treelite: Any = importlib.import_module("treelite")
    imported = treelite.sklearn.import_model(model)
    return lambda rows: treelite.gtil.predict(imported, rows, nthread=1).ravel()


def treelite_compiled(model: HistGradientBoostingRegressor) -> Predict:
    treelite: Any = importlib.import_module("treelite")
    tl2cgen: Any = importlib.import_module("tl2cgen")
    imported = treelite.sklearn.import_model(model)
    with tempfile.TemporaryDirectory() as temporary:
        library = Path(temporary) / "trees.so"
        options = {"parallel_comp": 4}
        tl2cgen.export_lib(imported, toolchain="gcc", libpath=str(library), params=options)
        predictor = tl2cgen.Predictor(str(library), nthread=1)
    return lambda rows: predictor.predict(tl2cgen.DMatrix(rows, dtype="float64")).ravel()


def onnx_runtime(model: HistGradientBoostingRegressor) -> Predict:
    """In float32: ONNX Runtime has no other trees from skl2onnx."""
    runtime: Any = importlib.import_module("onnxruntime")
    skl2onnx: Any = importlib.import_module("skl2onnx")
    types: Any = importlib.import_module("skl2onnx.common.data_types")
    trees: Any = importlib.import_module("skl2onnx.common.tree_ensemble")
    add_node = trees.add_node

    def plain(value: Any) -> Any:
        return int(value) if isinstance(value, np.integer | np.bool_ | bool) else value

    def add_plain_node(*arguments: Any, **options: Any) -> None:
        """skl2onnx 1.20 hands NumPy's integers on, which onnx does not take."""
        add_node(
            *(plain(value) for value in arguments),
            **{
                name: value if name.startswith("adjust") else plain(value)
                for name, value in options.items()
            },
        )

    trees.add_node = add_plain_node
    try:
        columns = model.n_features_in_
        exported = skl2onnx.to_onnx(
            model, initial_types=[("X", types.FloatTensorType([None, columns]))]
        )
    finally:
        trees.add_node = add_node
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(
        exported.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda rows: session.run(None, {"X": rows.astype(np.float32)})[0].ravel()


CONTENDERS: Final[dict[str, Callable[[HistGradientBoostingRegressor], Predict]]] = {
    "scikit-learn, on NumPy": scikit_learn,
    "FlatTrees": flat_trees,
    "NumPy, level by level": level_by_level,
    "treelite, interpreted": treelite_interpreted,
    "treelite, compiled by gcc": treelite_compiled,
    "ONNX Runtime, float32": onnx_runtime,
}
