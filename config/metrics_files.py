"""The private directory in which workers keep their metrics (prometheus_client's multi-process
mode), from gunicorn's side: made, kept small, removed.

No Django and, until a worker has ended, no prometheus_client: gunicorn's master stays small.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

#: prometheus_client's own variable: it reads it when it is imported.
_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX: Final = "futurisys-metrics-"
_LOCK: Final = "lock"
#: In place of a process id: what processes that have ended had counted.
_ENDED: Final = "ended"


def metrics_directory() -> Path | None:
    """The directory of this process and its parents; None where metrics stay in memory."""
    from config import variables

    named = variables.PROMETHEUS_MULTIPROC_DIR.read()
    return Path(named) if named else None


def metrics_parent() -> Path:
    """Where directories are made: in memory, if that can be written."""
    memory = Path("/dev/shm")  # noqa: S108 -- the directory itself is mkdtemp's
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def metrics_directory_make() -> None:
    """Make it, mode 700, for this process and its children, and remove those of masters that were
    killed. A reload keeps it; a new master beside an old one makes its own."""
    parent = metrics_parent()
    directory = metrics_directory()
    if directory is not None and _owner(directory) == os.getpid():
        return
    for stale in parent.glob(f"{_PREFIX}*"):
        if stale.stat().st_uid == os.getuid() and not _is_alive(_owner(stale)):
            shutil.rmtree(stale, ignore_errors=True)
    made = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)
    os.environ[_VARIABLE] = made


def metrics_directory_remove() -> None:
    """Remove it, if this process has made it."""
    directory = metrics_directory()
    if directory is not None and _owner(directory) == os.getpid():
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def directory_locked(directory: Path | None, *, is_shared: bool = False) -> Iterator[None]:
    """Keep files from being moved together while they are added up."""
    if directory is None:
        yield
        return
    with (directory / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
        yield


def metrics_of_ended(pid: int) -> None:
    """Move what an ended process has counted into one file, and forget its gauges: however many
    workers come and go, there is no more to read."""
    directory = metrics_directory()
    if directory is None:
        return
    from prometheus_client.mmap_dict import MmapedDict
    from prometheus_client.multiprocess import mark_process_dead

    with directory_locked(directory):
        mark_process_dead(pid, path=str(directory))
        for kind in ("counter", "histogram"):
            file = directory / f"{kind}_{pid}.db"
            if not file.exists():
                continue
            kept = MmapedDict(str(directory / f"{kind}_{_ENDED}.db"))
            for key, value, stamp, _ in MmapedDict.read_all_values_from_file(str(file)):
                kept.write_value(key, kept.read_value(key)[0] + value, stamp)
            kept.close()
            file.unlink()


def _owner(directory: Path) -> int:
    """The process that has made it; 0 if it is none of ours."""
    pid = directory.name.removeprefix(_PREFIX).partition("-")[0]
    return int(pid) if directory.name.startswith(_PREFIX) and pid.isdigit() else 0


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
