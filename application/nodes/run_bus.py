"""Keeping the bus up."""

from __future__ import annotations

import logging

from anyio import current_time, sleep

from ..ports.event_bus import BusDown, BusReceiver, EventBus

LEAST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0

logger = logging.getLogger("dialogue.nodes")


class RunBus:
    """Runs the bus, and again whenever it is lost, after pauses that grow; says so in the log, once for each time.

    Meanwhile the poll finds everything, an interval later.
    """

    def __init__(self, bus: EventBus, receiver: BusReceiver) -> None:
        self._bus = bus
        self._receiver = receiver
        self.flaw: str | None = None
        """Why notices do not get through at this moment; None where they do, as far as is known."""

    async def run(self) -> None:
        """Carry notices until cancelled."""
        pause_s = LEAST_PAUSE_S
        while True:
            began = current_time()
            try:
                await self._bus.run(self)
                error: Exception = BusDown("it has ended of its own accord")
            except Exception as failure:
                error = failure
            if current_time() - began > LONGEST_PAUSE_S:
                pause_s = LEAST_PAUSE_S
            self._is_down(error)
            await sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def connected(self) -> None:
        """See `BusReceiver`."""
        if self.flaw is not None:
            logger.warning("the bus is up again")
        self.flaw = None
        self._receiver.connected()

    def receive(self, notice: bytes) -> None:
        """See `BusReceiver`."""
        self._receiver.receive(notice)

    def _is_down(self, error: Exception) -> None:
        flaw = str(error) or type(error).__name__
        if self.flaw is None:
            trace = None if isinstance(error, BusDown) else error
            logger.warning("the bus is down, other nodes are polled: %s", flaw, exc_info=trace)
        self.flaw = flaw
