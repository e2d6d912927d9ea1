"""Which network addresses may be reached: public ones, and inside the house only hosts that the settings name."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection

Resolve = Callable[[str, int], list[str]]


class AddressRefused(ValueError):
    """A host leads inside the house, or nowhere."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host; raises OSError when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Tell whether an address lies on the open network; one that stands for another is told by that one."""
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None) or _nat64(found)
        if inner is not None and not is_public(str(inner)):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _nat64(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    is_translated = found in ipaddress.ip_network("64:ff9b::/96") or found in ipaddress.ip_network("64:ff9b:1::/48")
    return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if is_translated else None


def pinned(host: str, port: int, private_hosts: Collection[str], resolve: Resolve) -> str:
    """Return the one address to connect to; it is not asked for again, so a name cannot change its mind meanwhile.

    Raises AddressRefused when any address of a host that the settings do not name lies inside the house, OSError when
    the name is not known.
    """
    addresses = resolve(host, port)
    if not addresses:
        raise OSError("no address")
    if host.lower() not in private_hosts and not all(is_public(address) for address in addresses):
        raise AddressRefused("inside")
    return addresses[0]
