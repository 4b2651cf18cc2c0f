"""Where webhooks may go: a public address, and never the inside of the network that this server stands in.

An endpoint's host is resolved anew for every connection, every address it has is judged, and the connection is made to
the address that was judged: a name that answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Final

import httpx
from django.conf import settings

from safeconduct.kernel.notices.errors import EndpointRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

_LONGEST: Final = 500
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
#: All that is public of IPv6 (IANA, IPv6 Global Unicast Address Assignments). Whatever else the library calls global
#: leads inside: addresses of a site, IPv4 in an older dress, a translator of the network's own (RFC 8215).
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_PROTOCOLS: Final = ipaddress.IPv4Network("192.0.0.0/24")  # RFC 6890: of the network itself, a few called global


class TargetRefused(Exception):
    """A host that webhooks are not sent to; the message says why, for the delivery log."""


def check_url(url: str) -> str:
    """The address of an endpoint, as it is stored. Raises EndpointRefused with the way out.

    The host's addresses are judged when a connection is made, not here: they may change any day.
    """
    url = url.strip()
    if not url or len(url) > _LONGEST:
        raise EndpointRefused("url", f"give an address of 1 to {_LONGEST} characters")
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as problem:
        raise EndpointRefused("url", f"this is no address: {problem}") from None
    if parts.scheme not in ("https", "http") or not parts.host:
        raise EndpointRefused("url", "give a whole address, such as https://shop.example/webhooks")
    if parts.scheme == "http" and _production():
        raise EndpointRefused("url", "only https addresses are delivered to: others could read the messages")
    if parts.userinfo:
        raise EndpointRefused("url", "leave user and password out: the signature says who sends")
    if parts.fragment:
        raise EndpointRefused("url", "leave out the part after #: it is never sent")
    literal = _literal(parts.host)
    if literal is not None and not allowed(literal):
        raise EndpointRefused("url", f"{literal} is an address inside a network; give a public one{_way_out()}")
    return str(parts)


def resolve(host: str, port: int, resolver: Resolver | None = None) -> str:
    """The address to connect to. Raises TargetRefused where the name has none, or one that is not allowed."""
    try:
        found = (resolver or _addresses)(host, port)
    except OSError:
        raise TargetRefused("the name does not resolve") from None
    for text in found:
        if not allowed(ipaddress.ip_address(text.partition("%")[0])):
            raise TargetRefused("the name leads into a network that is not delivered to")
    if not found:
        raise TargetRefused("the name does not resolve")
    return found[0]


def allowed(address: Address) -> bool:
    """Whether webhooks may be sent to an address: a public one, one of the operator's own networks
    (SAFECONDUCT_WEBHOOK_NETWORKS), and, outside production, this machine."""
    address = _inner(address)
    if any(address in ipaddress.ip_network(network) for network in settings.WEBHOOK_NETWORKS):
        return True
    if address.is_loopback:
        return not _production()
    if address.version == 6 and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast and address not in _PROTOCOLS


def _inner(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only wraps it, so that wrapping hides nothing."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _addresses(host: str, port: int) -> list[str]:
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _production() -> bool:
    return bool(settings.MODE == "production")


def _way_out() -> str:
    return ", or have its network allowed in SAFECONDUCT_WEBHOOK_NETWORKS"
