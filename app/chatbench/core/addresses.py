"""Which IP addresses belong to the public internet."""

from __future__ import annotations

import ipaddress

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215
_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")  # RFC 2765: IPv4-translated


def is_public(address: str) -> bool:
    """Whether an address may be reached by whoever is told to by a stranger: not this computer, not the
    local network, no cloud's metadata, nothing reserved. An IPv4 address inside an IPv6 one is judged,
    too. What is no address is not public."""
    try:
        told = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if told.is_multicast or not told.is_global:
        return False
    if isinstance(told, ipaddress.IPv4Address):
        return True
    return told not in _LOCAL_NAT64 and all(is_public(str(inner)) for inner in _inside(told))


def _inside(told: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    found = [told.ipv4_mapped, told.sixtofour, *(told.teredo or ())]
    if told in _NAT64 or told in _TRANSLATED:
        found.append(ipaddress.IPv4Address(int(told) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]
