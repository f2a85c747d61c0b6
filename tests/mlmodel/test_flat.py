"""Flat trees answer what scikit-learn's trees answer, bit for bit, and take nothing malformed."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from mlmodel.flat import FlatTrees

Array = NDArray[np.float64]


def made_up(rows: int, *, seed: int) -> tuple[Array, Array]:
    """Eight columns with gaps, some of few values, and a target that depends on values and gaps."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(rows, 8)).round(2)
    for column in (1, 4, 6):
        values[:, column] = generator.integers(0, 3 + 4 * column, rows) * 2 - 3.0
    values[:, 7] = generator.integers(0, 2, rows)
    values[generator.random(values.shape) < 0.1] = np.nan
    target = np.nansum(values[:, [0, 2, 3]], axis=1) + np.sin(np.nan_to_num(values[:, 4]))
    target += 2.0 * np.isnan(values[:, 5]) + np.nan_to_num(values[:, 6]) % 5
    return values, target + generator.normal(size=rows)


def fitted(*, seed: int = 1, rows: int = 800, **options: Any) -> HistGradientBoostingRegressor:
    options = {"max_iter": 30, "max_leaf_nodes": 16, "min_samples_leaf": 5, **options}
    model = HistGradientBoostingRegressor(early_stopping=False, random_state=seed, **options)
    return model.fit(*made_up(rows, seed=seed))


def awkward(flat: FlatTrees, rows: int, *, seed: int) -> Array:
    """Rows of plain values, gaps, values at thresholds and next to them, and infinities."""
    generator = np.random.default_rng(seed)
    values, _ = made_up(rows, seed=seed)
    arrays = flat.to_arrays()
    ends = np.cumsum(arrays["cut_counts"])
    for column, (end, count) in enumerate(zip(ends, arrays["cut_counts"], strict=True)):
        cuts = arrays["cuts"][end - count : end]
        odd = np.array([np.inf, -np.inf, 0.0, -0.0, 1e-320, np.nan])
        cuts = np.concatenate([cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf)])
        for choices, share in ((cuts, 0.3), (odd, 0.1)):
            if len(choices):
                chosen = generator.random(rows) < share
                values[chosen, column] = generator.choice(choices, int(chosen.sum()))
    return values


def assert_same(flat: FlatTrees, *models: HistGradientBoostingRegressor, values: Array) -> None:
    expected = np.column_stack([model.predict(values) for model in models])
    answers = flat.predict(values)
    assert answers.shape == (len(values), len(models))
    np.testing.assert_array_equal(answers, expected)
    one_by_one = [flat.predict(values[[row]])[0] for row in range(min(len(values), 200))]
    np.testing.assert_array_equal(one_by_one, expected[:200])


def test_a_hundred_thousand_awkward_rows_bit_for_bit() -> None:
    """Three ensembles at once, of unlike sizes."""
    models = (
        fitted(seed=1),
        fitted(seed=2, max_iter=7, max_leaf_nodes=31, rows=120),
        fitted(seed=3, max_iter=50, max_leaf_nodes=4, loss="absolute_error"),
    )
    flat = FlatTrees.of(*models)
    assert (flat.outputs, flat.columns) == (3, 8)
    assert_same(flat, *models, values=awkward(flat, 100_000, seed=4))


@pytest.mark.parametrize("leaves", [2, 8, 9, 16, 17, 32, 33, 64])
def test_every_width_of_mask(leaves: int) -> None:
    model = fitted(max_leaf_nodes=leaves, max_iter=5, min_samples_leaf=2)
    flat = FlatTrees.of(model)
    assert flat.to_arrays()["leaves"].max() == leaves
    assert_same(flat, model, values=awkward(flat, 2_000, seed=leaves))


def test_a_split_on_missing_alone_keeps_infinity_on_the_side_of_the_numbers() -> None:
    values = np.where(np.arange(200) % 2, np.nan, 1.0)[:, None]
    model = HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=5).fit(
        values, np.isnan(values[:, 0]) * 1.0
    )
    flat = FlatTrees.of(model)
    assert np.isinf(flat.to_arrays()["cuts"]).any()
    odd = np.array([[np.nan], [np.inf], [-np.inf], [0.0]])
    assert_same(flat, model, values=odd)
    assert flat.predict(odd)[0, 0] > flat.predict(odd)[1, 0]


def test_trees_without_a_split() -> None:
    values = np.zeros((50, 3))
    model = HistGradientBoostingRegressor(max_iter=4).fit(values, np.arange(50.0))
    assert_same(FlatTrees.of(model), model, values=np.array([[1.0, np.nan, 2.0], [0.0, 0.0, 0.0]]))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    leaves=st.integers(2, 64),
    trees=st.integers(1, 12),
    columns=st.integers(1, 6),
    levels=st.integers(1, 40),
    data=st.data(),
)
def test_random_small_models(
    seed: int, leaves: int, trees: int, columns: int, levels: int, data: st.DataObject
) -> None:
    generator = np.random.default_rng(seed)
    values = generator.integers(-levels, levels + 1, (150, columns)) / 4.0
    values[generator.random(values.shape) < 0.15] = np.nan
    model = HistGradientBoostingRegressor(
        max_iter=trees,
        max_leaf_nodes=leaves,
        min_samples_leaf=data.draw(st.integers(1, 20)),
        early_stopping=False,
    ).fit(values, generator.normal(size=150))
    asked = generator.integers(-levels - 3, levels + 4, (80, columns)) / 4.0
    asked[generator.random(asked.shape) < 0.15] = np.nan
    assert_same(FlatTrees.of(model), model, values=asked)


def test_any_number_of_rows_and_any_layout() -> None:
    model = fitted()
    flat = FlatTrees.of(model)
    assert flat.predict(np.empty((0, 8))).shape == (0, 1)
    values = awkward(flat, 10_001, seed=5)
    expected = model.predict(values)
    for rows in (2, 3, 12, 13, 5_000, 10_001):
        np.testing.assert_array_equal(flat.predict(values[:rows])[:, 0], expected[:rows])
    np.testing.assert_array_equal(flat.predict(np.asfortranarray(values))[:, 0], expected)
    np.testing.assert_array_equal(flat.predict(values[::-3])[:, 0], expected[::-3])


@pytest.mark.parametrize("shape", [(8,), (3, 7), (3, 9), (2, 3, 8)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must have shape \(rows, 8\)"):
        FlatTrees.of(fitted(max_iter=2)).predict(np.zeros(shape))


def test_plain_arrays_are_all_it_needs() -> None:
    models = fitted(seed=1), fitted(seed=2)
    flat = FlatTrees.of(*models)
    arrays = flat.to_arrays()
    assert all(array.dtype.kind in "biuf" for array in arrays.values())
    again = FlatTrees.from_arrays(arrays)
    assert_same(again, *models, values=awkward(flat, 1_000, seed=6))
    stored = sum(array.nbytes for array in arrays.values())
    nodes = sum(len(tree.nodes) for model in models for (tree,) in model._predictors)
    assert stored < 12 * nodes  # scikit-learn keeps 60 bytes a node


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda arrays: arrays.pop(name)


def _put(name: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    return lambda arrays: arrays.update({name: change(arrays[name])})


def _with_first(value: Any) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        changed = array.copy()
        changed[0] = value
        return changed

    return change


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (_without("values"), "in: values"),
        (lambda arrays: arrays.update(more=np.zeros(1)), "in: more"),
        (_put("values", lambda array: array.astype(object)), "values must be float64"),
        (_put("values", lambda array: array.astype(np.float32)), "values must be float64"),
        (_put("values", lambda array: array[None]), "values must be float64 in 1 dim"),
        (_put("values", lambda array: array[:-1]), "values does not fit"),
        (_put("baselines", lambda array: array[:0]), "trees does not fit"),
        (_put("trees", lambda array: -array), "trees does not fit"),
        (_put("trees", lambda array: array + 1), "leaves does not fit"),
        (_put("leaves", _with_first(0)), "leaves does not fit"),
        (_put("leaves", _with_first(65)), "leaves does not fit"),
        (_put("cuts", lambda array: array[:-1]), "cut_counts does not fit"),
        (_put("cut_counts", _with_first(-1)), "cut_counts does not fit"),
        (_put("cuts", _with_first(np.nan)), "cuts does not fit"),
        (_put("cuts", _with_first(np.inf)), "cuts does not fit"),
        (_put("split_first", lambda array: array[1:]), "split_first does not fit"),
        (_put("split_first", _with_first(1)), "split_first does not fit"),
        (_put("split_column", _with_first(8)), "split_column does not fit"),
        (_put("split_cut", lambda array: array - 1), "split_cut does not fit"),
        (_put("split_cut", lambda array: array + 10_000), "split_cut does not fit"),
    ],
)
def test_malformed_arrays_are_refused_by_name(
    spoil: Callable[[dict[str, Any]], None], named: str
) -> None:
    arrays = FlatTrees.of(fitted(max_iter=5)).to_arrays()
    spoil(arrays)
    with pytest.raises(ValueError, match=named):
        FlatTrees.from_arrays(arrays)


def test_what_cannot_be_flattened_is_refused() -> None:
    with pytest.raises(ValueError, match="65 leaves; at most 64"):
        FlatTrees.of(fitted(max_leaf_nodes=65, max_iter=1, min_samples_leaf=1))
    values, target = made_up(200, seed=1)
    narrow = HistGradientBoostingRegressor(max_iter=1).fit(values[:, :3], target)
    with pytest.raises(ValueError, match="the same columns"):
        FlatTrees.of(fitted(max_iter=1), narrow)
    with pytest.raises(ValueError, match="the same columns"):
        FlatTrees.of()
    classes = HistGradientBoostingClassifier(max_iter=1).fit(values, np.digitize(target, [0, 1]))
    with pytest.raises(ValueError, match="one output"):
        FlatTrees.of(classes)
    categories = HistGradientBoostingRegressor(max_iter=1, categorical_features=[1])
    with pytest.raises(ValueError, match="numbers, not categories"):
        FlatTrees.of(categories.fit(values, target))


def test_serving_imports_numpy_alone() -> None:
    code = (
        "import sys, mlmodel.flat; "
        "print({'sklearn', 'scipy', 'pandas', 'django', 'mlmodel.flattening'} & set(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "set()"


def test_neighbouring_columns_may_both_be_cut_at_known_or_not() -> None:
    generator = np.random.default_rng(4)
    table = np.where(generator.random((400, 2)) < 0.5, np.nan, 1.0)
    target = np.isnan(table[:, 0]) + 2.0 * np.isnan(table[:, 1])
    model = HistGradientBoostingRegressor(max_iter=5, random_state=0).fit(table, target)
    trees = FlatTrees.from_arrays(FlatTrees.of(model).to_arrays())
    assert np.array_equal(trees.predict(table)[:, 0], model.predict(table))
