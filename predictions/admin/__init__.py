"""The record, as auditors read it: browsable, searchable, never changed."""

from predictions.admin import (
    calls,
    exchanges,
    explanations,
    idempotency,
    outcomes,
    performance,
    shadow,
    tokens,
)

__all__ = [
    "calls",
    "exchanges",
    "explanations",
    "idempotency",
    "outcomes",
    "performance",
    "shadow",
    "tokens",
]
