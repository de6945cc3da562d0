"""Finding out where a client's connection comes from."""

from __future__ import annotations

import logging
import re
from ipaddress import IPv6Address, ip_network

from ...application.ports.peer import UNKNOWN, Peer
from .asgi import Scope
from .trusted_proxies import UNIX, Address, TrustedProxies, address_of, is_unix, peer_address

FORWARDED_FOR = b"x-forwarded-for"
MAX_PROXIES = 32
"""So many entries of the header are looked at, from its end: no chain of proxies is so long."""
_WITH_PORT = re.compile(r"\[(?P<v6>[^\[\]]+)\](:[0-9]+)?|(?P<v4>[0-9.]+):[0-9]+")
_CUSTOMER = 64
"""How many bits of an IPv6 address tell one customer from another."""

logger = logging.getLogger("dialogue.http")


class FindPeer:
    """Says where a connection comes from: the socket's own peer, or whom a trusted proxy speaks for.

    `X-Forwarded-For` is read (`believes_proxies`) from its end, where the nearest proxy writes: the first address there
    that is no trusted proxy's is the client's, and whatever stands before it is what the client itself may have sent.
    A proxy that names nobody, and one whose header is not read, has no address that limits could go by: they would hold
    all clients behind it for one.
    """

    def __init__(self, proxies: TrustedProxies, *, believes_proxies: bool) -> None:
        self._proxies = proxies
        self._believes = believes_proxies
        self._has_told = False

    def __call__(self, scope: Scope) -> Peer:
        """The peer of a connection."""
        if not self._proxies.sent(scope):
            return _peer(scope)
        values = [value for name, value in scope["headers"] if name == FORWARDED_FOR]
        if values and not self._believes:
            self._tell()
        client = self._client(b",".join(values)) if values and self._believes else None
        return Peer(_peer(scope).name, None) if client is None else _of_address(client)

    def _client(self, chain: bytes) -> Address | None:
        found: Address | None = None
        for entry in reversed(chain.decode("latin-1").rsplit(",", MAX_PROXIES)[-MAX_PROXIES:]):
            address = _entry(entry.strip())
            if address is None:
                break  # a name, or nothing: what stands before it is not vouched for
            found = address
            if not self._proxies.hold(address):
                break
        return found

    def _tell(self) -> None:
        if not self._has_told:
            self._has_told = True
            logger.warning(
                "a trusted proxy says whom it speaks for (X-Forwarded-For), which counts with --proxy-headers alone: "
                "clients behind it have no limits by address"
            )


def _peer(scope: Scope) -> Peer:
    address = peer_address(scope)
    if address is not None:
        return _of_address(address)
    return Peer(UNIX, None) if is_unix(scope) else UNKNOWN


def _of_address(address: Address) -> Peer:
    name = str(address)
    if isinstance(address, IPv6Address):
        return Peer(name, str(ip_network((int(address), _CUSTOMER), strict=False)))
    return Peer(name, name)


def _entry(text: str) -> Address | None:
    found = _WITH_PORT.fullmatch(text)
    return address_of(text if found is None else found["v6"] or found["v4"])
