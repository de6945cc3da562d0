"""The user that a proxy in front has found out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ...application.ports.authenticator import PROXY_USER
from .asgi import Scope
from .refusal import Refused

UNIX = "unix"

Network = IPv4Network | IPv6Network


class ProxyUser:
    """Reads the header that a trusted proxy sets, and only from such a one: the socket's own peer is what counts.

    `trusted` are addresses, networks (`10.0.0.0/8`) and `unix`, which is whoever may open the server's unix socket.
    What `X-Forwarded-For` says plays no part, so no server in between may have put it in the place of the peer.
    """

    def __init__(self, header: str, trusted: Iterable[str]) -> None:
        self._name = header
        self._header = header.lower().encode()
        names = set(trusted)
        self._trusts_unix = UNIX in names
        self._networks = [network_of(name) for name in names - {UNIX}]

    def __call__(self, scope: Scope) -> Mapping[str, object]:
        """The claim that the proxy makes, none where it makes none. Raises Refused where it cannot be read."""
        values = [value for name, value in scope["headers"] if name == self._header and value]
        if not values or not self._is_trusted(scope):
            return {}
        if len(values) > 1:
            raise Refused(422, "INVALID_REQUEST", "must stand once", self._name)
        try:
            return {PROXY_USER: values[0].decode()}
        except UnicodeDecodeError as error:
            raise Refused(422, "INVALID_REQUEST", "must be UTF-8", self._name) from error

    def _is_trusted(self, scope: Scope) -> bool:
        peer = scope.get("client")
        if peer is None:  # of a unix socket, or gone: a TCP server has a port all the same
            server = scope.get("server")
            return self._trusts_unix and server is not None and server[1] is None
        try:
            address = ip_address(peer[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def network_of(text: str) -> Network:
    """The network, or the one address, that `text` names. Raises ValueError."""
    return ip_network(text)


def nobody(_: Scope) -> Mapping[str, object]:
    """What is seen where there is no proxy that says who asks."""
    return {}
