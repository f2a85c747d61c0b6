"""Any registered model version, loaded: to explain or vary what it predicted before."""

import logging
import threading

from mlmodel import registry
from mlmodel.errors import ModelError
from mlmodel.models import ModelVersion
from mlmodel.runtime import ServedModel
from predictions.errors import VersionGoneError
from predictions.services.serving import Serving, serving_get

logger = logging.getLogger(__name__)

# The last one that was needed: explanations are asked for in runs, of predictions of one version.
_former: Serving | None = None
_former_lock = threading.Lock()


def serving_of(*, version: ModelVersion) -> Serving:
    """This version with its model: the one served, or else its files, verified as if to serve.

    The second is kept until another is asked for. Loading takes seconds, of this call only.

    Raises VersionGoneError when its files cannot be had or are not the registered ones, or when it
    was trained for other features than there are now.
    """
    global _former  # noqa: PLW0603 -- one per process, guarded by the lock
    try:
        serving = serving_get()
    except ModelError:
        logger.warning("no model is served; %s is loaded by itself", version)
    else:
        if serving.version.pk == version.pk:
            return serving
    with _former_lock:
        if _former is None or _former.version.pk != version.pk:
            try:
                model = ServedModel.load(
                    registry.artifact_directory(version),
                    name=version.name,
                    version=version.version,
                    file_digests=version.file_digests,
                    signature=version.signature,
                )
            except ModelError as error:
                logger.warning("%s cannot be loaded: %s", version, error)
                raise VersionGoneError(str(version)) from error
            _former = Serving(version, model)
        return _former


def serving_of_forget() -> None:
    """Drop the former version that is kept."""
    global _former  # noqa: PLW0603
    with _former_lock:
        _former = None
