"""The figures of all workers together, kept by whoever keeps the workers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

import msgspec
from anyio import ClosedResourceError, EndOfStream, IncompleteRead, move_on_after
from anyio import Event as Signal
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from ..adapters.metrics.summed import Family, counted, decoded, total
from .worker import ASK_SUM, ASK_YOURS, MAX_LINE, SUM, UP, YOURS

PATIENCE_S = 1.0
"""How long a worker may take to tell its figures; one that takes longer counts with those that it told before."""

ENDED = (EndOfStream, IncompleteRead, ClosedResourceError, OSError)

logger = logging.getLogger("dialogue.workers")


class SumFigures:
    """Asks all workers when one of them is asked, and adds up what they say.

    What a worker has counted stays counted when it has ended, as far as it has told: sums never fall, which Prometheus
    would take for a restart of all.
    """

    def __init__(self) -> None:
        self._latest: dict[ByteStream, list[Family]] = {}
        self._ended: list[Family] = []
        self._asking: list[ByteStream] = []
        self._asked = Signal()
        self._missing: set[ByteStream] = set()
        self._whole = Signal()

    async def listen(self, number: int, link: ByteStream, up: Callable[[], None]) -> None:
        """Hear worker `number` until it has ended; `up` is called when it says that it serves."""
        lines = BufferedByteReceiveStream(link)
        self._latest[link] = []
        try:
            while True:
                line = await lines.receive_until(b"\n", MAX_LINE)
                if line == UP:
                    up()
                elif line == ASK_SUM:
                    self._asking.append(link)
                    self._asked.set()
                elif line.startswith(YOURS):
                    self._latest[link] = decoded(line.removeprefix(YOURS))
                    self._told(link)
        except ENDED:
            pass
        except msgspec.DecodeError:
            logger.exception("worker %d has told figures that are none", number)
        finally:
            self._ended = total([self._ended, counted(self._latest.pop(link))])
            self._told(link)

    async def run(self) -> None:
        """Ask and tell until cancelled."""
        while True:
            await self._asked.wait()
            self._asked = Signal()
            asking, self._asking = self._asking, []
            self._missing, self._whole = set(self._latest), Signal()
            for link in list(self._latest):
                await _send(link, ASK_YOURS)
            with move_on_after(PATIENCE_S):
                await self._whole.wait()
            answer = SUM + msgspec.json.encode(total([self._ended, *self._latest.values()]))
            for link in asking:
                await _send(link, answer)

    def _told(self, link: ByteStream) -> None:
        self._missing.discard(link)
        if not self._missing:
            self._whole.set()


async def _send(link: ByteStream, line: bytes) -> None:
    with move_on_after(PATIENCE_S):
        with suppress(*ENDED):  # whoever listens to it finds out
            await link.send(line + b"\n")
