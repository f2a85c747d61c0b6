"""The health check of a container."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from config import probe
from tests.servers import Answering, listening


@contextmanager
def answering(status: int, body: bytes) -> Iterator[list[str]]:
    """A server on a free port, and the hosts it was asked as."""
    hosts: list[str] = []

    class Service(Answering):
        def answer(self) -> None:
            hosts.append(self.headers["Host"])
            self.send_response(status if self.path == "/readyz" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with listening(Service) as port, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORT", str(port))
        patch.setenv("ALLOWED_HOSTS", " .example.org, other.example.org")
        yield hosts


def test_ready_is_0_by_a_host_that_is_served() -> None:
    with answering(200, b"{}") as hosts:
        assert probe.main() == 0
    assert hosts == ["example.org"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (json.dumps({"status": "not ready", "database": "not ready", "x": "ok"}), "database"),
        (json.dumps({}), "HTTP 503"),
        ("<html>", "HTTP 503"),
        ("[1]", "HTTP 503"),
    ],
)
def test_not_ready_is_1_and_says_what(
    capsys: pytest.CaptureFixture[str], body: str, said: str
) -> None:
    with answering(503, body.encode()):
        assert probe.main() == 1
    assert capsys.readouterr().err == f"not ready: {said}\n"


def test_nobody_there_is_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "9")
    assert probe.main() == 1
    assert "no answer" in capsys.readouterr().err
