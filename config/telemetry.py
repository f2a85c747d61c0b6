"""Error reports (Sentry) and traces (OpenTelemetry): off unless SENTRY_DSN or
OTEL_EXPORTER_OTLP_ENDPOINT is set, and imported only then (extra `observability`).

Both leave this machine, so both say by a list what may leave: where something failed or took long,
never what was asked. No body, header, query, address, parameter or local variable is on it, and no
exception's text, which may quote one.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from config import variables

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

_EXTRA: Final = "observability"
#: Of an error report; of its request the method alone, of its exceptions all but the text.
_EVENT_MEMBERS: Final = frozenset(
    {
        *("event_id", "timestamp", "level", "logger", "platform", "release", "environment"),
        *("exception", "logentry", "transaction", "sdk", "contexts", "tags"),
    }
)
#: Of a span: what was called and how it ended. Statements have placeholders for their parameters.
_SPAN_ATTRIBUTES: Final = frozenset(
    {
        *("http.method", "http.request.method", "http.route", "http.status_code"),
        *("http.response.status_code", "db.system", "db.system.name", "db.name", "db.namespace"),
        *("db.statement", "db.query.text", "db.operation.name", "futurisys.request_id"),
    }
)


def telemetry_start() -> None:
    """Start what is asked for, once a process and before middleware is loaded.

    Raises ImproperlyConfigured when it is not installed.
    """
    try:
        if dsn := variables.SENTRY_DSN.read():
            _reports_start(dsn)
        if variables.OTEL_EXPORTER_OTLP_ENDPOINT.read():
            _traces_start()
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{error.name} is not installed: it comes with the extra `{_EXTRA}` "
            "(pip install '.[observability]'), or unset SENTRY_DSN and "
            "OTEL_EXPORTER_OTLP_ENDPOINT."
        ) from error


# -- error reports --------------------------------------------------------------------------------


def _reports_start(dsn: str) -> None:
    import sentry_sdk
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=dsn,
        release=settings.RELEASE or None,
        environment=variables.SENTRY_ENVIRONMENT.read(),
        before_send=report_scrubbed,  # type: ignore[arg-type]  # a TypedDict there
        default_integrations=False,  # they report arguments, modules and what was done before
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False),
            LoggingIntegration(level=None),
        ],
        max_breadcrumbs=0,
        max_request_body_size="never",
        include_local_variables=False,
        send_default_pii=False,
        traces_sample_rate=0,
        server_name="",
        send_client_reports=False,
    )


def report_scrubbed(event: dict[str, Any], _hint: object) -> dict[str, Any]:
    """What of an error report may leave."""
    kept = {name: event[name] for name in _EVENT_MEMBERS & event.keys()}
    if method := event.get("request", {}).get("method"):
        kept["request"] = {"method": method}
    for exception in kept.get("exception", {}).get("values", ()):
        exception.pop("value", None)
        exception.get("mechanism", {}).pop("data", None)
        for frame in exception.get("stacktrace", {}).get("frames", ()):
            frame.pop("vars", None)
    if entry := kept.get("logentry"):
        # The sentence with its values is our own log's, where no input is; parameters are not.
        kept["logentry"] = {"message": entry.get("formatted") or entry.get("message")}
    return kept


# -- traces ---------------------------------------------------------------------------------------


def _traces_start() -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {
            "service.name": variables.OTEL_SERVICE_NAME.read(),
            "service.version": settings.RELEASE,
        }
    )
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(scrubbing_exporter(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(tracer_provider=provider, response_hook=_name_request)
    Psycopg2Instrumentor().instrument(tracer_provider=provider, capture_parameters=False)


def _name_request(span: Any, _request: HttpRequest, response: HttpResponse) -> None:
    """So that a trace and the log's lines are found from each other."""
    if span.is_recording():
        span.set_attribute("futurisys.request_id", response.headers.get("X-Request-ID", ""))


def scrubbing_exporter(exporter: "SpanExporter") -> "SpanExporter":
    """An exporter that hands on to this one what of each span may leave."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import Status

    def scrubbed(span: "ReadableSpan") -> "ReadableSpan":
        attributes = span.attributes or {}
        return ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes={name: attributes[name] for name in _SPAN_ATTRIBUTES & attributes.keys()},
            links=span.links,
            kind=span.kind,
            status=Status(span.status.status_code),  # its text, like an event's, quotes
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    class Scrubbing(SpanExporter):
        def export(self, spans: Sequence["ReadableSpan"]) -> SpanExportResult:
            return exporter.export([scrubbed(span) for span in spans])

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return exporter.force_flush(timeout_millis)

    return Scrubbing()
