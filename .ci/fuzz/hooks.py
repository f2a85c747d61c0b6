"""What the OpenAPI document cannot say, told to Schemathesis: what goes together with what, and the
refusals that are right although the schema allows the request, each with its reason."""

import hashlib
import ipaddress
import os
from functools import cache
from typing import Any, Final

import requests
import schemathesis
from hypothesis import strategies

_TOKEN: Final = os.environ["FUZZ_TOKEN"]
_NOBODYS: Final = "00000000-0000-4000-8000-000000000000"
_KEY: Final = "Idempotency-Key"
_BATCHES: Final = "/api/v1/predictions/batch/"
_NETWORKS: Final = ((ipaddress.IPv4Network, 32), (ipaddress.IPv6Network, 128))

#: By the code of the error, and where it is the place that matters, the place.
_REFUSED_RIGHTLY: Final = {
    ("unknown-choice", "/emission_factor_set"): "which sets there are is data",
    ("unknown-choice", "/model_version"): "which versions there are is data",
    ("unknown-building", None): "which buildings there are is data",
    ("not-a-cursor", None): "a cursor is taken from a link, not made up",
    ("out-of-range", "/page_size"): "GeoJSON has larger pages than JSON",
    ("refused", "/networks"): "no pattern tells bits beyond the mask",
    ("too-short", "/search"): "white space around it does not count",
    ("no-letters", "/search"): "what letters and digits are, no pattern tells for every script",
    ("blank", "/name"): "more characters are white space than a pattern can name",
    ("conflict", None): "each member is right, and both together contradict each other",
    ("other-units", None): "a body that mixes both units",
}

#: What the phase of coverage gives a parameter whose values are data, and would go no further with.
_MADE_UP: Final = {"cursor": "0", "emission_factor_set": "0"}

_batches_made: Final[list[str]] = []


def _networks(kind: Any, bits: int) -> Any:
    """Any network of this kind, without bits beyond its mask."""
    return strategies.builds(
        lambda number, prefix: str(kind((number, prefix), strict=False)),
        strategies.integers(0, 2**bits - 1),
        strategies.integers(0, bits),
    )


schemathesis.openapi.format(
    "ip-network", strategies.one_of(*(_networks(kind, bits) for kind, bits in _NETWORKS))
)


@cache
def _own_id(base_url: str) -> str:
    """Of the token that everything is asked with."""
    answer = requests.get(
        f"{base_url}/api/v1/tokens/", headers={"Authorization": f"Bearer {_TOKEN}"}, timeout=10
    )
    return next(
        str(token["id"]) for token in answer.json()["results"] if _TOKEN.startswith(token["prefix"])
    )


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Put together what belongs together, so that a request gets as far as it can."""
    path, parameters = case.operation.path, case.path_parameters
    if case.method == "DELETE" and parameters.get("id") == _own_id(case.operation.base_url):
        parameters["id"] = _NOBODYS  # the rest of the run needs it
    if path.startswith(_BATCHES) and "request_id" in parameters and _batches_made:
        parameters["request_id"] = _batches_made[-1]
    for name, value in _MADE_UP.items():
        if case.query is not None and case.query.get(name) == value:
            del case.query[name]
    said = f"{case.method} {case.path} {parameters} {case.query} {case.body!r}"
    if case.query is not None and case.query.get("units", "us") in ("us", "si"):
        if "m2" in said or "m²" in said:
            case.query["units"] = "si"
        elif "sqft" in said:
            case.query["units"] = "us"
    key = (case.headers or {}).get(_KEY)
    if isinstance(key, str) and 0 < len(key) < 256 and key.isascii() and key.isprintable():
        # Of the same request the same key: else nearly all would be refused as used for another.
        case.headers[_KEY] = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    if case.operation.path == _BATCHES and "location" in response.headers:
        _batches_made.append(response.headers["location"][0].split("/")[-2])


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether a failure is one."""
    if failure.code == "ST301" and case.operation.path.startswith("/api/v1/tokens/"):
        return False  # a token that is revoked stays in the list, for the record names its prefix
    if failure.code != "ST202":
        return True
    if case.media_type not in (None, "application/json"):
        return False  # what a CSV or a Parquet file holds, no schema says
    return not any(
        (error["code"], place) in _REFUSED_RIGHTLY
        for error in response.json()["errors"]
        for place in (error["pointer"], None)
    )
