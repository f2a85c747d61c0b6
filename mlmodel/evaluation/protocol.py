"""Who is trained on and who is predicted: folds, new buildings, and what was predicted for them.

A fold's model is fitted once and answers for every set-up and both targets, by masking what a
caller of that set-up lacks.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlmodel.errors import ModelError
from mlmodel.evaluation.subject import Fit, Subject, fit_subject
from mlmodel.features import FEATURE_NAMES, encode
from mlmodel.prediction import Estimates
from mlmodel.training import TrainingData

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

POPULATIONS: Final = ("non_residential", "all")
TARGETS: Final = ("energy", "emissions")
#: The set-up of a typical caller, in words of the tables.
SET_UP_WORDS: Final = {"a": "basics", "f": "+ fuels", "b": "+ score", "c": "+ fuels + score"}


class ProcessesUnavailableError(ModelError):
    """Folds cannot run in other processes of this program."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is repeated, and for whom: RepeatedKFold(folds × repeats, random_state=seed)."""

    seed: int = 42
    folds: int = 5
    repeats: int = 3
    populations: tuple[str, ...] = POPULATIONS

    @classmethod
    def quick(cls, *, seed: int = 42, folds: int = 5) -> "Protocol":
        """The first repeat of the non-residential folds: the same folds as in the whole."""
        return cls(seed=seed, folds=folds, repeats=1, populations=("non_residential",))

    @property
    def steps(self) -> int:
        """Models to fit, new buildings apart."""
        return self.folds * self.repeats * len(self.populations)


@dataclass(frozen=True, slots=True)
class Predicted:
    """What one model said of buildings it had not seen: their positions, and estimates by set-up.

    `importance` goes from feature to the rise of the mean absolute log error of energy when that
    column is shuffled among them, everything known; empty where it was not measured.
    """

    test: Indices
    estimates: Mapping[str, Estimates]
    importance: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The data, and every out-of-fold prediction, by population and fold in their order."""

    protocol: Protocol
    data: TrainingData
    folds: Mapping[str, list[Predicted]]
    new_data: Mapping[str, TrainingData]
    new_buildings: Mapping[str, Predicted]
    #: Processor time of all fits and predictions, s.
    cpu_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Work:
    """What every task needs; sent to each process once."""

    encoded: Array
    energy: Array
    fuels: Array
    new: Mapping[str, Array]
    seed: int
    fit: Fit
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Task:
    """One model to fit; without test rows it is the one for new buildings."""

    population: str
    number: int
    train: Indices
    test: Indices
    has_importance: bool


def evaluate(
    data: TrainingData,
    *,
    protocol: Protocol,
    new_data: Mapping[str, TrainingData] | None = None,
    jobs: int = 1,
    fit: Fit = fit_subject,
    parameters: Mapping[str, Any] | None = None,
    on_step: Callable[[], Any] = lambda: None,
) -> Evaluation:
    """Run the protocol; `on_step` is called after each fitted model.

    Residential buildings are in every training fold of the non-residential population, and in none
    of its test folds. New buildings are predicted by a model of all rows. Any number of processes
    (`jobs`) gives the same, for each model is fitted from the same rows and seed in one thread.
    Raises ProcessesUnavailableError for more than one where the program is no file.
    """
    new_data = new_data or {}
    work = _Work(
        encoded=encode(data.rows),
        energy=data.site_energy_use_kbtu,
        fuels=data.fuels_kbtu,
        new={name: encode(of.rows) for name, of in new_data.items()},
        seed=protocol.seed,
        fit=fit,
        parameters=parameters or {},
    )
    tasks = list(_tasks(data, protocol, has_new=bool(new_data)))
    begun_cpu_s = _cpu_s()
    done = _run(work, tasks, jobs, on_step)
    folds: dict[str, list[Predicted]] = {population: [] for population in protocol.populations}
    new: dict[str, Predicted] = {}
    for task, answer in zip(tasks, done, strict=True):
        if task.population in folds:
            folds[task.population].append(answer[""])
        else:
            new = dict(answer)
    return Evaluation(protocol, data, folds, new_data, new, _cpu_s() - begun_cpu_s)


def _cpu_s() -> float:
    """Of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


def _tasks(data: TrainingData, protocol: Protocol, *, has_new: bool) -> Iterator[_Task]:
    from sklearn.model_selection import RepeatedKFold

    everyone = np.arange(len(data.rows))
    members = {"non_residential": everyone[~data.is_residential], "all": everyone}
    for population in protocol.populations:
        chosen = members[population]
        others = np.setdiff1d(everyone, chosen)
        splitter = RepeatedKFold(
            n_splits=protocol.folds, n_repeats=protocol.repeats, random_state=protocol.seed
        )
        for number, (train, test) in enumerate(splitter.split(chosen)):
            # In the rows' own order, which seeded trees depend on.
            yield _Task(
                population,
                number,
                np.sort(np.concatenate([chosen[train], others])),
                chosen[test],
                has_importance=population == "non_residential" and number < protocol.folds,
            )
    if has_new:
        nobody = np.array([], dtype=np.intp)
        yield _Task("new buildings", 0, everyone, nobody, has_importance=False)


_work: _Work | None = None


def _start(work: _Work) -> None:
    global _work  # noqa: PLW0603 -- a process has one work
    _work = work


def _task_in_process(task: _Task) -> dict[str, Predicted]:
    if _work is None:
        raise RuntimeError("The process was started without its work.")
    return _task_run(_work, task)


def _run(
    work: _Work, tasks: list[_Task], jobs: int, on_step: Callable[[], Any]
) -> list[dict[str, Predicted]]:
    if jobs == 1:
        answers = []
        for task in tasks:
            answers.append(_task_run(work, task))
            on_step()
        return answers
    _check_can_spawn()
    # Spawned: a fork would share the database's connection and the threads of BLAS.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        max_workers=jobs, mp_context=context, initializer=_start, initargs=(work,)
    ) as pool:
        futures = [pool.submit(_task_in_process, task) for task in tasks]
        for future in as_completed(futures):
            future.result()
            on_step()
        return [future.result() for future in futures]


def _check_can_spawn() -> None:
    """A spawned process imports the main program again: it must be a file."""
    program = getattr(sys.modules["__main__"], "__file__", None)
    if program is not None and not Path(program).exists():
        raise ProcessesUnavailableError(
            "More than one process takes a main program that is a file, not standard input: put it "
            "into one, or evaluate with jobs=1."
        )


def _task_run(work: _Work, task: _Task) -> dict[str, Predicted]:
    import sklearn.ensemble  # noqa: F401 -- its libraries must be loaded to be limited
    from threadpoolctl import threadpool_limits

    # One thread: sums of another order are other bits, and folds run beside one another.
    with threadpool_limits(limits=1):
        model = work.fit(
            work.encoded[task.train],
            work.energy[task.train],
            work.fuels[task.train],
            seed=work.seed,
            parameters=work.parameters,
        )
        if not len(task.test):
            return {
                name: Predicted(np.arange(len(encoded)), _estimates(model, encoded))
                for name, encoded in work.new.items()
            }
        encoded = work.encoded[task.test]
        importance = (
            _importance(model, encoded, work.energy[task.test], work.seed + task.number)
            if task.has_importance
            else {}
        )
        return {"": Predicted(task.test, _estimates(model, encoded), importance)}


def _estimates(model: Subject, encoded: Array) -> dict[str, Estimates]:
    from mlmodel.pipeline import SET_UPS, masked

    return {name: model.estimate(masked(encoded, hidden)) for name, hidden in SET_UPS.items()}


def _importance(model: Subject, encoded: Array, energy: Array, seed: int) -> dict[str, float]:
    generator = np.random.default_rng(seed)
    log_energy = np.log(energy)

    def error(of: Array) -> float:
        return float(np.abs(log_energy - np.log(model.estimate(of).energy_kbtu)).mean())

    base = error(encoded)
    importance = {}
    for column, name in enumerate(FEATURE_NAMES):
        shuffled = encoded.copy()
        shuffled[:, column] = generator.permutation(shuffled[:, column])
        importance[name] = error(shuffled) - base
    return importance
