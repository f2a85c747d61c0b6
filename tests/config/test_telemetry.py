"""What leaves this machine: error reports and traces, without what was asked."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from config.telemetry import report_scrubbed, scrubbing_exporter

Run = Callable[..., CompletedProcess[str]]


def test_neither_is_loaded_unless_it_is_asked_for(run_python: Run) -> None:
    done = run_python(
        "-c",
        "import django, sys; django.setup()\n"
        "print([name for name in ('sentry_sdk', 'opentelemetry') if name in sys.modules])",
        DJANGO_SETTINGS_MODULE="config.settings.local", SECRET_KEY="x",
    )  # fmt: skip
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    ("variable", "package"),
    [("SENTRY_DSN", "sentry_sdk"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry")],
)
def test_without_the_extra_the_start_stops_with_a_sentence(
    run_python: Run, variable: str, package: str
) -> None:
    done = run_python(
        "-c",
        f"import sys; sys.modules[{package!r}] = None\n"
        "sys.argv = ['manage.py', 'check']; import manage; manage.main()",
        SECRET_KEY="x", **{variable: "http://key@127.0.0.1:9/1"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "extra `observability`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_says_where_and_not_what() -> None:
    event = {
        "event_id": "1",
        "level": "error",
        "server_name": "PLANTED",
        "user": {"ip_address": "PLANTED"},
        "extra": {"sys.argv": ["PLANTED"]},
        "breadcrumbs": {"values": [{"message": "PLANTED"}]},
        "request": {
            "method": "POST",
            "url": "https://x/?PLANTED",
            "data": {"year_built": "PLANTED"},
            "headers": {"Authorization": "Bearer PLANTED"},
            "cookies": {"sessionid": "PLANTED"},
            "query_string": "PLANTED",
            "env": {"REMOTE_ADDR": "PLANTED"},
        },
        "exception": {
            "values": [
                {
                    "type": "ValueError",
                    "value": "invalid literal: PLANTED",
                    "mechanism": {"type": "django", "data": {"x": "PLANTED"}},
                    "stacktrace": {"frames": [{"function": "f", "vars": {"x": "PLANTED"}}]},
                }
            ]
        },
        "logentry": {"message": "a %s", "formatted": "a fault", "params": ["PLANTED"]},
    }
    kept = report_scrubbed(event, None)
    assert "PLANTED" not in json.dumps(kept)
    assert kept == {
        "event_id": "1",
        "level": "error",
        "request": {"method": "POST"},
        "exception": {
            "values": [
                {
                    "type": "ValueError",
                    "mechanism": {"type": "django"},
                    "stacktrace": {"frames": [{"function": "f"}]},
                }
            ]
        },
        "logentry": {"message": "a fault"},
    }


def test_a_span_says_where_and_not_what() -> None:
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(scrubbing_exporter(memory)))
    tracer = provider.get_tracer("test")
    attributes = {
        "http.route": "x",
        "http.target": "/x?PLANTED",
        "net.peer.ip": "PLANTED",
        "db.statement.parameters": "PLANTED",
        "db.statement": "SELECT %s",
    }
    span = tracer.start_span("POST x", attributes=attributes)
    span.record_exception(ValueError("PLANTED"))
    span.set_status(StatusCode.ERROR, "PLANTED")
    span.end()
    assert provider.force_flush()
    provider.shutdown()
    (left,) = memory.get_finished_spans()
    assert "PLANTED" not in left.to_json()
    assert left.name == "POST x"
    assert left.attributes == {"http.route": "x", "db.statement": "SELECT %s"}
    assert left.status.status_code == StatusCode.ERROR
    assert left.context == span.get_span_context()
