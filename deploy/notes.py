"""`python -m deploy.notes VERSION`: what CHANGELOG.md says of a version, for its release page.

Exit code 1 when it says nothing of it, or when pyproject.toml has another version: a tag and the
changelog must agree before anything is deployed.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\]", re.MULTILINE)


class NotesError(Exception):
    """What does not agree."""


def notes_of(version: str, changelog: str) -> str:
    """The section of a version, without its heading. Raises NotesError."""
    headings = list(_HEADING.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=False):
        if heading["version"] == version:
            start = changelog.index("\n", heading.end())
            end = following.start() if following else len(changelog)
            section = re.sub(r"^\[[^\]]+\]: \S+$", "", changelog[start:end], flags=re.MULTILINE)
            if section.strip():
                return section.strip() + "\n"
    raise NotesError(f"CHANGELOG.md says nothing of {version}")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}")
        return 2
    version = arguments[0].removeprefix("v")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if project["version"] != version:
        sys.stderr.write(f"pyproject.toml has version {project['version']}, not {version}\n")
        return 1
    try:
        notes = notes_of(version, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    except NotesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(notes)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
