"""Rows of a list, whatever was filtered, for a file."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db.models import QuerySet

#: Rows that are read at once.
_PAGE: Final = 2_000


def rows_by_key(
    *, queryset: QuerySet[Any], paths: Sequence[str], page: int = _PAGE
) -> Iterator[dict[str, Any]]:
    """The rows that the query finds, newest key first, as value by path.

    Page by page along the primary key, two queries each: none runs for long, memory does not grow,
    and a row that is added meanwhile is not among them.
    """
    found = queryset.order_by("-pk").values_list("pk", flat=True)
    rows = queryset.model._base_manager.order_by("-pk").values(*paths)
    keys = list(found[:page])
    while keys:
        yield from rows.filter(pk__in=keys)
        keys = list(found.filter(pk__lt=keys[-1])[:page]) if len(keys) == page else []
