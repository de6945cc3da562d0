"""The transaction that keeps a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from ...domain.draft import Draft
from ...domain.errors import InvalidEvent, Problem, RoomNotFound
from ...domain.event import Event
from ...domain.outcome import Outcome
from .tables import messages, rooms, streams
from .tombstones import Tombstones
from .used_keys import UsedKeys, chunks

_ids: BindParameter[Sequence[str]] = bindparam("room_ids", expanding=True)
ROOMS = select(rooms.c.room_id, rooms.c.epoch, rooms.c.head, rooms.c.last_timestamp).where(rooms.c.room_id.in_(_ids))
STREAMS = select(streams.c.room_id, streams.c.event_name, streams.c.head).where(streams.c.room_id.in_(_ids))
INSERT_EVENTS = messages.insert()
INSERT_STREAMS = streams.insert()
UPDATE_ROOMS = (
    rooms.update()
    .where(rooms.c.room_id == bindparam("b_room_id"))
    .values(head=bindparam("b_head"), last_timestamp=bindparam("b_last_timestamp"))
)
UPDATE_STREAMS = (
    streams.update()
    .where(streams.c.room_id == bindparam("b_room_id"), streams.c.event_name == bindparam("b_event_name"))
    .values(head=bindparam("b_head"))
)


@dataclass(slots=True)
class _Room:
    epoch: str
    head: int
    last_timestamp: int
    is_touched: bool = False


@dataclass(slots=True)
class _Stream:
    head: int
    kept_head: int | None  # None: the stream is new


class AppendBatch:
    """Numbers a batch's drafts and keeps them, in the same few statements whatever its size."""

    def __init__(self, drafts: Sequence[Draft], now_ms: int, key_ttl_ms: int) -> None:
        self._drafts = drafts
        self._now_ms = now_ms
        self._keys = UsedKeys(now_ms - key_ttl_ms)
        self._rooms: dict[str, _Room] = {}
        self._streams: dict[tuple[str, str], _Stream] = {}

    def __call__(self, connection: Connection) -> list[Outcome]:
        """Run the transaction; the outcome of each draft."""
        self._load(connection)
        tombstones = Tombstones(connection)
        outcomes = [self._place(draft, tombstones) for draft in self._drafts]
        events = [_row(outcome) for outcome in outcomes if isinstance(outcome, Event)]
        if events:
            connection.execute(INSERT_EVENTS, events)
            connection.execute(UPDATE_ROOMS, list(self._room_heads()))
            self._save_streams(connection)
            self._keys.save(connection)
        return outcomes

    def _load(self, connection: Connection) -> None:
        self._keys.load(connection, self._drafts)
        for ids in chunks(dict.fromkeys(draft.room_id for draft in self._drafts)):
            for room_id, epoch, head, last_timestamp in connection.execute(ROOMS, {"room_ids": ids}):
                self._rooms[room_id] = _Room(epoch, head, last_timestamp)
            for room_id, name, head in connection.execute(STREAMS, {"room_ids": ids}):
                self._streams[room_id, name] = _Stream(head, head)

    def _place(self, draft: Draft, tombstones: Tombstones) -> Outcome:
        room = self._rooms.get(draft.room_id)
        if room is None or room.epoch != draft.epoch:
            return RoomNotFound(draft.room_id)
        flaw = _flaw(draft)
        if flaw is not None:
            return InvalidEvent([flaw])
        done: Outcome | None = self._keys.outcome(draft)
        if done is None and draft.redaction is not None:
            done = tombstones.outcome(draft.room_id, room.epoch, room.head, draft.redaction)
        if done is not None:
            return done
        event = self._next_place(draft, room)
        self._keys.add(draft, event)
        return event

    def _next_place(self, draft: Draft, room: _Room) -> Event:
        stream = self._streams.setdefault((draft.room_id, draft.name), _Stream(0, None))
        stream.head += 1
        room.head += 1
        room.last_timestamp = max(room.last_timestamp, self._now_ms)
        room.is_touched = True
        return draft.kept(timestamp_ms=room.last_timestamp, seq=room.head, event_seq=stream.head)

    def _room_heads(self) -> Iterator[dict[str, Any]]:
        for room_id, room in self._rooms.items():
            if room.is_touched:
                yield {"b_room_id": room_id, "b_head": room.head, "b_last_timestamp": room.last_timestamp}

    def _save_streams(self, connection: Connection) -> None:
        moved, new = [], []
        for (room_id, name), stream in self._streams.items():
            if stream.kept_head is None:
                new.append({"room_id": room_id, "event_name": name, "head": stream.head, "floor": 0, "floor_seq": 0})
            elif stream.kept_head != stream.head:
                moved.append({"b_room_id": room_id, "b_event_name": name, "b_head": stream.head})
        if moved:
            connection.execute(UPDATE_STREAMS, moved)
        if new:
            connection.execute(INSERT_STREAMS, new)


def _flaw(draft: Draft) -> Problem | None:
    """What no database could take, so that it fails for itself and not for its batch."""
    try:
        draft.payload.decode()
        (draft.meta or b"").decode()
        (draft.name + draft.sender).encode()
    except UnicodeError as error:
        return Problem("data", f"must be valid Unicode: {error.reason if hasattr(error, 'reason') else error}")
    return None


def _row(event: Event) -> dict[str, Any]:
    return {
        "room_id": event.room_id,
        "event_name": event.name,
        "event_data": event.payload,
        "from_user": event.sender,
        "timestamp": event.timestamp_ms,
        "seq": event.seq,
        "event_seq": event.event_seq,
        "meta": event.meta,
    }
