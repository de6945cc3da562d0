"""Telling the other nodes what was done here."""

from __future__ import annotations

from collections.abc import Sequence

from anyio import Event as Signal

from ...domain.event import Event
from ...domain.position import Position
from ..feed.apply_events import ApplyEvents
from ..feed.submission import Look, Submission
from ..ports.event_bus import EventBus
from ..sessions.notice import Marked
from .notices import (
    CrowdsChanged,
    EventPassed,
    RoomMoved,
    RoomsChanged,
    UserRead,
    encoded,
    encoded_news,
    overhead,
    packed,
)
from .own_notices import OwnNotices

ROOMS_AT_ONCE = 7
"""So many ids of rooms, the longest there are, fit into the smallest notice."""


class TellNodes:
    """Gathers for one turn of the loop what other nodes should hear soon, and hands it to the bus in a few notices.

    Where nobody hears, nothing is gathered.
    """

    def __init__(self, bus: EventBus, own: OwnNotices, apply: ApplyEvents) -> None:
        apply.tell(self)
        self._bus = bus
        self._own = own
        self._moved: dict[str, RoomMoved] = {}
        self._news: list[bytes] = []
        self._wanted = Signal()

    @property
    def max_event_size(self) -> int:
        """How many bytes of news an event without history may make, so that the bus can carry it."""
        return self._bus.max_size - overhead(self._own.origin)

    def kept(self, room_id: str, submissions: Sequence[Look]) -> None:
        """This node has kept what these have as their outcome."""
        if not self._bus.is_heard:
            return
        for each in submissions:
            if isinstance(each, Submission) and isinstance(each.outcome, tuple) and each.group.has_history:
                self._moved[room_id] = RoomMoved(room_id, each.group.epoch, each.outcome[-1].place)
                self._wanted.set()

    def passed(self, room_id: str, behind: Position, events: Sequence[Event]) -> None:  # noqa: ARG002
        """This node has sent on events without history, behind that place."""
        if self._bus.is_heard:
            self._news += [encoded_news(EventPassed.of(event, behind)) for event in events]
            self._wanted.set()

    def marked(self, user_id: str, mark: Marked) -> None:
        """A user has read a room up to there."""
        self._tell(UserRead(user_id, mark.room_id, mark.seq, mark.unread))

    def rooms_changed(self) -> None:
        """This node has made or deleted a room."""
        self._tell(RoomsChanged())

    def look(self) -> None:
        """This node has written what the others find with their next poll."""
        self._tell(RoomsChanged())

    def crowds_changed(self, room_ids: Sequence[str]) -> None:
        """It has changed who is in these rooms here."""
        for start in range(0, len(room_ids), ROOMS_AT_ONCE):
            self._tell(CrowdsChanged(tuple(room_ids[start : start + ROOMS_AT_ONCE])))

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = Signal()
            self._flush()

    def _tell(self, news: CrowdsChanged | RoomsChanged | UserRead) -> None:
        if self._bus.is_heard:
            self._news.append(encoded_news(news))
            self._wanted.set()

    def _flush(self) -> None:
        moved, self._moved = self._moved, {}
        news, self._news = [*map(encoded_news, moved.values()), *self._news], []
        for pack in packed(news, self.max_event_size):
            self._bus.publish(encoded(self._own.origin, self._own.next_number(), pack))
