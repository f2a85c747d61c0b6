"""`make security` and `make audit` find what is planted; what they say of nothing would be worth
nothing otherwise."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from config.env import BASE_DIR

TOOLS = BASE_DIR / ".ci" / "security"
#: Made up here, and in no file as it stands.
PASSWORD = "".join(("hX7", "vLq2", "Tz9", "mR4kW8"))


def run(*command: str | Path, **variables: str) -> CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | variables
    return subprocess.run(
        command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("code", "is_bad"),
    [
        ("import yaml\nyaml.load(open('x'))\n", True),
        ("import hashlib\nhashlib.md5(b'x')\n", True),
        ("import tarfile\ntarfile.open('x').extractall()\n", True),
        ("import hashlib\nhashlib.sha256(b'x')\n", False),
    ],
)
def test_insecure_code_is_found(tmp_path: Path, code: str, is_bad: bool) -> None:
    (tmp_path / "planted.py").write_text(code)
    done = run(
        *(sys.executable, "-m", "bandit", "--quiet", "--configfile", "pyproject.toml"),
        *("--recursive", tmp_path),
    )
    assert done.returncode == int(is_bad), done.stdout


@pytest.mark.parametrize("step", ["uses: actions/checkout@v4", "run: echo ${{ github.head_ref }}"])
def test_an_unsafe_workflow_is_found(tmp_path: Path, step: str) -> None:
    workflow = tmp_path / ".github" / "workflows" / "planted.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(
        "on: pull_request\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
        f"    steps:\n      - {step}\n"
    )
    zizmor = Path(sys.executable).with_name("zizmor")
    assert run(zizmor, "--offline", "--quiet", workflow).returncode != 0
    ours = run(zizmor, "--offline", "--quiet", BASE_DIR / ".github")
    assert ours.returncode == 0, ours.stdout


def clone_with(directory: Path, planted: dict[str, str]) -> CompletedProcess[str]:
    subprocess.run(["git", "init", "--quiet", directory], check=True)
    for file, text in planted.items():
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).write_text(f"{text}\n")
    return run(sys.executable, TOOLS / "leaks.py", "--root", directory)


#: As PASSWORD, and of the forms that the services give out.
HUGGING_FACE = "hf_" + PASSWORD + PASSWORD
GITHUB = "github_pat_" + PASSWORD * 3
API_TOKEN = hashlib.sha256(PASSWORD.encode()).hexdigest()
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
SECRETS = {
    "config/planted.py": f'DATABASE_PASSWORD = "{PASSWORD}"',
    "docs/planted.md": f"curl https://admin:{PASSWORD}@host/",
    "docs/token.md": f"curl --header 'Authorization: Bearer {API_TOKEN}' https://host/",
    "tests/planted.py": f'URL = "postgres://app:{PASSWORD}@db/energy"',
    "tests/token.py": f'client.get("/", headers={{"X": "{HUGGING_FACE}"}})',
    "deploy/key.txt": KEY,
    "deploy/planted.sh": f"export SECRET_KEY={PASSWORD * 4}",
    "Dockerfile": f"ENV HF_TOKEN {HUGGING_FACE}",
    "demo/Dockerfile": f"ARG SECRET_KEY={PASSWORD * 4}",
    "compose.yaml": f"SENTRY_DSN: https://{'3f' * 16}@o1.ingest.example.org/1",
    "Procfile": f"web: API_TOKEN={API_TOKEN} gunicorn",
    ".env.example": f"DATABASE_APP_PASSWORD={PASSWORD}",
    ".github/workflows/planted.yml": f"env:\n  GH_TOKEN: {GITHUB}",
    "notebook.ipynb": json.dumps({"source": [f"login(token='{HUGGING_FACE}')"]}),
    # What is made is full of digests; a key or token that has a form is none.
    "docs/reference/planted.md": f"DATABASE_URL=postgres://app:{PASSWORD}@db/energy",
    "fixtures/planted.json": json.dumps({"token": GITHUB}),
    "mlmodel/shipped/planted.json": json.dumps({"key": KEY}),
}


def test_a_planted_secret_is_found_and_not_shown(tmp_path: Path) -> None:
    done = clone_with(tmp_path, SECRETS)
    assert done.returncode == 1
    found = {line.partition(":")[0] for line in done.stderr.splitlines() if ": " in line}
    assert set(SECRETS) <= found, set(SECRETS) - found
    for value in (PASSWORD, API_TOKEN):
        assert value not in done.stdout + done.stderr


def test_what_is_no_secret_is_not_found(tmp_path: Path) -> None:
    done = clone_with(
        tmp_path,
        {
            "tests/planted.py": f'client.login(password="{PASSWORD}")',
            "docs/planted.md": "Set SECRET_KEY in the environment.",
            "deploy/planted.sh": 'export HF_TOKEN="$TOKEN" # a token_of_the_environment_2',
            "fixtures/planted.json": json.dumps({"digest": API_TOKEN}),
            "compose.yaml": "SECRET_KEY: ${SECRET_KEY:?64 characters}",
        },
    )
    assert done.returncode == 0, done.stderr


# -- known vulnerabilities: the service is a stand-in ---------------------------------------------

STAND_IN = """
import json, os, sys
file = sys.argv[sys.argv.index("--requirement") + 1]
bad = json.loads(os.environ["BAD"])
text = open(file).read()
print(json.dumps({"dependencies": [
    {"name": name, "version": "1", "vulns": [{"id": f"CVE-{name}"}] if name in bad else []}
    for name in ("jinja2", "django") if name in text
]}) if bad is not None else "no answer")
"""


@pytest.mark.parametrize(
    ("bad", "ci", "code", "said"),
    [
        (None, "", 0, "NOTHING WAS AUDITED"),
        ([], "", 0, "NOTHING WAS AUDITED"),
        ([], "true", 1, "NOTHING WAS AUDITED"),
        (["jinja2", "django"], "", 1, "django 1: CVE-django"),
    ],
)
def test_an_audit_that_cannot_find_is_none(
    tmp_path: Path, bad: list[str] | None, ci: str, code: int, said: str
) -> None:
    (tmp_path / "pip_audit.py").write_text(STAND_IN)
    variables = {"PYTHONPATH": str(tmp_path), "BAD": json.dumps(bad), "CI": ci}
    done = run(sys.executable, TOOLS / "audit.py", **variables)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
