"""Retention: where a stream is to begin, and letting it begin there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, exists, select

from ...domain.position import StreamFloor
from ...domain.retention import Arrived, Retention
from .room_head import STAMP
from .tables import messages, rooms, streams

FIRST_BITE = 1_000
FURTHER_BITE = 10_000

_room_id: BindParameter[str] = bindparam("b_room_id")
_name: BindParameter[str] = bindparam("b_event_name")
_floor: BindParameter[int] = bindparam("b_floor")
_floor_seq: BindParameter[int] = bindparam("b_floor_seq")
FLOOR = select(streams.c.floor).where(streams.c.room_id == _room_id, streams.c.event_name == _name)
_arrived = (messages.c.event_seq, messages.c.seq, messages.c.timestamp, messages.c.created_at)
OLDEST = (
    select(*_arrived)
    .where(messages.c.room_id == _room_id, messages.c.event_name == _name, messages.c.event_seq > _floor)
    .order_by(messages.c.event_seq)
    .limit(bindparam("b_limit"))
)
NEWEST = (
    select(*_arrived)
    .where(messages.c.room_id == _room_id, messages.c.event_name == _name, messages.c.event_seq > _floor)
    .order_by(messages.c.event_seq.desc())
    .limit(1)
)
DELETE = messages.delete().where(
    messages.c.room_id == _room_id, messages.c.event_name == _name, messages.c.event_seq <= _floor
)
LOCK = select(rooms.c.head).where(rooms.c.room_id == _room_id).with_for_update()
_is_there = exists().where(
    messages.c.room_id == _room_id,
    messages.c.event_name == _name,
    messages.c.event_seq == _floor,
    messages.c.seq == _floor_seq,
)
# The floor was found before the room was locked. Where that event is not there any more, somebody else was quicker, or
# the room has begun another life, whose event seqs may have begun anew.
MOVE_FLOOR = (
    streams.update()
    .where(streams.c.room_id == _room_id, streams.c.event_name == _name, streams.c.floor < _floor, _is_there)
    .values(floor=_floor, floor_seq=_floor_seq)
)


def expired_to(
    connection: Connection, room_id: str, name: str, retention: Retention, *, now_ms: int, limit: int
) -> StreamFloor | None:
    """Where the stream is to begin when up to `limit` of its events are gone that `retention` lets go."""
    here = {"b_room_id": room_id, "b_event_name": name}
    floor = connection.execute(FLOOR, here).scalar_one_or_none()
    newest = connection.execute(NEWEST, {**here, "b_floor": floor}).one_or_none()
    if newest is None:
        return None
    oldest = _oldest(connection, here, floor or 0)
    return retention.floor(oldest, _of(newest), now_ms=now_ms, limit=limit)


def _oldest(connection: Connection, here: Mapping[str, Any], floor: int) -> Iterator[Arrived]:
    """The oldest events above the floor, as far as somebody steps through them.

    In bites: a driver may take all rows of a statement at once, and mostly a few are enough.
    """
    for bite in chain([FIRST_BITE], repeat(FURTHER_BITE)):
        rows = connection.execute(OLDEST, {**here, "b_floor": floor, "b_limit": bite}).all()
        for row in rows:
            yield _of(row)
        if len(rows) < bite:
            return
        floor = rows[-1].event_seq


def _of(row: Any) -> Arrived:
    event_seq, seq, timestamp, created_at = row
    return Arrived(event_seq=event_seq, seq=seq, arrived_ms=timestamp if created_at is None else created_at)


def trim(connection: Connection, room_id: str, name: str, floor: StreamFloor) -> None:
    """Remove the stream's events up to `floor`, and let it begin there."""
    here = {"b_room_id": room_id, "b_event_name": name, "b_floor": floor.event_seq, "b_floor_seq": floor.seq}
    connection.execute(LOCK, {"b_room_id": room_id})  # first: on its row everything waits that changes the room
    if connection.execute(MOVE_FLOOR, here).rowcount:
        connection.execute(DELETE, here)
        connection.execute(STAMP, {"b_room_id": room_id})
