"""Any registered model version, loaded: to explain or vary what it predicted before, or because a
caller pins it."""

import logging
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext

from mlmodel.errors import ModelError
from mlmodel.models import PREDICT_WITH_ANY_VERSION, ModelVersion
from mlmodel.selectors import model_version_served
from predictions.errors import (
    ModelVersionNotPermittedError,
    PinnedVersionGoneError,
    UnknownModelVersionError,
    VersionGoneError,
)
from predictions.services.serving import Serving, served_model

logger = logging.getLogger(__name__)

_ANY_VERSION: Final = f"mlmodel.{PREDICT_WITH_ANY_VERSION}"


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


def serving_pinned(*, user: User, number: int | None) -> Serving | None:
    """The version that this user asks to be answered by, if entitled to it; None if none is asked
    for, and the champion answers.

    The champion and former champions answered everybody who predicts, and may again. A version that
    never served, a challenger among them, takes the permission mlmodel.predict_with_any_version.
    One query, and two for the permission where it matters.

    Raises UnknownModelVersionError, ModelVersionNotPermittedError or PinnedVersionGoneError.
    """
    if number is None:
        return None
    found = model_version_served(name=settings.SERVED_MODEL_NAME, number=number)
    if found is None:
        raise UnknownModelVersionError(
            gettext("There is no such model version; `models/` lists those there are.")
        )
    version, has_served = found
    if not has_served and not user.has_perm(_ANY_VERSION):
        raise ModelVersionNotPermittedError(
            gettext(
                "This version never was the champion, and its use takes a permission that this "
                "token's user does not hold. Leave the parameter out to be answered by the "
                "champion."
            )
        )
    try:
        return serving_of(version=version)
    except VersionGoneError as error:
        raise PinnedVersionGoneError(str(version)) from error
