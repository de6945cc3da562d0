"""Bringing rooms that are open here up to where others have brought them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from anyio import Event as Signal
from anyio import create_task_group

from ...domain.errors import RoomNotFound, Unavailable
from ...domain.ports.room_moves import RoomMove
from ..feed.apply_events import ApplyEvents
from ..rooms.refresh_history import RefreshHistory
from ..rooms.room_history import RoomHistory
from ..rooms.room_registry import RoomRegistry

AT_ONCE = 64
"""So many rooms catch up at the same time; the others wait their turn."""

logger = logging.getLogger("dialogue.nodes")


@dataclass(frozen=True, slots=True)
class _There:
    """How far a life of a room is known to be elsewhere."""

    epoch: str
    head: int
    stamp: int

    def with_(self, other: _There | None) -> _There:
        """The farther of both, where they are of one life; this one, where they are not."""
        if other is None or other.epoch != self.epoch:
            return self
        return _There(self.epoch, max(self.head, other.head), max(self.stamp, other.stamp))


class CatchUp:
    """Reads what rooms are behind: new events through the one door, floors and forgotten senders beside it.

    A room is read once at a time, however often it is heard of. One that could not be read is tried again at the next
    poll. Of a life that is not the one that is open here nothing is read: that is for the poll to compare.
    """

    def __init__(self, registry: RoomRegistry, apply: ApplyEvents, refresh: RefreshHistory) -> None:
        self._registry = registry
        self._apply = apply
        self._refresh = refresh
        self._there: dict[str, _There] = {}  # of those rooms that were behind when this was heard
        self._waiting: dict[str, None] = {}
        self._reading: dict[str, None] = {}
        self._wanted = Signal()

    def follow(self, move: RoomMove) -> None:
        """The room is there now."""
        self._note(move.room_id, _There(move.epoch, move.head, move.stamp))

    def hear(self, room_id: str, epoch: str, head: int) -> None:
        """In that life of the room there are events up to `head`."""
        self._note(room_id, _There(epoch, head, 0))

    def retry(self) -> None:
        """Try again what could not be read."""
        for room_id in self._there:
            self._want(room_id)

    async def run(self) -> None:
        """Let rooms catch up until cancelled."""
        async with create_task_group() as tasks:
            while True:
                while self._waiting and len(self._reading) < AT_ONCE:
                    room_id = next(iter(self._waiting))
                    del self._waiting[room_id]
                    self._reading[room_id] = None
                    tasks.start_soon(self._catch_up, room_id)
                self._wanted = Signal()
                await self._wanted.wait()

    def _note(self, room_id: str, there: _There) -> None:
        history = self._registry.opened(room_id)
        if history is not None and _is_behind(history, there):
            self._there[room_id] = there.with_(self._there.get(room_id))
            self._want(room_id)

    def _want(self, room_id: str) -> None:
        if room_id not in self._reading and room_id not in self._waiting:
            self._waiting[room_id] = None
            self._wanted.set()

    async def _catch_up(self, room_id: str) -> None:
        try:
            while there := self._there.get(room_id):
                await self._read(room_id, there)
                if self._there.get(room_id) == there:
                    del self._there[room_id]
        except (RoomNotFound, Unavailable) as error:
            logger.debug("room %r could not catch up now: %s", room_id, error, extra={"room": room_id})
        except Exception:
            logger.exception("room %r could not catch up; it is tried again", room_id, extra={"room": room_id})
        finally:
            self._reading.pop(room_id, None)
            self._wanted.set()

    async def _read(self, room_id: str, there: _There) -> None:
        history = self._registry.opened(room_id)
        if history is None or history.epoch != there.epoch:
            return
        if there.stamp > history.stamp:
            await self._refresh(room_id, history)
        if there.head > history.head:
            await self._apply.look(room_id, there.head)


def _is_behind(history: RoomHistory, there: _There) -> bool:
    return history.epoch == there.epoch and (there.head > history.head or there.stamp > history.stamp)
