"""How fast one row is predicted over HTTP, authenticated and on the record, beside other servers.

    python benchmarks/one_row.py
    python benchmarks/one_row.py --seconds 10 --repeat 3 --only service,fastapi --json figures.json

Each server runs by itself, with two processes and one thread of arithmetic each, on the same
database; they take turns. wrk asks over 16 connections, and over one, always for the same building,
and checks every answer. What is not installed is left out and named. The CPU is that of the server
and of PostgreSQL together, without wrk's.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402
from tqdm import tqdm  # noqa: E402

from benchmarks.dataset import benchmark_database  # noqa: E402
from benchmarks.inference import SHIPPED  # noqa: E402
from benchmarks.peers.scoring import VARIABLE  # noqa: E402
from config.env import VAR_DIR  # noqa: E402
from mlmodel.features import FEATURES  # noqa: E402

_CONNECTIONS: Final = (16, 1)
_PORT: Final = 8397
_READY_S: Final = 60
_FACTS: Final = {
    "primary_property_type": "Hotel",
    "gross_floor_area_sqft": 88434,
    "year_built": 1927,
    "number_of_floors": 12,
    "neighborhood": "DOWNTOWN",
    "has_natural_gas": True,
}
_PLAIN_SETTINGS: Final = "benchmarks.peers.plain_settings"
_ONE_THREAD: Final = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR")
}
# wrk's own count of wrong statuses does not look into the answers.
_SCRIPT: Final = """
local status, marker = tonumber(os.getenv("WRK_STATUS")), os.getenv("WRK_MARKER")
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init(args)
  answered, wrong = 0, 0
  local lines = io.open(os.getenv("WRK_BODY"), "r")
  wrk.method, wrk.body = "POST", lines:read("*a")
  lines:close()
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = os.getenv("WRK_AUTHORIZATION")
end
function response(code, headers, body)
  answered = answered + 1
  if code ~= status or not string.find(body, marker, 1, true) then wrong = wrong + 1 end
end
function done(summary, latency, requests)
  local answered, wrong = 0, 0
  for _, thread in ipairs(threads) do
    answered, wrong = answered + thread:get("answered"), wrong + thread:get("wrong")
  end
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"answered": %d, "wrong": %d, "seconds": %.3f, ' ..
    '"p50_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f}',
    answered, wrong + errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A server: how it is started and what it is asked."""

    title: str
    command: Sequence[str]
    path: str
    authorization: str = ""
    status: int = 201
    marker: str = '"electricity_kbtu":'
    body: Any = field(default_factory=lambda: _FACTS)
    environment: dict[str, str] = field(default_factory=dict)
    needs: Sequence[str] = ()

    @property
    def lacking(self) -> str:
        """What of it is not installed."""
        return ", ".join(name for name in self.needs if find_spec(name) is None)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure how fast one row is predicted.")
    parser.add_argument("--seconds", type=int, default=8, help="of a turn; default: %(default)s")
    parser.add_argument("--repeat", type=int, default=3, help="turns; default: %(default)s")
    parser.add_argument("--only", default="", help="names of servers, with commas between")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--directory", type=Path, default=VAR_DIR, help="default: var/")
    options = parser.parse_args(argv)
    if shutil.which("wrk") is None:
        parser.error("wrk is needed (Debian and Ubuntu: apt install wrk)")
    with benchmark_database(options.directory) as directory:
        found = _measured(options, directory)
    sys.stdout.write(_report(found) + "\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def _measured(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    script = directory / "ask.lua"
    script.write_text(_SCRIPT, encoding="utf-8")
    asked = [name for name in options.only.split(",") if name]
    peers = {name: peer for name, peer in _peers(directory).items() if not asked or name in asked}
    found: dict[str, Any] = {
        "load_average": os.getloadavg(),
        "cores": os.cpu_count(),
        "lacking": {peer.title: peer.lacking for peer in peers.values() if peer.lacking},
        "turns": {},
    }
    turns = [name for _ in range(options.repeat) for name in peers if not peers[name].lacking]
    for name in tqdm(turns, desc="turns", leave=False, disable=None):
        peer = peers[name]
        with _serving(peer, directory) as server:
            _asked(peer, script, directory, connections=16, seconds=2)  # warm
            for connections in _CONNECTIONS:
                before = _cpu_s(server)
                turn = _asked(
                    peer, script, directory, connections=connections, seconds=options.seconds
                )
                turn["cpu_ms"] = (_cpu_s(server) - before) * 1000 / turn["answered"]
                turn["per_s"] = turn["answered"] / turn["seconds"]
                of_peer = found["turns"].setdefault(peer.title, {})
                of_peer.setdefault(str(connections), []).append(turn)
    return found


def _peers(directory: Path) -> dict[str, Peer]:
    service, key = _credentials(directory)
    fastapi = Peer(
        title="FastAPI + SQLAlchemy + audit",
        command=(
            *(sys.executable, "-m", "uvicorn", "benchmarks.peers.fast:app", "--workers", "2"),
            *("--port", str(_PORT), "--log-level", "warning"),
        ),
        path="/predict/",
        authorization=f"Bearer {key}",
        environment={VARIABLE: "pipeline"},
        needs=("fastapi", "uvicorn", "sqlalchemy", "sklearn", "skops", "pandas"),
    )
    return {
        "service": Peer(
            title="this service",
            command=(sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"),
            path="/api/v1/predictions/",
            authorization=f"Bearer {service}",
        ),
        "fastapi": fastapi,
        "fastapi-arrays": replace(
            fastapi, title="the same with our scorer", environment={VARIABLE: "arrays"}
        ),
        "django": Peer(
            title="Django + DRF + ORM + audit",
            command=(
                *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{_PORT}"),
                *("--workers", "2", "--threads", "4", "benchmarks.peers.plain_wsgi"),
            ),
            path="/predict/",
            authorization=f"Token {key}",
            environment={VARIABLE: "pipeline", "DJANGO_SETTINGS_MODULE": _PLAIN_SETTINGS},
            needs=("sklearn", "skops", "pandas"),
        ),
        "mlflow": Peer(
            title="mlflow models serve (nothing stored)",
            command=(
                *(sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"),
                *("--model-uri", str(SHIPPED / "model"), "--port", str(_PORT), "--workers", "2"),
            ),
            path="/invocations",
            status=200,
            marker='"predictions"',
            body={"dataframe_records": [_as_mlflow_wants()]},
            needs=("mlflow.models", "fastapi", "uvicorn", "sklearn", "skops", "pandas"),
        ),
    }


def _as_mlflow_wants() -> dict[str, Any]:
    """Every number as a double, as the signature has it."""
    kinds = {feature.name: feature.kind for feature in FEATURES}
    return {
        name: value if kinds[name] == "category" else float(value)  # type: ignore[arg-type]
        for name, value in _FACTS.items()
    }


def _credentials(directory: Path) -> tuple[str, str]:
    """A token of the service, which is set up here, and a key of the peers."""
    from django.core.management import call_command

    from predictions.services.accounts import (
        api_caller_get_or_create,
        api_token_create,
        groups_ensure,
    )

    with (directory / "setup.log").open("w", encoding="utf-8") as log:
        call_command("register_shipped_model", stdout=log)
    groups_ensure()
    caller = api_caller_get_or_create(username="benchmark")
    _, service = api_token_create(user=caller, name="benchmark")
    made = subprocess.run(  # noqa: S603 -- our own code
        (sys.executable, "-c", _SETUP_OF_PEERS, caller.get_username()),
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": _PLAIN_SETTINGS},
        check=True,
        capture_output=True,
        text=True,
    )
    return service, made.stdout.strip()


_SETUP_OF_PEERS: Final = """
import sys
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from benchmarks.peers.plain import Exchange
call_command("migrate", "authtoken", verbosity=0)
with connection.schema_editor() as editor:
    editor.create_model(Exchange)
from rest_framework.authtoken.models import Token
print(Token.objects.create(user=User.objects.get(username=sys.argv[1])).key)
"""


@contextmanager
def _serving(peer: Peer, directory: Path) -> Iterator[psutil.Process]:
    environment = {
        **os.environ,
        **_ONE_THREAD,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PORT": str(_PORT),
        "WEB_CONCURRENCY": "2",
        "WEB_THREADS": "4",
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        **{f"RATE_LIMIT_{name}_PER_MINUTE": "0" for name in ("REQUESTS", "ROWS", "FAILURES")},
        "CONCURRENCY_PER_TOKEN": "0",
        "ACCESS_LOG": "false",
        "LOG_LEVEL": "WARNING",
        **peer.environment,
    }
    with (directory / "server.log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603 -- one of ours, above
            peer.command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_until_right(peer, process, log)
            yield psutil.Process(process.pid)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """With its workers, also those that do not go by themselves."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    process.wait(30)
    for one in psutil.wait_procs(family, 10)[1]:
        one.kill()


def _wait_until_right(peer: Peer, process: subprocess.Popen[bytes], log: Any) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{_PORT}{peer.path}",
        data=json.dumps(peer.body).encode(),
        headers={"Content-Type": "application/json", "Authorization": peer.authorization},
    )
    until, said = time.monotonic() + _READY_S, ""
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 -- likewise
                said = answer.read().decode()
                if answer.status == peer.status and peer.marker in said:
                    return
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
        except OSError:
            pass
        time.sleep(0.2)
    log.seek(0)
    raise RuntimeError(f"{peer.title} does not serve: {said[:500]}\n{log.read()[-2000:]}")


def _asked(
    peer: Peer, script: Path, directory: Path, *, connections: int, seconds: int
) -> dict[str, Any]:
    body = directory / "body.json"
    body.write_text(json.dumps(peer.body), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 -- our own command
        (
            *("wrk", "-c", str(connections), "-t", "1", "-d", f"{seconds}s", "--timeout", "30s"),
            *("-s", str(script), f"http://127.0.0.1:{_PORT}{peer.path}"),
        ),
        env={
            **os.environ,
            "WRK_STATUS": str(peer.status),
            "WRK_MARKER": peer.marker,
            "WRK_BODY": str(body),
            "WRK_AUTHORIZATION": peer.authorization,
        },
        check=True,
        capture_output=True,
        text=True,
    )
    turn: dict[str, Any] = json.loads(done.stderr.strip().splitlines()[-1])
    if turn["wrong"] or not turn["answered"]:
        raise RuntimeError(f"{peer.title}: {turn['wrong']} of {turn['answered']} answers are wrong")
    return turn


def _cpu_s(server: psutil.Process) -> float:
    """Of the server and of PostgreSQL, all their processes, those that are over included."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (number,) = cursor.fetchone()
    families = [server]
    if psutil.pid_exists(number) and psutil.Process(number).name() == "postgres":
        families.append(psutil.Process(psutil.Process(number).ppid()))
    seconds = 0.0
    for family in families:
        for process in (family, *family.children(recursive=True)):
            try:
                seconds += sum(process.cpu_times()[:4])
            except psutil.NoSuchProcess:
                continue
    return seconds


def _report(found: dict[str, Any]) -> str:
    load = ", ".join(f"{value:.1f}" for value in found["load_average"])
    lines = [f"{found['cores']} cores; load average before: {load}"]
    ours = found["turns"].get("this service", {})
    for connections in map(str, _CONNECTIONS):
        lines += [
            "",
            f"{f'{connections} connections':<40}{'req/s':>8}{'range':>14}{'p50 ms':>9}"
            f"{'p99 ms':>9}{'max ms':>9}{'CPU ms':>8}{'ours ÷':>8}",
        ]
        base = _median(ours[connections], "per_s") if ours else None
        for title, turns in found["turns"].items():
            of_turns = turns[connections]
            per_s = [turn["per_s"] for turn in of_turns]
            spread = f"{min(per_s):,.0f}–{max(per_s):,.0f}"
            ratio = f"{base / statistics.median(per_s):.1f}" if base else ""
            lines.append(
                f"{title:<40}{statistics.median(per_s):>8,.0f}{spread:>14}"
                + "".join(
                    f"{_median(of_turns, name):>9.1f}" for name in ("p50_ms", "p99_ms", "max_ms")
                )
                + f"{_median(of_turns, 'cpu_ms'):>8.1f}{ratio:>8}"
            )
    lines += [f"not installed: {title} ({what})" for title, what in found["lacking"].items()]
    return "\n".join(lines)


def _median(turns: Sequence[dict[str, Any]], name: str) -> float:
    return float(statistics.median(turn[name] for turn in turns))


if __name__ == "__main__":
    sys.exit(main())
