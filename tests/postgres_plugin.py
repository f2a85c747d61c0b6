"""Starts a throw-away PostgreSQL for the tests when DATABASE_URL is unset.

With DATABASE_URL set, that server is used; Django makes and drops databases called `test_…` there
and leaves the one the URL names alone.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

# One thread a process, as in a worker: threads of several processes spin against each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Iterator[None]:
    """A wrapper, so that it runs before pytest-django reads the settings.

    Workers of pytest-xdist inherit DATABASE_URL from the controller and start nothing.
    """
    from config.postgres.sessions import orderly_exit, throw_away_postgres

    # Importing config.env has read .env as well: a DATABASE_URL in there counts.
    if not os.environ.get("DATABASE_URL") and not {"-h", "--help", "--version", "-V"} & set(args):
        stack = ExitStack()
        early_config.add_cleanup(stack.close)
        stack.callback(os.environ.pop, "DATABASE_URL", None)
        stack.enter_context(orderly_exit())
        os.environ["DATABASE_URL"] = stack.enter_context(throw_away_postgres())
    return (yield)
