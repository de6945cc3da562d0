"""The statements behind every form of page on PostgreSQL: index seeks, whose cost does not grow with the depth.

Of several names each gives as many places as the page has events, out of the index alone, and the rows of those that
are in the page are fetched then. A union with a branch for each name is sorted as a whole where the planner takes the
names for rare, and takes 60 ms to be planned for 120 of them.

The driver takes all rows of a statement at once. So a statement gives as many as a budget of bytes allows, and at least
one: by what the rows take in the table, which is known without reading large values.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Select,
    String,
    bindparam,
    case,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.sql.elements import ColumnElement

from .. import page_statements as shared
from ..page_statements import EVENT, FLOOR
from ..tables import messages, rooms

BUDGET = 256 << 10
"""How many bytes the rows of one statement take in the table, but for the last one."""
UNKNOWN = 32 << 10
"""What a compressed value counts for besides: how large it is nobody knows before it is read."""

_room_id: BindParameter[str] = bindparam("room_id")
_limit: BindParameter[int] = bindparam("limit")
_names: BindParameter[Any] = bindparam("names", type_=ARRAY(String))
_room_ids: BindParameter[Any] = bindparam("room_ids", type_=ARRAY(String))
_after: BindParameter[Any] = bindparam("after", type_=ARRAY(BigInteger))
_ZERO: ColumnElement[int] = literal_column("0")


def _merged(bound: ColumnElement[bool], *, is_newest_first: bool) -> Select[Any]:
    """A page of :names."""
    name = func.unnest(_names).table_valued("name").render_derived(name="names")
    of_name = (
        select(messages.c.seq)
        .where(messages.c.room_id == _room_id, messages.c.event_name == name.c.name, bound, messages.c.seq > FLOOR)
        .order_by(_ordered(messages.c.seq, is_newest_first=is_newest_first))
        .limit(_limit)
        .lateral("of_name")
    )
    place = (
        select(of_name.c.seq)
        .select_from(name.join(of_name, true()))
        .order_by(_ordered(of_name.c.seq, is_newest_first=is_newest_first))
        .limit(_limit)
        .subquery("places")
    )
    return select(*EVENT).join_from(place, messages, (messages.c.room_id == _room_id) & (messages.c.seq == place.c.seq))


def _of_many() -> Select[Any]:
    """What is new in each of :room_ids behind its place in :after, up to :limit events of a room."""
    table = func.unnest(_room_ids, _after).table_valued("room_id", "after", with_ordinality="number")
    asked = table.render_derived(name="asked")
    page = (
        select(*EVENT)
        .where(
            messages.c.room_id == rooms.c.room_id,
            messages.c.seq > func.greatest(asked.c.after, rooms.c.floor),
        )
        .order_by(messages.c.seq)
        .limit(_limit)
        .correlate(asked, rooms)
        .lateral("of_room")
    )
    there = asked.join(rooms, rooms.c.room_id == asked.c.room_id)
    return select(asked.c.number, *page.c).select_from(there.join(page, true()))


def _ordered(column: ColumnElement[int], *, is_newest_first: bool) -> ColumnElement[int]:
    return column.desc() if is_newest_first else column.asc()


def _within_budget(page: Any, *places: str, is_newest_first: bool) -> Select[Any]:
    """The beginning of `page` that :budget allows, in order of `places`, and of each row what all up to it take."""
    rows = page.subquery("page")
    order = [_ordered(rows.c[place], is_newest_first=is_newest_first) for place in places]
    weight = _weight(rows.c.event_data) + _weight(rows.c.meta)
    taken = func.sum(weight).over(order_by=order, rows=(None, 0))
    weighed = select(*rows.c, taken.label("taken"), weight.label("weight")).subquery("weighed")
    return (
        select(*(weighed.c[column.name] for column in rows.c), weighed.c.taken)
        .where(weighed.c.taken - weighed.c.weight < bindparam("budget"))
        .order_by(*(_ordered(weighed.c[place], is_newest_first=is_newest_first) for place in places))
    )


def _weight(column: ColumnElement[Any]) -> ColumnElement[int]:
    unknown = case((func.pg_column_compression(column).is_(None), _ZERO), else_=literal_column(str(UNKNOWN)))
    return func.coalesce(func.pg_column_size(column), _ZERO) + unknown


def _pages(shared_page: Any, bound: ColumnElement[bool], *, is_newest_first: bool) -> dict[str, Select[Any]]:
    pages = {"all": shared_page(0), "one": shared_page(1), "several": _merged(bound, is_newest_first=is_newest_first)}
    return {kind: _within_budget(page, "seq", is_newest_first=is_newest_first) for kind, page in pages.items()}


OLDER = _pages(shared.older, messages.c.seq < bindparam("before"), is_newest_first=True)
"""The newest events with seq < :before, newest first: of all names, of `one` (:name_0), of `several` (:names)."""
NEWER = _pages(shared.newer, messages.c.seq > bindparam("after"), is_newest_first=False)
"""The oldest events with seq > :after, oldest first: of all names, of `one` (:name_0), of `several` (:names)."""
NEWER_OF_MANY = _within_budget(_of_many(), "number", "seq", is_newest_first=False)
"""As `NEWER` of all names, :limit of each room; before all else stands which of :room_ids it is, from 1 on."""
BETWEEN = _within_budget(shared.BETWEEN.limit(_limit), "event_seq", is_newest_first=True)
"""As `page_statements.BETWEEN`, at most :limit."""
