"""Where a request came from, as far as that can be believed."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from predictions.networks import Address, Network, address_parsed, trusted_proxies


def client_address(environ: Mapping[str, Any]) -> Address | None:
    """The caller's address; None when it cannot be known, which lies in no network.

    It is the peer's, unless TRUSTED_PROXIES says who may speak for others in X-Forwarded-For, to
    which each proxy adds on the right whom it heard from: then it is the right-most entry that no
    trusted proxy accounts for. What stands left of it anybody may have written.
    """
    hops, networks = trusted_proxies(tuple(settings.TRUSTED_PROXIES))
    peer = str(environ.get("REMOTE_ADDR") or "")
    if not hops and not networks:
        return address_parsed(peer)
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR") or "")
    chain = [*(forwarded.split(",") if forwarded else ()), peer]
    if hops:
        return address_parsed(chain[-1 - hops]) if len(chain) > hops else None
    address = None
    for text in reversed(chain):
        address = address_parsed(text)
        if address is None or not _is_in(address, networks):
            break
    return address


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
