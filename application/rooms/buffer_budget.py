"""How many bytes all buffers of a node hold together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...domain.fair_share import fair_share
from ...domain.history_buffer import HistoryBuffer

PART_OF_ONE = 8
"""One stream's buffer holds at most this part of what all may hold."""
CHECKS = 16
"""The buffers are looked at each time when this part of what all may hold has come in."""

Buffers = Callable[[], Iterable[HistoryBuffer]]


class BufferBudget:
    """Bounds the bytes of all buffers together: past `max_bytes` the largest let go of their oldest events.

    Looking at all of them costs something with many rooms, so that is done now and then, early enough.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_of_one = max_bytes // PART_OF_ONE
        self._max_bytes = max_bytes
        self._buffers: Buffers = tuple
        self._came_in = 0

    def watch(self, buffers: Buffers) -> None:
        """Let `buffers` give all that there are now, in the order in which they came."""
        self._buffers = buffers

    def take(self, size: int) -> None:
        """So many bytes came into buffers."""
        self._came_in += size
        if self._came_in * CHECKS >= self._max_bytes:
            self._came_in = 0
            self._keep_to_bound()

    def _keep_to_bound(self) -> None:
        buffers = [buffer for buffer in self._buffers() if buffer.size]
        # As much as comes in until the next look must still fit.
        if sum(buffer.size for buffer in buffers) * CHECKS > self._max_bytes * (CHECKS - 1):
            share = fair_share((buffer.size for buffer in buffers), self._max_bytes * (CHECKS - 2) // CHECKS)
            for buffer in buffers:
                buffer.shrink(share)
