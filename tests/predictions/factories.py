"""Rows and bodies for tests; features come from FEATURES."""

import hashlib
import itertools
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from mlmodel.features import FEATURES, FeatureValue
from mlmodel.models import ModelVersion
from predictions.models import Channel
from predictions.services.door import Call


def facts(**changes: Any) -> dict[str, FeatureValue]:
    """A valid request body: every required feature, and what is changed."""
    body = {feature.name: feature.example for feature in FEATURES if feature.is_required}
    return {**body, **changes}


_numbers = itertools.count(1)


def make_user(**values: Any) -> User:
    return User.objects.create(**{"username": f"user-{next(_numbers)}", **values})


def make_model_version(**values: Any) -> ModelVersion:
    defaults: dict[str, Any] = {
        "name": "site-energy-use",
        "version": next(_numbers),
        "artifact_uri": "file:///nowhere",
        "artifact_digest": hashlib.sha256(b"").hexdigest(),
        "file_digests": {},
        "signature": {},
        "size_bytes": 1,
    }
    return ModelVersion.objects.create(**{**defaults, **values})


def call_of(user: User | None, **changes: Any) -> Call:
    values: dict[str, Any] = {
        "caller": user,
        "caller_name": user.username if user else "nobody",
        "channel": Channel.API,
        "request_id": "test",
        "received_at": timezone.now(),
    }
    return Call(**{**values, **changes})
