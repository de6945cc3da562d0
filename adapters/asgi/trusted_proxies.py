"""Which of those who connect are proxies whose word counts."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from .asgi import Scope

UNIX = "unix"

_MAPPED = IPv6Network("::ffff:0:0/96")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class TrustedProxies:
    """Addresses, networks (`10.0.0.0/8`) and `unix`, which is whoever may open the server's unix socket.

    The socket's own peer is what counts, so no server in between may have put another in its place.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        names = set(trusted)
        self._trusts_unix = UNIX in names
        self._networks = [network_of(name) for name in names - {UNIX}]

    def sent(self, scope: Scope) -> bool:
        """Whether such a proxy is the peer of this connection."""
        if scope.get("client") is None:
            return self._trusts_unix and is_unix(scope)
        address = peer_address(scope)
        return address is not None and self.hold(address)

    def hold(self, address: Address) -> bool:
        """Whether that is the address of such a proxy."""
        return any(address in network for network in self._networks)


def is_unix(scope: Scope) -> bool:
    """Whether the connection came over a unix socket."""
    server = scope.get("server")  # without a peer it may also be gone: a TCP server has a port all the same
    return scope.get("client") is None and server is not None and server[1] is None


def peer_address(scope: Scope) -> Address | None:
    """The address of the socket's own peer, where it has one."""
    peer = scope.get("client")
    return None if peer is None else address_of(peer[0])


def address_of(text: str) -> Address | None:
    """The address that is written there; None where none is. An IPv4 address is one however the socket has it."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def network_of(text: str) -> Network:
    """The network, or the one address, that `text` names; of IPv4 also as IPv6 maps it. Raises ValueError."""
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - _MAPPED.prefixlen))
    return network
