"""The record, as auditors read it: browsable, searchable, never changed."""

from predictions.admin import (
    calls,
    exchanges,
    explanations,
    outcomes,
    performance,
    shadow,
    tokens,
)

__all__ = ["calls", "exchanges", "explanations", "outcomes", "performance", "shadow", "tokens"]
