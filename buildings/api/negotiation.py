"""Which format an answer is in: what `Accept` prefers, by RFC 9110."""

import re
from collections.abc import Iterable
from typing import Any, Final

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_QUALITY: Final = re.compile(r"q=([01](?:\.[0-9]{0,3})?)", re.IGNORECASE)


class PreferredFormatNegotiation(DefaultContentNegotiation):
    """Heeds quality values, which DRF reads as if they made a format more precise.

    Between equals the first renderer wins. Other parameters (`charset`) are not looked at.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        renderers = list(renderers)
        accept = request.META.get("HTTP_ACCEPT", "*/*")
        qualities = [_quality(accept, str(renderer.media_type)) for renderer in renderers]
        best = max(qualities)
        if best == 0:
            raise NotAcceptable(available_renderers=renderers)
        renderer = renderers[qualities.index(best)]
        return renderer, str(renderer.media_type)


def _quality(accept: str, media_type: str) -> float:
    """What the most precise range that covers the media type says of it; 0: not acceptable."""
    ranges = {media_type: 2, f"{media_type.partition('/')[0]}/*": 1, "*/*": 0}
    found = (-1, 0.0)
    for text in accept.split(","):
        name, *parameters = (part.strip() for part in text.split(";"))
        precision = ranges.get(name.lower(), -1)
        if precision < 0:
            continue
        weights = [match[1] for part in parameters if (match := _QUALITY.fullmatch(part))]
        quality = min(float(weights[0]), 1.0) if weights else 1.0
        found = max(found, (precision, quality))
    return found[1]
