"""Who comes to the door: where from, how often, and how many at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...application.ports.metrics import Metrics
from ...application.ports.peer import Peer
from ...application.ports.rate_limiter import Action
from ...application.sessions.client_limits import COME_AGAIN_S, ClientLimits
from ...domain.errors import RateLimited
from .asgi import Scope
from .refusal import Refused

FindsPeer = Callable[[Scope], Peer]


class Visitors:
    """Bounds what comes from one address: calls, new connections, and connections that are open.

    `limits` and `metrics` give those in force, which are made anew at each start; `max_connections` are those of one
    address.
    """

    def __init__(
        self,
        find_peer: FindsPeer,
        limits: Callable[[], ClientLimits],
        metrics: Callable[[], Metrics],
        max_connections: int,
    ) -> None:
        self.find_peer = find_peer
        self._metrics = metrics
        self._limits = limits
        self._max_connections = max_connections
        self._open: Counter[str] = Counter()

    def ensure(self, action: Action, peer: Peer, cost: int = 1) -> None:
        """Count it. Raises Refused (429)."""
        try:
            self._limits().ensure(action, None, peer, cost)
        except RateLimited as error:
            raise _too_many(error.message, error.retry_after_ms) from error

    def turned_away(self, code: str) -> None:
        """Count somebody who was refused at the door."""
        self._metrics().refused(code)

    @contextmanager
    def connected(self, peer: Peer) -> Iterator[None]:
        """Count a connection for as long as it is open. Raises Refused (429)."""
        address = peer.counted_as
        if address is None:
            yield
            return
        if self._open[address] >= self._max_connections:
            text = f"At most {self._max_connections} connections of one address may be open"
            raise _too_many(text, round(COME_AGAIN_S * 1000))
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


def _too_many(message: str, retry_after_ms: int) -> Refused:
    after = (b"retry-after", str(math.ceil(retry_after_ms / 1000)).encode())
    return Refused(429, RateLimited.code, message, details={"retryAfterMs": retry_after_ms}, headers=[after])
