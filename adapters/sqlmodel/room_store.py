"""The room store in a SQL database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, case, func, select

from ...domain.errors import RoomExists
from ...domain.ports.room_store import StoredRoom
from ...domain.room_limits import RoomLimits
from .commit_outcome import write_again
from .database import Database
from .room_head import STAMPED, first_row, new_epoch
from .tables import rooms, streams

_room_id: BindParameter[str] = bindparam("b_room_id")
DEFINED = select(rooms.c.room_id, rooms.c.definition).where(rooms.c.definition.is_not(None)).order_by(rooms.c.room_id)
DEFINITION = select(rooms.c.definition).where(rooms.c.room_id == _room_id)
# Two statements, as each is served by the index of the rooms that are defined.
COUNT = select(func.count()).select_from(rooms).where(rooms.c.definition.is_not(None))
COUNT_OWN = COUNT.where(rooms.c.created_by == bindparam("b_user_id"))
_ended = rooms.alias("ended_rooms")
_next_ended = (
    select(func.coalesce(func.max(_ended.c.ended), 0) + 1).where(_ended.c.ended.is_not(None)).scalar_subquery()
)
END_ROOM = (
    rooms.update()
    .where(rooms.c.room_id == _room_id)
    .values(
        definition=None,
        created_by=None,
        epoch=bindparam("b_epoch"),
        floor=rooms.c.head,
        swept=case((rooms.c.swept < rooms.c.head, rooms.c.swept), else_=rooms.c.head - 1),
        ended=_next_ended,
        **STAMPED,
    )
)
_head = select(rooms.c.head).where(rooms.c.room_id == _room_id).scalar_subquery()
END_STREAMS = streams.update().where(streams.c.room_id == _room_id).values(floor=streams.c.head, floor_seq=_head)


def defining(insert: Any) -> Any:
    """Define a room; no row, where it is defined: of two nodes that make the same one, one has made it.

    `insert` is the dialect's own, of `rooms`.
    """
    return insert.on_conflict_do_update(
        index_elements=[rooms.c.room_id],
        set_={"definition": insert.excluded.definition, "created_by": insert.excluded.created_by, "ended": None},
        where=rooms.c.definition.is_(None),
    )


class SqlRoomStore:
    """`RoomStore` over a `Database`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._define = defining(database.insert(rooms))

    async def rooms(self) -> Sequence[StoredRoom]:
        """See `RoomStore.rooms`."""
        return await self._database.read(_defined)

    async def find(self, room_id: str) -> StoredRoom | None:
        """See `RoomStore.find`."""
        return await self._database.read(lambda connection: _find(connection, room_id))

    async def create(self, room: StoredRoom, limits: RoomLimits | None = None) -> None:
        """See `RoomStore.create`."""
        await self._database.write(lambda connection: self._create(connection, room, limits))

    async def delete(self, room_id: str) -> None:
        """See `RoomStore.delete`."""
        await write_again(self._database, lambda connection: _end(connection, room_id))

    def _create(self, connection: Connection, room: StoredRoom, limits: RoomLimits | None) -> None:
        row = first_row(room.id) | {"definition": _definition(room), "created_by": room.created_by_id}
        if not connection.execute(self._define, row).rowcount:
            raise RoomExists(room.id)
        if limits is not None:
            # Counted behind the insert: whoever waits for the room's own row must not hold up all others.
            self._database.one_at_a_time(connection, "rooms")
            limits.ensure_kept(*_counts(connection, room.created_by_id))


def _counts(connection: Connection, user_id: str | None) -> tuple[int, int]:
    """How many rooms there are, and how many of them the user has made."""
    of_user = 0 if user_id is None else connection.execute(COUNT_OWN, {"b_user_id": user_id}).scalar_one()
    return connection.execute(COUNT).scalar_one(), of_user


def _defined(connection: Connection) -> list[StoredRoom]:
    return [_room(room_id, definition) for room_id, definition in connection.execute(DEFINED)]


def _find(connection: Connection, room_id: str) -> StoredRoom | None:
    definition = connection.execute(DEFINITION, {"b_room_id": room_id}).scalar_one_or_none()
    return None if definition is None else _room(room_id, definition)


def _end(connection: Connection, room_id: str) -> None:
    connection.execute(END_ROOM, {"b_room_id": room_id, "b_epoch": new_epoch()})
    connection.execute(END_STREAMS, {"b_room_id": room_id})


def _definition(room: StoredRoom) -> bytes:
    return json.dumps({key: value for key, value in asdict(room).items() if key != "id"}).encode()


def _room(room_id: str, definition: bytes) -> StoredRoom:
    fields = json.loads(definition)
    names = fields.pop("event_names")
    return StoredRoom(id=room_id, event_names=None if names is None else tuple(names), **fields)
