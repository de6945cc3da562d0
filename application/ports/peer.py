"""Where a client's connection comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

PEER: Final = "dialogue.peer"
"""Under this key of the `state` of a connection's ASGI scope stands its `Peer`."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection, as far as the server can tell.

    `name` is for people: an IP address, or what stands in for one (`unix`, for a unix socket). `counted_as` is what
    limits and bounds by address count it under: the address, of IPv6 its /64 network, which is what one customer gets.
    It is None where many clients come from that address: a proxy that does not say whom it speaks for.
    """

    name: str
    counted_as: str | None


UNKNOWN: Final = Peer("unknown", None)
"""A client whose server does not say where it comes from."""


def peer_of(scope: Any) -> Peer:
    """The peer that the front door has put into the scope of a connection."""
    found: Peer = (scope.get("state") or {}).get(PEER, UNKNOWN)
    return found
