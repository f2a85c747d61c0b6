"""What is on the record: each call, each input as the model saw it, each output, and what was made
of them later. Insert-only.

Migrations 0002 to 0004 and 0008 add the triggers by which PostgreSQL itself refuses UPDATE, DELETE
and TRUNCATE on the tables of AUDIT_TABLES. Values are stored, not references: an exchange reads the
same whatever later happens to a user, a token or a building. The tables of IDEMPOTENCY_TABLES are
no record but a memory: as immutable, and purged when they are old.
"""

from typing import Final

from predictions.models.batch import BatchFormat, PredictionBatch
from predictions.models.exchange import (
    MEASURES,
    SUM_TOLERANCE,
    ApiToken,
    Channel,
    ErrorCode,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.models.explanation import PredictionExplanation
from predictions.models.idempotency import (
    KEPT_AT_LEAST,
    KEY_PATTERN,
    IdempotencyKey,
    IdempotentAnswer,
)
from predictions.models.shadow import SHADOW_FIELDS, ShadowOutput

#: The tables that PostgreSQL keeps insert-only.
AUDIT_TABLES: Final = (
    "predictions_predictionrequest",
    "predictions_predictioninput",
    "predictions_predictionoutput",
    "predictions_predictionexplanation",
    "predictions_shadowoutput",
    "predictions_predictionbatch",
)

#: The tables in which PostgreSQL refuses every change but deleting what is older than
#: KEPT_AT_LEAST.
IDEMPOTENCY_TABLES: Final = (
    "predictions_idempotencykey",
    "predictions_idempotentanswer",
)

__all__ = [
    "AUDIT_TABLES",
    "IDEMPOTENCY_TABLES",
    "KEPT_AT_LEAST",
    "KEY_PATTERN",
    "MEASURES",
    "SHADOW_FIELDS",
    "SUM_TOLERANCE",
    "ApiToken",
    "BatchFormat",
    "Channel",
    "ErrorCode",
    "IdempotencyKey",
    "IdempotentAnswer",
    "PredictionBatch",
    "PredictionExplanation",
    "PredictionInput",
    "PredictionOutput",
    "PredictionRequest",
    "ShadowOutput",
]
