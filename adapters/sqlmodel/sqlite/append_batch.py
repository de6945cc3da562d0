"""The transaction that keeps a batch in SQLite, in the same few statements whatever the batch's size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, Table, bindparam, case, func, select
from sqlalchemy.dialects.sqlite import Insert, insert

from ....domain.names import REDACTED
from ....domain.outcome import Appended
from ..batch import Batch, Facts, HeadRow, KnownRoom, Place, Target, Writes
from ..batch_keys import KeyUse
from ..database import Database
from ..many_rows import ManyRows
from ..number_batch import number_batch
from ..tables import keys, messages, rooms, streams
from .refusals import refusals

# SQLite takes 32,766 variables a statement at most.
AT_ONCE = 1_000

_room_ids: BindParameter[Any] = bindparam("room_ids", expanding=True)
_key_ids: BindParameter[Any] = bindparam("key_ids", expanding=True)
_room_id: BindParameter[str] = bindparam("b_room_id")
_seq: BindParameter[int] = bindparam("b_seq")
_sender: BindParameter[str | None] = bindparam("b_sender")
ROOMS = select(
    rooms.c.room_id, rooms.c.floor, rooms.c.epoch, rooms.c.head, rooms.c.last_timestamp, rooms.c.stamp
).where(rooms.c.room_id.in_(_room_ids))
STREAMS = select(streams.c.room_id, streams.c.event_name, streams.c.head).where(streams.c.room_id.in_(_room_ids))
KEYS = select(keys.c.key_id, keys.c.digest, keys.c.seq, keys.c.timestamp).where(keys.c.key_id.in_(_key_ids))
TARGET = select(
    messages.c.event_name,
    messages.c.timestamp,
    messages.c.event_data.is_(None),
    case((messages.c.event_name == REDACTED, messages.c.event_data)),
).where(messages.c.room_id == _room_id, messages.c.seq == _seq)

INSERT_EVENTS = ManyRows(messages.insert())
UPDATE_ROOMS = ManyRows(
    rooms.update()
    .where(rooms.c.room_id == _room_id)
    .values(
        epoch=bindparam("b_epoch"),
        head=bindparam("b_head"),
        last_timestamp=bindparam("b_last_timestamp"),
        stamp=bindparam("b_stamp"),
    )
)
BLANK = ManyRows(
    messages.update()
    .where(messages.c.room_id == _room_id, messages.c.seq == _seq)
    .values(event_data=bindparam("b_event_data"), meta=None, from_user=func.coalesce(_sender, messages.c.from_user))
)

T = TypeVar("T")


def _put(table: Table, *columns: str) -> Insert:
    """Insert a row, or write these columns of the one that is there."""
    row = insert(table)
    return row.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={name: row.excluded[name] for name in columns}
    )


PUT_STREAMS = ManyRows(_put(streams, "head"))
PUT_KEYS = ManyRows(_put(keys, "digest", "seq", "timestamp"))


class SqliteAppender:
    """`Appender` over a SQLite database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, batch: Batch, *, waits: bool) -> Sequence[Appended]:  # noqa: ARG002  # nobody else locks rooms
        """See `Appender`."""
        with refusals():
            return await self._database.write(AppendBatch(batch))


class AppendBatch:
    """Loads what has to be known of a batch, has it numbered, and writes it."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __call__(self, connection: Connection) -> list[Appended]:
        """Run the transaction; the outcome of each group."""
        numbered = number_batch(self._batch, _facts(connection, self._batch))
        _write(connection, numbered.writes)
        return numbered.outcomes


def _facts(connection: Connection, batch: Batch) -> Facts:
    found: dict[str, KnownRoom] = {}
    heads: dict[tuple[str, str], int] = {}
    for ids in _chunks(batch.room_ids):
        for room_id, floor, *row in connection.execute(ROOMS, {"room_ids": ids}):
            found[room_id] = KnownRoom(HeadRow(*row), floor)
        for room_id, name, head in connection.execute(STREAMS, {"room_ids": ids}):
            heads[room_id, name] = head
    uses = {
        key_id: KeyUse(*use)
        for ids in _chunks(batch.key_ids)
        for key_id, *use in connection.execute(KEYS, {"key_ids": ids})
    }
    return Facts(rooms=found, streams=heads, keys=uses, targets=dict(_targets(connection, batch.redacted)))


def _targets(connection: Connection, places: Iterable[Place]) -> Iterator[tuple[Place, Target]]:
    for room_id, seq in places:
        row = connection.execute(TARGET, {"b_room_id": room_id, "b_seq": seq}).one_or_none()
        if row is not None:
            yield (room_id, seq), Target(*row)


def _write(connection: Connection, writes: Writes) -> None:
    BLANK.execute(
        connection,
        [
            {"b_room_id": room_id, "b_seq": seq, "b_event_data": made.payload, "b_sender": made.sender}
            for (room_id, seq), made in writes.tombstones.items()
        ],
    )
    INSERT_EVENTS.execute(
        connection,
        [
            {
                "room_id": event.room_id,
                "event_name": event.name,
                "event_data": event.payload,
                "from_user": event.sender,
                "timestamp": event.timestamp_ms,
                "created_at": writes.arrived_ms,
                "seq": event.seq,
                "event_seq": event.event_seq,
                "meta": event.meta,
            }
            for event in writes.events
        ],
    )
    UPDATE_ROOMS.execute(
        connection,
        [
            {
                "b_room_id": room_id,
                "b_epoch": row.epoch,
                "b_head": row.head,
                "b_last_timestamp": row.last_timestamp,
                "b_stamp": row.stamp,
            }
            for room_id, row in writes.rooms.items()
        ],
    )
    PUT_STREAMS.execute(
        connection,
        [
            {"room_id": room_id, "event_name": name, "head": head, "floor": 0, "floor_seq": 0}
            for (room_id, name), head in writes.streams.items()
        ],
    )
    PUT_KEYS.execute(
        connection,
        [
            {"key_id": key_id, "digest": use.digest, "seq": use.seq, "timestamp": use.timestamp_ms}
            for key_id, use in writes.keys.items()
        ],
    )


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, AT_ONCE)):
        yield chunk
