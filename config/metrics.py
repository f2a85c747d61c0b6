"""`/metrics` for Prometheus, over all workers: requests, predictions, database, model.

Off unless METRICS_TOKEN or METRICS_PORT is set. Each worker writes its numbers into files of a
private directory that gunicorn's master makes (`config.gunicorn`); whichever worker is asked adds
them up. What only the database knows is asked when Prometheus asks.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Final

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import Error, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from config.metrics_files import directory_locked, metrics_directory
from config.security import SecurityHeadersMiddleware
from mlmodel.selectors import model_version_champion
from predictions.api.exceptions import problem_page
from predictions.api.problems import NOT_AUTHENTICATED, Problem

Handler = Callable[[HttpRequest], HttpResponse]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: From one fast prediction to the time-out of a worker, s.
_BUCKETS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS: Final = Counter(
    "futurisys_http_requests", "Requests answered.", ["route", "method", "status"]
)
REQUEST_DURATION: Final = Histogram(
    "futurisys_http_request_duration_seconds",
    "Time until the answer began, in the application.",
    ["route", "method"],
    buckets=_BUCKETS,
)
IN_FLIGHT: Final = Gauge(
    "futurisys_http_requests_in_flight",
    "Requests being handled.",
    multiprocess_mode="livesum",
)
WORKERS: Final = Gauge("futurisys_workers", "Worker processes.", multiprocess_mode="livesum")
THREADS: Final = Gauge(
    "futurisys_worker_threads", "Threads of all workers.", multiprocess_mode="livesum"
)


class MetricsMiddleware:
    """Counts and times each request by its route, never by its path; first of all middleware.

    On METRICS_PORT nothing but the metrics is answered.
    """

    def __init__(self, get_response: Handler) -> None:
        if not (settings.METRICS_TOKEN or settings.METRICS_PORT):
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.port: int = settings.METRICS_PORT
        self.alone = SecurityHeadersMiddleware(_metrics_alone)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self.port and _port_reached(request) == self.port:
            return self.alone(request)
        IN_FLIGHT.inc()
        started = time.perf_counter()
        try:
            response = self.get_response(request)
        finally:
            IN_FLIGHT.dec()
        method = request.method if request.method in _METHODS else "other"
        match = request.resolver_match
        route = "none" if match is None else f"/{match.route}"
        REQUEST_DURATION.labels(route, method).observe(time.perf_counter() - started)
        REQUESTS.labels(route, method, response.status_code).inc()
        return response


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers, for whoever has METRICS_TOKEN; 404 where there is none."""
    if not settings.METRICS_TOKEN:
        raise Http404
    sent = request.headers.get("Authorization", "")
    if not secrets.compare_digest(sent.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        problem = Problem(
            NOT_AUTHENTICATED,
            "Send METRICS_TOKEN as a bearer token.",
            headers={"WWW-Authenticate": "Bearer"},
        )
        return problem_page(request, problem)
    return _page()


def worker_count(*, threads: int) -> None:
    """This worker has begun."""
    WORKERS.set(1)
    THREADS.set(threads)


def _metrics_alone(request: HttpRequest) -> HttpResponse:
    return _page() if request.path == "/metrics" else HttpResponse(status=404)


def _page() -> HttpResponse:
    registry = CollectorRegistry()
    registry.register(_Database())
    directory = metrics_directory()
    if directory is None:  # one process: a test, the development server
        text = generate_latest(REGISTRY)
    else:
        MultiProcessCollector(registry, path=str(directory))
        text = b""
    with directory_locked(directory, is_shared=True):
        text += generate_latest(registry)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _port_reached(request: HttpRequest) -> int | None:
    """The port of this machine that the connection came to; no header can say another."""
    sock = request.META.get("gunicorn.socket")
    name = None if sock is None else sock.getsockname()
    return name[1] if isinstance(name, tuple) else None


class _Database:
    """What PostgreSQL knows, asked at each scrape; where it does not answer, only that."""

    def collect(self) -> Iterator[Metric]:
        release = GaugeMetricFamily("futurisys_build_info", "What runs.", labels=["release"])
        release.add_metric([settings.RELEASE], 1)
        yield release
        is_up = 1
        try:
            yield from [*_connections(), *_champion()]
        except Error:
            is_up = 0
        yield GaugeMetricFamily("futurisys_database_up", "Whether PostgreSQL answers.", is_up)


def _connections() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1"
        )
        states = cursor.fetchall()
        cursor.execute("SELECT current_setting('max_connections')::int")
        (most,) = cursor.fetchone()
    family = GaugeMetricFamily(
        "futurisys_database_connections",
        "Connections to this database, whoever holds them, by state.",
        labels=["state"],
    )
    for state, count in states:
        family.add_metric([state], count)
    yield family
    yield GaugeMetricFamily(
        "futurisys_database_connections_max", "Connections that PostgreSQL allows in all.", most
    )


def _champion() -> Iterator[Metric]:
    version = model_version_champion(name=settings.SERVED_MODEL_NAME)
    if version is None:
        return
    info = GaugeMetricFamily(
        "futurisys_model_info", "The champion.", labels=["model", "version", "digest"]
    )
    info.add_metric([version.name, str(version.version), version.artifact_digest[:12]], 1)
    yield info
    for name, about, since in (
        ("registered", "Seconds since the champion was registered.", version.created_at),
        ("promoted", "Seconds since the champion was promoted.", version.promoted_at),
    ):
        if since is not None:
            age_s = (timezone.now() - since).total_seconds()
            yield GaugeMetricFamily(f"futurisys_model_{name}_age_seconds", about, age_s)
