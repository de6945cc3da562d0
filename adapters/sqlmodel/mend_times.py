"""Mending the times that a clock which ran ahead has left in a database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from .room_head import STAMPED
from .tables import keys, messages, rooms

_room_id: BindParameter[str] = bindparam("b_room_id")
_now: BindParameter[int] = bindparam("b_now")
AHEAD = select(rooms.c.room_id).where(rooms.c.last_timestamp > _now).order_by(rooms.c.room_id).with_for_update()
LAST_GOOD = select(func.max(messages.c.timestamp)).where(messages.c.room_id == _room_id, messages.c.timestamp <= _now)
WRONG = (
    select(messages.c.seq, messages.c.created_at)
    .where(messages.c.room_id == _room_id, messages.c.timestamp > _now)
    .order_by(messages.c.seq)
)
MEND = (
    messages.update()
    .where(messages.c.room_id == _room_id, messages.c.seq == bindparam("b_seq"))
    .values(timestamp=bindparam("b_timestamp"), created_at=bindparam("b_created_at"))
)
MEND_ROOM = (
    rooms.update().where(rooms.c.room_id == _room_id).values(last_timestamp=bindparam("b_last_timestamp"), **STAMPED)
)
MEND_KEYS = keys.update().where(keys.c.timestamp > _now).values(timestamp=_now)


def mend_times(connection: Connection, now_ms: int) -> int:
    """Give events whose time lies in the future one that does not; in how many rooms there were such.

    An event gets the time at which it came, where that is known and not in the future itself, else that of the event
    before it; and never an earlier one than that.
    """
    mended = [room_id for (room_id,) in connection.execute(AHEAD, {"b_now": now_ms}).all()]
    for room_id in mended:
        last = connection.execute(LAST_GOOD, {"b_room_id": room_id, "b_now": now_ms}).scalar() or 0
        wrong = connection.execute(WRONG, {"b_room_id": room_id, "b_now": now_ms}).all()
        rows = list(_mended(room_id, wrong, last, now_ms))
        if rows:
            connection.execute(MEND, rows)
            last = rows[-1]["b_timestamp"]
        connection.execute(MEND_ROOM, {"b_room_id": room_id, "b_last_timestamp": last})
    connection.execute(MEND_KEYS, {"b_now": now_ms})
    return len(mended)


def _mended(room_id: str, wrong: Any, last: int, now_ms: int) -> Iterator[dict[str, Any]]:
    for seq, created_at in wrong:
        arrived = created_at if created_at is not None and created_at <= now_ms else last
        last = max(last, arrived)
        yield {"b_room_id": room_id, "b_seq": seq, "b_timestamp": last, "b_created_at": arrived}
