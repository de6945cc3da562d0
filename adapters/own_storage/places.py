"""Which stream each of a room's newest seqs belongs to."""

from __future__ import annotations

MOST = 1 << 16
"""How many seqs are known at least, where there are so many; each takes a byte, and at most twice as many are held."""

MOST_STREAMS = 256


class Places:
    """What is known of the places that a room has given, so that what its storage gives back can be held to it."""

    def __init__(self) -> None:
        self._streams = bytearray()
        self._through = 0
        self._is_known = True

    def add(self, seq: int, stream: int) -> None:
        """The room's next seq was given to an event of that stream, which is known by a number."""
        self._is_known = self._is_known and stream < MOST_STREAMS
        self._streams.append(stream if self._is_known else 0)
        self._through = seq
        if len(self._streams) >= 2 * MOST:
            del self._streams[:-MOST]

    def clear(self) -> None:
        """Forget the places that were given until now."""
        self._streams.clear()

    def count(self, stream: int, after: int, through: int) -> int | None:
        """How many events of the stream have `after` < seq ≤ `through`; None where that reaches too far back."""
        first = self._through - len(self._streams) + 1
        if after + 1 < first or not self._is_known:
            return None
        return self._streams.count(stream, after + 1 - first, max(through + 1 - first, 0))
