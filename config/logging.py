"""Logs on standard error: one JSON object a line in production, plain lines elsewhere.

Every line carries the request id. Inputs, tokens and bodies are never logged: of a record's extras
only `EXTRA_FIELDS` are written, and the access log has the path without its query.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, Literal

#: What a caller may add to a record: `logger.info("…", extra={"error_code": …})`.
EXTRA_FIELDS: Final = (
    *("status_code", "error_code", "duration_ms", "model_version", "prediction_request_id"),
)
#: Parts of gunicorn's access log: our name, gunicorn's atom.
_ACCESS_FIELDS: Final = {
    "method": "m",
    "path": "U",
    "status": "s",
    "bytes": "B",
    "duration_ms": "M",
    "client": "h",
    "request_id": "{x-request-id}o",
    # As predictions.api.calls names it: the prediction, or the batch, that the request led to.
    "prediction_id": "{futurisys.prediction_id}e",
}
#: gunicorn's word for what there is not.
_NONE: Final = "-"
#: At DEBUG they write templates' whole contexts and statements' parameters: secrets, inputs.
_TELLTALES: Final = ("django.template", "django.db.backends")


class RequestIdFilter(logging.Filter):
    """Puts the id of the request being served on each record; empty outside of a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Not imported: settings and gunicorn's master need this module before any app is loaded,
        # and where no middleware is loaded no request is served.
        middleware = sys.modules.get("config.middleware")
        current_request_id = getattr(middleware, "current_request_id", str)
        record.request_id = current_request_id()
        return True


class TextFormatter(logging.Formatter):
    """For people: time, level, logger, request id, message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        request_id = getattr(record, "request_id", "")
        mark = f" [{request_id}]" if request_id else ""
        time = self.formatTime(record, "%H:%M:%S")
        message = _escaped(record.message)
        return f"{time} {record.levelname:<7} {record.name}{mark} {message}"


class JsonFormatter(logging.Formatter):
    """For machines: one object a line; line breaks in values cannot forge a second one."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", ""),
            "process": record.process,
        }
        fields |= {name: getattr(record, name) for name in EXTRA_FIELDS if hasattr(record, name)}
        if record.name == "gunicorn.access" and isinstance(record.args, dict):
            atoms = {name: record.args.get(atom, _NONE) for name, atom in _ACCESS_FIELDS.items()}
            fields |= {name: value for name, value in atoms.items() if value != _NONE}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False, default=str)


def logging_settings(*, style: Literal["json", "text"], level: str = "INFO") -> dict[str, Any]:
    """For Django's LOGGING and for gunicorn: the same handler for both."""
    formatter = {"json": JsonFormatter, "text": TextFormatter}[style]
    console: dict[str, Any] = {"handlers": ["console"], "level": level, "propagate": False}
    discreet: dict[str, Any] = {"level": "INFO" if level == "DEBUG" else level}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestIdFilter}},
        "formatters": {"default": {"()": formatter}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["request_id"],
                "formatter": "default",
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "gunicorn.error": console,
            "gunicorn.access": console,
            **dict.fromkeys(_TELLTALES, discreet),
        },
    }


def _escaped(text: str) -> str:
    """With control characters written out: a path in a message cannot forge a line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
