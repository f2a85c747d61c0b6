"""gunicorn's parent, with small stand-ins for gunicorn and one run of the real one."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config import server as servers
from config.env import BASE_DIR
from config.server import Address, AddressError, Server

#: Serves /readyz with the status of its first argument; on SIGTERM it says so and ends.
STAND_IN = """
import http.server, json, signal, sys
port, status, body, ignores = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], len(sys.argv) > 4
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(status); self.end_headers(); self.wfile.write(body.encode())
    def log_message(self, *args): pass
def stop(number, frame):
    open(sys.argv[0] + ".signals", "a").write(f"{number} ")
    if not ignores or number != signal.SIGTERM:
        sys.exit(0)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, stop)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def address() -> Address:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", probe.getsockname()[1])


@pytest.fixture
def stand_in(tmp_path: Path, address: Address) -> Callable[..., Server]:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)

    def make(status: int = 200, body: str = "{}", *more: str) -> Server:
        command = (sys.executable, str(script), str(address.port), str(status), body, *more)
        return Server(address, command)

    return make


@pytest.fixture
def signals(tmp_path: Path) -> Callable[[], list[int]]:
    """What the stand-in was sent."""
    return lambda: [int(n) for n in (tmp_path / "stand_in.py.signals").read_text().split()]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "READY_TIMEOUT_S", 0)


def stop_with(*numbers: int) -> Callable[[str], None]:
    """What to do when ready: send ourselves these signals, a little apart."""

    def send(_lack: str) -> None:
        def later() -> None:
            for number in numbers:
                time.sleep(0.3)
                os.kill(os.getpid(), number)

        threading.Thread(target=later).start()

    return send


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_the_server_gently_and_once(
    stand_in: Callable[..., Server], signals: Callable[[], list[int]], number: int
) -> None:
    before = signal.getsignal(number)
    assert stand_in().run(when_ready=stop_with(number)) == 0
    assert signals() == [signal.SIGTERM]
    assert signal.getsignal(number) is before


def test_second_signal_stops_at_once(
    stand_in: Callable[..., Server],
    signals: Callable[[], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(servers, "IMPATIENCE_S", 0)
    server = stand_in(200, "{}", "ignores SIGTERM")
    assert server.run(when_ready=stop_with(signal.SIGINT, signal.SIGINT)) == 0
    assert signals() == [signal.SIGTERM, signal.SIGQUIT]


def test_the_same_signal_twice_in_a_moment_is_one(
    stand_in: Callable[..., Server], signals: Callable[[], list[int]]
) -> None:
    def twice(_lack: str) -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)

    assert stand_in().run(when_ready=twice) == 0
    assert signals() == [signal.SIGTERM]


def test_signal_before_the_start_is_not_lost(
    stand_in: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    popen = subprocess.Popen

    def interrupted(*args: Any, **options: Any) -> "subprocess.Popen[bytes]":
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        return popen(*args, **options)

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    seen: list[str] = []
    assert stand_in().run(when_ready=seen.append) == 0
    assert seen == []


def test_ready_server_is_announced_without_a_lack(stand_in: Callable[..., Server]) -> None:
    seen: list[str] = []

    def ready(lack: str) -> None:
        seen.append(lack)
        os.kill(os.getpid(), signal.SIGTERM)

    assert stand_in().run(when_ready=ready) == 0
    assert seen == [""]


@pytest.mark.parametrize(
    ("body", "lack"),
    [
        ('{"status": "not ready", "database": "ok", "served_model": "not ready"}', "served_model"),
        ('{"database": "not ready", "migrations": "not ready"}', "database, migrations"),
        ("[]", "HTTP 503"),
        ("no JSON", "HTTP 503"),
        ("7", "HTTP 503"),
    ],
)
def test_what_lacks_is_told_in_the_servers_words(
    stand_in: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, body: str, lack: str
) -> None:
    seen: list[str] = []

    def ready(text: str) -> None:
        seen.append(text)
        os.kill(os.getpid(), signal.SIGTERM)

    assert stand_in(503, body).run(when_ready=ready) == 0
    assert seen == [lack]


def test_server_that_never_answers_is_announced_too(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "ANSWER_TIMEOUT_S", 0.2)
    seen: list[str] = []

    def ready(lack: str) -> None:
        seen.append(lack)
        os.kill(os.getpid(), signal.SIGINT)

    assert Server(address, ("/bin/sleep", "60")).run(when_ready=ready) == 0
    assert seen == ["it does not answer"]


@pytest.mark.parametrize(("program", "code"), [("exit 3", 3), ("kill -9 $$", 137)])
def test_server_that_dies_gives_its_code(address: Address, program: str, code: int) -> None:
    seen: list[str] = []
    assert Server(address, ("/bin/sh", "-c", program)).run(when_ready=seen.append) == code
    assert seen == []


# -- addresses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_url_for_a_caller_on_this_machine(host: str, url: str) -> None:
    assert Address(host, 8000).url == url


@pytest.fixture
def taken() -> Iterator[Address]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield Address("127.0.0.1", other.getsockname()[1])


def test_busy_port_gives_one_clear_sentence(taken: Address) -> None:
    sentence = f"Port {taken.port} on 127.0.0.1 is in use.*make run PORT={taken.port + 1}"
    with pytest.raises(AddressError, match=sentence):
        taken.require_free()


def test_free_port_passes(address: Address) -> None:
    address.require_free()


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no-such-host.invalid"])
def test_foreign_address_gives_one_clear_sentence(host: str) -> None:
    with pytest.raises(AddressError, match=r"Cannot listen on .*choose another address"):
        Address(host, 8000).require_free()


# -- how to call manage.py ------------------------------------------------------------------


def test_manage_py_is_called_as_from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", f"{BASE_DIR}/.venv/bin/python")
    assert servers._manage() == ".venv/bin/python manage.py"
