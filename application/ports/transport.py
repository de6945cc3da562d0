"""The port to one client's connection, on which frames go out."""

from __future__ import annotations

from typing import Any, Final, Protocol

from ..sessions.frame import Frame

TRANSPORT: Final = "dialogue.transport"
"""Under this key a server may put its own `Transport` into the `state` of a connection's ASGI scope."""

ARRIVED_AT: Final = "dialogue.arrivedAt"
"""Under this key of what a client sent a server may say when it came, by `time.monotonic`: a request's deadline counts
from then, whatever stood before it."""


class Transport(Protocol):
    """The outgoing half of a connection that is open; `write`, `close` and `abort` never wait.

    It keeps little itself: where the client does not read, it soon refuses, and the frames wait in the session's
    outbox, where they are counted. A connection that has ended is no error here: the reader hears of it.
    """

    def write(self, frame: Frame) -> bool:
        """Send `frame`, whole and behind those taken before; False where it was not taken, and then nothing of it was.

        After `close` and `abort`, and where the connection has ended, frames are taken and dropped.
        """
        ...

    async def drained(self) -> None:
        """Wait until a `write` would be taken; returns at once where it would be now, and once the connection ends.

        It tells a state, not a moment: whoever calls late misses nothing. Behind `close` it waits until the close has
        been written, or was given up. One waits at a time; it may be cancelled.
        """
        ...

    def close(self, code: int, reason: str) -> None:
        """End the connection behind what was taken, with a close code of `protocol.md` where the way has such codes.

        A client that does not take that within a few seconds is cut off. The first close stands.
        """
        ...

    def abort(self) -> None:
        """End the connection now; what was taken may be lost, and no code is sent."""
        ...


def transport_of(scope: Any) -> Transport | None:
    """The transport that the server has put into the scope of a connection, if it has one."""
    found: Transport | None = (scope.get("state") or {}).get(TRANSPORT)
    return found
