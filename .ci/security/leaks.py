"""Are there secrets in the tree that nobody has looked at? `python .ci/security/leaks.py [--write]`

detect-secrets' findings and those of detectors.py in what git tracks, less those in baseline.json:
each of these was looked at and is none (a digest, an example, a test's own value). A finding is
known by file, kind and hash, so that moved lines change nothing. `--write` takes what is there now
for looked at: read the diff.
Exit code 1, with file and line and never the value, where there is a new one.
"""

import argparse
import contextlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from detect_secrets import SecretsCollection
from detect_secrets.core import baseline
from detect_secrets.settings import default_settings, transient_settings
from detectors import OURS, UnquotedSecret

_ROOT: Final = Path(__file__).resolve().parents[2]
_BASELINE: Final = Path(__file__).with_name("baseline.json")
#: Made from the code or by training, and full of digests; and locks of packages. A key or token
#: that is known by its form counts there as well.
_MADE: Final = re.compile(
    r"docs/reference/|mlmodel/(shipped|baselines)/|fixtures/|locale/|requirements.*\.txt$"
    r"|package-lock\.json$|\.svg$"
)
_NOT_TEXT: Final = re.compile(
    r"\.(png|ico|pdf|mo|parquet|skops|npz)$|^\.ci/security/baseline\.json$"
)
#: A test names passwords of its own; keys, tokens and URLs with passwords count there as well.
_TESTS: Final = "tests/"
_BY_NAME: Final = {"Secret Keyword", UnquotedSecret.secret_type}
#: What knows a secret by looking random or by its name only.
_BY_LOOK: Final = {"Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector"}


def found(root: Path, files: list[str]) -> SecretsCollection:
    """What may be a secret in these files below `root`."""
    secrets = SecretsCollection()
    # Not by its `root`, which would put the clone's own path into the baseline.
    with contextlib.chdir(root), default_settings() as settings:
        plugins = [{"name": name} for name in settings.plugins if name not in _BY_LOOK]
        secrets.scan_files(*(name for name in files if not _MADE.search(name)))
        with transient_settings({"plugins_used": plugins}):
            secrets.scan_files(*(name for name in files if _MADE.search(name)))
        for name in files:
            for number, line in enumerate(Path(name).read_text("utf-8", "replace").splitlines(), 1):
                for detector in OURS:
                    secrets[name] |= detector.analyze_line(name, line, number)
    for name in [name for name in secrets.files if name.startswith(_TESTS)]:
        secrets[name] = {each for each in secrets[name] if each.type not in _BY_NAME}
    return secrets


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="what is there now was looked at")
    parser.add_argument("--root", type=Path, default=_ROOT, help="the clone to look at")
    options = parser.parse_args(arguments)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 -- whichever git is on the path
        cwd=options.root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    files = [
        name for name in listed if not _NOT_TEXT.search(name) and (options.root / name).is_file()
    ]
    secrets = found(options.root, files)
    if options.write:
        with default_settings():
            baseline.save_to_file(secrets, str(_BASELINE))
        return 0
    new = secrets - baseline.load(baseline.load_from_file(str(_BASELINE)))
    for name, secret in new:
        sys.stderr.write(f"{name}:{secret.line_number}: {secret.type}\n")
    if any(True for _ in new):
        sys.stderr.write(
            "Take them out, and change them wherever they were used: history keeps them. If they "
            "are none: python .ci/security/leaks.py --write, and say so in the review.\n"
        )
        return 1
    sys.stdout.write(f"detect-secrets: nothing new in {len(files)} files.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
