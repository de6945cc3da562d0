"""The archive of an application that keeps its events itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...domain.draft_group import DraftGroup
from ...domain.errors import RoomNotFound
from ...domain.event import weight
from ...domain.outcome import GroupOutcome
from ...domain.ports.history_archive import HistoryWentBack
from ...domain.position import Applied, RoomHead, StreamFloor
from ...domain.retention import Retention
from .own_room import OwnRoom
from .store import OwnStore

MAX_ENDED_ROOMS = 100_000


class OwnHistoryArchive:
    """`HistoryArchive` over a `OwnStore`: positions in memory, events handed over when they are evicted.

    Each start begins new epochs. A kill loses what was not handed over yet.
    """

    def __init__(self, store: OwnStore, max_ended_rooms: int = MAX_ENDED_ROOMS) -> None:
        self._store = store
        self._max_ended_rooms = max_ended_rooms

    async def open(self, room_id: str) -> RoomHead:
        """See `HistoryArchive.open`."""
        return (await self._store.opened(room_id)).reach

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> list[GroupOutcome]:
        """See `HistoryArchive.append`; refuses what comes while too many events wait to be handed over."""
        await self._store.check()
        rooms = self._rooms_of(groups)
        went_back = {
            room_id
            for room_id, room in rooms.items()
            if room_id in applied and not applied[room_id].goes_on_at(room.epoch, room.head)
        }
        epochs = {room_id: room.epoch for room_id, room in rooms.items()}
        outcomes: list[GroupOutcome] = []
        for group in groups:
            if epochs.get(group.room_id) != group.epoch:
                outcomes.append(RoomNotFound(group.room_id))
            elif group.room_id in went_back:
                outcomes.append(HistoryWentBack(group.room_id))
            else:
                outcomes.append(self._append(group, rooms[group.room_id], applied, now_ms))
        for room_id, room in rooms.items():
            if room_id in went_back and room.epoch == applied[room_id].epoch:
                room.begin_anew()
            self._store.hand_over(room)
        return outcomes

    def _rooms_of(self, groups: Sequence[DraftGroup]) -> dict[str, OwnRoom]:
        ids = dict.fromkeys(group.room_id for group in groups)
        return {room_id: self._store.rooms[room_id] for room_id in ids if room_id in self._store.rooms}

    def _append(self, group: DraftGroup, room: OwnRoom, applied: Mapping[str, Applied], now_ms: int) -> GroupOutcome:
        done: GroupOutcome | None = self._store.keys.outcome(group, now_ms)
        redaction = group.drafts[0].redaction
        if done is None and redaction is not None:
            done = room.blank(redaction)
        if done is not None:
            return done
        if group.room_id in applied:
            now_ms = max(now_ms, applied[group.room_id].last_timestamp_ms)
        events = tuple(room.keep(draft, now_ms) for draft in group.drafts)
        self._store.keys.add(group, events[0])
        self._store.take(sum(map(weight, events)))
        return events

    async def sweep(self, limit: int, now_ms: int) -> int:
        """See `HistoryArchive.sweep`; the events of ended lives are the application's to remove."""
        return self._store.keys.sweep(limit, now_ms) or self._store.forget_rooms(self._max_ended_rooms)

    async def expired(
        self,
        room_id: str,  # noqa: ARG002
        name: str,  # noqa: ARG002
        retention: Retention,  # noqa: ARG002
        now_ms: int,  # noqa: ARG002
        limit: int,  # noqa: ARG002
    ) -> StreamFloor | None:
        """Nothing: what the application's storage keeps, and for how long, is the application's to say."""
        return None

    async def trim(self, room_id: str, name: str, floor: StreamFloor) -> None:
        """See `expired`."""
