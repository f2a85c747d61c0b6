"""Have any of the locked packages known vulnerabilities? `python .ci/security/audit.py`

Asks the service behind pip-audit (PyPI's, or `--service osv`), and first about a release that is
known to be bad: where that is not found, an answer of "none" would mean nothing. Then this fails
in CI, and elsewhere says so and leaves it at that.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).resolve().parents[2]
#: CVE-2019-10906 and others; fixed in 2.10.1.
_BAD: Final = "jinja2==2.10"
_LOCKS: Final = ("requirements-serve.txt", "requirements-dev.txt")


def vulnerable(file: Path, service: str) -> dict[str, list[str]] | None:
    """Which vulnerabilities the packages pinned in this file have; None without an answer."""
    done = subprocess.run(  # noqa: S603 -- our own arguments
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", str(file), "--format", "json"),
            *("--no-deps", "--disable-pip", "--vulnerability-service", service),
            *("--progress-spinner", "off", "--timeout", "15"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.stderr.write(done.stderr[-500:])
        return None
    return {
        f"{each['name']} {each['version']}": [found["id"] for found in each["vulns"]]
        for each in answer["dependencies"]
        if each.get("vulns")
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", choices=["pypi", "osv"], default="pypi")
    service = parser.parse_args().service
    with tempfile.TemporaryDirectory() as directory:
        control = Path(directory) / "control.txt"
        control.write_text(f"{_BAD}\n", encoding="utf-8")
        if not vulnerable(control, service):
            sys.stderr.write(
                f"The vulnerability service ({service}) does not know that {_BAD} is bad, or "
                "cannot be reached from here: NOTHING WAS AUDITED.\n"
            )
            return 1 if os.environ.get("CI") else 0
    found: dict[str, list[str]] = {}
    for lock in _LOCKS:
        answer = vulnerable(_ROOT / lock, service)
        if answer is None:
            return 1
        found |= answer
    for package, ids in sorted(found.items()):
        sys.stderr.write(f"{package}: {', '.join(ids)}\n")
    sys.stdout.write(f"pip-audit: {len(found)} packages with known vulnerabilities.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
