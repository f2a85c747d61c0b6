"""The smoke test after a deployment: it passes on a service that works, and on no other."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deploy import smoke
from tests.servers import Answering, listening

MADE = {"id": "7", "output": {"site_energy_use_kbtu": 7.2e6}}
WORKS: dict[str, tuple[int, str, Any]] = {
    "GET /livez": (200, "application/json", {"status": "ok", "release": "v1"}),
    "GET /readyz": (200, "application/json", {"status": "ok"}),
    "GET /api/v1/schema/?format=json": (200, "application/json", {}),
    "POST /api/v1/predictions/": (201, "application/json", MADE),
    "GET /api/v1/predictions/7/": (200, "application/json", MADE),
}
REFUSED = (401, "application/problem+json", {"title": "A valid token is needed"})


class Service(Answering):
    """Answers from a table; predictions are refused without the token."""

    answers: ClassVar[dict[str, tuple[int, str, Any]]] = {}

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, media_type, body = self.answers.get(f"{self.command} {self.path}", (404, "x/y", {}))
        is_known = self.headers.get("Authorization") == "Bearer good"
        if "predictions" in self.path and not is_known:
            status, media_type, body = self.answers.get("refusal", REFUSED)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(**changes: tuple[int, str, Any]) -> Iterator[str]:
    Service.answers = {**WORKS, **changes}
    with listening(Service) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text("good\n")
    return str(path)


def run(url: str, *more: str) -> int:
    return smoke.main([url, "--patience", "0", *more])


def test_a_service_that_works_passes(
    token_file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as url:
        assert run(url, "--release", "v1", "--token-file", token_file) == 0
        assert "predicts 7,200,000 kBtu" in capsys.readouterr().out
        assert run(url) == 0
        assert "no token given" in capsys.readouterr().out
        monkeypatch.setenv("SMOKE_TOKEN", "good")
        assert run(f"{url}/") == 0
        assert "on the record" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("what", "answer", "said"),
    [
        ("GET /livez", (200, "application/json", {"release": "v0"}), "release 'v0' answers"),
        ("GET /livez", (200, "text/html", "hello"), "/livez answers"),
        ("GET /readyz", (503, "application/json", {"database": "not ready"}), "'database'"),
        ("GET /api/v1/schema/?format=json", (500, "text/html", ""), "schema answers 500"),
        ("refusal", (201, "application/json", MADE), "without a token a prediction answers 201"),
        ("refusal", (401, "text/html", ""), "text/html, not a problem document"),
        ("POST /api/v1/predictions/", (503, "x/y", {"detail": "No model."}), "503: No model."),
        ("GET /api/v1/predictions/7/", (404, "x/y", {}), "reading it again answers 404"),
        (
            "GET /api/v1/predictions/7/",
            (200, "application/json", {"output": {"site_energy_use_kbtu": 1}}),
            "not what was answered",
        ),
        (
            "POST /api/v1/predictions/",
            (201, "application/json", {"id": "7", "output": {"site_energy_use_kbtu": 12}}),
            "would use 12 kBtu",
        ),
    ],
)
def test_what_does_not_hold_is_said(
    token_file: str,
    capsys: pytest.CaptureFixture[str],
    what: str,
    answer: tuple[int, str, Any],
    said: str,
) -> None:
    with serving(**{what: answer}) as url:
        assert run(url, "--release", "v1", "--token-file", token_file) == 1
    assert said in capsys.readouterr().err


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("http://127.0.0.1:9") == 1
    assert "no answer" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("file:///etc/passwd")


@pytest.mark.django_db(transaction=True)
def test_the_service_itself_passes(
    live_server: Any, capsys: pytest.CaptureFixture[str], settings: Any
) -> None:
    settings.RELEASE = "abc"
    deployment = smoke.Deployment(live_server.url)
    alive = deployment.ask("/livez")
    assert (alive.status, alive.body) == (200, {"status": "ok", "release": "abc"})
    assert "without a token" in smoke.try_as_a_caller(deployment)
