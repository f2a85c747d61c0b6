"""What can go wrong with an exchange, as plain exceptions; HTTP statuses are decided in
`api.exceptions`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID


class PredictionError(Exception):
    """Base of everything this layer raises on purpose."""


class EmissionFactorsMissingError(PredictionError):
    """The database holds no emission factors at all, so no prediction can have emissions."""


class UnknownEmissionFactorSetError(PredictionError):
    """The caller named a set of emission factors that is not stored."""


class UnsuitablePredictionError(PredictionError):
    """The prediction on the record lacks what is asked of it; the text says what."""


class VersionGoneError(PredictionError):
    """A model version that made a prediction can no longer be loaded."""


class UnknownModelVersionError(PredictionError):
    """The caller pinned a model version that is not registered."""


class ModelVersionNotPermittedError(PredictionError):
    """The caller pinned a model version that this user may not predict with."""


class PinnedVersionGoneError(VersionGoneError):
    """The model version that the caller pinned can no longer be loaded."""


class IdempotencyKeyInUseError(PredictionError):
    """The first request with this idempotency key is still being answered."""


class IdempotencyKeyReusedError(PredictionError):
    """This caller used this idempotency key for another request."""


class PredictionFailedError(PredictionError):
    """The model could not answer; the input and an error code are on the record."""

    def __init__(self, *, prediction_id: UUID, error_code: str) -> None:
        super().__init__(f"prediction {prediction_id} failed: {error_code}")
        self.prediction_id = prediction_id
        self.error_code = error_code


class BatchFormatError(PredictionError):
    """The body is not of the format that it is said to be; the text says where, and what would be
    right."""


class TooManyRowsError(PredictionError):
    """More rows or columns than are taken at once; the text names the limit."""


class RowsRefusedError(PredictionError):
    """Rows of a batch are not valid, so nothing of it was stored.

    `errors` are those that are told, each {pointer, detail, code, line}, of `error_count` in all.
    """

    def __init__(self, errors: Sequence[dict[str, Any]], *, error_count: int) -> None:
        super().__init__(f"{error_count} errors in the rows of a batch")
        self.errors = errors
        self.error_count = error_count


class WrongNetworkError(PredictionError):
    """A valid token was used from outside of its networks."""


class ConcurrencyExceededError(PredictionError):
    """A token has as many requests in flight as it may."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"A token may have {limit} requests at a time with one worker.")
        self.limit = limit


class TokenRefusedError(PredictionError):
    """No such token may be made; `field` and the text say why."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(said)
        self.field = field


class TooManyTokensError(PredictionError):
    """The user has as many active tokens as allowed."""
