"""One of several processes behind a port, from its own side."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from anyio import EndOfStream, IncompleteRead, Lock, create_task_group, move_on_after
from anyio import Event as Signal
from anyio.abc import ByteStream, UNIXSocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from ..domain.errors import ConfigurationError, Unavailable

WORKER = "_DIALOGUE_WORKER"
"""The name in its environment under which a worker finds that it is one."""

UP, ASK_SUM, ASK_YOURS = b"up", b"sum?", b"yours?"
YOURS, SUM = b"=", b"+"
"""The lines that go over a link; the last two have figures behind them."""
MAX_LINE = 4 << 20
PATIENCE_S = 4.0

Figures = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker is told: its number, its node's name, and two files that it inherits.

    The link is to whoever keeps the workers; its end says that nobody keeps this one any more.
    """

    number: int
    node_id: str
    listener: int
    link: int

    @property
    def said(self) -> str:
        """As it stands in the environment."""
        return f"{self.number} {self.node_id} {self.listener} {self.link}"

    @staticmethod
    def found() -> Worker | None:
        """What this process is told; None where it is no worker. It is not told to its own children."""
        said = os.environ.pop(WORKER, None)
        if said is None:
            return None
        try:
            number, node_id, listener, link = said.split(" ")
            return Worker(int(number), node_id, int(listener), int(link))
        except ValueError as error:
            raise ConfigurationError(f"{WORKER} is set by Dialogue itself, and not to {said!r}") from error

    def listening(self) -> socket.socket:
        """The socket that all workers accept from."""
        return socket.socket(fileno=self.listener)

    def linked(self) -> Link:
        """The link."""
        return Link(socket.socket(fileno=self.link))


class Link:
    """To whoever keeps the workers, in lines: that this one serves, and what all of them have counted."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._serves = Signal()
        self._figures: Figures | None = None
        self._sum: bytes | None = None
        self._summed = Signal()
        self._stream: ByteStream | None = None
        self._sending = Lock()

    def say_started(self, figures: Figures) -> None:
        """This worker serves; `figures` gives what it has counted."""
        self._figures = figures
        self._serves.set()

    async def sum(self) -> bytes:
        """What all workers have counted. Raises Unavailable where nobody says so in time."""
        self._sum, self._summed = None, Signal()
        with move_on_after(PATIENCE_S):
            await self._send(ASK_SUM)
            await self._summed.wait()
            if self._sum is not None:
                return self._sum
        raise Unavailable("What all workers have counted cannot be asked at this moment")

    async def run(self) -> None:
        """Tell and hear, and stop this process, as by SIGTERM, when the other end is gone; runs until cancelled."""
        try:
            async with await UNIXSocketStream.from_socket(self._link) as self._stream, create_task_group() as tasks:
                tasks.start_soon(self._tell_started)
                await self._hear(BufferedByteReceiveStream(self._stream))
        except* (EndOfStream, IncompleteRead, OSError):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    async def _tell_started(self) -> None:
        await self._serves.wait()
        await self._send(UP)

    async def _hear(self, lines: BufferedByteReceiveStream) -> None:
        while True:
            line = await lines.receive_until(b"\n", MAX_LINE)
            if line == ASK_YOURS and self._figures is not None:
                await self._send(YOURS + await self._figures())
            elif line.startswith(SUM):
                self._sum = line.removeprefix(SUM)
                self._summed.set()

    async def _send(self, line: bytes) -> None:
        async with self._sending:
            if self._stream is not None:
                await self._stream.send(line + b"\n")
