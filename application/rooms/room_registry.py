"""The rooms there are, and the history of those that are open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from anyio import Lock

from ...domain.errors import Forbidden, RoomExists, RoomNotFound
from ...domain.history_buffer import HistoryBuffer
from ...domain.ports.room_moves import RoomMove
from ...domain.ports.room_store import RoomStore, StoredRoom
from ...domain.room import Room
from .buffer_budget import BufferBudget
from .open_history import OpenHistory
from .open_room import OpenRoom
from .room_history import RoomHistory
from .runtime_rooms import RuntimeOffer


@dataclass(frozen=True, slots=True)
class RoomChange:
    """What others have done to a room that can be made and deleted: it is `gone`, it was `made`, or one and then the
    other."""

    room_id: str
    is_gone: bool
    made: Room | None


class RoomRegistry:
    """Finds, opens, makes and deletes rooms.

    A room is opened, its buffers warmed from the source, when it is first needed.
    """

    def __init__(
        self,
        configured: Mapping[str, Room],
        offer: RuntimeOffer | None,
        open_history: OpenHistory,
        store: RoomStore,
    ) -> None:
        self._rooms = {room_id: OpenRoom(room) for room_id, room in configured.items()}
        self._offer = offer
        self._open_history = open_history
        self._store = store
        self._learn: Callable[[], Awaitable[None]] | None = None
        self.moved_while_opening: dict[str, None] = {}
        """Rooms that others moved while they were being opened here: what was read of them may be older than that."""
        open_history.budget.watch(self._buffers)
        # What the store says of rooms and what is done here with it are one step.
        self._changing = Lock()

    @property
    def budget(self) -> BufferBudget:
        """What bounds the buffers of all rooms."""
        return self._open_history.budget

    @property
    def counts(self) -> tuple[int, int]:
        """How many rooms there are, and how many of them are open. Looks at each."""
        entries = list(self._rooms.values())
        return len(entries), sum(entry.history is not None for entry in entries)

    @property
    def may_create(self) -> bool:
        """Whether rooms can be made at run time."""
        return self._offer is not None

    def learn_by(self, learn: Callable[[], Awaitable[None]]) -> None:
        """`learn()` returns when this node has heard of all rooms that were made elsewhere before it was called."""
        self._learn = learn

    async def load(self) -> None:
        """Bring back the rooms that were made at run time; a configured room of the same id goes before."""
        await self.refresh(None)

    def room(self, room_id: str) -> Room:
        """The room of that id; raises RoomNotFound."""
        return self._entry(room_id).room

    async def look_for(self, room_id: str) -> None:
        """Where there is no such room, learn first whether it was made elsewhere just now. Raises Unavailable."""
        if room_id not in self._rooms and self._learn is not None:
            await self._learn()

    def rooms(self, after: str = "", limit: int | None = None) -> list[Room]:
        """The rooms in order of id, those behind `after`, at most `limit`."""
        ids = sorted(room_id for room_id in self._rooms if room_id > after)
        return [self._rooms[room_id].room for room_id in ids[:limit]]

    def has(self, room_id: str) -> bool:
        """Whether there is such a room."""
        return room_id in self._rooms

    def opened(self, room_id: str) -> RoomHistory | None:
        """The history of a room that is open; None for any other."""
        entry = self._rooms.get(room_id)
        return entry.history if entry is not None else None

    def all_opened(self) -> dict[str, RoomHistory]:
        """The histories of all rooms that are open."""
        return {room_id: entry.history for room_id, entry in self._rooms.items() if entry.history is not None}

    def forget(self, room_id: str) -> None:
        """Let go of what is known of a room's history; whoever needs it next reads it from the storage."""
        entry = self._rooms.get(room_id)
        if entry is not None:
            entry.close()

    def epoch(self, room_id: str) -> str | None:
        """The present life of a room that is open; None for any other."""
        history = self.opened(room_id)
        return None if history is None else history.epoch

    async def open(self, room_id: str) -> tuple[Room, RoomHistory]:
        """The room and its history, opened where it was not. Raises RoomNotFound and Unavailable."""
        entry = self._rooms.get(room_id)
        if entry is None:
            await self.look_for(room_id)
            entry = self._entry(room_id)
        entry.was_used = True
        history = entry.history
        if history is None:
            async with entry.opening:
                history = entry.history
                if history is None:
                    entry.moved = False
                    history = await self._open_history(entry.room)
                    entry.take(history)
                    if entry.moved:
                        self.moved_while_opening[room_id] = None
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
        if self._offer is None:
            raise Forbidden("Rooms cannot be made at run time here")
        wanted = self._offer.ensure_possible(wanted)
        if self._learn is not None:
            await self._learn()  # the id may be taken elsewhere, or be free again
        async with self._changing:
            if wanted.id in self._rooms:
                raise RoomExists(wanted.id)
            await self._store.create(wanted, self._offer.limits)
            return self._add(self._offer.room(wanted))

    async def delete(self, room_id: str, user_id: str | None) -> Room:
        """Delete a room made at run time; `user_id` None is the application itself.

        Raises RoomNotFound, Forbidden (a configured room; a room of somebody else) and Unavailable.
        """
        await self.look_for(room_id)
        async with self._changing:
            entry = self._entry(room_id)
            if entry.room.is_configured:
                raise Forbidden(f"The room {room_id!r} belongs to the application and cannot be deleted")
            if user_id is not None and entry.room.created_by_id != user_id:
                raise Forbidden(f"Only who made the room {room_id!r} may delete it")
            with entry.ending():
                await self._store.delete(room_id)
            self._remove(room_id)
        return entry.room

    def differs(self, move: RoomMove) -> bool:
        """Whether the store may say something else of this room than is known here: `refresh` has to ask it."""
        entry = self._rooms.get(move.room_id)
        if self._offer is None or (entry is not None and entry.room.is_configured):
            return False
        return move.is_made if entry is None else not move.is_made or entry.epoch != move.epoch

    def note_move(self, move: RoomMove) -> None:
        """Others may have moved the room; to be called after it was refreshed where it `differs`."""
        entry = self._rooms.get(move.room_id)
        if entry is not None:
            entry.moved = True
            entry.epoch = move.epoch

    async def refresh(self, room_ids: Collection[str] | None) -> list[RoomChange]:
        """Take over what the store says of these rooms (None: of all) that are not the application's; what changed.

        Raises Unavailable.
        """
        async with self._changing:
            if room_ids is None:
                stored = {room.id: room for room in await self._store.rooms()}
                room_ids = stored.keys() | self._rooms.keys()
                return [change for room_id in sorted(room_ids) for change in self._take(room_id, stored.get(room_id))]
            found = {room_id: await self._store.find(room_id) for room_id in room_ids}
            return [change for room_id, room in found.items() for change in self._take(room_id, room)]

    def _take(self, room_id: str, stored: StoredRoom | None) -> Iterator[RoomChange]:
        known = self._rooms.get(room_id)
        if self._offer is None or (known is not None and known.room.is_configured):
            return
        wanted = None if stored is None else self._offer.room(stored)
        if (None if known is None else known.room) == wanted:
            return
        if known is not None:
            self._remove(room_id)
        if wanted is not None:
            self._add(wanted)
        yield RoomChange(room_id, known is not None, wanted)

    def _add(self, room: Room) -> Room:
        self._rooms[room.id] = OpenRoom(room)
        return room

    def _remove(self, room_id: str) -> None:
        gone = self._rooms.pop(room_id, None)
        if gone is not None:
            gone.end()

    def _buffers(self) -> Iterator[HistoryBuffer]:
        open_ones = [entry.history for entry in list(self._rooms.values())]
        for history in [*open_ones, *self._open_history.opening]:
            if history is not None:
                yield from history.buffers

    def _entry(self, room_id: str) -> OpenRoom:
        found = self._rooms.get(room_id)
        if found is None:
            raise RoomNotFound(room_id)
        return found
