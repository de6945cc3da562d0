"""The port that remembers which evicted events the application was told of."""

from __future__ import annotations

from typing import Protocol


class EvictionMarks(Protocol):
    """How far `on_cleanup` has been told of each stream. Both methods raise Unavailable."""

    async def acknowledged(self, room_id: str, name: str) -> int:
        """The event seq up to which it was told; 0 where it was never told of this stream."""
        ...

    async def mark(self, room_id: str, name: str, event_seq: int) -> None:
        """Remember that it was told up to `event_seq`. Does nothing for a stream without events."""
        ...
