"""The fenced commands of the documentation, and who runs each.

A fence is run by `test_fences.py`, unless an HTML comment before it says otherwise:

    <!-- run by: FILE, FILE (why) -->    tests, or what CI runs
    <!-- not run: why -->
    <!-- all run by: FILE, FILE -->      below the page's title, for all of its fences
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.env import BASE_DIR

PAGES: Final = sorted(
    path.relative_to(BASE_DIR).as_posix()
    for pattern in (
        *("README.md", "README.fr.md", "CONTRIBUTING.md", "fixtures/README.md"),
        *("docs/tutorials/*.md", "docs/how-to/*.md", "docs/explanation/*.md"),
    )
    for path in BASE_DIR.glob(pattern)
)
#: Languages whose fences are commands; in those without language, lines after `$ ` are.
_COMMANDS: Final = frozenset({"sh", "bash", "console", "python", "sql"})
_FENCE: Final = re.compile(
    r"(?:^<!-- (?P<mark>run by|not run): (?P<said>[^\n]+?) -->\n+)?"
    r"^```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_ALL: Final = re.compile(r"^<!-- all run by: (.+?) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Fence:
    page: str
    line: int
    language: str
    body: str
    run_by: tuple[str, ...]
    not_run: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_run_here(self) -> bool:
        return not self.run_by and not self.not_run

    @property
    def commands(self) -> list[str]:
        """Whole commands: continued lines and quoted ones together, without prompts and outputs."""
        lines = self.body.splitlines()
        has_prompts = any(line.startswith("$ ") for line in lines)
        found: list[str] = []
        waiting = ""
        here = ""
        for line in lines:
            if here:
                found[-1] += f"\n{line}"
                here = "" if line == here else here
                continue
            if not waiting and has_prompts and not line.startswith("$ "):
                continue
            text = waiting + (line.removeprefix("$ ") if not waiting else line)
            if not _is_whole(text):
                waiting = f"{text}\n"
                continue
            waiting = ""
            if text.strip() and not text.startswith("#"):
                found.append(text)
                document = re.search(r"<<'?(\w+)'?$", text)
                here = document[1] if document else ""
        assert not waiting, f"{self}: a command without an end"
        return found


def _is_whole(text: str) -> bool:
    if text.endswith("\\"):
        return False
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True


def _files(said: str) -> tuple[str, ...]:
    return tuple(re.sub(r" \(.*\)$", "", said).split(", "))


def fences() -> Iterator[Fence]:
    for page in PAGES:
        text = (BASE_DIR / page).read_text("utf-8")
        everywhere = _ALL.search(text)
        for found in _FENCE.finditer(text):
            language, body = found["language"], found["body"]
            is_prompted = not language and re.search(r"^\$ ", body, re.MULTILINE)
            if language not in _COMMANDS and not is_prompted:
                continue
            run_by = _files(found["said"]) if found["mark"] == "run by" else ()
            yield Fence(
                page,
                text.count("\n", 0, found.start("language")) + 1,
                language,
                body,
                run_by or (_files(everywhere[1]) if everywhere else ()),
                found["said"] if found["mark"] == "not run" else "",
            )


def words(command: str) -> list[str]:
    """Up to a pipe, a redirection or another command, without a comment and settings before it."""
    lexer = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.wordchars += "%$…×é@{},+:"
    found: list[str] = []
    for word in lexer:
        if set(word) <= set("|&;<>()"):
            break
        if found or not re.match(r"[A-Z_]+=", word):
            found.append(word)
    return found


def asked_of(command: str) -> tuple[str, ...]:
    """What a file that runs it must name: the command of manage.py, targets of make, a module."""
    first, *rest = words(command) or [""]
    if first.endswith("python") and rest and rest[0] == "manage.py":
        return tuple(rest[1:2])
    if first == "manage.py":
        return tuple(rest[:1])
    if first == "make":
        return tuple(word for word in rest if "=" not in word and not word.startswith("-"))
    if first in {"python", "python3"} or first.endswith("/python"):
        return (rest[1].rpartition(".")[2] if rest[0] == "-m" else Path(rest[0]).name,)
    if first == "export":
        return ()
    return (Path(first).name,)
