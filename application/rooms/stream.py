"""What one node knows of the events of one name in a room."""

from __future__ import annotations

from ...domain.history_buffer import HistoryBuffer
from ...domain.position import StreamHead


class Stream:
    """The events of one name: how far they reach, and the buffer of the newest."""

    __slots__ = ("buffer", "floor", "floor_seq", "head")

    def __init__(self, head: StreamHead, limit: int, max_bytes: int) -> None:
        self.head = head.head
        self.floor = head.floor
        self.floor_seq = head.floor_seq
        self.buffer = HistoryBuffer(limit, max_bytes)

    @property
    def is_whole(self) -> bool:
        """Whether memory holds all that there is."""
        return len(self.buffer) == self.head - self.floor

    @property
    def memory_start(self) -> int | None:
        """Memory holds every event of this name from this seq on; None where it holds none of those there are."""
        if self.is_whole:
            return 0
        oldest = self.buffer.oldest
        return None if oldest is None else oldest.place
