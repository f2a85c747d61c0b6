"""Pages by key, so that a page costs the same however long the record is."""

from datetime import datetime
from uuid import UUID

from buildings.api.pagination import KeysetPagination, Ordering


class NewestFirstPagination(KeysetPagination):
    """By the time of storing, newest first; ids tell apart what shares it."""

    orderings = (Ordering("created_at", datetime),)
    default_ordering = "-created_at"
    key = "id"


class PredictionPagination(NewestFirstPagination):
    """By the time of the call, which its inputs share."""

    orderings = (Ordering("created_at", datetime, path="request__created_at"),)
    key_type = UUID
    schema_path = "/api/v1/predictions/"
