"""What can go wrong with an exchange, as plain exceptions; HTTP statuses are decided in
`api.exceptions`."""

from uuid import UUID


class PredictionError(Exception):
    """Base of everything this layer raises on purpose."""


class PredictionFailedError(PredictionError):
    """The model could not answer; the input and an error code are on the record."""

    def __init__(self, *, prediction_id: UUID, error_code: str) -> None:
        super().__init__(f"prediction {prediction_id} failed: {error_code}")
        self.prediction_id = prediction_id
        self.error_code = error_code
