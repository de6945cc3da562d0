"""A room and what this node knows of its history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from anyio import Lock

from ...domain.room import Room
from .room_history import RoomHistory


@dataclass(slots=True)
class OpenRoom:
    """A room and what this node knows of its history; `history` is None until somebody needs it.

    `was_used` says that somebody did since it was last asked whether the room is idle. Of what others do to the room,
    `epoch` is the life in which its definition was last compared with the store's, and `moved` says that something was
    heard since the last opening began.
    """

    room: Room
    history: RoomHistory | None = None
    was_used: bool = False
    moved: bool = False
    epoch: str | None = None
    opening: Lock = field(default_factory=Lock)
    _last_timestamp_ms: int = 0  # what members were told, events without history included, before it was closed

    def take(self, history: RoomHistory) -> None:
        """Open it."""
        history.pass_time(self._last_timestamp_ms)
        self.history = history

    def close(self) -> None:
        """Let go of its history; no later event is older than what was told of it."""
        if self.history is not None:
            self._last_timestamp_ms = self.history.last_timestamp_ms
            self.history = None

    def end(self) -> None:
        """The room is gone: what is still being read of it is nobody's any more."""
        if self.history is not None:
            self.history.is_ended = True

    @contextmanager
    def ending(self) -> Iterator[None]:
        """What is read while the room is being deleted may lack what is gone already, so it has ended by then."""
        history = self.history
        if history is None:
            yield
            return
        history.is_ended = True
        try:
            yield
        except BaseException:
            history.is_ended = False
            raise
