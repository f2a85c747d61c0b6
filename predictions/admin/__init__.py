"""The record, as auditors read it: browsable, searchable, never writable."""

from predictions.admin import calls, exchanges, explanations, idempotency, shadow, tokens

__all__ = ["calls", "exchanges", "explanations", "idempotency", "shadow", "tokens"]
