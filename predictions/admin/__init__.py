"""The record, as auditors read it: browsable, searchable, never changed."""

from predictions.admin import (
    callers,
    calls,
    exchanges,
    explanations,
    exports,
    idempotency,
    outcomes,
    performance,
    proposals,
    shadow,
    sign_ins,
    staff_log,
    tokens,
    users,
)

__all__ = [
    "callers",
    "calls",
    "exchanges",
    "explanations",
    "exports",
    "idempotency",
    "outcomes",
    "performance",
    "proposals",
    "shadow",
    "sign_ins",
    "staff_log",
    "tokens",
    "users",
]
