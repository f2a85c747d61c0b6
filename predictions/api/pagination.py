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
