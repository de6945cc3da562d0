"""The transactions that remove bites of what no reader can see any more, and of the keys whose time is over.

Of a room that was deleted they remove the events, then what was kept for its streams, then the marks and the floors of
its readers. Its row alone stays, with epoch and head, so that seqs go on should it be made again: as many such rows as
are allowed.

On PostgreSQL others write meanwhile. A sweep locks a room's row before it touches what belongs to the room, and what
somebody else has locked it leaves for another time: who waits for nobody can be in no deadlock.
"""

from __future__ import annotations

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from .tables import keys, messages, read_floors, read_marks, rooms, streams

_room_id: BindParameter[str] = bindparam("b_room_id")
_swept: BindParameter[int] = bindparam("b_swept")
_floor: BindParameter[int] = bindparam("b_floor")
_limit: BindParameter[int] = bindparam("b_limit")
_gone = (messages.c.room_id == _room_id, messages.c.seq > _swept, messages.c.seq <= _floor)
UNSWEPT = (
    select(rooms.c.room_id, rooms.c.swept, rooms.c.floor, rooms.c.ended)
    .where(rooms.c.swept < rooms.c.floor, rooms.c.room_id > bindparam("b_after"))
    .order_by(rooms.c.room_id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
"""The next room after the last one that has something to be swept."""
END_OF_BITE = select(messages.c.seq).where(*_gone).order_by(messages.c.seq).limit(1).offset(bindparam("b_skip"))
DELETE = messages.delete().where(*_gone)
DELETE_STREAMS = streams.delete().where(streams.c.room_id == _room_id)
_marks = (read_marks.c.room_id == _room_id, read_marks.c.seq <= _floor)
_marks_of_bite = select(read_marks.c.user_id).where(*_marks).order_by(read_marks.c.user_id).limit(_limit)
DELETE_MARKS = read_marks.delete().where(
    # Marks are locked in the order in which they are made.
    *_marks,
    read_marks.c.user_id.in_(_marks_of_bite.with_for_update().scalar_subquery()),
)
_present = select(rooms.c.epoch).where(rooms.c.room_id == _room_id).scalar_subquery()
_floors = (read_floors.c.room_id == _room_id, read_floors.c.epoch != _present)
_floors_of_bite = select(read_floors.c.user_id).where(*_floors).order_by(read_floors.c.user_id).limit(_limit)
DELETE_FLOORS = read_floors.delete().where(
    *_floors, read_floors.c.user_id.in_(_floors_of_bite.with_for_update(skip_locked=True).scalar_subquery())
)
MOVE_SWEPT = rooms.update().where(rooms.c.room_id == _room_id).values(swept=_swept)
OVER = (
    select(keys.c.key_id)
    .where(keys.c.timestamp < bindparam("b_since"))
    .order_by(keys.c.timestamp)
    .limit(_limit)
    .with_for_update(skip_locked=True)
)
DELETE_KEYS = keys.delete().where(keys.c.key_id.in_(OVER))
_remains = (rooms.c.ended.is_not(None), rooms.c.swept == rooms.c.floor)
COUNT_REMAINS = select(func.count()).select_from(rooms).where(rooms.c.ended.is_not(None))
OLDEST_REMAINS = (
    select(rooms.c.room_id).where(*_remains).order_by(rooms.c.ended).limit(_limit).with_for_update(skip_locked=True)
)
FORGET_ROOMS = rooms.delete().where(rooms.c.room_id.in_(OLDEST_REMAINS.scalar_subquery()))


def sweep_rooms(connection: Connection, limit: int) -> int:
    """Remove up to `limit` rows of ended lives, and few more; how many were removed."""
    removed, after = 0, ""
    while removed < limit and (room := connection.execute(UNSWEPT, {"b_after": after}).one_or_none()) is not None:
        after, swept, floor, ended = room
        removed += _sweep(connection, (after, swept, floor), limit - removed, is_ended=ended is not None)
    return removed


def sweep_keys(connection: Connection, limit: int, since_ms: int) -> int:
    """Remove up to `limit` keys that were used before that time; how many were removed."""
    return connection.execute(DELETE_KEYS, {"b_since": since_ms, "b_limit": limit}).rowcount


def forget_rooms(connection: Connection, limit: int, max_ended_rooms: int) -> int:
    """Remove up to `limit` of the oldest rows of deleted rooms that are more than `max_ended_rooms`; how many."""
    too_many = connection.execute(COUNT_REMAINS).scalar_one() - max_ended_rooms
    return connection.execute(FORGET_ROOMS, {"b_limit": min(limit, too_many)}).rowcount if too_many > 0 else 0


def _sweep(connection: Connection, room: tuple[str, int, int], limit: int, *, is_ended: bool) -> int:
    room_id, swept, floor = room
    here = {"b_room_id": room_id, "b_swept": swept, "b_floor": floor}
    end = connection.execute(END_OF_BITE, {**here, "b_skip": limit - 1}).scalar()
    removed = connection.execute(DELETE, {**here, "b_floor": floor if end is None else end}).rowcount
    if removed < limit and is_ended:
        removed += connection.execute(DELETE_STREAMS, {"b_room_id": room_id}).rowcount
    if removed < limit:
        rest = {"b_room_id": room_id, "b_floor": floor, "b_limit": limit - removed}
        removed += connection.execute(DELETE_MARKS, rest).rowcount
    if removed < limit:
        rest = {"b_room_id": room_id, "b_limit": limit - removed}
        removed += connection.execute(DELETE_FLOORS, rest).rowcount
    is_over = removed < limit
    # Below its floor until all is gone: by that it is found again.
    reached = floor if is_over else min(floor - 1, floor if end is None else end)
    connection.execute(MOVE_SWEPT, {"b_room_id": room_id, "b_swept": reached})
    return removed
