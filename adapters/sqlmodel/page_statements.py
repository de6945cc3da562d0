"""The statements behind every form of page: index seeks, whose cost does not grow with the depth.

Several names are one seek each, merged while they are stepped through, and only as far as the page goes; `IN` would
collect and sort all events of these names. The floor is part of each statement, and an unknown room has none: no row.
"""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import BindParameter, CompoundSelect, Select, bindparam, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from .tables import messages, rooms, streams

# SQLite compiles at most 500 selects into one, and deep ones slowly; more names than this are merged outside of it.
NAMES_AT_ONCE = 50

_room_id: BindParameter[str] = bindparam("room_id")
_limit: BindParameter[int] = bindparam("limit")
EVENT = (
    messages.c.seq,
    messages.c.event_seq,
    messages.c.event_name,
    messages.c.event_data,
    messages.c.from_user,
    messages.c.timestamp,
    messages.c.meta,
)
FLOOR = select(rooms.c.floor).where(rooms.c.room_id == _room_id).scalar_subquery()
_stream_floor = (
    select(streams.c.floor)
    .where(streams.c.room_id == _room_id, streams.c.event_name == bindparam("name"))
    .scalar_subquery()
)

PageStatement = Select[tuple[object, ...]] | CompoundSelect[tuple[object, ...]]


@lru_cache(maxsize=2 * (NAMES_AT_ONCE + 1))
def older(names: int) -> PageStatement:
    """The newest events with seq < :before of :name_0, :name_1, … (0 names: of all), newest first."""
    return _run(names, messages.c.seq < bindparam("before"), is_newest_first=True)


@lru_cache(maxsize=2 * (NAMES_AT_ONCE + 1))
def newer(names: int) -> PageStatement:
    """The oldest events with seq > :after of :name_0, :name_1, … (0 names: of all), oldest first."""
    return _run(names, messages.c.seq > bindparam("after"), is_newest_first=False)


def _run(names: int, bound: ColumnElement[bool], *, is_newest_first: bool) -> PageStatement:
    every = select(*EVENT).where(messages.c.room_id == _room_id, bound, messages.c.seq > FLOOR)
    if names < 2:
        page = every.where(messages.c.event_name == bindparam("name_0")) if names else every
        return page.order_by(messages.c.seq.desc() if is_newest_first else messages.c.seq).limit(_limit)
    merged = union_all(*(every.where(messages.c.event_name == bindparam(f"name_{index}")) for index in range(names)))
    place = merged.selected_columns.seq
    return merged.order_by(place.desc() if is_newest_first else place).limit(_limit)


BETWEEN: PageStatement = (
    select(*EVENT)
    .where(
        messages.c.room_id == _room_id,
        messages.c.event_name == bindparam("name"),
        messages.c.event_seq >= bindparam("first"),
        messages.c.event_seq <= bindparam("last"),
        messages.c.event_seq > _stream_floor,
    )
    .order_by(messages.c.event_seq.desc())
)

FIRST = (
    select(messages.c.seq, messages.c.timestamp)
    .where(messages.c.room_id == _room_id, messages.c.seq > FLOOR)
    .order_by(messages.c.seq)
    .limit(1)
)

# For a time after that of the first event above the floor. Events of one time were written in order of seq, so their
# ids rise with it; and SQLite's indexes end with the id.
FIRST_AT = (
    select(messages.c.seq)
    .where(messages.c.room_id == _room_id, messages.c.timestamp >= bindparam("timestamp"))
    .order_by(messages.c.timestamp, messages.c.id)
    .limit(1)
)
