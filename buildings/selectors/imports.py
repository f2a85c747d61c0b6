"""Imports: which there were, what they changed, and how two of them differ."""

from buildings.models import DatasetImport


def dataset_import_latest() -> DatasetImport | None:
    """The last import, or None before the first. One query."""
    return DatasetImport.objects.order_by("-id").first()
