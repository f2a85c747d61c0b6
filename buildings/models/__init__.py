"""Facts: buildings, what they reported each year, and which file brought it.

Field names are the city's data dictionary in snake case with the unit as suffix. Values are as
understood by `buildings.benchmarking`; the row as published stands beside them in PublishedRow.
Each help text is the field's entry in the data dictionary (docs/reference/data-dictionary.md).
"""

from typing import Final

from buildings.models.buildings import NEWEST_YEAR_FACTS, Building
from buildings.models.factors import EmissionFactor, EmissionFactorSet
from buildings.models.imports import DatasetImport, RejectedRow
from buildings.models.records import BenchmarkRecord, PropertyUse, PublishedRow, RecordRevision
from buildings.models.uploads import DatasetUpload, DatasetUploadStep, UploadStage

#: Tables that PostgreSQL itself keeps insert-only: where a fact came from and what it was before.
PROVENANCE_TABLES: Final = (
    "buildings_datasetimport",
    "buildings_rejectedrow",
    "buildings_recordrevision",
    "buildings_emissionfactorset",
    "buildings_emissionfactor",
)
#: Likewise: files that staff put forward to be loaded, and what became of each.
UPLOAD_TABLES: Final = ("buildings_datasetupload", "buildings_datasetuploadstep")

__all__ = [
    "NEWEST_YEAR_FACTS",
    "PROVENANCE_TABLES",
    "UPLOAD_TABLES",
    "BenchmarkRecord",
    "Building",
    "DatasetImport",
    "DatasetUpload",
    "DatasetUploadStep",
    "EmissionFactor",
    "EmissionFactorSet",
    "PropertyUse",
    "PublishedRow",
    "RecordRevision",
    "RejectedRow",
    "UploadStage",
]
