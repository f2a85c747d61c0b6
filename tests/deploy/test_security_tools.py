"""`make security` and `make audit` find what is planted; what they say of nothing would be worth
nothing otherwise."""

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


@pytest.mark.parametrize(
    ("file", "text", "is_secret"),
    [
        ("config/planted.py", f'DATABASE_PASSWORD = "{PASSWORD}"\n', True),
        ("docs/planted.md", f"curl https://admin:{PASSWORD}@host/\n", True),
        ("tests/planted.py", f'URL = "postgres://app:{PASSWORD}@db/energy"\n', True),
        ("deploy/key.txt", "-----BEGIN RSA " + "PRIVATE KEY-----\nx\n", True),
        ("tests/planted.py", f'client.login(password="{PASSWORD}")\n', False),
        ("docs/planted.md", "Set SECRET_KEY in the environment.\n", False),
    ],
)
def test_a_planted_secret_is_found_and_not_shown(
    tmp_path: Path, file: str, text: str, is_secret: bool
) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)
    done = run(sys.executable, TOOLS / "leaks.py", "--root", tmp_path)
    assert done.returncode == int(is_secret), done.stdout + done.stderr
    assert is_secret == (f"{file}:1: " in done.stderr)
    assert PASSWORD not in done.stdout + done.stderr


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
