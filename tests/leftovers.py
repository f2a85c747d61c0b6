"""What a test must leave as it was, for whoever comes next in the same process."""

import gc
import locale
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

from django.utils import timezone, translation

from config.logging import logging_settings

_LOGGERS: Final = (
    *("", "config", "predictions", "mlmodel", "buildings"),
    *logging_settings(style="text")["loggers"],
)
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Said by pytest of each test; and by MLflow's first user, once and for all (`mlmodel.registry`).
_MAY_CHANGE: Final = frozenset(
    {"PYTEST_CURRENT_TEST", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "GIT_PYTHON_REFRESH"}
)


def process_state() -> dict[str, Any]:
    """By names that make a sentence."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    return {
        **{f"the variable {n}": v for n, v in os.environ.items() if n not in _MAY_CHANGE},
        "the working directory": Path.cwd(),
        "where modules are looked for": sys.path[:],
        "the language": translation.get_language(),
        "the time zone": timezone.get_current_timezone_name(),
        "the locale": locale.setlocale(locale.LC_ALL),
        "loggers": [(one.level, one.propagate, one.disabled) for one in loggers],
        "signal handlers": [signal.getsignal(number) for number in _SIGNALS],
        "the collector of garbage": (gc.isenabled(), gc.get_freeze_count() > 0),
    }


def left_over(before: dict[str, Any] | None) -> list[str]:
    """What is no longer as it was, without values: there are secrets among them."""
    if before is None:  # the test was not begun
        return []
    now = process_state()
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]
