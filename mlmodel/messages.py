"""Sentences for people out of code that knows no Django and so no language but English."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence with its parameters apart, so that whoever shows it can translate `template`.

    `str()` of it is the English sentence.
    """

    template: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template % self.parameters
