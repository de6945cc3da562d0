"""How far a room's history reaches, read and begun."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from ...domain.position import RoomHead, StreamHead
from .tables import rooms, streams

_room_id: BindParameter[str] = bindparam("room_id")
ROOM = select(rooms.c.epoch, rooms.c.head, rooms.c.floor, rooms.c.last_timestamp, rooms.c.ended, rooms.c.stamp).where(
    rooms.c.room_id == _room_id
)
STREAMS = select(streams.c.event_name, streams.c.head, streams.c.floor, streams.c.floor_seq).where(
    streams.c.room_id == _room_id
)
STAMPED: dict[str, Any] = {"stamp": rooms.c.stamp + 1}
"""What each statement that changes what was there before in a room sets in its row, too."""
STAMP = rooms.update().where(rooms.c.room_id == bindparam("b_room_id")).values(**STAMPED)


def new_epoch() -> str:
    """A name for a life of a room that no other life has."""
    return secrets.token_hex(8)


def read_head(connection: Connection, room_id: str) -> RoomHead | None:
    """The room's head; None where the room was never seen, or its life has ended and nobody has opened it since."""
    room = connection.execute(ROOM, {"room_id": room_id}).one_or_none()
    if room is None or room.ended is not None:
        return None
    found = connection.execute(STREAMS, {"room_id": room_id})
    return RoomHead(
        epoch=room.epoch,
        head=room.head,
        floor=room.floor,
        last_timestamp_ms=room.last_timestamp,
        stamp=room.stamp,
        streams={
            name: StreamHead(head=head, floor=floor, floor_seq=floor_seq) for name, head, floor, floor_seq in found
        },
    )


def beginning(insert: Any) -> Any:
    """Begin a room that was never seen, or revive one that has ended: that is one like any other again.

    One statement, which leaves the row locked: two nodes may open the same room at once. `insert` is the dialect's own,
    of `rooms`; the parameters are those of `first_row`.
    """
    return insert.on_conflict_do_update(
        index_elements=[rooms.c.room_id], set_={"ended": None}, where=rooms.c.ended.is_not(None)
    )


def first_row(room_id: str) -> dict[str, Any]:
    """The row of a room that was never seen, with its first epoch."""
    row = {"room_id": room_id, "epoch": new_epoch()}
    return row | dict.fromkeys(("head", "floor", "swept", "last_timestamp"), 0)


def read_or_begin(connection: Connection, room_id: str, begin: Any) -> RoomHead:
    """The room's head, of a room begun here where it was never seen; `begin` is what `beginning` gives."""
    connection.execute(begin, first_row(room_id))
    head = read_head(connection, room_id)
    assert head is not None, "its row is locked"
    return head
