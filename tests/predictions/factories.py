"""Rows and bodies for tests; features come from FEATURES."""

import hashlib
from typing import Any

import factory
from django.contrib.auth.models import User
from django.utils import timezone

from mlmodel.features import FEATURES, FeatureValue
from mlmodel.models import ModelVersion
from predictions.models import Channel
from predictions.services import Call


def facts(**changes: Any) -> dict[str, FeatureValue]:
    """A valid request body: every required feature, and what is changed."""
    body = {feature.name: feature.example for feature in FEATURES if feature.is_required}
    return {**body, **changes}


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user-{n}")


class ModelVersionFactory(factory.django.DjangoModelFactory[ModelVersion]):
    class Meta:
        model = ModelVersion

    name = "site-energy-use"
    version = factory.Sequence(lambda n: n + 1)
    artifact_uri = "file:///nowhere"
    artifact_digest = hashlib.sha256(b"").hexdigest()
    file_digests = factory.LazyFunction(dict)
    signature = factory.LazyFunction(dict)
    size_bytes = 1


def call_of(user: User | None, **changes: Any) -> Call:
    values: dict[str, Any] = {
        "caller": user,
        "caller_name": user.username if user else "nobody",
        "channel": Channel.API,
        "request_id": "test",
        "received_at": timezone.now(),
    }
    return Call(**{**values, **changes})
