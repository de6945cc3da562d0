"""What a connection was sent, and at which offset."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ...application.sessions.frame import Frame
from ...domain.position import Position

MAX_MARKS = 1_000
MAX_BODIES = 65_536
"""So many bytes of what could not be read anew are kept for a client that comes back."""


class Mark(NamedTuple):
    """One event of Socket.IO's that was sent, and what the client knows that has read it.

    `offset` is the text that the client gives back. Where it is about a room, the client stands at `position` there
    from then on: it was `joined`, or `moved` by an event; or it has `left`. `body` is what has to be sent again where
    it was lost, None for what the room's history holds.
    """

    offset: str
    room_id: str | None = None
    change: Literal["joined", "moved", "left"] | None = None
    position: Position | None = None
    body: bytes | None = None


@dataclass(slots=True)
class MarkedFrame(Frame):
    """A frame with a mark for each event of Socket.IO's in it; the same for all clients that it goes to."""

    marks: Sequence[Mark] = ()


class Rest(NamedTuple):
    """What a client has not read: where it stands in each room, and what has to be sent again, in order."""

    positions: dict[str, Position]
    again: list[Mark]


class SentLog:
    """Knows of the newest events that a connection was sent which offset meant what; of older ones only the sum.

    `read` is the offset that the client had read when the log began (None: nothing), and `positions` where it stood.
    """

    def __init__(self, read: str | None = None, positions: dict[str, Position] | None = None) -> None:
        self._read = read
        self._positions = dict(positions or {})
        self._marks: deque[Mark] = deque()
        self.size = 0
        """The bytes of bodies that it keeps."""

    def note(self, marks: Sequence[Mark]) -> None:
        """The connection was sent these, or was meant to be: what a client has read it says itself."""
        self._marks.extend(marks)
        for mark in marks:
            if mark.body is not None:
                self.size += len(mark.body)
        while len(self._marks) > MAX_MARKS or self.size > MAX_BODIES:
            oldest = self._marks.popleft()
            self._read = oldest.offset
            self.size -= len(oldest.body or b"")
            _apply(oldest, self._positions)

    def rest(self, offset: str | None) -> Rest | None:
        """What a client has not read that has read the event at `offset`; None where that is not known any more."""
        marks = list(self._marks)
        read = 0
        if offset != self._read:
            found = [place for place, mark in enumerate(marks) if mark.offset == offset]
            if not found:
                return None
            read = found[0] + 1
        positions = dict(self._positions)
        for mark in marks[:read]:
            _apply(mark, positions)
        lost = marks[read:]
        for mark in lost:
            if mark.change != "moved":  # what moved it is in the history behind the place where it stands
                _apply(mark, positions)
        return Rest(positions, [mark for mark in lost if mark.body is not None])


def _apply(mark: Mark, positions: dict[str, Position]) -> None:
    if mark.room_id is None:
        return
    if mark.change == "left":
        positions.pop(mark.room_id, None)
    elif mark.position is not None:
        positions[mark.room_id] = mark.position
