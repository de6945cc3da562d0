"""Whether events can be kept and read at this moment, for whoever watches the node."""

from __future__ import annotations

import logging
from time import monotonic

from anyio import move_on_after, sleep

from ..domain.errors import Unavailable
from ..domain.page import PageLimit
from ..domain.ports.history_source import HistorySource
from ..domain.ports.presence import NodeReplaced
from ..domain.ports.storage import Storage
from .nodes.keep_lease import KeepLease
from .nodes.run_bus import RunBus

PATIENCE_S = 5.0
"""How long a measurement may take before the node counts as not ready."""
UNEXPLAINED = "The storage cannot be reached"
_ANY_ROOM = "health"

logger = logging.getLogger("dialogue.readiness")


class Readiness:
    """Measures at an interval of its own, by a real write and a real read, and answers from the last measurement.

    So asking costs the storage nothing, however many strangers ask, and nobody waits for the trouble that is reported.
    The start of the storage counts as the first measurement.
    """

    def __init__(
        self,
        storage: Storage,
        source: HistorySource,
        interval_s: float,
        bus: RunBus | None = None,
        lease: KeepLease | None = None,
    ) -> None:
        self._bus = bus
        self._lease = lease
        self._storage = storage
        self._source = source
        self._interval_s = interval_s
        self._measured_s = monotonic()
        self._flaw: str | None = None

    async def run(self) -> None:
        """Measure until cancelled; what fails is told in the log, once, and never ends this."""
        self._measured_s, self._flaw = monotonic(), None
        while True:
            await sleep(self._interval_s)
            flaw = await self._measure()
            if (flaw is None) is not (self._flaw is None):
                logger.warning("not ready: %s", flaw) if flaw is not None else logger.warning("ready again")
            self._measured_s, self._flaw = monotonic(), flaw

    @property
    def bus_flaw(self) -> str | None:
        """Why other nodes' events come late at this moment; None where nothing is wrong. It is ready all the same."""
        return None if self._bus is None else self._bus.flaw

    @property
    def is_ready(self) -> bool:
        """Whether events can be kept and read, as far as the last measurement knows; see `ensure_ready`."""
        if self._lease is not None and self._lease.is_replaced:
            return False
        return self._flaw is None and monotonic() - self._measured_s <= self._interval_s + PATIENCE_S

    def ensure_ready(self) -> None:
        """Raise Unavailable where events can neither be kept nor read, as far as the last measurement knows.

        So it does where another process was started as this node: clients are better off with that one.
        """
        if self._lease is not None and self._lease.is_replaced:
            raise NodeReplaced(self._lease.node.node_id)
        if self._flaw is not None:
            raise Unavailable(self._flaw)
        if monotonic() - self._measured_s > self._interval_s + PATIENCE_S:
            raise Unavailable("The storage does not answer")

    async def _measure(self) -> str | None:
        try:
            with move_on_after(PATIENCE_S):
                await self._storage.check()
                await self._source.newer(_ANY_ROOM, None, 0, PageLimit(events=1))
                return None
            return "The storage does not answer"
        except Unavailable as error:
            return error.message
        except Exception:
            if self._flaw != UNEXPLAINED:
                logger.exception("the storage cannot be measured")
            return UNEXPLAINED
