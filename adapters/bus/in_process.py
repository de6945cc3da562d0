"""The bus of nodes that share a process, and of a node that is alone."""

from __future__ import annotations

from anyio import sleep_forever

from ...application.ports.event_bus import BusReceiver

MAX_SIZE = 1 << 20


class Exchange:
    """Where the buses of one process meet. Not safe across threads; one event loop uses it."""

    def __init__(self) -> None:
        self.receivers: dict[InProcessBus, BusReceiver] = {}


class InProcessBus:
    """`EventBus` for the nodes of one `exchange`: hands notices on at once, and gives none back to their own node.

    Alone, as it is by default, it costs nothing.
    """

    def __init__(self, exchange: Exchange | None = None) -> None:
        self._exchange = exchange or Exchange()
        self.max_size = MAX_SIZE

    @property
    def is_heard(self) -> bool:
        """See `EventBus.is_heard`."""
        receivers = self._exchange.receivers
        return len(receivers) > (self in receivers)

    def publish(self, notice: bytes) -> None:
        """See `EventBus.publish`."""
        for bus, receiver in list(self._exchange.receivers.items()):
            if bus is not self:
                receiver.receive(notice)

    async def run(self, receiver: BusReceiver) -> None:
        """See `EventBus.run`; it is never down."""
        self._exchange.receivers[self] = receiver
        try:
            receiver.connected()
            await sleep_forever()
        finally:
            del self._exchange.receivers[self]
