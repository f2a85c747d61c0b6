"""Logs as a server writes them, for tests of what is said and of what is never said."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.config import dictConfig
from typing import Any, Literal

from config.logging import logging_settings


@contextmanager
def logging_configured(
    *, style: Literal["json", "text"] = "text", level: str = "DEBUG"
) -> Iterator[None]:
    """Logging as the settings set it up, on standard error; then as it was before."""
    settings = logging_settings(style=style, level=level)
    before = [_state(logging.getLogger(name)) for name in ("", *settings["loggers"])]
    try:
        dictConfig(settings)
        yield
    finally:
        for logger, handlers, former, propagate in before:
            logger.handlers[:] = handlers
            logger.setLevel(former)
            logger.propagate = propagate


def _state(logger: logging.Logger) -> tuple[logging.Logger, list[Any], int, bool]:
    return logger, logger.handlers[:], logger.level, logger.propagate
