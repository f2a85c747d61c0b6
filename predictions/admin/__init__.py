"""The record, as auditors read it: browsable, searchable, never writable."""

from predictions.admin import calls, exchanges, explanations, shadow, tokens

__all__ = ["calls", "exchanges", "explanations", "shadow", "tokens"]
