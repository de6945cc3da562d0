"""The shipped storage in memory, as one node reaches it: late, failing, and losing answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.event import Event
from dialogue.domain.outcome import Appended
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.history_archive import HistoryArchive
from dialogue.domain.ports.history_source import HistorySource
from dialogue.domain.ports.presence import NodeCrowd, NodeLife, Presence
from dialogue.domain.ports.removals import Removal, Removals
from dialogue.domain.ports.room_moves import Moves, RoomMove, RoomMoves
from dialogue.domain.ports.room_store import RoomStore, StoredRoom
from dialogue.domain.position import Applied, RoomHead, StreamFloor
from dialogue.domain.retention import Retention
from dialogue.domain.room_limits import RoomLimits

from .link import Link
from .truth import Truth


class FarStorage:
    """`Storage` at the other end of a link."""

    def __init__(self, storage: MemoryStorage, link: Link, truth: Truth) -> None:
        self._storage = storage
        self._link = link
        self.archive = FarArchive(storage.archive, link, truth)
        self.source = FarSource(storage.source, link)
        self.rooms = FarRooms(storage.rooms, link, truth)
        self.moves: RoomMoves = FarMoves(storage.moves, link)
        self.presence: Presence = FarPresence(storage.presence, link)
        self.removals: Removals = FarRemovals(storage.removals, link)
        self.transactions = None
        self.keys = storage.keys
        self.read_marks = storage.read_marks
        self.read_floors = storage.read_floors
        self.user_events = storage.user_events
        self.eviction_marks = storage.eviction_marks

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See `Storage.running`."""
        yield

    async def check(self) -> None:
        """See `Storage.check`."""
        await self._link.read(self._storage.check)


class FarArchive:
    """`HistoryArchive` over the link."""

    def __init__(self, archive: HistoryArchive, link: Link, truth: Truth) -> None:
        self._archive = archive
        self._link = link
        self._truth = truth

    async def open(self, room_id: str) -> RoomHead:
        return await self._link.read(lambda: self._archive.open(room_id))

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> Sequence[Appended]:
        async def keep() -> Sequence[Appended]:
            outcomes = await self._archive.append(groups, applied, now_ms)
            for outcome in outcomes:
                if isinstance(outcome, tuple):
                    self._truth.note(outcome)
            return outcomes

        return await self._link.change(keep)

    async def sweep(self, limit: int, now_ms: int) -> int:
        return await self._link.change(lambda: self._archive.sweep(limit, now_ms))

    async def expired(
        self, room_id: str, name: str, retention: Retention, now_ms: int, limit: int
    ) -> StreamFloor | None:
        return await self._link.read(lambda: self._archive.expired(room_id, name, retention, now_ms, limit))

    async def trim(self, room_id: str, name: str, floor: StreamFloor) -> None:
        await self._link.change(lambda: self._archive.trim(room_id, name, floor))


class FarSource:
    """`HistorySource` over the link."""

    def __init__(self, source: HistorySource, link: Link) -> None:
        self._source = source
        self._link = link

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        return await self._link.read(lambda: self._source.older(room_id, names, before, limit))

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        return await self._link.read(lambda: self._source.newer(room_id, names, after, limit))

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        return await self._link.read(lambda: self._source.between(room_id, name, first, last, size))

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        return await self._link.read(lambda: self._source.seq_at(room_id, timestamp_ms))


class FarRooms:
    """`RoomStore` over the link."""

    def __init__(self, rooms: RoomStore, link: Link, truth: Truth) -> None:
        self._rooms = rooms
        self._link = link
        self._truth = truth

    async def rooms(self) -> Sequence[StoredRoom]:
        return await self._link.read(self._rooms.rooms)

    async def find(self, room_id: str) -> StoredRoom | None:
        return await self._link.read(lambda: self._rooms.find(room_id))

    async def create(self, room: StoredRoom, limits: RoomLimits | None = None) -> None:
        async def make() -> None:
            await self._rooms.create(room, limits)
            self._truth.note_made(await self._rooms.rooms())

        await self._link.change(make)

    async def delete(self, room_id: str) -> None:
        await self._link.change(lambda: self._rooms.delete(room_id))


class FarMoves:
    """`RoomMoves` over the link."""

    def __init__(self, moves: RoomMoves, link: Link) -> None:
        self.last_number = 0  # for a fault to plant
        self._moves = moves
        self._link = link

    async def moved(self, since: str | None) -> Moves:
        return await self._link.read(lambda: self._moves.moved(since))

    async def at(self, room_ids: Sequence[str]) -> Sequence[RoomMove]:
        return await self._link.read(lambda: self._moves.at(room_ids))


class FarRemovals:
    """`Removals` over the link."""

    def __init__(self, removals: Removals, link: Link) -> None:
        self._removals = removals
        self._link = link

    async def add(self, removal: Removal) -> None:
        await self._link.change(lambda: self._removals.add(removal))


class FarPresence:
    """`Presence` over the link."""

    def __init__(self, presence: Presence, link: Link) -> None:
        self.there = self._presence = presence
        self.link = self._link = link

    async def renew(self, node: NodeLife, lease_s: float) -> None:
        await self._link.change(lambda: self._presence.renew(node, lease_s))

    async def claim(self, node: NodeLife, number: int, room_id: str, sessions: int, max_size: int) -> None:
        await self._link.change(lambda: self._presence.claim(node, number, room_id, sessions, max_size))

    async def put(self, node: NodeLife, number: int, crowds: Sequence[NodeCrowd]) -> None:
        await self._link.change(lambda: self._presence.put(node, number, crowds))

    async def others(self, node_id: str, room_ids: Sequence[str]) -> Sequence[NodeCrowd]:
        return await self._link.read(lambda: self._presence.others(node_id, room_ids))

    async def rooms_of(self, node_id: str, user_id: str) -> Mapping[str, int]:
        return await self._link.read(lambda: self._presence.rooms_of(node_id, user_id))

    async def leave(self, node: NodeLife) -> None:
        await self._link.change(lambda: self._presence.leave(node))

    async def take_turn(self, work: str, node_id: str, lease_s: float) -> bool:
        return await self._link.change(lambda: self._presence.take_turn(work, node_id, lease_s))
