"""Any registered model version, loaded: to explain or vary what it predicted before."""

import logging

from mlmodel.errors import ModelError
from mlmodel.models import ModelVersion
from predictions.errors import VersionGoneError
from predictions.services.serving import Serving, served_model

logger = logging.getLogger(__name__)


def serving_of(*, version: ModelVersion) -> Serving:
    """This version with its model: the one served, or else its files, verified as if to serve.

    Raises VersionGoneError when its files cannot be had or are not the registered ones, or when it
    was trained for other features than there are now.
    """
    try:
        return Serving(version, served_model(version))
    except ModelError as error:
        logger.warning("%s cannot be loaded: %s", version, error)
        raise VersionGoneError(str(version)) from error
