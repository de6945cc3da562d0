"""Whether a client takes what it is sent."""

from __future__ import annotations

import asyncio

from .cut import cut
from .deadline import Deadline

LEAST = 16_384
"""What a client must take in the time that it has, in bytes; or all, where less waits."""


class Progress:
    """Cuts a connection whose client takes next to nothing of what waits for it, each `patience_s` seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, patience_s: float) -> None:
        self._transport = transport
        self._patience_s = patience_s
        self._deadline = Deadline(loop)
        self._waited = 0

    def expect(self) -> None:
        """From now on the client must take what waits, until `stop`."""
        self._waited = self._transport.get_write_buffer_size()
        self._deadline.set(self._patience_s, self._check)

    def stop(self) -> None:
        """Expect nothing more; doing so twice is fine."""
        self._deadline.stop()

    def _check(self) -> None:
        if self._waited - self._transport.get_write_buffer_size() < LEAST:
            cut(self._transport)
        else:
            self.expect()
