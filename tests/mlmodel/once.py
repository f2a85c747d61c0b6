"""What takes seconds to learn and is the same for many tests: learnt once a run, by who asks first.

The workers of a run share it in a directory of that run, so that it is of this code and of no
other. Whoever asks is given a copy of their own.
"""

import fcntl
import hashlib
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from coverage import Coverage

from mlmodel.evaluation import Evaluation, Protocol, evaluate
from mlmodel.training import TrainingData, train

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Once:
    """What was made, by keys whose `repr` says all that it is made of."""

    directory: Path

    def __call__(self, make: Callable[[], _T], *key: Any) -> _T:
        """What `make` makes, or has made before."""
        kept = self.directory / hashlib.sha256(repr(key).encode()).hexdigest()
        with kept.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                new = kept.with_suffix(".new")
                with _untraced():
                    made = make()
                new.write_bytes(pickle.dumps(made))
                new.rename(kept)
        found: _T = pickle.loads(kept.read_bytes())
        return found


@contextmanager
def _untraced() -> Iterator[None]:
    """Learning is traced where it is what is tested, and takes half as long again."""
    running = Coverage.current()
    if running is not None:
        running.stop()
    try:
        yield
    finally:
        if running is not None:
            running.start()


@pytest.fixture(scope="session")
def once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Once:
    directory = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # a worker's own directory is in the run's
        directory = directory.parent
    directory /= "once"
    directory.mkdir(exist_ok=True)
    return Once(directory)


@pytest.fixture(scope="session")
def train_once(once: Once) -> Callable[..., Any]:
    """`train`, for tests of what is done with a model: test_training holds that the same data and
    seed make the same again."""

    def learn(data: TrainingData, *, seed: int = 42, max_iter: int) -> Any:
        return once(
            lambda: train(data, seed=seed, max_iter=max_iter),
            *("train", data.digest(), seed, max_iter),
        )

    return learn


@pytest.fixture(scope="session")
def evaluate_once(once: Once) -> Callable[..., Evaluation]:
    """`evaluate`, for tests of what is done with its findings: test_evaluation holds that they are
    found again, and that each step is told."""

    def find(
        data: TrainingData,
        *,
        protocol: Protocol,
        new_data: Mapping[str, TrainingData] | None = None,
        jobs: int = 1,
        parameters: Mapping[str, Any],
        on_step: Callable[[], Any] = lambda: None,
    ) -> Evaluation:
        new = {name: of.digest() for name, of in (new_data or {}).items()}
        found = once(
            lambda: evaluate(data, protocol=protocol, new_data=new_data, parameters=parameters),
            *("evaluate", data.digest(), protocol, new, parameters),
        )
        for _ in range(protocol.steps + bool(new)):
            on_step()
        return found

    return find
