"""What gunicorn itself sees of a request: bodies without a length, and what is no HTTP at all."""

import json
import re
import socket
from pathlib import Path

import pytest

from predictions.models import PredictionRequest
from tests.e2e.test_story import FACTS, Service, token

__all__ = ["token"]  # the fixture registers the shipped model

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # MLflow and what it uses warn of themselves
]

_POST = (
    b"POST /api/v1/predictions/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer TOKEN\r\n"
    b"Content-Type: application/json\r\n"
)
_BODY = json.dumps(FACTS).encode()
_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(_BODY), _BODY)


def _get(*lines: bytes, path: bytes = b"/api/v1/predictions/") -> bytes:
    return b"\r\n".join((b"GET %s HTTP/1.1" % path, b"Host: localhost", *lines, b"", b""))


#: What is sent, and the status of the answer.
REFUSED = {
    "chunked": (_POST + b"Transfer-Encoding: chunked\r\n\r\n" + _CHUNKS, 411),
    "chunked, in capitals": (_POST + b"TRANSFER-ENCODING: Chunked\r\n\r\n" + _CHUNKS, 411),
    "chunked and a length": (
        _POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + _CHUNKS,
        400,
    ),
    "an unknown coding": (_POST + b"Transfer-Encoding: zip\r\n\r\n" + _CHUNKS, 400),
    "no length at all": (_POST + b"\r\n", 400),
    "a length that is none": (_POST + b"Content-Length: <b>x</b>\r\n\r\n{}", 400),
    "a negative length": (_POST + b"Content-Length: -1\r\n\r\n{}", 400),
    "two lengths": (_POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
    "no request line": (b"<script>alert(1)</script>\r\n\r\n", 400),
    "an unknown version": (b"GET /api/ HTTP/9.9\r\n\r\n", 400),
    "a header without a colon": (_get(b"<b>nonsense</b>"), 400),
    "a folded header": (_get(b"X-A: 1", b" 2"), 400),
    "a header too long": (_get(b"X-A: " + b"x" * 8_300), 400),
    "a path too long": (_get(path=b"/api/" + b"x" * 5_000), 400),
    "too many headers": (_get(*[b"X-%d: 1" % number for number in range(200)]), 400),
    "a foreign host": (_get(path=b"/api/").replace(b"localhost", b"evil.example"), 400),
    "bytes that are no text": (_get(path=b"/api/\xff\xfe%ff%00/"), 404),
    "no token": (_get(), 401),
}


def _sent(port: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(1 << 16):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(re.split(r":\s*", line, maxsplit=1) for line in lines)
    length = int(headers["Content-Length"])
    assert body[length:] == b"", "a second answer: what was the body is read as a request"
    return int(status.split()[1]), headers, body


def test_whatever_is_sent_a_refusal_is_a_problem_document(token: str, tmp_path: Path) -> None:
    service = Service(tmp_path, ALLOWED_HOSTS="localhost,127.0.0.1")
    try:
        service.wait_until_ready()
        for name, (data, expected) in REFUSED.items():
            status, headers, body = _sent(service.port, data.replace(b"TOKEN", token.encode()))
            assert (name, status) == (name, expected)
            assert headers["Content-Type"] == "application/problem+json", name
            document = json.loads(body)
            assert document["status"] == status
            assert document["errors"], name
            assert document["request_id"] == headers["X-Request-ID"]
            for quoted in (b"<", b"evil", b"zip", b"nonsense"):
                assert quoted not in body.replace(b"<token>", b""), name
        assert PredictionRequest.objects.count() == 0

        whole = _POST + b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(_BODY), _BODY)
        status, _, body = _sent(service.port, whole.replace(b"TOKEN", token.encode()))
        assert status == 201, body
        assert PredictionRequest.objects.count() == 1
    finally:
        service.stop()
