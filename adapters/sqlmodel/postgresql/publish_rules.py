"""What the SQL function `dialogue_publish` goes by, as the server that started last has said it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    all_,
    any_,
    bindparam,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert

from ....domain.ports.transaction_archive import PublishRules
from ....domain.room import MAX_META_SIZE
from ..room_head import new_epoch
from ..tables import id_text, rooms

RUNTIME_ROOMS = ""
"""In place of a room's id, which is never empty: the rooms made at run time."""

# These tables are made on PostgreSQL alone.
metadata = MetaData()
kept_names = Table(
    "dialogue_kept_names",
    metadata,
    Column("room_id", id_text(255), primary_key=True),
    Column("event_names", ARRAY(Text), nullable=False),
)
bounds = Table(
    "dialogue_bounds",
    metadata,
    Column("is_only", Boolean, primary_key=True, server_default=text("true")),
    Column("max_event_size", Integer, nullable=False),
    Column("max_meta_size", Integer, nullable=False),
    Column("max_values", Integer, nullable=False),
    Column("key_ttl_ms", BigInteger, nullable=False),
    CheckConstraint("is_only", name="dialogue_bounds_is_only_check"),
)

_ids: BindParameter[Any] = bindparam("b_room_ids", type_=ARRAY(Text))
LOCK = text("LOCK TABLE dialogue_kept_names IN SHARE ROW EXCLUSIVE MODE")
FORGET_NAMES = kept_names.delete().where(kept_names.c.room_id != all_(_ids))
_names = insert(kept_names)
PUT_NAMES = _names.on_conflict_do_update(
    index_elements=[kept_names.c.room_id],
    set_={"event_names": _names.excluded.event_names},
    where=kept_names.c.event_names.is_distinct_from(_names.excluded.event_names),
)
_bounds = insert(bounds)
PUT_BOUNDS = _bounds.on_conflict_do_update(
    index_elements=[bounds.c.is_only],
    set_={column.name: column for column in _bounds.excluded if column.name != "is_only"},
)
SEEN = select(rooms.c.room_id).where(rooms.c.room_id == any_(_ids))
BEGIN = insert(rooms).on_conflict_do_nothing()
REVIVE = rooms.update().where(rooms.c.room_id == any_(_ids), rooms.c.ended.is_not(None)).values(ended=None)


def tell_rules(connection: Connection, rules: PublishRules, key_ttl_ms: int) -> None:
    """Write `rules` down, and begin the rooms that were never seen: the function makes none.

    A room that the function began in a transaction that stays open would keep every node from opening it.
    """
    connection.execute(LOCK)  # several nodes may start at once
    names = {**rules.names, RUNTIME_ROOMS: rules.runtime_names}
    connection.execute(FORGET_NAMES, {"b_room_ids": list(names)})
    connection.execute(PUT_NAMES, [{"room_id": each, "event_names": list(kept)} for each, kept in names.items()])
    size = {"max_event_size": rules.max_event_size, "max_meta_size": MAX_META_SIZE, "max_values": rules.max_values}
    connection.execute(PUT_BOUNDS, {"is_only": True, "key_ttl_ms": key_ttl_ms, **size})
    _begin(connection, list(rules.names))


def _begin(connection: Connection, room_ids: list[str]) -> None:
    connection.execute(REVIVE, {"b_room_ids": room_ids})
    seen = set(connection.execute(SEEN, {"b_room_ids": room_ids}).scalars())
    nothing = dict.fromkeys(("head", "floor", "swept", "last_timestamp"), 0)
    new = [{"room_id": each, "epoch": new_epoch(), **nothing} for each in room_ids if each not in seen]
    if new:
        connection.execute(BEGIN, new)
