"""URLs with passwords in a file that its owner alone may read."""

import os
import re
import tempfile
from pathlib import Path
from typing import Final

#: What a shell takes as it stands in an assignment. Docker would keep quotes as a part of it.
_PLAIN: Final = re.compile(r"[\w@%+=:,./?-]*", re.ASCII)


def env_file_update(path: Path, variables: dict[str, str]) -> None:
    """Set the variables in the file, whose other lines stay; mode 600 from its first byte on."""
    if not variables:
        return
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if line.partition("=")[0].strip() not in variables]
    new = [
        f"{name}={value}" if _PLAIN.fullmatch(value) else f"{name}='{value}'"
        for name, value in variables.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join([*kept, *new]) + "\n")
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
