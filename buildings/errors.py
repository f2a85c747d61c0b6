"""What can go wrong with a dataset, as plain exceptions; HTTP statuses are decided elsewhere."""


class DatasetError(Exception):
    """Base of everything this app raises on purpose; the message says what would be right."""


class DatasetUnavailableError(DatasetError):
    """The file cannot be had: no such path, no network, an answer that is not the file."""


class DatasetFormatError(DatasetError):
    """The file is not the city's CSV; nothing of it was loaded."""

    def __init__(self, problem: str, *, line_number: int) -> None:
        super().__init__(f"line {line_number}: {problem}")
        self.line_number = line_number
