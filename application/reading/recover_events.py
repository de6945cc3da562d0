"""What a client missed, exactly, or nothing at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress

from ...domain.errors import InvalidRequest, Unavailable
from ...domain.position import Position
from ...domain.room import Room
from ..feed.apply_events import ApplyEvents
from ..rooms.room_history import RoomHistory
from .page_budget import Run
from .page_history import PageHistory


class RecoverEvents:
    """Reads the events that lie between a client's position and the present: a seek in the room's own stream.

    At most `limit` events, and no more than one frame holds.
    """

    def __init__(self, pages: PageHistory, apply: ApplyEvents, limit: int) -> None:
        self._pages = pages
        self._apply = apply
        self._limit = limit

    async def reach(self, history: RoomHistory, room_id: str, since: Position) -> None:
        """Apply what the storage holds, where the client has seen more than this node; to be called before the rest.

        Raises RoomNotFound.
        """
        if since.epoch == history.epoch and since.seq > history.head:
            with suppress(Unavailable):  # then the client starts over, with what there is
                await self._apply.look(room_id)

    async def __call__(
        self, room: Room, history: RoomHistory, subscribed: Collection[str], since: Position, above: int = 0
    ) -> Run | None:
        """All events of the subscribed names after `since`, up to the applied head of this moment, newest first.

        None where that cannot be told without a gap: the position is of another life of the room or beyond its head,
        or below `above`, from where on the user may read; retention has taken some of them, or they are too many.
        Raises Unavailable.
        """
        names = [name for name in history.names if name in subscribed]
        if not _reaches(history, names, since, above):
            return None
        heads = {name: history.stream(name).head for name in names}
        try:
            run = await self._pages.after(room.id, history, names, since.seq, self._limit)
        except InvalidRequest:
            return None  # the application's own storage gives events back without their places
        await self._pages.confirm(room.id, history, run)
        # Asked again: what retention took while it was being read may be missing from it.
        if run.has_more or history.is_ended or not _reaches(history, names, since, above):
            return None
        missed = Counter(event.name for event in run.events)
        newest = {event.name: event.event_seq for event in run.events}
        if any(event_seq != heads[name] for name, event_seq in newest.items()):
            return None  # the source does not know of the newest ones, or knows of others
        has_more = any(heads[name] - missed[name] > history.stream(name).floor for name in names)
        return Run(events=run.events[::-1], has_more=has_more)


def _reaches(history: RoomHistory, names: Sequence[str], since: Position, above: int) -> bool:
    floor = max(history.floor, history.floor_of(names), above)
    return since.epoch == history.epoch and floor <= since.seq <= history.head
