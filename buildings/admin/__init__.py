"""Buildings, their records and the imports that brought them, to browse and nothing else."""

from buildings.admin import buildings, factors, imports, records, uploads
from buildings.admin.base import ReadOnlyAdmin, ReadOnlyInline

__all__ = [
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "buildings",
    "factors",
    "imports",
    "records",
    "uploads",
]
