"""The statements behind read marks: seeks alone, one for each stream whose unread events are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Select, String, and_, bindparam, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from ...domain.names import RESERVED_PREFIX
from .tables import messages, read_marks, rooms, streams

MAX_OWN = 10_000
"""How many of a user's own unread events are looked at, in each stream: so many take about a millisecond."""

_user_id: BindParameter[str] = bindparam("b_user_id")
_room_ids: BindParameter[Sequence[str]] = bindparam("b_room_ids", expanding=True)


def keep(insert: Any) -> Any:
    """Keep marks, with parameters as the table's columns; one that would move back changes nothing.

    `insert` is the dialect's own, of `read_marks`.
    """
    return insert.on_conflict_do_update(
        index_elements=[read_marks.c.user_id, read_marks.c.room_id],
        set_={"seq": insert.excluded.seq},
        where=insert.excluded.seq > read_marks.c.seq,
    )


_gone = case((rooms.c.floor > read_marks.c.seq, rooms.c.floor), else_=read_marks.c.seq)
_first = (
    select(messages.c.event_seq)
    .where(
        messages.c.room_id == streams.c.room_id,
        messages.c.event_name == streams.c.event_name,
        messages.c.seq > _gone,
    )
    .order_by(messages.c.seq)
    .limit(1)
    .correlate(read_marks, rooms, streams)
    .scalar_subquery()
)
# Not LIKE: in SQLite that takes "Dialogue." for the prefix too.
_is_of_the_system = func.substr(streams.c.event_name, 1, len(RESERVED_PREFIX)) == RESERVED_PREFIX

_marked = read_marks.outerjoin(rooms, rooms.c.room_id == read_marks.c.room_id).outerjoin(
    streams, and_(streams.c.room_id == rooms.c.room_id, ~_is_of_the_system)
)


def _unread(marks: Select[Any], sender: ColumnElement[str] | None) -> Select[Any]:
    """Count behind `marks`, a selection of all that `_marked` has; the user is `sender`, or each mark's own."""
    marked = marks.cte("marked_streams").prefix_with("MATERIALIZED")
    own = (
        select(messages.c.event_seq)
        .where(
            messages.c.from_user == (marked.c.user_id if sender is None else sender),
            messages.c.room_id == marked.c.room_id,
            messages.c.event_name == marked.c.event_name,
            messages.c.event_seq >= marked.c.first,
        )
        .order_by(messages.c.event_seq)
        .limit(MAX_OWN)
        .correlate(marked)
        .subquery("own")
    )
    return select(
        marked,
        select(func.count()).select_from(own).correlate(marked).scalar_subquery().label("own"),
        select(func.max(own.c.event_seq)).correlate(marked).scalar_subquery().label("last_own"),
    )


_of_each = (
    read_marks.c.user_id,
    read_marks.c.room_id,
    read_marks.c.seq,
    rooms.c.head.label("room_head"),
    rooms.c.floor.label("room_floor"),
    streams.c.event_name,
    streams.c.head.label("stream_head"),
    streams.c.floor.label("stream_floor"),
    _first.label("first"),
)
UNREAD = _unread(
    select(*_of_each).select_from(_marked).where(read_marks.c.user_id == _user_id, read_marks.c.room_id.in_(_room_ids)),
    _user_id,
)
"""A row for each stream of each marked room, or one without a stream.

`first` is the event seq of its first unread event. `own` is how many events from there on are the user's: of these at
most the first MAX_OWN are looked at, the last of them at event seq `last_own`.
"""

_asked = (
    func.unnest(bindparam("b_user_ids", type_=ARRAY(String)), bindparam("b_rooms", type_=ARRAY(String)))
    .table_valued("user_id", "room_id")
    .render_derived(name="asked")
)

UNREAD_OF_MANY = _unread(
    select(*_of_each)
    .select_from(_marked)
    .join(_asked, and_(_asked.c.user_id == read_marks.c.user_id, _asked.c.room_id == read_marks.c.room_id)),
    None,
)
"""As UNREAD, for one room of each of many users, on PostgreSQL: there a statement costs more than what it does."""

_bite = (
    select(read_marks.c.room_id)
    .where(read_marks.c.user_id == _user_id)
    .order_by(read_marks.c.room_id)
    .limit(bindparam("b_limit"))
    .with_for_update()
    .scalar_subquery()
)
FORGET = read_marks.delete().where(read_marks.c.user_id == _user_id, read_marks.c.room_id.in_(_bite))
