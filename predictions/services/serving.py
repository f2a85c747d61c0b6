"""The model that this worker serves."""

import logging
import threading
from dataclasses import dataclass

from django.conf import settings

from mlmodel import registry
from mlmodel.errors import ModelUnavailableError
from mlmodel.models import ModelVersion
from mlmodel.runtime import ServedModel
from mlmodel.selectors import model_version_champion

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Serving:
    """A loaded model and the row that says which it is; always read and replaced together."""

    version: ModelVersion
    model: ServedModel


_serving: Serving | None = None
_serving_lock = threading.Lock()


def serving_get() -> Serving:
    """The served model of this worker, loaded at first use.

    The champion is resolved to a version first and that version is loaded, so that a promotion in
    between cannot mix the two. A later champion is taken up when the worker is next reloaded.

    Raises ModelUnavailableError when there is no champion or its files cannot be had, and
    ArtifactIntegrityError or SignatureMismatchError when the files are not the registered ones.
    """
    global _serving  # noqa: PLW0603 -- one per process, guarded by the lock
    if _serving is None:
        with _serving_lock:
            if _serving is None:
                version = model_version_champion(name=settings.SERVED_MODEL_NAME)
                if version is None:
                    raise ModelUnavailableError(
                        f"no version of {settings.SERVED_MODEL_NAME} is the champion; "
                        "promote one with `manage.py promote_model`"
                    )
                model = ServedModel.load(
                    registry.artifact_directory(version),
                    name=version.name,
                    version=version.version,
                    file_digests=version.file_digests,
                    signature=version.signature,
                )
                _serving = Serving(version, model)
    return _serving


def serving_reset() -> None:
    """Forget the loaded model; the next call loads the champion."""
    global _serving  # noqa: PLW0603
    with _serving_lock:
        _serving = None


def served_model_warm() -> None:
    """Load the model before the first caller waits for it. A failure is logged: `/readyz` then
    answers 503."""
    try:
        serving_get()
    except Exception:
        logger.exception("the served model could not be loaded")
