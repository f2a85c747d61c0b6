"""Pages by key, so that a page costs the same however long the record is."""

from buildings.api.pagination import StrictCursorPagination


class NewestFirstPagination(StrictCursorPagination):
    """Cursor pages over UUIDv7 ids, which sort by time."""

    ordering = "-id"
