"""`manage.py` and the tests' own plugin, as new processes without DATABASE_URL."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from config.env import VAR_DIR

Run = Callable[..., CompletedProcess[str]]


def test_plugin_gives_the_tests_a_database_and_leaves_nothing(
    run_python: Run, open_dir: Path
) -> None:
    done = run_python(
        *("-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/config/test_checks.py"),
        *("tests/config/test_commands.py", "-k", "superuser or settings_in_use"),
        is_traced=False,
        TMPDIR=str(open_dir),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert list(open_dir.glob("futurisys-*")) == []


@pytest.mark.parametrize("arguments", [["help"], ["--version"], ["migrate", "--help"]])
def test_command_without_need_of_a_database_starts_none(
    run_python: Run, arguments: list[str]
) -> None:
    was_there = (VAR_DIR / "postgres").exists()
    done = run_python("manage.py", *arguments, SECRET_KEY="x")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (VAR_DIR / "postgres").exists() == was_there


@pytest.mark.parametrize(
    ("raised", "code", "sentence"),
    [
        ("PostgresError('no account will do')", 1, "no account will do"),
        ("KeyboardInterrupt", 130, "Stopped."),
    ],
)
def test_trouble_at_the_start_is_a_sentence_and_no_traceback(
    run_python: Run, raised: str, code: int, sentence: str
) -> None:
    done = run_python(
        "-c",
        "import sys; from config.postgres import sessions\n"
        "from config.postgres.account import PostgresError\n"
        f"def fail(): raise {raised}\n"
        "sessions.embedded_postgres = fail\n"
        "sys.argv = ['manage.py', 'migrate']\n"
        "import manage; manage.main()",
    )
    assert done.returncode == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
