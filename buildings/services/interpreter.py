"""How Python runs while many objects are made at once."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interpreter_tuned(*, switch_interval_s: float | None = None) -> Iterator[None]:
    """No garbage is collected meanwhile: many objects without reference cycles are gone through
    again and again, and for nothing. And a thread that another one waits for lets go of the
    interpreter after `switch_interval_s`, if that is sooner than it does anyway.

    Of the whole process, for as long as the block runs; reference counting goes on.
    """
    former_interval_s, was_collecting = sys.getswitchinterval(), gc.isenabled()
    gc.disable()
    if switch_interval_s is not None:
        sys.setswitchinterval(min(former_interval_s, switch_interval_s))
    try:
        yield
    finally:
        if switch_interval_s is not None:  # else it is another block's to set back
            sys.setswitchinterval(former_interval_s)
        if was_collecting:
            gc.enable()
