"""What a variable of the environment is: name, type, default, who needs it, how to make it.

A value is read by its variable, `variables.PORT.read()`, and in no other way: what is read and not
listed cannot exist. An empty value is none.
"""

import os
import re
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

BASE_DIR: Final = Path(__file__).resolve().parent.parent.parent

#: Characters that a secret has at least, and how many of them differ.
SHORTEST_SECRET: Final = 32
_DIFFERENT_CHARACTERS: Final = 16
#: What makes one; 86 characters.
MAKE_SECRET: Final = "python -c 'import secrets; print(secrets.token_urlsafe(64))'"  # noqa: S105 -- how to make one

_env: Final = Env()
_env.read_env(str(BASE_DIR / ".env"), recurse=False)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Variable(Generic[T]):
    """One variable. `default` is what holds where it is unset; None: whoever reads it says."""

    #: What its value is, in words.
    kind: str
    parse: Callable[[str], T]
    name: str
    #: One sentence or two, for `.env.example` and docs/reference/settings.md.
    about: str
    default: T | None
    _: KW_ONLY
    #: The default in words, where it is none of the values.
    otherwise: str = ""
    #: What to write, where the default is no help.
    example: str = ""
    #: Without it these do not start: "production", …
    needed: str = ""
    #: How to make it, said where it lacks.
    how: str = ""
    #: Never in git, logs, images or answers.
    is_secret: bool = False
    #: The least and the most that make sense.
    least: float | None = None
    most: float | None = None
    #: What a text looks like, and the same in words.
    pattern: str = ""
    right: str = ""
    #: Who reads it, if it is not this project's Python.
    read_by: str = ""

    def read(self, default: T | None = None) -> T:
        """The value in the environment, else `default`, else the variable's own.

        Raises ImproperlyConfigured, which says what would be right and never what is there.
        """
        if not os.environ.get(self.name):
            value = self.default if default is None else default
            if value is None:
                raise ImproperlyConfigured(f"{self.name} is not set. {self.how or self.about}")
            return value
        try:
            value = self.parse(self.name)
        except EnvError:
            raise ImproperlyConfigured(f"{self.name} must be {self.kind}.") from None
        if self.least is not None and isinstance(value, int | float) and value < self.least:
            raise ImproperlyConfigured(f"{self.name} must be {self.least:g} or more.")
        if self.most is not None and isinstance(value, int | float) and value > self.most:
            raise ImproperlyConfigured(f"{self.name} must be {self.most:g} or less.")
        if self.pattern and isinstance(value, str) and not re.fullmatch(self.pattern, value):
            raise ImproperlyConfigured(f"{self.name} must be {self.right}.")
        return value

    def required(self) -> T:
        """The value; an empty one is refused. Raises ImproperlyConfigured."""
        value = self.read() if os.environ.get(self.name) else None
        if not value:
            raise ImproperlyConfigured(f"{self.name} is not set. {self.how or self.about}")
        return value


def strong(variable: Variable[str], value: str, *, shortest: int = SHORTEST_SECRET) -> str:
    """The secret, if it cannot be guessed. Raises ImproperlyConfigured, without the secret."""
    is_made_up = value.startswith(("django-insecure-", "change-me", "changeme"))
    if len(value) < shortest or len(set(value)) < _DIFFERENT_CHARACTERS or is_made_up:
        raise ImproperlyConfigured(
            f"{variable.name} is weak: {shortest} characters or more, made at random, are needed. "
            f"{variable.how}"
        )
    return value


class Section:
    """Variables that belong together, in the order that they are declared in."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.variables: list[Variable[Any]] = []

    def text(self, name: str, about: str, *, default: str = "", **more: Any) -> Variable[str]:
        return self._add(Variable("text", _env.str, name, about, default, **more))

    def integer(self, name: str, about: str, *, default: int | None, **more: Any) -> Variable[int]:
        return self._add(Variable("a whole number", _env.int, name, about, default, **more))

    def number(self, name: str, about: str, *, default: float, **more: Any) -> Variable[float]:
        return self._add(Variable("a number", _env.float, name, about, default, **more))

    def switch(self, name: str, about: str, *, default: bool, **more: Any) -> Variable[bool]:
        return self._add(Variable("true or false", _env.bool, name, about, default, **more))

    def names(self, name: str, about: str, **more: Any) -> Variable[list[str]]:
        return self._add(Variable("a list, separated by commas", _names, name, about, [], **more))

    def _add(self, variable: Variable[T]) -> Variable[T]:
        self.variables.append(variable)
        return variable


def _names(name: str) -> list[str]:
    return [each.strip() for each in _env.str(name).split(",") if each.strip()]
