"""What of a request goes on the record beside its inputs."""

import hashlib
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request

from predictions.api.idempotency import claim_of
from predictions.models import Channel
from predictions.services.door import Call

#: Where the web server's log finds which prediction a request led to (`config.logging`).
_LOGGED_AS: Final = "futurisys.prediction_id"


def prediction_logged(request: Request, prediction_id: UUID) -> None:
    """Have the access log name this prediction, or batch, beside the request's id."""
    request.META[_LOGGED_AS] = str(prediction_id)


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
