"""`python -m deploy.smoke URL [--release R] [--token-file F]`: does this deployment do its work?

Waits until the release expected answers and is ready, then tries it as a caller would: without a
token it is refused, with one a prediction is made, read again, and equal. Exit code 0 when all of
it holds; else 1, with one line of what does not. The token comes from a file or from SMOKE_TOKEN,
never from the command line, which others can read.
"""

import argparse
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FACTS = {"primary_property_type": "Hotel", "gross_floor_area_sqft": 88_434, "year_built": 1927}
_TIMEOUT_S = 20


class SmokeError(Exception):
    """What does not hold, in one line."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    media_type: str
    body: Any


@dataclass(frozen=True, slots=True)
class Deployment:
    url: str
    token: str = ""

    def ask(self, path: str, body: Any = None, *, with_token: bool = False) -> Answer:
        """Raises OSError without an answer."""
        headers = {"Accept": "application/json"}
        if with_token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self.url}{path}", data, headers)  # noqa: S310 -- checked in main
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return _answer(answer.status, answer)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error)


def _answer(status: int, answer: Any) -> Answer:
    text = answer.read()
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    return Answer(status, answer.headers.get_content_type(), body)


def wait(deployment: Deployment, *, release: str, patience_s: float, pause_s: float = 3.0) -> None:
    """Until `/livez` names the release (any, if empty) and `/readyz` says ready.

    Raises SmokeError when patience ends, with what was seen last.
    """
    deadline = time.monotonic() + patience_s
    while True:
        seen = _lacks(deployment, release)
        if not seen:
            return
        if time.monotonic() + pause_s > deadline:
            raise SmokeError(f"after {patience_s:.0f} s: {seen}")
        time.sleep(pause_s)


def _lacks(deployment: Deployment, release: str) -> str:
    try:
        alive = deployment.ask("/livez")
        if alive.status != 200 or not isinstance(alive.body, dict):
            return f"/livez answers {alive.status}"
        if release and alive.body.get("release") != release:
            return f"release {alive.body.get('release')!r} answers, not {release!r}"
        ready = deployment.ask("/readyz")
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({type(error).__name__})"
    return "" if ready.status == 200 else f"/readyz answers {ready.status}: {ready.body}"


def try_as_a_caller(deployment: Deployment) -> str:
    """What was tried, for people. Raises SmokeError for the first thing that does not hold."""
    refused = deployment.ask("/api/v1/predictions/", FACTS)
    _require(refused.status == 401, f"without a token a prediction answers {refused.status}")
    _require(
        refused.media_type == "application/problem+json",
        f"a refusal is {refused.media_type}, not a problem document",
    )
    schema = deployment.ask("/api/v1/schema/?format=json")
    _require(schema.status == 200, f"the schema answers {schema.status}")
    if not deployment.token:
        return "refuses callers without a token, shows its schema (no token given: not asked more)"
    made = deployment.ask("/api/v1/predictions/", FACTS, with_token=True)
    _require(made.status == 201, f"a prediction answers {made.status}: {_detail(made.body)}")
    energy = made.body["output"]["site_energy_use_kbtu"]
    _require(1e5 < energy < 1e9, f"a hotel of 88,434 ft² would use {energy} kBtu")
    read = deployment.ask(f"/api/v1/predictions/{made.body['id']}/", with_token=True)
    _require(read.status == 200, f"reading it again answers {read.status}")
    _require(read.body["output"] == made.body["output"], "what is read is not what was answered")
    return f"predicts {energy:,.0f} kBtu, and has it on the record"


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- reads as a sentence
    if not holds:
        raise SmokeError(otherwise)


def _detail(body: Any) -> str:
    return str(body.get("detail", "")) if isinstance(body, dict) else ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.smoke", description=__doc__)
    parser.add_argument("url", help="where it serves: https://example.org")
    parser.add_argument("--release", default="", help="wait for this release to answer")
    parser.add_argument("--token-file", type=Path, help="holds a token with scope predict and read")
    parser.add_argument("--patience", type=float, default=300, help="seconds to wait (300)")
    options = parser.parse_args(arguments)
    if not options.url.startswith(("https://", "http://")):
        parser.error("the URL must begin with https:// or http://")
    token = options.token_file.read_text().strip() if options.token_file else ""
    deployment = Deployment(options.url.rstrip("/"), token or os.environ.get("SMOKE_TOKEN", ""))
    try:
        wait(deployment, release=options.release, patience_s=options.patience)
        tried = try_as_a_caller(deployment)
    except (SmokeError, OSError) as error:
        sys.stderr.write(f"{deployment.url}: {error}\n")
        return 1
    sys.stdout.write(f"{deployment.url}: {tried}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
