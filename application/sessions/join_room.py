"""Joining and leaving rooms, and choosing their events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...domain.errors import Forbidden, RoomNotFound, Unavailable
from ...domain.event import Event
from ...domain.page import MAX_LIMIT
from ...domain.position import Position
from ...domain.room import Room
from ...domain.seen_above import seen_above
from ..access.access import Access
from ..feed.hub import Hub
from ..nodes.seats import Seats
from ..reading.page_budget import Run
from ..reading.page_history import PageHistory
from ..reading.recover_events import RecoverEvents
from ..rooms.room_history import RoomHistory
from ..rooms.room_registry import RoomRegistry
from .frame import SERVER_FAULT, Closing
from .notice import PutIntoRoom, TakenOut
from .session import Membership, Session

READINGS = 3
"""So often a join reads the room, where more comes meanwhile than can be held back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The answer to a join: every event with seq ≤ `position.seq` is in `history` (newest first) or older than it, and
    every later one comes live. `recovered` is None where no `since` was given."""

    room: Room
    events: tuple[str, ...]
    position: Position
    history: tuple[Event, ...]
    has_more: bool
    recovered: bool | None = None


class JoinRoom:
    """Puts sessions into rooms so that nothing is missed and nothing comes twice.

    The order is what makes it so: subscribe with live frames held back, take the position, read the history up to it,
    answer, release what was held back, all of which is newer.
    """

    def __init__(
        self,
        registry: RoomRegistry,
        hub: Hub,
        recover: RecoverEvents,
        pages: PageHistory,
        seats: Seats,
        access: Access,
    ) -> None:
        self._access = access
        self._seats = seats
        self._registry = registry
        self._hub = hub
        self._recover = recover
        self._pages = pages

    async def __call__(
        self,
        session: Session,
        room_id: str,
        *,
        events: Iterable[str] | None = None,
        since: Position | None = None,
    ) -> Joined:
        """Join, or join again for a fresh snapshot; the caller sends the answer and then calls `release`.

        Raises RoomNotFound, Forbidden, RoomFull, EventNotAllowed and Unavailable; then the session is where it was
        before.
        """
        from_seq = await self._access.ensure_reader(session.identity, room_id)
        room, history = await self._registry.open(room_id)
        if since is not None:
            await self._recover.reach(history, room_id, since)
            room, history = await self._registry.open(room_id)
        async with self._seats.seat(session, room):
            room, history = await self._registry.open(room_id)
            earlier = session.memberships.get(room_id)
            membership = self._subscribe(session, room, events, earlier)
            self._hub.enter(session, room_id, membership)
        try:
            of_joiner = self._access.visibility.of_joiner
            membership.floor = await of_joiner(session.identity, room, history, from_seq)
            position, run, is_recovered = await self._read(room, history, membership, since)
        except BaseException:
            self._restore(session, room_id, membership, earlier)
            raise
        if session.memberships.get(room_id) is not membership:
            raise RoomNotFound(room_id)  # deleted meanwhile, which the session was told
        membership.answered_to = position.seq
        self._hub.joined(session, room_id)
        return Joined(
            room=room,
            events=tuple(room.in_order(membership.names)),
            position=position,
            history=tuple(run.events),
            has_more=run.has_more,
            recovered=None if since is None else is_recovered,
        )

    def release(self, session: Session, room_id: str) -> None:
        """Send what came while the join was being answered; to be called right after its answer was queued."""
        membership = session.memberships.get(room_id)
        if membership is not None:
            session.release(membership, membership.take_held())

    async def put(self, session: Session, room_id: str) -> None:
        """Put a session into a room on the server's own behalf; it is told with an empty history."""
        if session.only_room not in (None, room_id):
            raise Forbidden("A stream is of one room")
        room, history = await self._registry.open(room_id)
        if room_id in session.memberships:
            return
        async with self._seats.seat(session, room):
            room, history = await self._registry.open(room_id)
            if room_id in session.memberships:
                return
            membership = Membership(self._admitted(session, room, None))
            membership.floor = await self._access.visibility.of_joiner(session.identity, room, history, None)
            if room_id in session.memberships:
                return
            self._hub.enter(session, room_id, membership)
        session.outbox.put(
            session.codec.notice(
                PutIntoRoom(
                    room_id=room_id,
                    room_name=room.name,
                    events=tuple(room.in_order(membership.names)),
                    position=history.position,
                    has_more=history.head > max(history.floor, membership.floor),
                )
            )
        )
        self._hub.joined(session, room_id)

    def take_out(self, session: Session, room_id: str, reason: str) -> None:
        """Take a session out of a room on the server's own behalf; it is told why."""
        if room_id in session.memberships:
            self._hub.leave(session, room_id)
            session.outbox.put(session.codec.notice(TakenOut(room_id, reason)))

    def end(self, session: Session, closing: Closing) -> None:
        """Take a session out of all rooms on the server's own behalf, and end its connection.

        One that only listens, and sees no close code, is told why first.
        """
        if session.only_room is not None:
            self.take_out(session, session.only_room, closing.reason)
        self._hub.disconnect(session)
        session.outbox.finish(closing)

    def leave(self, session: Session, room_id: str) -> None:
        """Leave the room. Raises NotJoined."""
        session.membership(room_id)
        self._hub.leave(session, room_id)

    def subscribe(self, session: Session, room_id: str, names: Iterable[str]) -> list[str]:
        """Receive these names too; all that the session now receives.

        Raises NotJoined, EventNotAllowed, and InvalidRequest for too many that go by patterns.
        """
        membership = session.membership(room_id)
        room = self._registry.room(room_id)
        membership.names = room.subscribed(membership.names, names)
        return room.in_order(membership.names)

    def unsubscribe(self, session: Session, room_id: str, names: Iterable[str]) -> list[str]:
        """Receive these names no more; all that the session still receives.

        Raises NotJoined, EventNotAllowed, and InvalidRequest for one that comes by a pattern all the same.
        """
        membership = session.membership(room_id)
        room = self._registry.room(room_id)
        membership.names = room.unsubscribed(membership.names, names)
        return room.in_order(membership.names)

    def _subscribe(
        self, session: Session, room: Room, events: Iterable[str] | None, earlier: Membership | None
    ) -> Membership:
        names = self._admitted(session, room, events)
        return Membership(names, holds_back=True, or_else=frozenset() if earlier is None else earlier.names)

    def _admitted(self, session: Session, room: Room, events: Iterable[str] | None) -> frozenset[str]:
        names = room.subscription(events)
        if room.id not in session.memberships:
            room.ensure_space(self._hub.size(room.id))
        return names

    def _restore(self, session: Session, room_id: str, failed: Membership, earlier: Membership | None) -> None:
        if session.memberships.get(room_id) is not failed:
            return  # taken out meanwhile, which the session was told
        if earlier is None:
            self._hub.leave(session, room_id)
        else:
            self._hub.enter(session, room_id, earlier)
            session.release(earlier, failed.take_held())
            if failed.has_let_go:
                session.outbox.finish(SERVER_FAULT)  # the earlier join has missed something, and comes back for it

    async def _read(
        self, room: Room, history: RoomHistory, membership: Membership, since: Position | None
    ) -> tuple[Position, Run, bool]:
        """Where the client will stand, what it gets, and whether that is what it missed.

        It is read again where more came meanwhile than can be held back: all of that is in the next reading.
        """
        for _ in range(READINGS):
            membership.has_let_go = False
            position = history.position
            missed = None if since is None else await self._missed(room, history, membership, since)
            if missed is None:
                position = history.position  # a recovery that came to nothing took its time
            run = await self._snapshot(room, history, membership) if missed is None else missed
            if not membership.has_let_go:
                if membership.floor:
                    run = replace(run, events=list(seen_above(run.events, membership.floor)))
                return position, run, missed is not None
        raise Unavailable("More happens in the room than can wait while its history is read")

    async def _missed(self, room: Room, history: RoomHistory, membership: Membership, since: Position) -> Run | None:
        try:
            return await self._recover(room, history, membership.names, since, membership.floor)
        except Unavailable:
            return None  # the client starts over with what memory holds, rather than wait outside

    async def _snapshot(self, room: Room, history: RoomHistory, membership: Membership) -> Run:
        try:
            return await self._newest(room, history, membership)
        except Unavailable:
            return Run(events=[], has_more=True)  # live events come all the same, and pages when they can be read

    async def _newest(self, room: Room, history: RoomHistory, membership: Membership) -> Run:
        names, above = [name for name in history.published_names if name in membership.names], membership.floor
        sync = room.sync_history_on_join
        if sync is True and not history.is_open_ended:
            return self._pages.in_memory(history, names, above)
        if sync is True:
            sync = history.memory_limit
        if not sync:
            newest = await self._pages.newest(room.id, history, names, 1, above) if names else None
            return Run(events=[], has_more=bool(newest and newest.events))
        return await self._pages.newest(room.id, history, names, min(sync, MAX_LIMIT), above)
