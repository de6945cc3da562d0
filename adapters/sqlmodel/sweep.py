"""The transaction that removes a bite of what no reader can see any more, and of the keys whose time is over."""

from __future__ import annotations

from sqlalchemy import BindParameter, Connection, bindparam, select

from .tables import keys, messages, rooms

_room_id: BindParameter[str] = bindparam("b_room_id")
_swept: BindParameter[int] = bindparam("b_swept")
_floor: BindParameter[int] = bindparam("b_floor")
_limit: BindParameter[int] = bindparam("b_limit")
_ended = (messages.c.room_id == _room_id, messages.c.seq > _swept, messages.c.seq <= _floor)
UNSWEPT = (
    select(rooms.c.room_id, rooms.c.swept, rooms.c.floor)
    .where(rooms.c.swept < rooms.c.floor)
    .limit(bindparam("b_rooms"))
)
END_OF_BITE = select(messages.c.seq).where(*_ended).order_by(messages.c.seq).limit(1).offset(bindparam("b_skip"))
DELETE = messages.delete().where(*_ended)
MOVE_SWEPT = rooms.update().where(rooms.c.room_id == _room_id).values(swept=_swept)
OVER = select(keys.c.key_id).where(keys.c.timestamp < bindparam("b_since")).order_by(keys.c.timestamp).limit(_limit)
DELETE_KEYS = keys.delete().where(keys.c.key_id.in_(OVER))


def sweep_rooms(connection: Connection, limit: int) -> int:
    """Remove up to `limit` events of ended lives; how many were removed."""
    removed = 0
    for room_id, swept, floor in connection.execute(UNSWEPT, {"b_rooms": limit}).all():
        if removed == limit:
            break
        removed += _sweep(connection, room_id, swept, floor, limit - removed)
    return removed


def sweep_keys(connection: Connection, limit: int, since_ms: int) -> int:
    """Remove up to `limit` keys that were used before that time; how many were removed."""
    return connection.execute(DELETE_KEYS, {"b_since": since_ms, "b_limit": limit}).rowcount


def _sweep(connection: Connection, room_id: str, swept: int, floor: int, limit: int) -> int:
    here = {"b_room_id": room_id, "b_swept": swept, "b_floor": floor}
    end = connection.execute(END_OF_BITE, {**here, "b_skip": limit - 1}).scalar()
    end = floor if end is None else end
    removed = connection.execute(DELETE, {**here, "b_floor": end}).rowcount
    connection.execute(MOVE_SWEPT, {"b_room_id": room_id, "b_swept": end})
    return removed
