"""Logs on standard error: one JSON object a line in production, plain lines elsewhere.

Every line carries the request id. Inputs, tokens and bodies are never logged: of a record's extras
only `EXTRA_FIELDS` are written, the access log has the path without its query, and of an error that
a request met a JSON line has type and frames: its text may quote a value, as PostgreSQL's do.
"""

import json
import logging
import re
import sys
import traceback
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
#: What PostgreSQL says of an error beside its text, which quotes values.
_DIAGNOSIS: Final = ("sqlstate", "table_name", "constraint_name")
#: gunicorn's words for what it could not read, which it then quotes: a header, with a token in it.
_MALFORMED: Final = re.compile(r"^(Invalid request from ip=.*?: .*?)\s*b?['\"].*", re.DOTALL)


class RequestIdFilter(logging.Filter):
    """Puts the id of the request being served on each record; empty outside of a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Not imported: settings and gunicorn's master need this module before any app is loaded,
        # and where no middleware is loaded no request is served.
        middleware = sys.modules.get("config.middleware")
        current_request_id = getattr(middleware, "current_request_id", str)
        record.request_id = current_request_id()
        return True


class MalformedRequestFilter(logging.Filter):
    """Takes out what gunicorn quotes of a request that is no HTTP."""

    def filter(self, record: logging.LogRecord) -> bool:
        found = _MALFORMED.match(record.getMessage()) if record.name == "gunicorn.error" else None
        if found:
            record.msg, record.args = found[1].rstrip(":"), ()
        error = record.exc_info[1] if record.exc_info else None
        if error and type(error).__module__.startswith("gunicorn.http."):
            record.exc_text = frames_of(error)
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
            fields["exception"] = record.exc_text or self._exception(record, record.exc_info)
        return json.dumps(fields, ensure_ascii=False, default=str)

    def _exception(self, record: logging.LogRecord, found: Any) -> str:
        """Outside of a request, as at the start, an error's text is what helps."""
        is_of_a_request = getattr(record, "request_id", "") or record.name == "django.request"
        if is_of_a_request and found[1]:
            return frames_of(found[1])
        return self.formatException(found)


def frames_of(error: BaseException) -> str:
    """Frames and type of an error, and before them those of what led to it; without any text."""
    told: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__))
        kind = f"{type(current).__module__}.{type(current).__qualname__}"
        told.append(" ".join((f"{frames}{kind}", *_diagnosis(current))))
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return "\n\n".join(reversed(told))


def _diagnosis(error: BaseException) -> list[str]:
    """What psycopg says beside an error's text; and the text where there was no connection."""
    found = getattr(error, "diag", None)
    known = [part for name in _DIAGNOSIS if (part := getattr(found, name, None))]
    if found is not None and not known and type(error).__name__ == "OperationalError":
        return [str(error).strip()]
    return known


def logging_settings(*, style: Literal["json", "text"], level: str = "INFO") -> dict[str, Any]:
    """For Django's LOGGING and for gunicorn: the same handler for both."""
    formatter = {"json": JsonFormatter, "text": TextFormatter}[style]
    console: dict[str, Any] = {"handlers": ["console"], "level": level, "propagate": False}
    discreet: dict[str, Any] = {"level": "INFO" if level == "DEBUG" else level}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": RequestIdFilter},
            "malformed": {"()": MalformedRequestFilter},
        },
        "formatters": {"default": {"()": formatter}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["request_id", "malformed"],
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
