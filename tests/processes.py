"""Programs that tests start, and how much of them is traced.

Coverage follows every child from its first line, at nearly twice its time. Where other tests trace
the same code, it need not.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


def untraced() -> dict[str, str]:
    """Our environment, but that no coverage is measured."""
    return {name: value for name, value in os.environ.items() if not _is_of_coverage(name)}


@contextmanager
def children_untraced() -> Iterator[None]:
    """As above, for code that passes our environment on."""
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(_is_of_coverage, list(os.environ)):
            patch.delenv(name)
        yield


def _is_of_coverage(name: str) -> bool:
    return name.startswith("COVERAGE_")
