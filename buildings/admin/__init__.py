"""Buildings, their records and the imports that brought them, to browse and nothing else."""

from buildings.admin import buildings, factors, imports, records, uploads
from buildings.admin.base import ReadOnlyAdmin, ReadOnlyInline
from buildings.admin.keyset import KeysetAdmin

__all__ = [
    "KeysetAdmin",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "buildings",
    "factors",
    "imports",
    "records",
    "uploads",
]
