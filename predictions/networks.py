"""Networks and addresses as people write them: IPv4 and IPv6."""

from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from django.utils.translation import gettext as _

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def network_parsed(text: str) -> Network:
    """The network that the text names; a bare address is a network of one.

    Raises ValueError, also when bits are set beyond the mask: it might mean another network.
    """
    try:
        network = ip_network(text.strip())
    except ValueError:
        raise ValueError(
            _(
                "Must be a network such as 10.1.0.0/16 or 2001:db8::/32, without bits beyond its "
                "mask."
            )
        ) from None
    if isinstance(network, IPv6Network) and network.network_address.scope_id:
        raise ValueError(_("Must be a network without a zone."))
    return network


def address_parsed(text: str) -> Address | None:
    """The address that the text names, perhaps with a port or in brackets; None if it names none.

    An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=8)
def trusted_proxies(setting: tuple[str, ...]) -> tuple[int, tuple[Network, ...]]:
    """How many proxies, or which networks they are in. Raises ValueError when it is neither."""
    if len(setting) == 1 and setting[0].strip().isdecimal():
        return int(setting[0]), ()
    return 0, tuple(network_parsed(text) for text in setting)
