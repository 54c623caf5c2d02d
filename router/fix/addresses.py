"""IP addresses of peers: what a socket says made comparable, and held against networks.

Knows no socket and no session.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

SUBSCRIBER_BITS = 64
"""An IPv6 subscriber is given at least a /64: its addresses are one for every count."""


def peer_address(text: str) -> IpAddress:
    """The address that a socket gives for its peer, without zone; `::ffff:1.2.3.4` is `1.2.3.4`.

    Raises:
        ValueError: it is no IP address.
    """
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped if mapped is not None else address


def subscriber(address: IpAddress) -> str:
    """Who is behind an address, for counting: the address, or the /64 of an IPv6 one."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, SUBSCRIBER_BITS), strict=False))


def is_within(address: IpAddress, networks: Iterable[IpNetwork]) -> bool:
    """True if one of the networks holds the address; without networks nobody is within."""
    return any(address in network for network in networks)
