"""Who is connected, who is in which room, and the fan-out to them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from anyio import Event as Signal

from ...domain.errors import Disconnected, JoinDenied
from ...domain.event import Event
from ...domain.seen_above import lowest_named, seen_above
from ..ports.codec import Codec
from ..ports.metrics import UNCOUNTED, Metrics
from ..rooms.members import Crowd, Elsewhere, Members
from ..sessions.frame import SERVER_FAULT, Closing, Frame
from ..sessions.notice import Notice
from ..sessions.outbox import Outbox
from ..sessions.session import Membership, Session

logger = logging.getLogger("dialogue.hub")

_NOBODY = Members()


class Watcher(Protocol):
    """Somebody who is told of what sessions do; nothing here waits."""

    def joined(self, session: Session, room_id: str) -> None:
        """A join has succeeded; also one of a session that was in the room already."""
        ...

    def left(self, session: Session, room_id: str) -> None:
        """The session is in the room no more; also where its join had not been answered yet."""
        ...

    def ended(self, session: Session) -> None:
        """The session has left all its rooms, and has ended; may be told twice."""
        ...


class Hub:
    """Knows the sessions and their memberships, and hands each what it is subscribed to.

    Everything here is synchronous: between two awaits of anybody the picture is whole, and no client's socket is ever
    waited for. `max_rooms` is how many rooms one session may be in.
    """

    def __init__(self, metrics: Metrics = UNCOUNTED, max_rooms: int = 1_000) -> None:
        self.metrics = metrics
        """Who is told of what becomes of the sessions' requests."""
        self._max_rooms = max_rooms
        # Dictionaries keep the order of arrival; sets would give these another one in each process.
        self._outboxes: dict[Outbox, None] = {}
        self.deliveries = 0
        """How often a batch of a room's events met a session that is in the room."""
        self.closed: Counter[int] = Counter()
        """How many connections have ended, by close code."""
        self._emptied = Signal()
        self._sessions: dict[Session, None] = {}
        self._by_user: dict[str, dict[Session, None]] = {}
        self._listening: dict[str, dict[Session, None]] = {}
        self._rooms: dict[str, Members] = {}
        self.resized_rooms: dict[str, None] = {}
        self._resized = Signal()
        self._elsewhere: dict[str, Elsewhere] = {}
        self._changed: dict[str, None] = {}
        self._has_changed = Signal()
        self.regrouped_rooms: dict[str, None] = {}
        self._has_regrouped = Signal()
        self.keeps_changes = True
        """Whether somebody tells other nodes of who comes and goes."""
        self._watcher: Watcher | None = None

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` of what sessions do."""
        self._watcher = watcher

    @property
    def outboxes(self) -> list[Outbox]:
        """Those of all connections."""
        return list(self._outboxes)

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many sessions are connected, how many users they belong to, and in how many rooms somebody is."""
        return len(self._sessions), len(self._by_user), len(self._rooms)

    def attach(self, outbox: Outbox) -> None:
        """Count a connection, also one that has not said yet who it is, among those that a stop must close."""
        self._outboxes[outbox] = None

    def detach(self, outbox: Outbox) -> None:
        """Forget a connection that has ended."""
        self._outboxes.pop(outbox, None)
        if outbox.closing is not None:
            self.closed[outbox.closing.code] += 1
        if not self._outboxes:
            self._emptied.set()
            self._emptied = Signal()

    async def emptied(self) -> None:
        """Wait until no connection is left."""
        while self._outboxes:
            await self._emptied.wait()

    def connect(self, session: Session) -> None:
        """Count the session among the connected: they are told of rooms made and deleted, and of their user."""
        self._sessions[session] = None
        self._by_user.setdefault(session.user_id, {})[session] = None

    def listen(self, session: Session) -> None:
        """Know the session, which only listens in one room, for one of its user's: it is told of nothing else."""
        self._listening.setdefault(session.user_id, {})[session] = None

    def disconnect(self, session: Session) -> None:
        """Forget the session and take it out of all its rooms; it enters none any more."""
        session.has_ended = True
        for room_id in list(session.memberships):
            self.leave(session, room_id)
        self._sessions.pop(session, None)
        for by_user in (self._by_user, self._listening):
            own = by_user.get(session.user_id)
            if own is not None:
                own.pop(session, None)
                if not own:
                    del by_user[session.user_id]
        if self._watcher is not None:
            self._watcher.ended(session)

    def enter(self, session: Session, room_id: str, membership: Membership) -> None:
        """Put the session into the room, in place of its earlier membership where it has one.

        Raises Disconnected where its connection has ended, since nobody would take it out again; and JoinDenied where
        it is in as many rooms as it may be.
        """
        if session.has_ended:
            raise Disconnected(session.id)
        if len(session.memberships) >= self._max_rooms and room_id not in session.memberships:
            raise JoinDenied(f"You are in {self._max_rooms} rooms, and may be in no more")
        session.memberships[room_id] = membership
        self._rooms.setdefault(room_id, Members()).enter(session, membership)
        self.note_resized(room_id)
        self.note_changed(room_id)
        self._note_regrouped(room_id)

    def joined(self, session: Session, room_id: str) -> None:
        """The session that is in the room is there to stay: its join has succeeded."""
        if self._watcher is not None:
            self._watcher.joined(session, room_id)

    def leave(self, session: Session, room_id: str) -> None:
        """Take the session out of the room; doing so twice is fine."""
        session.memberships.pop(room_id, None)
        members = self._rooms.get(room_id)
        if members is None or not members.leave(session):
            return
        if self._watcher is not None:
            self._watcher.left(session, room_id)
        if members.sessions:
            self.note_resized(room_id)
        else:
            del self._rooms[room_id]
            self.resized_rooms.pop(room_id, None)
            self._elsewhere.pop(room_id, None)
        self.note_changed(room_id)
        self._note_regrouped(room_id)

    def note_resized(self, room_id: str) -> None:
        """The room's members are to be told how many they are."""
        self.resized_rooms[room_id] = None
        self._resized.set()

    async def resized(self) -> None:
        """Wait until there is a room whose members are to be told."""
        while not self.resized_rooms:
            self._resized = Signal()
            await self._resized.wait()

    async def regrouped(self) -> None:
        """Wait until there is a room into which somebody has come, or which somebody has left."""
        while not self.regrouped_rooms:
            self._has_regrouped = Signal()
            await self._has_regrouped.wait()

    def _note_regrouped(self, room_id: str) -> None:
        self.regrouped_rooms[room_id] = None
        self._has_regrouped.set()

    def note_changed(self, room_id: str) -> None:
        """Other nodes are to be told who is in the room here."""
        if self.keeps_changes:
            self._changed[room_id] = None
            self._has_changed.set()

    async def changed(self) -> None:
        """Wait until there is a room of which other nodes are to be told."""
        while not self._changed:
            self._has_changed = Signal()
            await self._has_changed.wait()

    def take_changed(self) -> list[str]:
        """The rooms of which other nodes are to be told; from now on none is."""
        changed, self._changed = self._changed, {}
        return [*changed]

    def set_elsewhere(self, room_id: str, elsewhere: Elsewhere | None) -> None:
        """On other nodes there are these in the room (None: nobody)."""
        if self._elsewhere.get(room_id) == elsewhere:
            return
        if elsewhere is None:
            del self._elsewhere[room_id]
        else:
            self._elsewhere[room_id] = elsewhere
        if room_id in self._rooms:
            self.note_resized(room_id)
            self._note_regrouped(room_id)

    def crowd(self, room_id: str) -> Crowd:
        """How many are in the room, on all nodes."""
        elsewhere = self._elsewhere.get(room_id)
        return self.local_crowd(room_id) if elsewhere is None else elsewhere.with_(self._rooms.get(room_id, _NOBODY))

    def local_crowd(self, room_id: str) -> Crowd:
        """How many are in the room on this node."""
        return self._rooms.get(room_id, _NOBODY).crowd

    def users(self, room_id: str) -> Mapping[str, int]:
        """How many sessions each user has in the room on this node."""
        return self._rooms.get(room_id, _NOBODY).users

    def all_users(self, room_id: str) -> Mapping[str, int] | None:
        """How many sessions each user has in the room, on all nodes; None where they are too many to tell."""
        here, elsewhere = self.users(room_id), self._elsewhere.get(room_id)
        if elsewhere is None:
            return here
        return None if elsewhere.users is None else Counter(here) + Counter(elsewhere.users)

    def rooms(self) -> list[str]:
        """The rooms in which somebody is on this node."""
        return list(self._rooms)

    def size(self, room_id: str) -> int:
        """How many sessions are in the room on this node."""
        return len(self._rooms.get(room_id, _NOBODY).sessions)

    def members(self, room_id: str) -> list[Session]:
        """The sessions in the room."""
        return list(self._rooms.get(room_id, _NOBODY).sessions)

    def memberships(self, room_id: str) -> list[tuple[Session, Membership]]:
        """The sessions in the room, and what they receive."""
        return list(self._rooms.get(room_id, _NOBODY).sessions.items())

    def recipients(self, room_id: str, event_name: str) -> int:
        """How many sessions on this node an event of that name goes to in the room."""
        members = self._rooms.get(room_id, _NOBODY).sessions.values()
        return sum(1 for membership in members if event_name in membership.names)

    def deliver(self, room_id: str, events: Sequence[Event]) -> None:
        """Send `events`, oldest first, to the room's subscribers; encoded once for each set of subscriptions.

        For sessions whose join is being answered they are held back. Where users have floors of their own, and some of
        this lies below one, it is encoded for that floor, too.
        """
        lowest: float | None = None
        encoded: dict[tuple[Codec, frozenset[str], int], Sequence[Frame] | None] = {}
        sessions = self._rooms.get(room_id, _NOBODY).sessions
        self.deliveries += len(sessions)
        for session, membership in sessions.items():
            if membership.held is not None:
                session.hold_back(membership, events)
                continue
            floor = membership.floor
            if floor:
                lowest = lowest_named(events) if lowest is None else lowest
                floor = floor if lowest <= floor else 0
            key = (session.codec, membership.names, floor)
            if key not in encoded:
                chosen = [each for each in events if each.name in membership.names]
                seen = seen_above(chosen, floor) if floor else chosen
                encoded[key] = _encoded(session.codec, room_id, seen)
            frames = encoded[key]
            if frames is None:
                session.outbox.finish(SERVER_FAULT)  # it comes back, and is told of all that it missed
            else:
                session.send(frames)

    def sessions(self) -> list[Session]:
        """The connected sessions."""
        return list(self._sessions)

    def sessions_of(self, user_id: str) -> list[Session]:
        """The connected sessions of the user."""
        return list(self._by_user.get(user_id, ()))

    def all_of(self, user_id: str) -> list[Session]:
        """All sessions of the user, those that only listen among them."""
        return [*self._by_user.get(user_id, ()), *self._listening.get(user_id, ())]

    def tell(self, sessions: Iterable[Session], notice: Notice) -> None:
        """Tell these sessions."""
        self._tell(sessions, notice, None)

    def announce(self, notice: Notice, *, but: Session | None = None) -> None:
        """Tell every connected session but one."""
        self._tell(self._sessions, notice, but)

    def tell_user(self, user_id: str, notice: Notice, *, but: Session | None = None) -> None:
        """Tell every connected session of the user but one."""
        self._tell(self._by_user.get(user_id, ()), notice, but)

    def _tell(self, sessions: Iterable[Session], notice: Notice, but: Session | None) -> None:
        encoded: dict[Codec, Frame] = {}
        for session in sessions:
            if session is but:
                continue
            frame = encoded.get(session.codec)
            if frame is None:
                frame = encoded[session.codec] = session.codec.notice(notice)
            session.outbox.put(frame)

    def close_room(self, room_id: str, closing: Closing) -> None:
        """Let the connections of all who are in the room send what waits for them, and then end."""
        for session in self.members(room_id):
            session.outbox.finish(closing)

    def close_all(self, closing: Closing) -> None:
        """Let every connection send what waits for it, and then end."""
        for outbox in self._outboxes:
            outbox.finish(closing)


def _encoded(codec: Codec, room_id: str, events: Sequence[Event]) -> Sequence[Frame] | None:
    """The frames of `events`; None where the codec fails, which must harm those alone whom it serves."""
    try:
        return codec.events(room_id, events) if events else ()
    except Exception:
        logger.exception(
            "events of room %r could not be encoded: whom they are for has to come back",
            room_id,
            extra={"room": room_id},
        )
        return None
