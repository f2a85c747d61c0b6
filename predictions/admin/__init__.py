"""The record, as auditors read it: browsable, searchable, never changed."""

from predictions.admin import (
    callers,
    calls,
    dashboard,
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
    "dashboard",
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
