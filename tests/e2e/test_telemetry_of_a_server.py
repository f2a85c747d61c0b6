"""A real server reports to a real collector, which receives routes and statements, no inputs; and
its log, at DEBUG and in production's form, has none either."""

import gzip
import secrets
import socket
import threading
import time
import urllib.error
from collections import defaultdict
from pathlib import Path
from typing import ClassVar

import pytest
from django.db import connection

from tests.e2e.test_story import FACTS, Service, token
from tests.servers import Answering, listening

__all__ = ["token"]  # the fixture registers the shipped model

#: Found again as a number, in JSON and as a double of protocol buffers.
AREA = 88434.0625

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # MLflow and what it uses warn of themselves,
]


class Collector(Answering):
    """Keeps what it is sent, by path."""

    received: ClassVar[dict[str, list[bytes]]] = defaultdict(list)
    lock = threading.Lock()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with self.lock:
            self.received[self.path].append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    @classmethod
    def wait_for(cls, path: str, *parts: bytes) -> bytes:
        for _ in range(300):
            with cls.lock:
                found = b"".join(cls.received[path])
            if all(part in found for part in parts):
                return found
            time.sleep(0.1)
        pytest.fail(f"{path}: {found[:500]!r} has not {parts}")


def test_routes_and_statements_leave_and_inputs_do_not(token: str, tmp_path: Path) -> None:
    with listening(Collector) as port:
        service = Service(
            tmp_path,
            LOG_LEVEL="DEBUG",
            DJANGO_SETTINGS_MODULE="config.settings.production",
            ALLOWED_HOSTS="127.0.0.1",
            SECRET_KEY=secrets.token_urlsafe(64),
            SECURE_SSL_REDIRECT="false",
            SENTRY_DSN=f"http://public@127.0.0.1:{port}/1",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
        try:
            service.wait_until_ready()
            with socket.create_connection(("127.0.0.1", service.port), 30) as caller:
                caller.sendall(
                    b"GET / HTTP/1.1\r\nAuthorization Bearer %s\r\n\r\n" % token.encode()
                )
                assert b" 400 " in caller.recv(100)  # no colon: gunicorn cannot read it
            facts = {**FACTS, "gross_floor_area_sqft": AREA}
            service.ask("/api/v1/predictions/?units=us", facts, token)
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE predictions_predictionoutput RENAME TO gone")
            try:
                with pytest.raises(urllib.error.HTTPError, match="500"):
                    service.ask("/api/v1/predictions/?units=us", facts, token)
            finally:
                with connection.cursor() as cursor:
                    cursor.execute("ALTER TABLE gone RENAME TO predictions_predictionoutput")
            reports = Collector.wait_for("/api/1/envelope/", b"ProgrammingError", b"exceptions")
            traces = Collector.wait_for(
                "/v1/traces", b"api/v1/predictions/", b"INSERT INTO", b"futurisys.request_id"
            )
        finally:
            service.stop()
    import struct

    log = (tmp_path / "gunicorn.log").read_bytes()
    for part in (b"Invalid HTTP Header", b"ProgrammingError", b'"level": "DEBUG"'):
        assert part in log
    for sent in (reports, traces, log.replace(b"127.0.0.1", b"")):  # the access log has addresses
        for secret in (
            *(token.encode(), token[:8].encode(), str(AREA).encode(), struct.pack("<d", AREA)),
            *(b"units=us", b"Bearer", b"Hotel", b"127.0.0.1"),
        ):
            assert secret not in sent, secret
