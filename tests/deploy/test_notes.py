"""What a release page says."""

from typing import Any

import pytest

from deploy import notes

CHANGELOG = """# Changelog

## [Unreleased]

## [1.1.0] - 2026-02-03

### Added

- A [link](https://example.org).

## [1.0.0] - 2026-01-02

- First.

[1.1.0]: https://example.org/compare
"""


def test_each_version_has_its_own_section() -> None:
    assert notes.notes_of("1.1.0", CHANGELOG) == "### Added\n\n- A [link](https://example.org).\n"
    assert notes.notes_of("1.0.0", CHANGELOG) == "- First.\n"


@pytest.mark.parametrize("version", ["Unreleased", "1.2.0", "1.1", ""])
def test_a_version_without_notes_is_refused(version: str) -> None:
    with pytest.raises(notes.NotesError, match="says nothing"):
        notes.notes_of(version, CHANGELOG)


def test_tag_project_and_changelog_must_agree(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(notes, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    assert notes.main(["v1.0.0"]) == 1
    assert "has version 1.1.0, not 1.0.0" in capsys.readouterr().err
    assert notes.main(["v1.1.0"]) == 0
    assert capsys.readouterr().out.startswith("### Added")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n")
    assert notes.main(["v1.1.0"]) == 1
    assert notes.main([]) == 2
