"""How fast a building is predicted: one at a time, many at once, and how soon a worker can.

    python benchmarks/inference.py
    python benchmarks/inference.py --ensemble 2000x31x60 --json figures.json

First the trees alone, trained on made-up rows: scikit-learn, ours, and other people's, whichever
is installed. Then the trees of the artifact that ships, all of them, and that artifact from plain
values to predictions. Then new processes that load as a worker does. Everything runs on one thread
a process. A contender is timed only if it answers what scikit-learn answers; rows that it must
answer hold missing values and infinities.
"""

import argparse
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# Before anything imports NumPy, as the workers do.
for _name in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: E402
from tqdm import tqdm  # noqa: E402

from benchmarks.contenders import CONTENDERS, Array, flat_trees  # noqa: E402
from mlmodel.artifact import ARRAYS_FILE, file_digests, load_estimator, save_arrays  # noqa: E402
from mlmodel.features import FEATURE_NAMES, FEATURES, FeatureRow, encode  # noqa: E402
from mlmodel.flat import FlatTrees  # noqa: E402
from mlmodel.runtime import ServedModel  # noqa: E402

SHIPPED: Final = ROOT / "mlmodel" / "shipped"
#: How far an answer may be off, relative to scikit-learn's or to the spread of its answers.
TOLERATED: Final = 1e-4
_GOALS: Final = (
    "goals: one row 500 µs or less; 50,000 rows/s on two processes; worker 2 s, 150 MB; files 10 MB"
)

Answer = Callable[[Any], Any]


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    tqdm.monitor_interval = 0  # its thread would be forked
    shapes = options.ensemble or [(500, 8, 22), (1000, 16, 60)]
    found: dict[str, Any] = {"ensembles": [], "trees": [], "shipped": [], "workers": []}
    with tqdm(
        total=len(shapes) * len(CONTENDERS), desc="measured", leave=False, disable=None
    ) as bar:
        for shape in shapes:
            found["ensembles"].append(_ensemble_measured(shape, options, bar))
        if (SHIPPED / "manifest.json").exists() and not options.no_shipped:
            found |= _shipped_measured(options)
        model = _fitted(shapes[-1])[0]
        found["workers"] = _workers_measured(model, shipped=bool(found["shipped"]))
    sys.stdout.write(_report(found, options.rows) + "\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how fast a building is predicted.")
    parser.add_argument(
        "--ensemble",
        type=_shape,
        action="append",
        metavar="TREESxLEAVESxCOLUMNS",
        help="made-up ensembles (default: 500x8x22 and 1000x16x60)",
    )
    parser.add_argument("--rows", type=int, default=10_000, help="rows of a batch")
    parser.add_argument(
        "--checked", type=int, default=100_000, help="rows that the shipped artifact is checked on"
    )
    parser.add_argument("--calls", type=int, default=1_000, help="calls with one row")
    parser.add_argument("--repeat", type=int, default=5, help="batches; the median counts")
    parser.add_argument("--no-shipped", action="store_true", help="leave the shipped artifact out")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    return parser.parse_args(argv)


def _shape(text: str) -> tuple[int, int, int]:
    if not re.fullmatch(r"[1-9]\d*x[1-9]\d*x[1-9]\d*", text):
        raise argparse.ArgumentTypeError("give trees x leaves x columns, such as 500x8x22")
    trees, leaves, columns = map(int, text.split("x"))
    return trees, leaves, columns


def made_up(rows: int, columns: int, seed: int) -> tuple[Array, Array]:
    """Numbers, a quarter of them yes or no; a tenth is missing."""
    generator = np.random.default_rng(seed)
    weights = np.random.default_rng(0).normal(size=columns)
    values = generator.normal(size=(rows, columns))
    values[:, columns - columns // 4 :] = generator.integers(0, 2, (rows, columns // 4))
    values[generator.random(values.shape) < 0.1] = np.nan
    target = np.nansum(np.sin(values) * weights, axis=1) + generator.normal(size=rows)
    return values, target


def _fitted(shape: tuple[int, int, int]) -> tuple[HistGradientBoostingRegressor, float]:
    """A model of this shape, and the seconds that it took."""
    trees, leaves, columns = shape
    begun = time.perf_counter()
    model = HistGradientBoostingRegressor(
        max_iter=trees,
        max_leaf_nodes=leaves,
        learning_rate=0.03,
        min_samples_leaf=10,
        early_stopping=False,
        random_state=0,
    ).fit(*made_up(6_000, columns, seed=1))
    return model, time.perf_counter() - begun


def _ensemble_measured(
    shape: tuple[int, int, int], options: argparse.Namespace, bar: "tqdm[Any]"
) -> dict[str, Any]:
    model, seconds = _fitted(shape)
    rows, _ = made_up(options.rows, shape[2], seed=2)
    awkward, _ = made_up(2_000, shape[2], seed=3)
    awkward[500:600] = np.inf
    awkward[600:700] = -np.inf
    contenders = []
    for name, prepare in CONTENDERS.items():
        prepared = partial(prepare, model)
        contenders.append(measured(name, prepared, model.predict, rows, awkward, options))
        bar.update()
    return {"shape": shape, "fit_s": round(seconds, 1), "contenders": contenders}


def measured(
    name: str,
    prepare: Callable[[], Answer],
    reference: Answer,
    rows: Any,
    checked: Any,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """A contender's figures, or why it has none: it is not installed, fails, or is wrong."""
    found: dict[str, Any] = {"name": name, "status": "right"}
    try:
        with _quiet():
            predict = prepare()
            answers = np.asarray(predict(checked), dtype=np.float64)
    except ImportError:
        return {**found, "status": "not installed"}
    except Exception as error:  # noqa: BLE001 -- whatever other people's code raises
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:60]
        return {**found, "status": f"fails: {reason}"}
    expected = np.asarray(reference(checked), dtype=np.float64)
    if answers.shape != expected.shape or not np.isfinite(answers).all():
        return {**found, "status": "wrong: not one finite number a row"}
    scale = np.maximum(np.abs(expected), expected.std(axis=0))
    found["relative_error"] = float((np.abs(answers - expected) / scale).max())
    if found["relative_error"] > TOLERATED:
        return {**found, "status": f"wrong by up to {found['relative_error']:.0e}"}
    is_equal = bool((answers == expected).all())
    found["status"] = "bit for bit" if is_equal else f"within {found['relative_error']:.0e}"
    return {**found, **_timed(predict, rows, options)}


def _timed(predict: Answer, rows: Any, options: argparse.Namespace) -> dict[str, float]:
    ones = [rows[at : at + 1] for at in range(min(len(rows), 500))]
    times_us = []
    for call in range(options.calls):
        one = ones[call % len(ones)]
        begun = time.perf_counter()
        predict(one)
        times_us.append((time.perf_counter() - begun) * 1e6)
    batches_s = []
    for _ in range(options.repeat):
        begun = time.perf_counter()
        predict(rows)
        batches_s.append(time.perf_counter() - begun)
    return {
        "one_median_us": float(np.median(times_us)),
        "one_p99_us": float(np.quantile(times_us, 0.99)),
        "rows_per_s": len(rows) / statistics.median(batches_s),
        "rows_per_s_two": _two_processes(predict, rows, options.repeat),
    }


def _two_processes(predict: Answer, rows: Any, repeat: int) -> float:
    """Rows a second of two processes together; NaN where a process cannot be forked."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return float("nan")
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(3, timeout=120)

    def work() -> None:
        predict(rows)
        barrier.wait()
        for _ in range(repeat):
            predict(rows)
        barrier.wait()

    with _quiet():
        processes = [context.Process(target=work, daemon=True) for _ in range(2)]
        for process in processes:
            process.start()
    barrier.wait()
    begun = time.perf_counter()
    barrier.wait()
    elapsed_s = time.perf_counter() - begun
    for process in processes:
        process.join()
    return 2 * repeat * len(rows) / elapsed_s


def _shipped_measured(options: argparse.Namespace) -> dict[str, Any]:
    """The shipped artifact, from plain values to fuels; its trees alone; and how large it is."""
    import pandas as pd

    manifest = json.loads((SHIPPED / "manifest.json").read_text(encoding="utf-8"))
    pipeline = load_estimator(SHIPPED / "model", manifest["file_digests"])
    served = served_model(SHIPPED / "model", manifest)
    rows, checked = buildings(options.rows), buildings(options.checked, seed=5)

    def by_pipeline(rows: Any) -> Any:
        return pipeline.predict(rows)

    def by_frame(rows: Sequence[FeatureRow]) -> Any:
        frame = pd.DataFrame([{name: row.get(name) for name in FEATURE_NAMES} for row in rows])
        return by_pipeline(frame)

    def by_served_model(rows: Sequence[FeatureRow]) -> Any:
        return [
            (answer.electricity_kbtu, answer.natural_gas_kbtu, answer.steam_kbtu)
            for answer in served.predict(rows)
        ]

    ways: dict[str, Callable[[], Answer]] = {
        "pipeline.predict, a DataFrame": lambda: by_frame,
        "pipeline.predict, mappings": lambda: by_pipeline,
        "ServedModel.predict": lambda: by_served_model,
    }
    found = [
        measured(name, prepare, by_pipeline, rows, checked, options)
        for name, prepare in ways.items()
    ]
    encoding = {"name": "  of which encoding", "status": "", **_timed(encode, rows, options)}
    sizes = {path.name: path.stat().st_size for path in (SHIPPED / "model").iterdir()}
    return {
        "trees": _trees_measured(pipeline.named_steps["energy"], rows, checked, options),
        "shipped": [*found, encoding],
        "checked": len(checked),
        "files_mb": sum(sizes.values()) / 1e6,
        "served_mb": sizes[ARRAYS_FILE] / 1e6,
    }


def _trees_measured(
    regressor: Any, rows: Any, checked: Any, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """All boosted models of one of the shipped regressor's experts, on the columns that it makes of
    buildings: of the expert that most of the made-up ones ask."""
    models = regressor.experts_[0]

    def together(prepare: Callable[[HistGradientBoostingRegressor], Answer]) -> Answer:
        if prepare is flat_trees:  # which takes them all at once
            return FlatTrees.of(*models).predict
        predicts = [prepare(model) for model in models]
        return lambda values: np.column_stack([predict(values) for predict in predicts])

    columns, checked_columns = (
        regressor.design_.columns(encode(of))[0] for of in (rows, checked[:10_000])
    )
    reference = together(CONTENDERS["scikit-learn, on NumPy"])
    return [
        measured(name, partial(together, prepare), reference, columns, checked_columns, options)
        for name, prepare in CONTENDERS.items()
    ]


def buildings(count: int, seed: int = 4) -> list[FeatureRow]:
    """Made-up valid inputs, of which an optional value is missing in two cases of five."""
    generator = np.random.default_rng(seed)
    rows: list[FeatureRow] = []
    for _ in range(count):
        row: dict[str, Any] = {}
        for feature in FEATURES:
            if not feature.is_required and generator.random() < 0.4:
                continue
            if feature.kind == "category":
                row[feature.name] = feature.choices[generator.integers(len(feature.choices))]
            elif feature.kind == "boolean":
                row[feature.name] = bool(generator.random() < 0.5)
            else:
                value = float(generator.uniform(feature.minimum or 0, feature.maximum or 1))
                row[feature.name] = int(value) if feature.kind == "integer" else value
        row["parking_gfa_sqft"] = 0.1 * row["gross_floor_area_sqft"]
        rows.append(row)
    return rows


def served_model(directory: Path, manifest: Mapping[str, Any]) -> ServedModel:
    return ServedModel.load(
        directory,
        name="shipped",
        version=1,
        file_digests=manifest["file_digests"],
        signature=manifest["signature"],
    )


_WORKERS: Final = {
    "NumPy alone": "import numpy",
    "FlatTrees, from served.npz": """
from mlmodel.artifact import load_arrays
from mlmodel.flat import FlatTrees
trees = FlatTrees.from_arrays(load_arrays(Path(sys.argv[1]), json.loads(sys.argv[2])))
import numpy
trees.predict(numpy.zeros((1, trees.columns)))
""",
    "ServedModel, as shipped": """
from mlmodel.runtime import ServedModel
directory = Path("mlmodel/shipped")
manifest = json.loads((directory / "manifest.json").read_text())
model = ServedModel.load(directory / "model", name="shipped", version=1,
    file_digests=manifest["file_digests"], signature=manifest["signature"])
facts = {"primary_property_type": "Hotel", "gross_floor_area_sqft": 9e4, "year_built": 1927}
model.predict([facts])
""",
    "a web worker, as shipped": """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
import config.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
from mlmodel.runtime import ServedModel
directory = Path("mlmodel/shipped")
manifest = json.loads((directory / "manifest.json").read_text())
model = ServedModel.load(directory / "model", name="shipped", version=1,
    file_digests=manifest["file_digests"], signature=manifest["signature"])
facts = {"primary_property_type": "Hotel", "gross_floor_area_sqft": 9e4, "year_built": 1927}
model.predict([facts])
""",
}
_WORKER_REPORT: Final = """
import psutil
heavy = {"mlflow", "pandas", "scipy", "sklearn"} & set(sys.modules)
print(json.dumps([psutil.Process().memory_info().rss, sorted(heavy)]))
"""


def _workers_measured(
    model: HistGradientBoostingRegressor, *, shipped: bool
) -> list[dict[str, Any]]:
    """From the start of a process to its first answer; without a database."""
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        save_arrays(directory / "served.npz", FlatTrees.of(model).to_arrays())
        digests = json.dumps(file_digests(directory))
        for name, code in _WORKERS.items():
            if "shipped" in name and not shipped:
                continue
            program = f"import sys, json\nfrom pathlib import Path\n{code}\n"
            ready_s = []
            for _ in range(3):
                begun = time.perf_counter()
                answer = _run(program + _WORKER_REPORT, temporary, digests)
                ready_s.append(time.perf_counter() - begun)
            resident, heavy = json.loads(answer)
            found.append(
                {
                    "name": name,
                    "ready_s": statistics.median(ready_s),
                    "resident_mb": resident / 1e6,
                    "heavy_imports": heavy,
                }
            )
    return found


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 -- this very Python, with a program from above
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@contextmanager
def _quiet() -> Iterator[None]:
    """Other people's warnings are not what is measured here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _report(found: Mapping[str, Any], rows: int) -> str:
    lines = [f"one thread a process; batches of {rows:,} rows; {_GOALS}"]
    for ensemble in found["ensembles"]:
        trees, leaves, columns = ensemble["shape"]
        lines += _table(
            f"{trees:,} trees × {leaves} leaves × {columns} columns", ensemble["contenders"]
        )
    if found["shipped"]:
        lines += _table("trees of the shipped artifact", found["trees"])
        lines += _table("shipped artifact", found["shipped"])
        lines += [
            "",
            f"shipped files: {found['files_mb']:.1f} MB, of which a worker reads "
            f"{found['served_mb']:.1f} MB; checked on {found['checked']:,} rows",
        ]
    lines += ["", f"{'new process':<34}{'ready, s':>12}{'resident, MB':>16}  imports of weight"]
    lines += [
        f"{worker['name']:<34}{worker['ready_s']:>12.2f}{worker['resident_mb']:>16.0f}"
        f"  {', '.join(worker['heavy_imports']) or 'none'}"
        for worker in found["workers"]
    ]
    return "\n".join(lines)


def _table(title: str, contenders: Sequence[Mapping[str, Any]]) -> list[str]:
    heading = f"{title:<34}{'one row, µs':>12}{'p99':>10}{'rows/s':>12}{'two processes':>16}"
    lines = ["", f"{heading}  against the reference"]
    for contender in contenders:
        if "rows_per_s" in contender:
            figures = (
                f"{contender['one_median_us']:>12,.0f}{contender['one_p99_us']:>10,.0f}"
                f"{contender['rows_per_s']:>12,.0f}{contender['rows_per_s_two']:>16,.0f}"
            )
        else:
            figures = f"{'–':>12}{'–':>10}{'–':>12}{'–':>16}"
        lines.append(f"{contender['name']:<34}{figures}  {contender['status']}".rstrip())
    return lines


if __name__ == "__main__":
    sys.exit(main())
