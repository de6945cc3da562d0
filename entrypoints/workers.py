"""Several processes behind one port: each is a node, and this one only keeps them running."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from time import monotonic

from anyio import Event as Signal
from anyio import create_task_group, move_on_after, open_process, open_signal_receiver
from anyio.abc import Process, TaskGroup, UNIXSocketStream

from ..domain.errors import ConfigurationError
from .sum_figures import SumFigures
from .worker import WORKER, Worker

PAUSES_S = (0.1, 0.5, 2.0, 5.0)
"""How long to wait before a worker that ended is started again: longer each time it does not live long."""
LIVED_LONG_S = 30.0
BEYOND_DRAIN_S = 15.0
"""How much longer than its clients' time a worker may take to stop, before it is killed."""

logger = logging.getLogger("dialogue.workers")


class Workers:
    """Starts as many workers as are wanted on `listener`, starts those anew that end, and stops all cleanly.

    A worker is this program with the same arguments, which finds in its environment that it is one. It inherits the
    bound socket, so the port is taken once; and it ends when this process does, however that ends.
    """

    def __init__(self, listener: socket.socket, count: int, node_id: str, drain_timeout_s: float) -> None:
        self._listener = listener
        self._count = count
        self._node_id = node_id
        self._patience_s = drain_timeout_s + BEYOND_DRAIN_S
        self._running: dict[int, Process] = {}
        self._up: set[int] = set()
        self._failure: str | None = None
        self._is_stopping = False
        self._stop, self._ended = Signal(), Signal()
        self._figures = SumFigures()

    async def run(self, on_started: Callable[[], None]) -> None:
        """Keep them running until SIGTERM or Ctrl-C; `on_started` is called once when all of them serve.

        Raises ConfigurationError where one of them cannot start at all: it has said why.
        """
        with open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async with create_task_group() as tasks:
                tasks.start_soon(self._hear, signals)
                tasks.start_soon(self._figures.run)
                async with create_task_group() as keeping:
                    for number in range(1, self._count + 1):
                        keeping.start_soon(self._keep, number, keeping, on_started)
                    keeping.start_soon(self._end)
                tasks.cancel_scope.cancel()
        if self._failure is not None:
            raise ConfigurationError(self._failure)

    async def _hear(self, signals: AsyncIterator[signal.Signals]) -> None:
        async for _ in signals:
            if self._is_stopping:
                self._signal(signal.SIGKILL)
            self._begin_to_stop()

    def _begin_to_stop(self) -> None:
        self._is_stopping = True
        self._stop.set()

    async def _end(self) -> None:
        await self._stop.wait()
        self._signal(signal.SIGTERM)
        if not self._running:
            return
        with move_on_after(self._patience_s):
            await self._ended.wait()
        if self._running:
            logger.warning("%d workers did not stop in time, and are killed", len(self._running))
            self._signal(signal.SIGKILL)

    def _signal(self, how: signal.Signals) -> None:
        for process in self._running.values():
            process.send_signal(how)

    async def _keep(self, number: int, tasks: TaskGroup, on_started: Callable[[], None]) -> None:
        tries = 0
        while not self._is_stopping:
            began = monotonic()
            ours, theirs = socket.socketpair()
            with ours:
                with theirs:
                    process = await self._start(number, theirs)
                self._running[number] = process
                if self._is_stopping:
                    process.send_signal(signal.SIGTERM)
                tasks.start_soon(self._listen, number, ours.dup(), on_started)
                code = await process.wait()
            del self._running[number]
            if self._is_stopping and not self._running:
                self._ended.set()
            if self._is_stopping:
                return
            if number not in self._up:
                self._failure = f"worker {number} could not start (exit code {code})"
                self._begin_to_stop()
                return
            tries = 0 if monotonic() - began > LIVED_LONG_S else tries + 1
            pause_s = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
            logger.error("worker %d ended (exit code %d): another one starts in %g s", number, code, pause_s)
            with move_on_after(pause_s):
                await self._stop.wait()

    async def _start(self, number: int, link: socket.socket) -> Process:
        files = [self._listener.fileno(), link.fileno()]
        worker = Worker(number, f"{self._node_id}.{number}", *files)
        return await open_process(
            _command(sys.argv),
            stdin=None,
            stdout=None,
            stderr=None,
            env={**os.environ, WORKER: worker.said},
            pass_fds=files,
            start_new_session=True,  # Ctrl-C is for this process, which passes it on
        )

    async def _listen(self, number: int, link: socket.socket, on_started: Callable[[], None]) -> None:
        async with await UNIXSocketStream.from_socket(link) as stream:
            await self._figures.listen(number, stream, partial(self._is_up, number, on_started))

    def _is_up(self, number: int, on_started: Callable[[], None]) -> None:
        is_first = number not in self._up
        self._up.add(number)
        if is_first and len(self._up) == self._count:
            on_started()
        elif not is_first:
            logger.warning("worker %d serves again", number)


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "dialogue", *arguments[1:]]
