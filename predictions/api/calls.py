"""What of a request goes on the record beside its inputs."""

import hashlib
from typing import Any

from django.utils import timezone
from rest_framework.request import Request

from predictions.api.idempotency import claim_of
from predictions.models import Channel
from predictions.services.door import Call


def call_of(request: Request, body: bytes) -> Call:
    """Who asks, by which token, and the digest of the body as received."""
    user: Any = request.user
    token: Any = request.auth
    return Call(
        caller=user,
        caller_name=user.get_username(),
        token_prefix=token.token_key[:8],
        channel=Channel.API,
        request_id=request.META["HTTP_X_REQUEST_ID"],
        body_sha256=hashlib.sha256(body).hexdigest() if body else "",
        received_at=timezone.now(),
        claim=claim_of(request),
    )
