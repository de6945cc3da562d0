"""How an HTTP connection ends."""

from __future__ import annotations

import asyncio

from .cut import cut
from .deadline import Deadline
from .intake import Intake
from .progress import Progress

LINGER_S = 5.0


class Ending:
    """Ends a connection so that its client can still read what was written, but in a time that is bounded."""

    def __init__(self, transport: asyncio.Transport, intake: Intake, progress: Progress) -> None:
        self.has_begun = False
        self._transport = transport
        self._intake = intake
        self._progress = progress
        self._deadline = Deadline(asyncio.get_running_loop())

    def close(self) -> None:
        """End behind what is written, for as long as the client goes on taking it."""
        self.has_begun = True
        self._transport.close()
        self._progress.expect()

    def linger(self) -> None:
        """Tell the client that no more comes, and drop what it still sends: a reset could cost it the answer."""
        self.has_begun = True
        self._intake.drop()
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
        self.cut_in(LINGER_S)

    def cut_in(self, seconds: float) -> None:
        """End then, whatever is still to be written."""
        self._deadline.set(seconds, self.cut)

    def cut(self) -> None:
        """End now."""
        self.has_begun = True
        cut(self._transport)

    def has_come(self) -> None:
        """It is over: nothing is waited for."""
        self.has_begun = True
        self._deadline.stop()
        self._progress.stop()
