"""What is on the record: each call, each input as the model saw it, each output, and what was made
of them later. Insert-only.

The migrations add the triggers by which PostgreSQL itself refuses UPDATE, DELETE and
TRUNCATE on the tables of AUDIT_TABLES. Values are stored, not references: an exchange reads the
same whatever later happens to a user, a token or a building. The tables of IDEMPOTENCY_TABLES are
no record but a memory: as immutable, and purged when they are old.
"""

from typing import Final

from predictions.models.batch import BatchFormat, PredictionBatch
from predictions.models.exchange import (
    MEASURES,
    SUM_TOLERANCE,
    Channel,
    ErrorCode,
    PredictionInput,
    PredictionOutput,
    PredictionRequest,
)
from predictions.models.explanation import PredictionExplanation
from predictions.models.export import EXPORT_FORMATS, EXPORT_LISTS, Export, ExportEnd
from predictions.models.idempotency import (
    KEPT_AT_LEAST,
    KEY_PATTERN,
    IdempotencyKey,
    IdempotentAnswer,
)
from predictions.models.outcome import (
    FIRST_DATA_YEAR,
    MEASURED_FUELS,
    MEASURED_MAX_KBTU,
    MEASURED_MAX_MTCO2E,
    ObservedOutcome,
    OutcomeSource,
)
from predictions.models.shadow import SHADOW_FIELDS, ShadowOutput
from predictions.models.tokens import (
    DEFAULT_SCOPES,
    ApiToken,
    ApiTokenUse,
    Caller,
    RateWindow,
    Scope,
)
from predictions.models.usage import UsageDay

#: The tables that PostgreSQL keeps insert-only.
AUDIT_TABLES: Final = (
    "predictions_predictionrequest",
    "predictions_predictioninput",
    "predictions_predictionoutput",
    "predictions_predictionexplanation",
    "predictions_shadowoutput",
    "predictions_observedoutcome",
    "predictions_predictionbatch",
    "predictions_export",
    "predictions_exportend",
)

#: Django's log of what staff did, and django-axes' of failed sign-ins: insert-only likewise.
STAFF_LOG_TABLES: Final = ("django_admin_log", "axes_accessfailurelog")

#: The tables in which PostgreSQL refuses every change but deleting what is older than
#: KEPT_AT_LEAST.
IDEMPOTENCY_TABLES: Final = (
    "predictions_idempotencykey",
    "predictions_idempotentanswer",
)

__all__ = [
    "AUDIT_TABLES",
    "DEFAULT_SCOPES",
    "EXPORT_FORMATS",
    "EXPORT_LISTS",
    "FIRST_DATA_YEAR",
    "IDEMPOTENCY_TABLES",
    "KEPT_AT_LEAST",
    "KEY_PATTERN",
    "MEASURED_FUELS",
    "MEASURED_MAX_KBTU",
    "MEASURED_MAX_MTCO2E",
    "MEASURES",
    "SHADOW_FIELDS",
    "SUM_TOLERANCE",
    "ApiToken",
    "ApiTokenUse",
    "BatchFormat",
    "Caller",
    "Channel",
    "ErrorCode",
    "Export",
    "ExportEnd",
    "IdempotencyKey",
    "IdempotentAnswer",
    "ObservedOutcome",
    "OutcomeSource",
    "PredictionBatch",
    "PredictionExplanation",
    "PredictionInput",
    "PredictionOutput",
    "PredictionRequest",
    "RateWindow",
    "Scope",
    "ShadowOutput",
    "UsageDay",
]
