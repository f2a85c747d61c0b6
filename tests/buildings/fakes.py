"""A web server that says what a test tells it to."""

from dataclasses import dataclass, field


@dataclass
class Answer:
    """What is said to one path, with a pause before the head and before each block."""

    blocks: list[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause_s: float = 0.0
    pause_before_head_s: float = 0.0


@dataclass
class FileServer:
    """Where the server listens, what it says by path, and what it was asked for."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return f"{self.url}{path}"
