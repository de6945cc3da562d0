"""The archive in memory."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.draft import Draft
from ...domain.errors import PositionUnknown, RoomNotFound
from ...domain.event import Event
from ...domain.names import REDACTED
from ...domain.outcome import Outcome, Repeat
from ...domain.position import RoomHead, StreamFloor
from ...domain.redaction import Redaction, without_sender
from ...domain.retention import Retention
from ...domain.used_keys import UsedKeys
from .kept_room import KeptRoom
from .store import MemoryStore

DAY_S = 86_400.0


class MemoryHistoryArchive:
    """`HistoryArchive` over a `MemoryStore`: what it keeps lives as long as that does, and a key for `key_ttl_s`."""

    def __init__(self, store: MemoryStore, key_ttl_s: float = DAY_S) -> None:
        self._store = store
        self._keys = UsedKeys(round(key_ttl_s * 1_000))

    async def open(self, room_id: str) -> RoomHead:
        """See `HistoryArchive.open`."""
        return self._store.opened(room_id).head

    async def append(self, drafts: Sequence[Draft], now_ms: int) -> list[Outcome]:
        """See `HistoryArchive.append`."""
        rooms = self._store.rooms
        heads = {draft.room_id: rooms[draft.room_id].all.head for draft in drafts if draft.room_id in rooms}
        return [self._append(draft, now_ms, heads.get(draft.room_id, 0)) for draft in drafts]

    def _append(self, draft: Draft, now_ms: int, head: int) -> Outcome:
        room = self._store.rooms.get(draft.room_id)
        if room is None or room.epoch != draft.epoch:
            return RoomNotFound(draft.room_id)
        used = self._keys.outcome(draft, now_ms)
        if used is not None:
            return used
        if draft.redaction is not None:
            done = _blanked(room, draft.redaction, head)
            if done is not None:
                return done
        event = room.keep(draft, now_ms)
        self._keys.add(draft, event)
        return event

    async def sweep(self, limit: int, now_ms: int) -> int:
        """See `HistoryArchive.sweep`."""
        swept = min(limit, self._store.ended_events)
        self._store.ended_events -= swept
        return swept + self._keys.sweep(limit, now_ms)

    async def expired(
        self, room_id: str, name: str, retention: Retention, now_ms: int, limit: int
    ) -> StreamFloor | None:
        """See `HistoryArchive.expired`."""
        room = self._store.rooms.get(room_id)
        stream = None if room is None else room.streams.get(name)
        if stream is None:
            return None
        last: Event | None = None
        for event in stream.events[:limit]:
            if not retention.is_expired(event.stream_place, event.timestamp_ms, head=stream.head, now_ms=now_ms):
                break
            last = event
        return None if last is None else StreamFloor(event_seq=last.stream_place, seq=last.place)

    async def trim(self, room_id: str, name: str, floor: StreamFloor) -> None:
        """See `HistoryArchive.trim`."""
        room = self._store.rooms.get(room_id)
        if room is not None:
            room.trim(name, floor)


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
