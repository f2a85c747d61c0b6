"""`make release`: what keeps a commit from being tagged, with a real git."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from config.env import BASE_DIR, VERSION
from deploy import tag
from tests.openapi import openapi_document

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-02-03\n\n- New.\n"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (("AUTHOR", "x"), ("COMMITTER", "x")):
        monkeypatch.setenv(f"GIT_{name}_NAME", value)
        monkeypatch.setenv(f"GIT_{name}_EMAIL", f"{value}@example.org")
    (tmp_path / "docs" / "reference").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "docs" / "reference" / "openapi.yaml").write_text("info:\n  version: 1.2.0\n")
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    commit(tmp_path)
    return tmp_path


def commit(clone: Path) -> None:
    git = ["git", "-C", str(clone)]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "x"], check=True)


def write(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(clone: Path) -> None:
        text = (clone / file).read_text()
        assert old in text
        (clone / file).write_text(text.replace(old, new))
        commit(clone)

    return change


def test_ready_and_tagged(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tag.main([], clone) == 0
    assert "make release CONFIRM=yes" in capsys.readouterr().out
    assert tag.git(clone, "tag", "--list") == ""
    assert tag.main(["--confirm"], clone) == 0
    assert "git push origin v1.2.0" in capsys.readouterr().out
    assert tag.git(clone, "cat-file", "-t", "v1.2.0") == "tag"
    assert tag.main([], clone) == 1
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda clone: (clone / "x").write_text(""), "uncommitted"),
        (lambda clone: tag.git(clone, "switch", "--create", "topic"), "is topic, not main"),
        (write("CHANGELOG.md", "[1.2.0]", "[1.1.0]"), "says nothing of 1.2.0"),
        (write("CHANGELOG.md", " - 2026-02-03", ""), "no date"),
        (write("CHANGELOG.md", "[Unreleased]\n", "[Unreleased]\n\n- More.\n"), "Unreleased"),
        (write("docs/reference/openapi.yaml", "1.2.0", "1.1.0"), "another version"),
        (write("pyproject.toml", "1.2.0", "1.3.0"), "says nothing of 1.3.0"),
    ],
)
def test_not_ready(
    clone: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Path], object], said: str
) -> None:
    change(clone)
    assert tag.main(["--confirm"], clone) == 1
    assert said in capsys.readouterr().err
    assert tag.git(clone, "tag", "--list") == ""


def test_the_version_stands_in_one_place() -> None:
    """What is made from it says the same."""
    schema = openapi_document()
    assert schema["info"]["version"] == settings.SPECTACULAR_SETTINGS["VERSION"] == VERSION
    for path in (BASE_DIR / "config").rglob("*.py"):
        assert f'"{VERSION}"' not in path.read_text(encoding="utf-8"), path
