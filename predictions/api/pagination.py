"""Pages by key, so that a page costs the same however long the record is."""

from datetime import datetime
from uuid import UUID

from buildings.api.pagination import KeysetPagination, Ordering


class NewestFirstPagination(KeysetPagination):
    """By the time of the call, newest first; its inputs share it, and ids tell them apart."""

    orderings = (Ordering("created_at", datetime, path="request__created_at"),)
    default_ordering = "-created_at"
    key = "id"
    key_type = UUID
    schema_path = "/api/v1/predictions/"


class NewestOutcomeFirstPagination(KeysetPagination):
    """In the order in which outcomes were stored, by which the latest counts; the newest first."""

    orderings = (Ordering("created_at", int, is_unique=True, path="id"),)
    default_ordering = "-created_at"
    key = "id"
    schema_path = "/api/v1/predictions/0199d3a0-5b1c-7c3e-9a53-3f2f6c2a7d10/outcomes/"
