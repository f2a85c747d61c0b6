"""Making things while the last ones are used: reading a file while its rows are written."""

import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

_CHUNKS_AHEAD: Final = 4
_T = TypeVar("_T")


def chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def ahead(items: Iterable[_T]) -> Generator[_T]:
    """The same items, made in a thread of their own while the last ones are being written.

    PostgreSQL works in another process, so reading and writing share the time. The thread ends
    with the items, or at the next one after the caller has stopped listening.
    """
    made: queue.Queue[tuple[_T | None, BaseException | None]] = queue.Queue(_CHUNKS_AHEAD)
    is_abandoned = threading.Event()

    def make() -> None:
        problem: BaseException | None = None
        try:
            for item in items:
                made.put((item, None))
                if is_abandoned.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 -- raised again where the items are used
            problem = error
        made.put((None, problem))

    thread = threading.Thread(target=make, name="dataset-reader", daemon=True)
    thread.start()
    try:
        while True:
            item, problem = made.get()
            if problem is not None:
                raise problem
            if item is None:
                return
            yield item
    finally:
        is_abandoned.set()
        while thread.is_alive():
            _drain(made)
            thread.join(0.01)


def _drain(items: "queue.Queue[_T]") -> None:
    while True:
        try:
            items.get_nowait()
        except queue.Empty:
            return
