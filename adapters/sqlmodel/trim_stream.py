"""Retention: where a stream is to begin, and letting it begin there."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import BindParameter, Connection, bindparam, select

from ...domain.position import StreamFloor
from .room_head import STAMP
from .tables import messages, streams

_room_id: BindParameter[str] = bindparam("b_room_id")
_name: BindParameter[str] = bindparam("b_event_name")
_floor: BindParameter[int] = bindparam("b_floor")
HEAD = select(streams.c.head, streams.c.floor).where(streams.c.room_id == _room_id, streams.c.event_name == _name)
OLDEST = (
    select(messages.c.event_seq, messages.c.seq, messages.c.timestamp)
    .where(messages.c.room_id == _room_id, messages.c.event_name == _name, messages.c.event_seq > _floor)
    .order_by(messages.c.event_seq)
    .limit(bindparam("b_limit"))
)
DELETE = messages.delete().where(
    messages.c.room_id == _room_id, messages.c.event_name == _name, messages.c.event_seq <= _floor
)
MOVE_FLOOR = (
    streams.update()
    .where(streams.c.room_id == _room_id, streams.c.event_name == _name, streams.c.floor < _floor)
    .values(floor=_floor, floor_seq=bindparam("b_floor_seq"))
)

IsExpired = Callable[[int, int, int], bool]


def expired_to(
    connection: Connection, room_id: str, name: str, is_expired: IsExpired, limit: int
) -> StreamFloor | None:
    """The last of the stream's oldest `limit` events for which `is_expired(event_seq, timestamp, head)` holds."""
    here = {"b_room_id": room_id, "b_event_name": name}
    stream = connection.execute(HEAD, here).one_or_none()
    last: StreamFloor | None = None
    if stream is None:
        return last
    with connection.execute(OLDEST, {**here, "b_floor": stream.floor, "b_limit": limit}) as oldest:
        for event_seq, seq, timestamp in oldest:
            if not is_expired(event_seq, timestamp, stream.head):
                break
            last = StreamFloor(event_seq=event_seq, seq=seq)
    return last


def trim(connection: Connection, room_id: str, name: str, floor: StreamFloor) -> None:
    """Remove the stream's events up to `floor`, and let it begin there."""
    here = {"b_room_id": room_id, "b_event_name": name, "b_floor": floor.event_seq, "b_floor_seq": floor.seq}
    connection.execute(STAMP, {"b_room_id": room_id})  # first: on its row everything waits that changes the room
    connection.execute(DELETE, here)
    connection.execute(MOVE_FLOOR, here)
