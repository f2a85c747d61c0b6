"""What is counted of predictions, for Prometheus; `config.metrics` shows it.

Names, help and labels stand here once. Labels have few values: no token, no id, no input.
"""

from collections import Counter as Tally
from collections.abc import Sequence
from typing import Final

from prometheus_client import Counter, Gauge

from mlmodel.models import ModelVersion
from predictions.models import PredictionOutput, PredictionRequest

PREDICTIONS: Final = Counter(
    "futurisys_predictions",
    "Rows that the model was asked for, by what came of them.",
    ["model", "version", "channel", "outcome"],
)
BATCH_ROWS: Final = Counter(
    "futurisys_batch_rows",
    "Rows of batches as they were received, by format and whether they were valid.",
    ["format", "outcome"],
)
REFUSALS: Final = Counter(
    "futurisys_refusals",
    "Requests answered by a problem document, by its kind (docs/reference/errors.md).",
    ["problem"],
)
IDEMPOTENCY_CLAIMS: Final = Counter(
    "futurisys_idempotency_claims",
    "Requests with an Idempotency-Key, by what came of the claim.",
    ["outcome"],
)
SERVING_WORKERS: Final = Gauge(
    "futurisys_serving_workers",
    "Workers that serve this model version.",
    ["model", "version"],
    multiprocess_mode="livesum",
)
#: What an output is that has no error code.
PREDICTED: Final = "predicted"


def predictions_count(*, request: PredictionRequest, outputs: Sequence[PredictionOutput]) -> None:
    """Count what is stored."""
    version = request.model_version
    tally = Tally(str(output.error_code or PREDICTED) for output in outputs)
    for outcome, rows in tally.items():
        PREDICTIONS.labels(version.name, version.version, request.channel, outcome).inc(rows)


def serving_set(*, version: ModelVersion, former: ModelVersion | None) -> None:
    """This worker serves `version` from now on, and `former` no longer."""
    if former is not None:
        SERVING_WORKERS.labels(former.name, former.version).set(0)
    SERVING_WORKERS.labels(version.name, version.version).set(1)
