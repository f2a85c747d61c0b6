"""`python -m deploy.tag [--confirm]`: is this commit ready to be a release, and then its tag.

The version stands in pyproject.toml. Ready means: on main, nothing uncommitted, no such tag yet,
CHANGELOG.md and docs/reference/openapi.yaml say the same version, and what is unreleased is empty.
Without `--confirm` nothing is done. Nothing is pushed either: the last line says how.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from deploy.notes import NotesError, notes_of

ROOT = Path(__file__).resolve().parent.parent


def faults(root: Path, version: str) -> list[str]:
    """Why this is not ready; empty when it is."""
    found = []
    if (branch := git(root, "branch", "--show-current")) != "main":
        found.append(f"the branch is {branch or 'none'}, not main")
    if git(root, "status", "--porcelain"):
        found.append("there are uncommitted changes")
    if git(root, "tag", "--list", f"v{version}"):
        found.append(f"v{version} is there already: raise the version in pyproject.toml")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        notes_of(version, changelog)
    except NotesError as error:
        found.append(str(error))
    if re.search(
        rf"^## \[{re.escape(version)}\](?! - \d{{4}}-\d\d-\d\d$)", changelog, re.MULTILINE
    ):
        found.append(f"CHANGELOG.md gives {version} no date: ## [{version}] - 2026-01-31")
    try:
        notes_of("Unreleased", changelog)
    except NotesError:
        pass
    else:
        found.append("CHANGELOG.md has something under Unreleased: move it below the version")
    api = (root / "docs" / "reference" / "openapi.yaml").read_text(encoding="utf-8")
    if not re.search(rf"^  version: {re.escape(version)}$", api, re.MULTILINE):
        found.append("docs/reference/openapi.yaml has another version: make schema-write")
    return found


def git(root: Path, *arguments: str) -> str:
    """What git says. Raises CalledProcessError."""
    done = subprocess.run(  # noqa: S603 -- fixed program, no shell
        ["git", *arguments],  # noqa: S607 -- whichever git is on the path
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.tag", description=__doc__)
    parser.add_argument("--confirm", action="store_true", help="make the tag")
    options = parser.parse_args(arguments)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"]
    found = faults(root, version)
    for fault in found:
        sys.stderr.write(f"not ready: {fault}\n")
    if found:
        return 1
    if not options.confirm:
        sys.stdout.write(f"v{version} is ready. To tag it: make release CONFIRM=yes\n")
        return 0
    git(root, "tag", "--annotate", f"v{version}", "--message", f"Release {version}")
    sys.stdout.write(f"Tagged. To deploy it: git push origin v{version}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
