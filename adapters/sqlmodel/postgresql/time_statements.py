"""The statement that turns a time into a place."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, case, or_, select, true

from ..tables import messages, rooms

_room_id: BindParameter[str] = bindparam("room_id")
_timestamp: BindParameter[int] = bindparam("timestamp")

# Times never run backwards in a room, so the place is found by halving: some twenty seeks by seq. The index by time
# finds any event of a time at once, but not the first of them, and after a clock that ran ahead all events have one.
_search = (
    select((rooms.c.floor + 1).label("low"), (rooms.c.head + 1).label("high"))
    .where(rooms.c.room_id == _room_id)
    .cte("search", recursive=True)
)
_middle = (_search.c.low + _search.c.high) // 2
_at_middle = (
    select(messages.c.seq, messages.c.timestamp)
    .where(messages.c.room_id == _room_id, messages.c.seq >= _middle)
    .order_by(messages.c.seq)
    .limit(1)
    .lateral("at_middle")
)
_is_late = or_(_at_middle.c.timestamp.is_(None), _at_middle.c.timestamp >= _timestamp)
_halved = _search.union_all(
    select(case((_is_late, _search.c.low), else_=_at_middle.c.seq + 1), case((_is_late, _middle), else_=_search.c.high))
    .select_from(_search.outerjoin(_at_middle, true()))
    .where(_search.c.low < _search.c.high)
)
_found = select(_halved.c.low).where(_halved.c.low >= _halved.c.high).scalar_subquery()
FIRST_AT = (
    select(messages.c.seq)
    .where(messages.c.room_id == _room_id, messages.c.seq >= _found)
    .order_by(messages.c.seq)
    .limit(1)
)
"""The seq of the room's first event of :timestamp or later."""
