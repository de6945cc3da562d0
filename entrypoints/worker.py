"""One of several processes behind a port, from its own side."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass

from anyio import wait_readable

from ..domain.errors import ConfigurationError

WORKER = "_DIALOGUE_WORKER"
"""The name in its environment under which a worker finds that it is one."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker is told: its number, its node's name, and two files that it inherits.

    The link is to whoever keeps the workers: one byte on it says that this one serves, and its end that nobody keeps
    it any more.
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
    """To whoever keeps the workers."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def say_started(self) -> None:
        """This worker serves."""
        self._link.send(b"\0")

    async def end_with_it(self) -> None:
        """Stop this process, as by SIGTERM, when the other end is gone; runs until cancelled."""
        await wait_readable(self._link)
        os.kill(os.getpid(), signal.SIGTERM)
