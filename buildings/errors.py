"""What can go wrong with a dataset, as plain exceptions; HTTP statuses are decided elsewhere."""


class DatasetError(Exception):
    """Base of everything this app raises on purpose; the message says what would be right."""


class DatasetUnavailableError(DatasetError):
    """The file cannot be had: no such path, no network, an answer that is not the file."""


class DatasetFormatError(DatasetError):
    """The file is not the city's CSV; nothing of it was loaded."""

    def __init__(self, problem: str, *, line_number: int, file_name: str = "") -> None:
        place = f"{file_name}, line {line_number}" if file_name else f"line {line_number}"
        super().__init__(f"{place}: {problem}")
        self.problem = problem
        self.line_number = line_number

    def in_file(self, name: str) -> "DatasetFormatError":
        """The same, saying which file."""
        return DatasetFormatError(self.problem, line_number=self.line_number, file_name=name)


class TooManyRejectsError(DatasetError):
    """More rows would be rejected than the caller allows; nothing was loaded."""


class UploadConflictError(DatasetError):
    """An upload is not, or no longer, at the stage that this would take."""


class QueryError(DatasetError):
    """A question to the dataset that cannot be answered as it was put."""
