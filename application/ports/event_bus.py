"""The port through which nodes tell one another where something happened."""

from __future__ import annotations

from typing import Protocol


class BusDown(Exception):
    """The bus cannot be reached, or was lost; the text says why, for the log and for whoever asks for readiness."""


class BusReceiver(Protocol):
    """Who is told what comes in. Both methods are synchronous, never wait, and never raise."""

    def connected(self) -> None:
        """From now on notices come in; those before it may have been missed. Called once in each `EventBus.run`."""
        ...

    def receive(self, notice: bytes) -> None:
        """A notice of some node: of this one too, where the bus gives back what was handed to it."""
        ...


class EventBus(Protocol):
    """Carries small notices to all nodes, soon. **The database is the truth, the bus is speed.**

    It may lose, repeat and reorder notices, also for a long time. What it loses is found by the next poll, but for
    events without history, which are lost as on a connection that breaks. A notice is UTF-8 text without NUL, of
    1 to `max_size` bytes.
    """

    @property
    def is_heard(self) -> bool:
        """Whether there may be another node to tell. Where there is none nothing needs to be encoded."""
        ...

    @property
    def max_size(self) -> int:
        """How many bytes a notice may have; at least 7,900."""
        ...

    def publish(self, notice: bytes) -> None:
        """Hand `notice` over for all other nodes; never waits and never raises.

        Nothing is promised: it is dropped where the bus is down, and where more waits than a bound of the adapter's.
        """
        ...

    async def run(self, receiver: BusReceiver) -> None:
        """Connect, tell `receiver` so, and carry notices both ways until cancelled or the connection is lost.

        Never returns; raises BusDown, or anything else, when the bus is down. Whoever runs it calls it again, after a
        pause of his choosing: it may be called as often as it has ended. One call at a time.
        """
        ...
