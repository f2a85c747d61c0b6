"""The Makefile and the CI script, without installing anything."""

import os
import shutil
import stat
import subprocess
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from config.env import BASE_DIR

RECORDING_PYTHON = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in
  "-m pip --version") exit {pip} ;;
  "-m pip install"*) exit {install} ;;
  "manage.py run") echo "PORT=$PORT HOST=${{HOST-unset}} DATABASE_URL=${{DATABASE_URL-unset}}" ;;
esac
"""


class Checkout:
    """A copy of what `make` needs, with a .venv whose Python only writes down its arguments."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        shutil.copytree(BASE_DIR / ".ci", directory / ".ci")
        shutil.copy(BASE_DIR / "Makefile", directory)
        for name in ("requirements.txt", "requirements-dev.txt"):
            (directory / name).write_text(f"{name}==1\n")

    def have_venv(self, *, pip: int = 0, install: int = 0) -> None:
        python = self.directory / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        log = self.directory / "log"
        python.write_text(RECORDING_PYTHON.format(log=log, pip=pip, install=install))
        python.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """What the .venv's Python was asked since the last look, without trials of itself."""
        log = self.directory / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line for line in lines if line not in {"-m pip --version", "-c "}]

    def make(self, *arguments: str, **variables: str) -> CompletedProcess[str]:
        kept = {n: v for n, v in os.environ.items() if n == "PATH"}
        return subprocess.run(
            ["make", *arguments],
            cwd=self.directory, env={**kept, **variables}, capture_output=True, text=True,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a checkout")


def test_make_alone_lists_the_targets(checkout: Checkout) -> None:
    done = checkout.make()
    assert done.returncode == 0
    for target in (
        *("run", "setup", "serve", "test", "lint", "types", "contracts", "check", "schema"),
        *("lock", "clean", "help"),
    ):
        assert f"\n  {target} - " in done.stdout
    assert checkout.calls == []


def test_run_installs_once_and_then_only_runs(checkout: Checkout) -> None:
    checkout.have_venv()
    first = checkout.make("run")
    assert first.returncode == 0, first.stderr
    install, command = checkout.calls
    assert install.startswith("-m pip install --require-hashes")
    assert install.endswith("-r requirements.txt")
    assert command == "manage.py run"

    assert checkout.make("run").returncode == 0
    assert checkout.calls == ["manage.py run"]


def test_changed_requirements_are_installed_again(checkout: Checkout) -> None:
    checkout.have_venv()
    checkout.make("setup")
    (checkout.directory / "requirements.txt").write_text("another==2\n")
    assert len(checkout.calls) == 2
    checkout.make("setup")
    assert [call.split()[0] for call in checkout.calls] == ["-m", "manage.py"]


def test_broken_off_install_is_not_taken_for_done(checkout: Checkout) -> None:
    checkout.have_venv(install=1)
    assert checkout.make("serve").returncode != 0
    assert "manage.py serve" not in checkout.calls
    checkout.have_venv()
    assert checkout.make("serve").returncode == 0
    assert len(checkout.calls) == 2  # installed, then served


def test_development_requirements_hold_the_others(checkout: Checkout) -> None:
    checkout.have_venv()
    done = checkout.make("test", "TEST_WORKERS=3", "PYTEST_ARGS=-k x")
    assert done.returncode == 0, done.stderr
    install, tests = checkout.calls
    assert install.endswith("-r requirements-dev.txt")
    assert tests == (
        "-m pytest -n 3 --maxprocesses=8 --dist worksteal --cov --cov-report=term"
        " --cov-report=html --cov-report=xml -k x"
    )
    checkout.make("run")
    assert checkout.calls == ["manage.py run"]


@pytest.mark.parametrize("on_command_line", [True, False])
def test_variables_reach_the_program_either_way(
    checkout: Checkout, *, on_command_line: bool
) -> None:
    checkout.have_venv()
    if on_command_line:
        done = checkout.make("run", "PORT=9000", "DATABASE_URL=postgres://h/d")
    else:
        done = checkout.make("run", PORT="9000", DATABASE_URL="postgres://h/d")
    assert "PORT=9000 HOST=unset DATABASE_URL=postgres://h/d" in done.stdout


def test_no_usable_python_gives_one_sentence(checkout: Checkout) -> None:
    tools = checkout.directory / "tools"
    tools.mkdir()
    for name in ("make", "sh", "cmp", "echo"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # as one that is too old, or without venv, answers
    old.chmod(0o755)
    done = checkout.make("run", PATH=str(tools))
    assert done.returncode != 0
    assert "Python 3.11 or later with its venv module is needed" in done.stderr
    assert "apt install python3-venv" in done.stderr
    assert not (checkout.directory / ".venv").exists()


def test_named_python_is_taken(checkout: Checkout) -> None:
    python = checkout.directory / "my-python"
    python.write_text(
        '#!/bin/sh\necho "$@" >> log\n'
        '[ "$1" = -m ] && mkdir -p .venv/bin && cp "$0" .venv/bin/python\nexit 0\n'
    )
    python.chmod(0o755)
    done = checkout.make("run", f"PYTHON={python.name}", PATH=f"{os.environ['PATH']}:.")
    assert done.returncode == 0, done.stderr
    assert "Creating .venv with" in done.stdout
    assert "-m venv .venv" in checkout.calls


def test_ci_runs_the_readmes_own_targets_without_a_terminal() -> None:
    script = BASE_DIR / ".ci" / "run"
    text = script.read_text()
    assert stat.S_IMODE(script.stat().st_mode) & 0o111
    assert "set -euo pipefail" in text
    targets = (
        "test lint types contracts check lint-schema lint-workflows lint-image security client docs"
    )
    assert f"for target in {targets}; do" in text
    assert "</dev/null" in text
