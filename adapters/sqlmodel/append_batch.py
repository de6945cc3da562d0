"""The transaction that keeps a batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from ...domain.draft import Draft
from ...domain.draft_group import DraftGroup
from ...domain.errors import InvalidEvent, Problem, RoomNotFound
from ...domain.event import Event
from ...domain.outcome import GroupOutcome
from ...domain.ports.history_archive import HistoryWentBack
from ...domain.position import Applied
from .batch_keys import BatchKeys, chunks
from .many_rows import ManyRows
from .room_head import STAMPED, new_epoch
from .tables import messages, rooms, streams
from .tombstones import Tombstones

_ids: BindParameter[Sequence[str]] = bindparam("room_ids", expanding=True)
ROOMS = select(rooms.c.room_id, rooms.c.epoch, rooms.c.head, rooms.c.last_timestamp).where(rooms.c.room_id.in_(_ids))
STREAMS = select(streams.c.room_id, streams.c.event_name, streams.c.head).where(streams.c.room_id.in_(_ids))
INSERT_EVENTS = ManyRows(messages.insert())
INSERT_STREAMS = ManyRows(streams.insert())
UPDATE_ROOMS = ManyRows(
    rooms.update()
    .where(rooms.c.room_id == bindparam("b_room_id"))
    .values(head=bindparam("b_head"), last_timestamp=bindparam("b_last_timestamp"), **STAMPED)
)
BEGIN_ANEW = (
    rooms.update().where(rooms.c.room_id == bindparam("b_room_id")).values(epoch=bindparam("b_epoch"), **STAMPED)
)
UPDATE_STREAMS = ManyRows(
    streams.update()
    .where(streams.c.room_id == bindparam("b_room_id"), streams.c.event_name == bindparam("b_event_name"))
    .values(head=bindparam("b_head"))
)


@dataclass(slots=True)
class _Room:
    epoch: str
    head: int
    last_timestamp: int
    went_back: bool = False
    is_touched: bool = False


@dataclass(slots=True)
class _Stream:
    head: int
    kept_head: int | None  # None: the stream is new


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one transaction is to keep; see `HistoryArchive.append`."""

    groups: Sequence[DraftGroup]
    applied: Mapping[str, Applied]
    now_ms: int


class AppendBatch:
    """Numbers a batch's drafts and keeps them, in the same few statements whatever its size."""

    def __init__(self, batch: Batch, key_ttl_ms: int) -> None:
        self._groups = batch.groups
        self._applied = batch.applied
        self._now_ms = batch.now_ms
        self._keys = BatchKeys(batch.now_ms - key_ttl_ms)
        self._rooms: dict[str, _Room] = {}
        self._streams: dict[tuple[str, str], _Stream] = {}

    def __call__(self, connection: Connection) -> list[GroupOutcome]:
        """Run the transaction; the outcome of each group."""
        self._load(connection)
        self._begin_anew(connection)
        tombstones = Tombstones(connection)
        outcomes = [self._place(group, tombstones) for group in self._groups]
        events = [_row(event, self._now_ms) for outcome in outcomes if isinstance(outcome, tuple) for event in outcome]
        if events:
            INSERT_EVENTS.execute(connection, events)
            UPDATE_ROOMS.execute(connection, list(self._room_heads()))
            self._save_streams(connection)
            self._keys.save(connection)
        return outcomes

    def _load(self, connection: Connection) -> None:
        self._keys.load(connection, self._groups)
        for ids in chunks(dict.fromkeys(group.room_id for group in self._groups)):
            for room_id, epoch, head, last_timestamp in connection.execute(ROOMS, {"room_ids": ids}):
                self._rooms[room_id] = self._found(room_id, epoch, head, last_timestamp)
            for room_id, name, head in connection.execute(STREAMS, {"room_ids": ids}):
                self._streams[room_id, name] = _Stream(head, head)

    def _found(self, room_id: str, epoch: str, head: int, last_timestamp: int) -> _Room:
        applied = self._applied.get(room_id)
        if applied is None:
            return _Room(epoch, head, last_timestamp)
        went_back = not applied.goes_on_at(epoch, head)
        return _Room(epoch, head, max(last_timestamp, applied.last_timestamp_ms), went_back)

    def _begin_anew(self, connection: Connection) -> None:
        for room_id, room in self._rooms.items():
            if room.went_back and room.epoch == self._applied[room_id].epoch:
                connection.execute(BEGIN_ANEW, {"b_room_id": room_id, "b_epoch": new_epoch()})

    def _place(self, group: DraftGroup, tombstones: Tombstones) -> GroupOutcome:
        room = self._rooms.get(group.room_id)
        if room is None or room.epoch != group.epoch:
            return RoomNotFound(group.room_id)
        if room.went_back:
            return HistoryWentBack(group.room_id)
        flaws = [flaw for draft in group.drafts if (flaw := _flaw(draft)) is not None]
        if flaws:
            return InvalidEvent(flaws)
        done: GroupOutcome | None = self._keys.outcome(group)
        redaction = group.drafts[0].redaction
        if done is None and redaction is not None:
            done = tombstones.outcome(group.room_id, room.epoch, room.head, redaction)
        if done is not None:
            return done
        room.last_timestamp = max(room.last_timestamp, self._now_ms)
        room.is_touched = True
        events = tuple(self._next_place(draft, room) for draft in group.drafts)
        self._keys.add(group, events[0])
        return events

    def _next_place(self, draft: Draft, room: _Room) -> Event:
        stream = self._streams.setdefault((draft.room_id, draft.name), _Stream(0, None))
        stream.head += 1
        room.head += 1
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
        UPDATE_STREAMS.execute(connection, moved)
        INSERT_STREAMS.execute(connection, new)


def _flaw(draft: Draft) -> Problem | None:
    """What no database could take, so that it fails for itself and not for its batch."""
    try:
        draft.payload.decode()
        (draft.meta or b"").decode()
        (draft.name + draft.sender).encode()
    except UnicodeError as error:
        return Problem("data", f"must be valid Unicode: {error.reason if hasattr(error, 'reason') else error}")
    return None


def _row(event: Event, now_ms: int) -> dict[str, Any]:
    return {
        "room_id": event.room_id,
        "event_name": event.name,
        "event_data": event.payload,
        "from_user": event.sender,
        "timestamp": event.timestamp_ms,
        "created_at": now_ms,
        "seq": event.seq,
        "event_seq": event.event_seq,
        "meta": event.meta,
    }
