"""What is logged, and what never is."""

import json
import logging
import sys
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from django.db import IntegrityError, connection
from gunicorn.http.errors import InvalidChunkSize

from config.logging import JsonFormatter, RequestIdFilter, TextFormatter, frames_of
from tests.logs import logging_configured


def record(message: str, *args: object, name: str = "test", **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.INFO, "file.py", 1, message, args, None)
    made.__dict__.update(extra)
    return made


def access_record(path: str = "/api/v1/predictions/") -> logging.LogRecord:
    atoms = {
        "m": "POST",
        "U": path,
        "s": "201",
        "B": 312,
        "M": 4,
        "h": "192.0.2.1",
        "{x-request-id}o": "id-1",
        "{futurisys.prediction_id}e": "prediction-1",
        "q": "token=secret",
        "{authorization}i": "Bearer secret",
        "r": "POST /api/v1/predictions/?token=secret HTTP/1.1",
    }
    return record("%(m)s %(U)s", atoms, name="gunicorn.access")


def test_json_line_has_the_facts_and_only_known_extras() -> None:
    made = record(
        "refused %s", "it", request_id="id-1", error_code="model-failure", body='{"secret": 1}'
    )
    fields = json.loads(JsonFormatter().format(made))
    assert fields.pop("time").endswith("+00:00")
    assert fields.pop("process")
    assert fields == {
        "level": "INFO",
        "logger": "test",
        "message": "refused it",
        "request_id": "id-1",
        "error_code": "model-failure",
    }


def test_json_access_line_has_the_path_without_its_query() -> None:
    line = JsonFormatter().format(access_record())
    assert "secret" not in line
    fields = json.loads(line)
    assert {name: fields[name] for name in ("method", "path", "status", "bytes")} == {
        "method": "POST",
        "path": "/api/v1/predictions/",
        "status": "201",
        "bytes": 312,
    }
    assert fields["duration_ms"] == 4
    assert fields["client"] == "192.0.2.1"
    assert fields["request_id"] == "id-1"
    assert fields["prediction_id"] == "prediction-1"


def test_json_access_line_leaves_out_what_there_is_not() -> None:
    made = access_record()
    assert isinstance(made.args, dict)
    made.args["{futurisys.prediction_id}e"] = "-"
    fields = json.loads(JsonFormatter().format(made))
    assert "prediction_id" not in fields
    assert fields["status"] == "201"


def test_json_exception_is_one_line() -> None:
    try:
        int("two\nlines")
    except ValueError:
        made = record("failed")
        made.exc_info = sys.exc_info()
    line = JsonFormatter().format(made)
    assert "\n" not in line
    assert "ValueError: invalid literal" in json.loads(line)["exception"]


def failure(text: str) -> BaseException:
    try:
        try:
            int(text)
        except ValueError as error:
            raise LookupError(text) from error
    except LookupError as error:
        return error
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("name", "request_id"), [("config.health", "id-1"), ("django.request", "")]
)
def test_of_an_error_in_a_request_there_are_frames_and_no_text(name: str, request_id: str) -> None:
    made = record("failed", name=name, request_id=request_id)
    error = failure("88434 ft²")
    made.exc_info = (type(error), error, error.__traceback__)
    line = JsonFormatter().format(made)
    assert "88434" not in line
    told = json.loads(line)["exception"]
    assert told.index("builtins.ValueError") < told.index("builtins.LookupError")
    assert told.count("in failure") == 2


def test_of_an_error_of_postgresql_there_is_what_it_violates(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE small (area int CONSTRAINT is_small CHECK (area < 9))"
        )
        with pytest.raises(IntegrityError) as caught:
            cursor.execute("INSERT INTO small VALUES (%s)", [int("88434")])
    assert "88434" in str(caught.value)  # "Failing row contains (88434)."
    told = frames_of(caught.value).replace('int("88434")', "")  # the test's own line
    assert "88434" not in told
    assert "errors.CheckViolation 23514 small is_small\n" in told


def test_why_postgresql_is_not_reached_is_said() -> None:
    with pytest.raises(psycopg2.OperationalError) as caught:
        psycopg2.connect(host="127.0.0.1", port=1, user="app", password="said-to-nobody")
    told = frames_of(caught.value)
    assert "refused" in told.rpartition("psycopg2.OperationalError")[2]
    assert "said-to-nobody" not in told.rpartition("psycopg2.OperationalError")[2]


@pytest.mark.parametrize(
    "quoted",
    [
        "Invalid HTTP Header: 'Authorization Bearer secret'",
        "Invalid HTTP request line: b'GET /?token=secret  HTTP/1.1 x'",
        'Unsupported transfer coding: "it\'s secret"',
    ],
)
def test_what_gunicorn_could_not_read_is_not_quoted(
    quoted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_configured():
        logging.getLogger("gunicorn.error").warning(
            "Invalid request from ip=%s: %s", "192.0.2.1", quoted
        )
    err = capsys.readouterr().err
    assert "secret" not in err
    assert err.endswith(f"Invalid request from ip=192.0.2.1: {quoted.partition(':')[0]}\n")


def test_a_chunk_that_gunicorn_could_not_read_is_not_quoted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with logging_configured():
        try:
            raise InvalidChunkSize(b"secret")
        except OSError:
            logging.getLogger("gunicorn.error").exception("Socket error processing request.")
    err = capsys.readouterr().err
    assert "secret" not in err.replace('InvalidChunkSize(b"secret")', "")  # the test's own line
    assert "gunicorn.http.errors.InvalidChunkSize" in err


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_line_cannot_be_forged_by_a_path(formatter: logging.Formatter) -> None:
    line = formatter.format(access_record("/x\n12:00:00 INFO forged\x1b[2J"))
    assert "\n" not in line
    assert "\x1b" not in line


@pytest.mark.parametrize(
    ("request_id", "text"), [("id-1", "INFO    test [id-1] fine: ²"), ("", "INFO    test fine: ²")]
)
def test_text_line_names_the_request(request_id: str, text: str) -> None:
    line = TextFormatter().format(record("fine: %s", "²", request_id=request_id))
    assert line.endswith(text)


def test_request_id_comes_from_the_middleware(monkeypatch: pytest.MonkeyPatch) -> None:
    middleware = SimpleNamespace(current_request_id=lambda: "id-7")
    monkeypatch.setitem(sys.modules, "config.middleware", middleware)
    made = record("x")
    assert RequestIdFilter().filter(made)
    assert made.__dict__["request_id"] == "id-7"


def test_without_a_middleware_there_is_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "config.middleware", raising=False)
    made = record("x")
    assert RequestIdFilter().filter(made)
    assert made.__dict__["request_id"] == ""


@pytest.mark.parametrize("style", ["json", "text"])
def test_settings_configure_logging(style: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_configured(style=style, level="WARNING"):
        logging.getLogger("django.request").warning("seen")
        logging.getLogger("django.request").info("unseen")
    err = capsys.readouterr().err
    assert err.count("seen") == 1
    assert err.startswith("{") == (style == "json")


@pytest.mark.parametrize("name", ["django.template", "django.db.backends"])
@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING"])
def test_what_writes_whole_contexts_and_parameters_is_never_asked_to(
    name: str, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_configured(level=level):
        logging.getLogger(name).debug("the context, a secret in it")
        logging.getLogger(name).info("information")
        logging.getLogger(name).warning("a warning")
        logging.getLogger("predictions").debug("our own")
    err = capsys.readouterr().err
    assert "secret" not in err
    assert ("information" in err) == (level != "WARNING")
    assert "a warning" in err
    assert ("our own" in err) == (level == "DEBUG")


def test_logging_is_left_as_it_was() -> None:
    loggers = [logging.getLogger(name) for name in ("", "django", "django.template")]
    before = [(one.handlers[:], one.level, one.propagate) for one in loggers]
    with logging_configured():
        assert [(one.handlers[:], one.level, one.propagate) for one in loggers] != before
    assert [(one.handlers[:], one.level, one.propagate) for one in loggers] == before
