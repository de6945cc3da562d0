"""How many bytes all buffers of a node hold together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ...domain.event import Event
from ...domain.fair_share import fair_share

PART_OF_ONE = 8
"""One stream's buffer holds at most this part of what all may hold."""
CHECKS = 16
"""The buffers are looked at each time when this part of what all may hold has come in."""


class Buffer(Protocol):
    """What holds the newest events of a stream."""

    @property
    def size(self) -> int:
        """How many bytes they take."""
        ...

    def shrink(self, max_bytes: int) -> Sequence[Event]:
        """Let go of the oldest, until no more than `max_bytes` are left; these."""
        ...


Buffers = Callable[[], Iterable[Buffer]]


class BufferBudget:
    """Bounds the bytes of all buffers together: past `max_bytes` the largest let go of their oldest events.

    Looking at all of them costs something with many rooms, so that is done now and then, early enough.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_of_one = max_bytes // PART_OF_ONE
        self.max_bytes = max_bytes
        self._buffers: Buffers = tuple
        self._came_in = 0
        self.evicted = 0
        """How many events have fallen out of buffers since the start."""

    @property
    def size(self) -> int:
        """How many bytes all buffers hold. Looks at each of them."""
        return sum(buffer.size for buffer in list(self._buffers()))

    def watch(self, buffers: Buffers) -> None:
        """Let `buffers` give all that there are now, in the order in which they came."""
        self._buffers = buffers

    def take(self, size: int) -> bool:
        """So many bytes came into buffers; whether some had to let go of events for them."""
        self._came_in += size
        if self._came_in * CHECKS < self.max_bytes:
            return False
        self._came_in = 0
        return self._keep_to_bound()

    def _keep_to_bound(self) -> bool:
        buffers = [buffer for buffer in self._buffers() if buffer.size]
        # As much as comes in until the next look must still fit.
        if sum(buffer.size for buffer in buffers) * CHECKS <= self.max_bytes * (CHECKS - 1):
            return False
        share = fair_share((buffer.size for buffer in buffers), self.max_bytes * (CHECKS - 2) // CHECKS)
        for buffer in buffers:
            self.evicted += len(buffer.shrink(share))
        return True
