"""Cross-validation by the project's protocol: everything fitted in-fold, every set-up and both
targets from one model a fold. No Django."""

from mlmodel.evaluation.protocol import Evaluation, Protocol, evaluate
from mlmodel.evaluation.scores import log_metrics, metrics_of

__all__ = ["Evaluation", "Protocol", "evaluate", "log_metrics", "metrics_of"]
