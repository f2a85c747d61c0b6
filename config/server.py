"""gunicorn as a child process: start it, tell when it is ready, stop it in good order."""

import errno
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

from config.env import BASE_DIR
from config.probe import readiness
from config.setup import ADMIN, CALLER, NewSecrets

#: How long to wait for a first answer, and then for the answer "ready".
ANSWER_TIMEOUT_S: Final = 60
READY_TIMEOUT_S: Final = 5
#: A second signal to stop counts as impatience only after this time.
IMPATIENCE_S: Final = 1
_COMMAND: Final = (sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi")
_EXAMPLE: Final = {
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 88434,
    "year_built": 1927,
    "number_of_floors": 12,
    "neighborhood": "DOWNTOWN",
}


class AddressError(RuntimeError):
    """Nobody can listen at this address; the message says why and what to do."""


@dataclass(frozen=True)
class Address:
    """Where the server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """For a caller on this machine, without a slash at the end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def require_free(self) -> None:
        """
        Raises:
            AddressError: The port is taken, or this machine has no such address.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise AddressError(self._sentence(error)) from error

    def _sentence(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return (
                f"Port {self.port} on {self.host} is in use by another program: stop that one, or "
                f"choose another port (make run PORT={self.port + 1})."
            )
        return (
            f"Cannot listen on {self.host}, port {self.port} ({error.strerror}): choose another "
            "address (make run HOST=127.0.0.1 PORT=8000)."
        )


class Server:
    """gunicorn, in a session of its own: Ctrl-C in the terminal reaches us alone, and only once."""

    def __init__(self, address: Address, command: tuple[str, ...] = _COMMAND) -> None:
        self.address = address
        self.command = command
        self._stopped_at: float | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, *, when_ready: Callable[[str], object]) -> int:
        """Serve until told to stop (SIGINT, SIGTERM, SIGHUP) or until gunicorn ends by itself.

        `when_ready` gets "" as soon as the server is ready, or else what it still lacks.

        Returns:
            0 after a stop that was asked for, else gunicorn's exit code.
        """
        with self._stopping_on_signals():
            self._process = subprocess.Popen(  # noqa: S603 -- our own command
                self.command, cwd=BASE_DIR, stdin=subprocess.DEVNULL, start_new_session=True
            )
            if self._stopped_at is not None:
                self._process.terminate()
            lack = self._wait_until_ready(self._process)
            if self._process.poll() is None and self._stopped_at is None:
                when_ready(lack)
            code = self._process.wait()
        return _exit_code(code) if self._stopped_at is None else 0

    @contextmanager
    def _stopping_on_signals(self) -> Iterator[None]:
        former = {
            number: signal.signal(number, self._stop)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """First gently: running requests are answered; for an impatient second signal at once.

        `make` passes SIGTERM on to us, and a group may be sent it as well: that is one signal.
        """
        now = time.monotonic()
        if self._stopped_at is not None and now - self._stopped_at < IMPATIENCE_S:
            return
        number = signal.SIGTERM if self._stopped_at is None else signal.SIGQUIT
        self._stopped_at = now
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> str:
        """Return "" as soon as it is ready, or what still lacks when patience ends."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        lack: str | None = None
        while process.poll() is None and self._stopped_at is None and time.monotonic() < deadline:
            had_answer = lack is not None
            lack = readiness(self.address.url)
            if lack == "":
                return ""
            if lack is not None and not had_answer:
                deadline = min(deadline, time.monotonic() + READY_TIMEOUT_S)
            time.sleep(0.1 if lack is None else 1)  # each question about a lack is logged at length
        return lack or "it does not answer"


def _exit_code(returncode: int) -> int:
    return 128 - returncode if returncode < 0 else returncode


def _manage() -> str:
    """How to call manage.py from the checkout."""
    python = sys.executable.removeprefix(f"{BASE_DIR}/")
    return f"{python} manage.py"


def login_text(secrets: NewSecrets) -> str:
    """The secrets this run made, shown this once, or how to make new ones."""
    password, token = secrets.admin_password, secrets.token
    secrets.is_shown = True
    once = "\n  Shown once, stored nowhere in clear: keep them now.\n" if password or token else ""
    known = "as shown at first; for a new one:"
    return f"""{once}
  Admin login   user {ADMIN}
  Password      {password or f"{known} {_manage()} changepassword {ADMIN}"}
  API token     {token or f"{known} {_manage()} create_token {CALLER}"}"""


def welcome_text(address: Address, secrets: NewSecrets, lack: str) -> str:
    """What `make run` ends with: addresses, login and a first call, ready to paste."""
    url = address.url
    state = "is ready" if not lack else f"is NOT ready: {lack} (try make setup)"
    token = secrets.token or f"$({_manage()} create_token {CALLER} --quiet)"
    return f"""
Futurisys Energy {state}. Ctrl-C stops it.

  API docs      {url}/api/v1/docs/
  ReDoc         {url}/api/v1/redoc/
  Schema        {url}/api/v1/schema/
  Admin         {url}/admin/
  Health        {url}/livez  {url}/readyz
{login_text(secrets)}

A first prediction:

curl -X POST {url}/api/v1/predictions/ \\
  -H 'Content-Type: application/json' \\
  -H "Authorization: Bearer {token}" \\
  -d '{json.dumps(_EXAMPLE, separators=(",", ":"))}'
"""
