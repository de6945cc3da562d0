"""The rooms there are, and the history of those that are open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from anyio import Lock

from ...domain.errors import ConfigurationError, Forbidden, InvalidRequest, RoomExists, RoomNotFound
from ...domain.event_definition import EventDefinition
from ...domain.history_buffer import HistoryBuffer
from ...domain.names import flaw_of_room_id
from ...domain.ports.room_store import RoomStore, StoredRoom
from ...domain.room import Room
from .open_history import OpenHistory
from .room_history import RoomHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeRooms:
    """That users may make rooms, of which events, and how many.

    `events` are the definitions offered (a room may take some of them; default: all); `sync_history_on_join` is as in
    RoomConfig; `max_rooms` bounds the rooms in all, `max_rooms_per_user` those of one user.
    """

    events: Iterable[EventDefinition]
    sync_history_on_join: int | bool = 50
    max_rooms: int = 10_000
    max_rooms_per_user: int = 100

    def __post_init__(self) -> None:
        for name in ("max_rooms", "max_rooms_per_user"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise ConfigurationError(f"RuntimeRooms: {name} must be an integer from 0 on, not {count!r}")


@dataclass(slots=True)
class OpenRoom:
    """A room and what this node knows of its history; `history` is None until somebody needs it.

    `was_used` says that somebody did since it was last asked whether the room is idle.
    """

    room: Room
    history: RoomHistory | None = None
    was_used: bool = False
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


@contextmanager
def _ending(history: RoomHistory | None) -> Iterator[None]:
    """What is read while the room is being deleted may lack what is gone already, so its history has ended by then."""
    if history is None:
        yield
        return
    history.is_ended = True
    try:
        yield
    except BaseException:
        history.is_ended = False
        raise


class RoomRegistry:
    """Finds, opens, makes and deletes rooms.

    A room is opened, its buffers warmed from the source, when it is first needed.
    """

    def __init__(
        self,
        configured: Mapping[str, Room],
        runtime: Room | None,
        limits: RuntimeRooms | None,
        open_history: OpenHistory,
        store: RoomStore,
    ) -> None:
        self._rooms = {room_id: OpenRoom(room) for room_id, room in configured.items()}
        self._template = runtime
        self._limits = limits
        self._open_history = open_history
        self._store = store
        open_history.budget.watch(self._buffers)
        self._making = Lock()  # between counting the rooms and adding one, another must not be added

    @property
    def may_create(self) -> bool:
        """Whether rooms can be made at run time."""
        return self._template is not None

    async def load(self) -> None:
        """Bring back the rooms that were made at run time; a configured room of the same id goes before."""
        for stored in await self._store.rooms():
            if stored.id not in self._rooms and self._template is not None:
                self._rooms[stored.id] = OpenRoom(self._room(self._template, stored))

    def room(self, room_id: str) -> Room:
        """The room of that id; raises RoomNotFound."""
        return self._entry(room_id).room

    def rooms(self, after: str = "", limit: int | None = None) -> list[Room]:
        """The rooms in order of id, those behind `after`, at most `limit`."""
        ids = sorted(room_id for room_id in self._rooms if room_id > after)
        return [self._rooms[room_id].room for room_id in ids[:limit]]

    def opened(self, room_id: str) -> RoomHistory | None:
        """The history of a room that is open; None for any other."""
        entry = self._rooms.get(room_id)
        return entry.history if entry is not None else None

    def forget(self, room_id: str) -> None:
        """Let go of what is known of a room's history; whoever needs it next reads it from the storage."""
        entry = self._rooms.get(room_id)
        if entry is not None:
            entry.close()

    def last_times(self) -> Iterator[tuple[str, int]]:
        """The newest time of each room that is open."""
        for room_id, entry in self._rooms.items():
            if entry.history is not None:
                yield room_id, entry.history.last_timestamp_ms

    def epoch(self, room_id: str) -> str | None:
        """The present life of a room that is open; None for any other."""
        history = self.opened(room_id)
        return None if history is None else history.epoch

    async def open(self, room_id: str) -> tuple[Room, RoomHistory]:
        """The room and its history, opened where it was not. Raises RoomNotFound and Unavailable."""
        entry = self._entry(room_id)
        entry.was_used = True
        history = entry.history
        if history is None:
            async with entry.opening:
                history = entry.history
                if history is None:
                    history = await self._open_history(entry.room)
                    entry.take(history)
        if self._rooms.get(room_id) is not entry:
            raise RoomNotFound(room_id)  # deleted while it was being opened
        return entry.room, history

    def close_unused(self, is_busy: Callable[[str], bool]) -> None:
        """Forget the history of those open rooms that are not busy and were not opened since the last call."""
        for room_id, entry in self._rooms.items():
            if entry.history is not None and not entry.was_used and not is_busy(room_id):
                entry.close()
            entry.was_used = False

    async def create(self, wanted: StoredRoom) -> Room:
        """Make a room at run time. Raises Forbidden, InvalidRequest, RoomExists, EventNotAllowed and Unavailable."""
        if self._template is None:
            raise Forbidden("Rooms cannot be made at run time here")
        flaw = flaw_of_room_id(wanted.id)
        if flaw is not None:
            raise InvalidRequest.field("id", flaw)
        if wanted.event_names is not None:
            for name in wanted.event_names:
                self._template.definition(name)
            wanted = replace(wanted, event_names=tuple(dict.fromkeys(wanted.event_names)))  # no more than are offered
        room = self._room(self._template, wanted)
        async with self._making:
            if wanted.id in self._rooms:
                raise RoomExists(wanted.id)
            self._ensure_allowance(wanted.created_by_id)
            await self._store.create(wanted)
            self._rooms[room.id] = OpenRoom(room)
        return room

    async def delete(self, room_id: str, user_id: str | None) -> Room:
        """Delete a room made at run time; `user_id` None is the application itself.

        Raises RoomNotFound, Forbidden (a configured room; a room of somebody else) and Unavailable.
        """
        room = self.room(room_id)
        if room.is_configured:
            raise Forbidden(f"The room {room_id!r} belongs to the application and cannot be deleted")
        if user_id is not None and room.created_by_id != user_id:
            raise Forbidden(f"Only who made the room {room_id!r} may delete it")
        with _ending(self.opened(room_id)):
            await self._store.delete(room_id)
        ended = self._rooms.pop(room_id, None)
        if ended is not None and ended.history is not None:
            ended.history.is_ended = True
        return room

    def _buffers(self) -> Iterator[HistoryBuffer]:
        for entry in self._rooms.values():
            if entry.history is not None:
                yield from entry.history.buffers
        for history in self._open_history.opening:
            yield from history.buffers

    def _entry(self, room_id: str) -> OpenRoom:
        found = self._rooms.get(room_id)
        if found is None:
            raise RoomNotFound(room_id)
        return found

    def _room(self, template: Room, stored: StoredRoom) -> Room:
        names = template.definitions if stored.event_names is None else stored.event_names
        definitions = {name: template.definitions[name] for name in names if name in template.definitions}
        return Room(
            id=stored.id,
            name=stored.name,
            definitions=definitions,
            description=stored.description,
            max_size=stored.max_size,
            default_subscriptions=frozenset(definitions),
            sync_history_on_join=template.sync_history_on_join,
            created_by_id=stored.created_by_id,
            is_configured=False,
        )

    def _ensure_allowance(self, user_id: str | None) -> None:
        if self._limits is None:
            return
        made = [entry.room for entry in self._rooms.values() if not entry.room.is_configured]
        if len(made) >= self._limits.max_rooms:
            raise Forbidden(f"There are already as many rooms as are allowed ({self._limits.max_rooms})")
        own = sum(1 for room in made if room.created_by_id == user_id)
        if user_id is not None and own >= self._limits.max_rooms_per_user:
            raise Forbidden(f"You have already made as many rooms as are allowed ({self._limits.max_rooms_per_user})")
