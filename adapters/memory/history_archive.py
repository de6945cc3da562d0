"""The archive in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...domain.draft_group import DraftGroup, too_many_names
from ...domain.errors import PositionUnknown, RoomNotFound
from ...domain.names import REDACTED
from ...domain.outcome import GroupOutcome, Repeat
from ...domain.ports.history_archive import HistoryWentBack
from ...domain.position import Applied, RoomHead, StreamFloor
from ...domain.redaction import Redaction, without_sender
from ...domain.retention import Retention
from ...domain.used_keys import UsedKeys
from .kept_room import KeptRoom
from .store import MemoryStore

DAY_S = 86_400.0
MAX_ENDED_ROOMS = 100_000


@dataclass(frozen=True, slots=True)
class _Found:
    """A room as a batch finds it, and the time that the batch has there."""

    room: KeptRoom
    epoch: str
    head: int
    time_ms: int
    went_back: bool

    @classmethod
    def of(cls, room: KeptRoom, applied: Applied | None, now_ms: int) -> _Found:
        epoch, head = room.epoch, room.all.head
        if applied is None:
            return cls(room, epoch, head, now_ms, went_back=False)
        went_back = not applied.goes_on_at(epoch, head)
        if went_back and applied.epoch == epoch:
            room.begin_anew()
        return cls(room, epoch, head, max(now_ms, applied.last_timestamp_ms), went_back=went_back)


class MemoryHistoryArchive:
    """`HistoryArchive` over a `MemoryStore`: what it keeps lives as long as that does, and a key for `key_ttl_s`."""

    def __init__(self, store: MemoryStore, key_ttl_s: float = DAY_S, max_ended_rooms: int = MAX_ENDED_ROOMS) -> None:
        self._max_ended_rooms = max_ended_rooms
        self._store = store
        self.keys = UsedKeys(round(key_ttl_s * 1_000))

    async def open(self, room_id: str) -> RoomHead:
        """See `HistoryArchive.open`."""
        return self._store.opened(room_id).head

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> list[GroupOutcome]:
        """See `HistoryArchive.append`."""
        rooms = self._store.rooms
        ids = dict.fromkeys([*(group.room_id for group in groups), *applied])
        before = {room_id: rooms[room_id].place for room_id in ids if room_id in rooms}
        found = {room_id: _Found.of(rooms[room_id], applied.get(room_id), now_ms) for room_id in before}
        outcomes = [self._append(group, found.get(group.room_id), now_ms) for group in groups]
        for room_id in found:
            if rooms[room_id].place != before[room_id]:
                self._store.note_move(room_id)
        return outcomes

    def _append(self, group: DraftGroup, found: _Found | None, now_ms: int) -> GroupOutcome:
        if found is None or found.epoch != group.epoch:
            return RoomNotFound(group.room_id)
        if found.went_back:
            return HistoryWentBack(group.room_id)
        used = self.keys.outcome(group, now_ms)
        if used is not None:
            return used
        redaction = group.drafts[0].redaction
        if redaction is not None:
            done = _blanked(found.room, redaction, found.head)
            if done is not None:
                return done
        streams = found.room.streams
        refused = too_many_names(group, lambda draft: draft.name in streams, lambda _: len(streams.keys() - {REDACTED}))
        if refused is not None:
            return refused
        events = tuple(found.room.keep(draft, found.time_ms, now_ms) for draft in group.drafts)
        self.keys.add(group, events[0])
        return events

    async def sweep(self, limit: int, now_ms: int) -> int:
        """See `HistoryArchive.sweep`."""
        removed = self._store.sweep(limit) + self.keys.sweep(limit, now_ms)
        return removed or self._store.forget_rooms(self._max_ended_rooms)

    async def expired(
        self, room_id: str, name: str, retention: Retention, now_ms: int, limit: int
    ) -> StreamFloor | None:
        """See `HistoryArchive.expired`."""
        room = self._store.rooms.get(room_id)
        stream = None if room is None else room.streams.get(name)
        if room is None or stream is None or not stream.events:
            return None
        arrived = map(room.arrival, stream.events)
        return retention.floor(arrived, room.arrival(stream.events[-1]), now_ms=now_ms, limit=limit)

    async def trim(self, room_id: str, name: str, floor: StreamFloor) -> None:
        """See `HistoryArchive.trim`."""
        room = self._store.rooms.get(room_id)
        if room is not None:
            room.trim(name, floor)
            self._store.note_move(room_id)


def _blanked(room: KeptRoom, redaction: Redaction, head: int) -> Repeat | PositionUnknown | None:
    event = room.all.at(redaction.seq)
    if event is not None and redaction.erases_sender and (event.is_redacted or event.name == REDACTED):
        room.put(without_sender(event))
        return Repeat(seq=event.place, timestamp_ms=event.timestamp_ms)
    if event is None or event.name == REDACTED or event.place > head:
        why = f"There is no event at seq {redaction.seq} that could be redacted"
        return PositionUnknown(why, epoch=room.epoch, floor=room.all.floor, head=room.all.head)
    if event.is_redacted:
        return Repeat(seq=event.place, timestamp_ms=event.timestamp_ms)
    room.blank(redaction)
    return None
