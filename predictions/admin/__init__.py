"""The record, as auditors read it: browsable, searchable, never changed."""

from predictions.admin import (
    calls,
    dashboard,
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
    "dashboard",
    "exchanges",
    "explanations",
    "idempotency",
    "outcomes",
    "performance",
    "shadow",
    "tokens",
]
